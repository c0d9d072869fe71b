from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.estimate import LIKE, THESE
from reasonlens.stats.max_t import max_t
from reasonlens.stats.permutation import mcnemar_test, sign_flip_test, within_problem_test


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
def test_exact_sign_flips_are_all_patterns(differences: list[int]) -> None:
    sums = [
        abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
        for signs in product((-1, 1), repeat=len(differences))
    ]
    expected = np.mean([s >= abs(sum(differences)) for s in sums])
    assert sign_flip_test(differences, seed=0).p_value == pytest.approx(expected)


def test_sign_flips_are_those_of_scipy(rng: np.random.Generator) -> None:
    d = rng.normal(0.3, 1, 12)
    other = stats.permutation_test((d,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert sign_flip_test(d, seed=0).p_value == pytest.approx(float(other.pvalue))


def test_drawn_sign_flips_come_close_to_the_exact_ones(rng: np.random.Generator) -> None:
    d = rng.normal(0.4, 1, 14)
    exact = sign_flip_test(d, seed=0)
    drawn = sign_flip_test(d, seed=0, exact=0, draws=20_000)
    assert exact.method == "sign flips, exact over 2^14 patterns"
    assert drawn.method == "sign flips, 20000 draws"
    assert (exact.seed, drawn.seed, drawn.estimand) == (None, 0, LIKE)
    assert drawn.p_value == pytest.approx(exact.p_value, abs=0.01)


def test_no_difference_gives_one_and_drawn_p_is_never_zero() -> None:
    assert sign_flip_test([0.0, 0.0], seed=0).p_value == 1.0
    assert sign_flip_test(np.ones(60), seed=0, draws=99).p_value == 0.01
    assert np.isnan(sign_flip_test([], seed=0).p_value)
    with pytest.raises(StatisticsError, match="differences has values that are NaN"):
        sign_flip_test([np.nan], seed=0)


def test_mcnemar_is_that_of_statsmodels_and_the_sign_flip_test(rng: np.random.Generator) -> None:
    a, b = rng.integers(0, 2, 25), rng.integers(0, 2, 25)
    table = [[np.sum((a == x) & (b == y)) for y in (1, 0)] for x in (1, 0)]
    found = mcnemar_test(a, b)
    assert found.p_value == pytest.approx(float(mcnemar(table, exact=True).pvalue))
    assert found.p_value == pytest.approx(sign_flip_test(a - b, seed=0).p_value)
    assert found.n == 50
    assert mcnemar_test([1, 0], [1, 0]).p_value == 1.0
    with pytest.raises(StatisticsError, match="needs one 0/1 response per problem"):
        mcnemar_test([0.5], [1])


def brute_labels(values: np.ndarray, side: np.ndarray, problem: np.ndarray) -> float:
    """Enumerate all ways to label the responses within each problem."""
    names = np.unique(problem)
    options = []
    for name in names:
        v, k = values[problem == name], int(side[problem == name].sum())
        chosen = [np.isin(np.arange(len(v)), c) for c in combinations(range(len(v)), k)]
        options.append([v[c].mean() - v[~c].mean() for c in chosen])
    real = np.mean(
        [
            values[(problem == n) & (side == 1)].mean() - values[(problem == n) & (side == 0)].mean()
            for n in names
        ]
    )
    return float(np.mean([abs(np.mean(c)) >= abs(real) - 1e-9 for c in product(*options)]))


def test_labels_within_problems_are_exact_for_right_and_wrong(rng: np.random.Generator) -> None:
    for _ in range(5):
        values = rng.integers(0, 2, 18).astype(float)
        problem, side = np.repeat([0, 1, 2], 6), np.tile([1, 1, 1, 0, 0, 0], 3)
        found = within_problem_test(values, side, problem, seed=0)
        assert found.method == "labels within problems, exact"
        assert found.p_value == pytest.approx(brute_labels(values, side, problem))


def test_labels_within_problems_are_drawn_for_other_values(rng: np.random.Generator) -> None:
    values = rng.normal(size=14)
    problem, side = np.repeat([5, 2], 7), np.tile([1, 1, 1, 0, 0, 0, 0], 2)
    values[side == 1] += 0.8
    found = within_problem_test(values, side, problem, seed=3, draws=20_000)
    assert found.method == "labels within problems, 20000 draws"
    assert (found.estimand, found.seed) == (THESE, 3)
    assert found.p_value == pytest.approx(brute_labels(values, side, problem), abs=0.01)


def test_problems_that_lack_a_side_are_left_out() -> None:
    found = within_problem_test([1, 0, 1], [1, 0, 1], [0, 0, 1], seed=0)
    assert (found.n_problems, found.n, found.statistic) == (1, 2, 1.0)
    assert np.isnan(within_problem_test([1.0], [1], [0], seed=0).p_value)
    with pytest.raises(StatisticsError, match="side must be 1"):
        within_problem_test([1, 1], [0, 2], [0, 0], seed=0)


def test_max_t_is_the_slow_step_down(rng: np.random.Generator) -> None:
    data = rng.normal(size=(8, 5)) + np.array([1.2, 0.8, 0.0, -0.5, 0.0])
    found = max_t(data, seed=0, draws=40_000)
    flips = np.array(list(product((-1, 1), repeat=8)))
    drawn = np.abs(flips @ (data / np.sqrt((data**2).sum(axis=0))))
    observed = np.abs(found.statistic)
    order, adjusted, worst = np.argsort(-observed), np.empty(5), 0.0
    for place, member in enumerate(order):
        largest = drawn[:, order[place:]].max(axis=1)
        worst = max(worst, float(np.mean(largest >= observed[member] - 1e-9)))
        adjusted[member] = worst
    np.testing.assert_allclose(found.p_adjusted, adjusted, atol=0.01)
    np.testing.assert_allclose(found.p_value, np.mean(drawn >= observed - 1e-9, axis=0), atol=0.01)
    assert np.all(found.p_adjusted >= found.p_value)


def test_max_t_of_equal_members_is_one_test(rng: np.random.Generator) -> None:
    one = rng.normal(0.5, 1, 15)
    found = max_t(np.column_stack([one, one, -one]), seed=0, draws=4999)
    np.testing.assert_allclose(found.p_adjusted, found.p_value)
    assert found.p_value[0] == pytest.approx(sign_flip_test(one, seed=0).p_value, abs=0.02)


def test_max_t_of_nothing_is_one_and_order_does_not_matter(rng: np.random.Generator) -> None:
    data = rng.normal(size=(12, 4))
    data[:, 2] = 0.0
    found = max_t(data, seed=5, draws=999)
    assert (found.statistic[2], found.p_value[2], found.p_adjusted[2]) == (0.0, 1.0, 1.0)
    again = max_t(data[:, ::-1], seed=5, draws=999)
    np.testing.assert_allclose(found.p_adjusted, again.p_adjusted[::-1])
    with pytest.raises(StatisticsError, match=r"problems x tests, got shape \(12,\)"):
        max_t(data[:, 0], seed=0)
