"""Terms of two sides compared: by hand, and against the dense functions that it rests on."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from reasonlens.core.errors import StatisticsError
from reasonlens.stats import distinctive as module
from reasonlens.stats.distinctive import COLUMNS, Floor, Side, distinctive, spread
from reasonlens.stats.keyness import dispersion, g2_two_terms, log2_ratio
from reasonlens.stats.keyness_tests import paired_keyness, unpaired_keyness
from reasonlens.stats.multiplicity import benjamini_hochberg


def sides(rng: np.random.Generator, problems: int = 12, terms: int = 7) -> tuple[Side, Side]:
    words = rng.integers(50, 200, (2, problems)).astype(float)
    hits = rng.poisson(words[:, :, None] * rng.uniform(0.005, 0.05, (2, 1, terms)))
    a, b = (Side(sparse.csr_array(h), w) for h, w in zip(hits, words, strict=True))
    return a, b


def test_the_spread_of_a_term_is_that_of_the_dense_function(rng: np.random.Generator) -> None:
    a, _ = sides(rng)
    hits = a.hits.toarray()
    hits[:, 3] = 0
    hits[1:, 4] = 0
    words = a.words.copy()
    words[5] = 0
    hits[5] = 0
    problems, dp = spread(sparse.csr_array(hits), words)
    use = words > 0
    assert problems.tolist() == (hits[use] > 0).sum(axis=0).tolist()
    np.testing.assert_allclose(dp, dispersion(hits[use], words[use]))
    assert np.isnan(dp[3])


def test_what_is_tested_does_not_depend_on_the_sides(rng: np.random.Generator) -> None:
    a, b = sides(rng)
    flip = rng.integers(0, 2, len(a.words)).astype(bool)
    hits = [x.hits.toarray() for x in (a, b)]
    one = Side(sparse.csr_array(np.where(flip[:, None], hits[1], hits[0])), np.where(flip, b.words, a.words))
    two = Side(sparse.csr_array(np.where(flip[:, None], hits[0], hits[1])), np.where(flip, a.words, b.words))
    floor = Floor(8, 0.22)
    before, after = (distinctive(*pair, floor=floor, draws=99) for pair in ((a, b), (one, two)))
    assert 0 < len(before) < 7
    assert before["term"].tolist() == after["term"].tolist()
    np.testing.assert_allclose(before["dp"], after["dp"])


def test_every_column_is_that_of_its_function(rng: np.random.Generator) -> None:
    a, b = sides(rng)
    found = distinctive(a, b, floor=Floor(1, 1.0), seed=3, draws=199)
    assert tuple(found.columns) == COLUMNS
    assert found["term"].tolist() == list(range(7))
    x, y, wa, wb = a.hits.toarray(), b.hits.toarray(), a.words.sum(), b.words.sum()
    np.testing.assert_allclose(found["rate_a"], 1000 * x.sum(axis=0) / wa)
    np.testing.assert_allclose(found["log2_ratio"], log2_ratio(x.sum(axis=0), wa, y.sum(axis=0), wb))
    np.testing.assert_allclose(found["g2"], g2_two_terms(x.sum(axis=0), wa, y.sum(axis=0), wb))
    np.testing.assert_allclose(found["dp_b"], dispersion(y, b.words))
    assert found["problems_a"].tolist() == (x > 0).sum(axis=0).tolist()
    test = paired_keyness(x, a.words, y, b.words, seed=3, draws=199)
    np.testing.assert_allclose(found["p_value"], test.p_value)
    np.testing.assert_allclose(found["p_adjusted"], benjamini_hochberg(test.p_value))


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    a, b = sides(rng)
    floor = Floor(1, 1.0)
    whole = distinctive(a, b, floor=floor, draws=499)
    monkeypatch.setattr(module, "_BLOCK", 30)
    cut = distinctive(a, b, floor=floor, draws=499)
    for name in set(COLUMNS) - {"p_value", "p_adjusted"}:
        np.testing.assert_allclose(whole[name], cut[name])
    assert np.abs(whole["p_value"] - cut["p_value"]).max() < 0.08  # other draws of the same number


def test_sides_with_other_problems_are_permuted(rng: np.random.Generator) -> None:
    a, b = sides(rng)
    first = np.arange(12) < 6
    one = Side(sparse.csr_array(a.hits.toarray() * first[:, None]), a.words * first)
    two = Side(sparse.csr_array(b.hits.toarray() * ~first[:, None]), b.words * ~first)
    found = distinctive(one, two, floor=Floor(1, 1.0), paired=False, seed=1, draws=199)
    table = np.concatenate([one.hits.toarray()[first], two.hits.toarray()[~first]])
    words = np.concatenate([one.words[first], two.words[~first]])
    test = unpaired_keyness(table, words, np.repeat([1, 0], 6), seed=1, draws=199)
    np.testing.assert_allclose(found["p_value"], test.p_value)


def test_one_problem_on_a_side_has_no_test_of_labels(rng: np.random.Generator) -> None:
    a, b = sides(rng)
    one = Side(
        sparse.csr_array(a.hits.toarray() * (np.arange(12) == 0)[:, None]), a.words * (np.arange(12) == 0)
    )
    found = distinctive(one, b, floor=Floor(1, 1.0), paired=False, draws=99)
    assert len(found) == 7
    assert found["p_value"].isna().all()
    assert found["p_adjusted"].isna().all()


def test_the_prior_of_the_log_odds_has_500_words() -> None:
    # pooled rate .2: 100 pseudo-hits in 500 words; (30 + 100) / (100 + 500), (10 + 100) / (100 + 500)
    a = Side(sparse.csr_array([[15], [15]]), np.array([50.0, 50.0]))
    b = Side(sparse.csr_array([[5], [5]]), np.array([50.0, 50.0]))
    found = distinctive(a, b, floor=Floor(1, 1.0), draws=9)
    delta = np.log(130 / 470) - np.log(110 / 490)
    assert found["log_odds_z"].iloc[0] == pytest.approx(delta / np.sqrt(1 / 130 + 1 / 110))
    assert found["percent_difference"].iloc[0] == pytest.approx(200)


def test_a_term_of_one_side_only_points_to_it_by_both_effects() -> None:
    a = Side(sparse.csr_array([[1, 9]] * 6), np.full(6, 45.0))
    b = Side(sparse.csr_array([[0, 3]] * 6), np.full(6, 10.0))
    found = distinctive(a, b, floor=Floor(1, 1.0), draws=9)
    assert (np.sign(found["log2_ratio"]) == np.sign(found["log_odds_z"])).all()


def test_nothing_reaches_the_floor(rng: np.random.Generator) -> None:
    found = distinctive(*sides(rng), floor=Floor(13, 0.5))
    assert (len(found), tuple(found.columns)) == (0, COLUMNS)


def test_the_sides_list_the_same_problems(rng: np.random.Generator) -> None:
    a, b = sides(rng)
    with pytest.raises(StatisticsError, match=r"the same problems: \(12, 7\), \(11, 7\)"):
        distinctive(a, Side(b.hits[:11], b.words[:11]))


@pytest.mark.parametrize("paired", [True, False])
def test_all_draws_are_told_whatever_is_tested(
    monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator, paired: bool
) -> None:
    a, b = sides(rng)
    monkeypatch.setattr(module, "_BLOCK", 30)
    for floor in (Floor(1, 1.0), Floor(10**6, 1.0)):  # several blocks of terms, and no term at all
        told: list[float] = []
        distinctive(a, b, floor=floor, paired=paired, draws=99, progress=told.append)
        assert sum(told) == pytest.approx(99)
