from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import share
from reasonlens.stats.effective import Trials, trials
from reasonlens.stats.prevalence import METHODS, corrected, post_stratified, rogan_gladen

X = np.nan
# 40 of 100 judged present; of 10 of these 8 are, of 20 judged absent 1 is
JUDGE = [1] * 40 + [0] * 60
GOLD = [1] * 8 + [0] * 2 + [X] * 30 + [1] + [0] * 19 + [X] * 40


def _integrated(a: Trials, b: Trials, c: Trials, tail: float) -> float:
    """Quantile of p PPV + (1 - p) FOR on a grid of the three posteriors: no draws."""
    grid = (np.arange(120) + 0.5) / 120
    p, q, r = (stats.beta.ppf(grid, t.hits + 0.5, t.n - t.hits + 0.5) for t in (a, b, c))
    values = p[:, None, None] * q[None, :, None] + (1 - p)[:, None, None] * r
    return float(np.quantile(values, tail))


def test_post_stratified_weighs_ppv_and_false_omissions_by_verdict() -> None:
    e = post_stratified(JUDGE, GOLD)
    assert e.value == pytest.approx(0.4 * 0.8 + 0.6 * 0.05)
    assert (e.n, e.n_problems) == (100, 100)
    assert "30 labels" in e.method


def test_its_limits_are_those_of_three_beta_posteriors() -> None:
    e = post_stratified(JUDGE, GOLD, draws=200_000)
    parts = Trials(40, 100), Trials(8, 10), Trials(1, 20)
    assert e.low == pytest.approx(_integrated(*parts, 0.025), abs=0.002)
    assert e.high == pytest.approx(_integrated(*parts, 0.975), abs=0.002)


def test_with_every_item_labelled_it_is_the_share_of_the_labels() -> None:
    gold = [1.0] * 30 + [0.0] * 70
    e = post_stratified(JUDGE, gold)
    assert e.value == pytest.approx(0.3)
    assert corrected(JUDGE, gold, method="ppi++").value == pytest.approx(0.3)
    assert corrected(JUDGE, gold, method="rogan-gladen").value == pytest.approx(0.3)


def test_a_perfect_judge_needs_no_correction() -> None:
    gold = [1.0] * 20 + [X] * 20 + [0.0] * 30 + [X] * 30
    for method in METHODS:
        assert corrected(JUDGE, gold, method=method).value == pytest.approx(0.4), method


def test_a_verdict_without_labels_keeps_its_prior_and_says_so() -> None:
    e = post_stratified(JUDGE, [X] * 40 + [0.0] * 60)
    assert "none where the judge says present: prior only" in e.method
    assert e.low < 0.05
    assert e.high > 0.3


def test_nothing_present_has_a_lower_limit_of_zero() -> None:
    e = post_stratified([0] * 50, [0.0] * 20 + [X] * 30)
    assert (e.value, e.low) == (0.0, 0.0)
    assert 0.05 < e.high < 0.2


def test_without_labels_nothing_is_said() -> None:
    e = post_stratified([1, 0], [X, X])
    assert np.isnan([e.value, e.low, e.high]).all()
    assert e.method == "not validated: no labels"
    assert corrected([1, 0], [X, X], method="ppi++").method == "not validated: no labels"
    assert post_stratified([], []).method == "no item was judged"


def test_items_of_one_problem_count_less() -> None:
    alone = post_stratified(JUDGE, GOLD)
    where = np.arange(100) // 5  # verdicts nearly agree within a problem
    together = post_stratified(JUDGE, GOLD, where)
    assert together.value == pytest.approx(alone.value)
    assert together.high - together.low > 1.3 * (alone.high - alone.low)
    assert together.n_problems == 20


def test_the_effective_size_is_that_of_the_limits_of_a_share(rng) -> None:
    # the design effect with clusters of equal size: 1 + (m - 1) icc, here by hand from the problem means
    where = np.repeat(np.arange(30), 4)
    hit = rng.random(120) < np.repeat(rng.random(30), 4)
    found = trials(hit, np.ones(120, dtype=bool), where)
    means = hit.reshape(30, 4).mean(axis=1)
    p = means.mean()
    assert found.n == pytest.approx(min(p * (1 - p) / (means.var(ddof=1) / 30), 120))
    assert found.hits / found.n == pytest.approx(p)


def test_items_that_agree_within_all_problems_count_as_problems() -> None:
    assert trials(np.ones(12, dtype=bool), np.ones(12, dtype=bool), np.repeat(np.arange(3), 4)) == (3.0, 3.0)
    assert trials(np.ones(4, dtype=bool), np.ones(4, dtype=bool), np.zeros(4, dtype=np.int64)) == (1.0, 1.0)


def test_rogan_gladen_inverts_the_errors() -> None:
    for p, se, sp in itertools.product((0.05, 0.3, 0.9), (0.7, 0.95), (0.8, 1.0)):
        said = p * se + (1 - p) * (1 - sp)
        judge = [1] * round(said * 20_000) + [0] * (20_000 - round(said * 20_000))
        e = rogan_gladen(judge, (se * 1000, 1000), (sp * 1000, 1000))
        assert e.value == pytest.approx(p, abs=1e-4)
        assert e.low < p < e.high


def test_lang_reiczigel_limits_step_by_step() -> None:
    # 40 of 100 present; Se 80 of 100, Sp 90 of 100; z = 1.959964
    e = rogan_gladen(JUDGE, (80, 100), (90, 100))
    z2 = 1.959964**2
    p = (40 + z2 / 2) / (100 + z2)
    a, b = 81 / 102, 91 / 102
    middle = (p + b - 1) / (a + b - 1)
    va, vb = a * (1 - a) / 102, b * (1 - b) / 102
    shift = 2 * z2 * (middle * va - (1 - middle) * vb)
    half = (
        1.959964 * np.sqrt(p * (1 - p) / (100 + z2) + middle**2 * va + (1 - middle) ** 2 * vb) / (a + b - 1)
    )
    assert (e.low, e.high) == pytest.approx((middle + shift - half, middle + shift + half), abs=1e-6)
    assert (round(e.low, 3), round(e.high, 3)) == (0.278, 0.587)


def test_a_judge_no_better_than_chance_is_refused() -> None:
    e = rogan_gladen(JUDGE, (50, 100), (50, 100))
    assert np.isnan(e.value)
    assert "no better than chance" in e.method
    e = rogan_gladen(JUDGE, (0, 0), (9, 10))
    assert e.method == "undefined: sensitivity was measured on no item"


def test_wrong_input_is_named() -> None:
    with pytest.raises(StatisticsError, match=r"sensitivity is 11 of 10 items"):
        rogan_gladen(JUDGE, (11, 10), (9, 10))
    with pytest.raises(StatisticsError, match="judge and gold must be 0 or 1"):
        post_stratified([2, 0], [X, 0])
    with pytest.raises(StatisticsError, match="gold must have 2 entries"):
        post_stratified([1, 0], [0.0])
    with pytest.raises(StatisticsError, match="method is 'guess'"):
        corrected([1], [1], method="guess")
    with pytest.raises(StatisticsError, match="judge has values that are NaN"):
        post_stratified([X, 1], [1, 1])


def test_the_same_seed_gives_the_same_limits() -> None:
    first, second = post_stratified(JUDGE, GOLD, seed=3), post_stratified(JUDGE, GOLD, seed=3)
    assert (first.low, first.high, first.seed) == (second.low, second.high, 3)
    assert post_stratified(JUDGE, GOLD, seed=4).low != first.low


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from([0.0, 1.0, X]), st.integers(0, 5)), min_size=1, max_size=40
    )
)
def test_every_value_is_a_share_within_its_limits(rows: list[tuple[bool, float, int]]) -> None:
    judge, gold, problem = zip(*rows, strict=True)
    for method in METHODS:
        e = corrected([float(x) for x in judge], gold, problem, method=method, draws=500)
        if not np.isnan(e.value):
            assert 0 <= e.value <= 1
        if not np.isnan(e.low):
            assert 0 <= e.low <= e.value <= e.high <= 1


def test_it_is_shorter_than_labels_alone_and_the_naive_share_is_off(rng) -> None:
    gold = (rng.random(4000) < 0.3).astype(float)
    judge = np.where(gold == 1, rng.random(4000) < 0.85, rng.random(4000) < 0.1).astype(float)
    known = np.full(4000, X)
    known[:150] = gold[:150]
    e, alone = post_stratified(judge, known), share(gold[:150], np.arange(150))
    assert e.low < gold.mean() < e.high
    assert e.high - e.low < 0.8 * (alone.high - alone.low)
    assert not share(judge, np.arange(4000)).low < 0.3 < share(judge, np.arange(4000)).high
