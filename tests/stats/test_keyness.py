from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse, stats

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.keyness import (
    dispersion,
    g2_four_cells,
    g2_two_terms,
    log2_ratio,
    log_odds,
    percent_difference,
)
from reasonlens.stats.keyness_tests import paired_keyness, score_contributions, unpaired_keyness
from reasonlens.stats.permutation import sign_flip_test


@given(st.integers(0, 50), st.integers(0, 50))
def test_four_cells_are_the_log_likelihood_of_the_table(a: int, b: int) -> None:
    table = [[a, b], [1000 - a, 2000 - b]]
    expected = (
        float(stats.chi2_contingency(table, correction=False, lambda_="log-likelihood").statistic)
        if a + b
        else 0.0
    )
    assert g2_four_cells([a], 1000, [b], 2000)[0] == pytest.approx(expected, abs=1e-8)


def test_two_terms_by_hand() -> None:
    # 20 of 1,000 against 10 of 2,000: expected 10 and 20
    expected = 2 * (20 * np.log(2) + 10 * np.log(0.5))
    assert g2_two_terms([20], 1000, [10], 2000)[0] == pytest.approx(expected)
    assert g2_two_terms([0, 1], 1000, [0, 2], 2000).tolist() == [0.0, 0.0]


def test_log_odds_of_a_small_vocabulary_by_hand() -> None:
    found = log_odds([30, 70], 100, [10, 90], 100, [2.0, 8.0])
    delta = np.log(32 / 78) - np.log(12 / 98)
    assert found.delta[0] == pytest.approx(delta)
    assert found.error[0] == pytest.approx(np.sqrt(1 / 32 + 1 / 12))
    assert found.z[0] == pytest.approx(delta / np.sqrt(1 / 32 + 1 / 12))
    assert found.delta[1] == pytest.approx(-delta)


def test_a_large_prior_shrinks_rare_words() -> None:
    weak, strong = (abs(log_odds([3], 1000, [0], 1000, a).delta[0]) for a in (0.01, 10.0))
    assert strong < weak


def test_effect_sizes_change_sign_with_the_sides() -> None:
    assert log2_ratio([7], 50, [3], 100)[0] == pytest.approx(-log2_ratio([3], 100, [7], 50)[0])
    assert percent_difference([1], 100, [2], 100)[0] == -50.0
    assert np.isneginf(log2_ratio([0], 100, [3], 100, added=0)[0])


@pytest.mark.parametrize(
    ("a", "n", "b", "m", "message"),
    [
        ([1], 0, [1], 5, "both corpora must have words, got 0 and 5"),
        ([-1], 5, [1], 5, "hits must not be negative"),
        ([6], 5, [1], 5, "a word has more hits than its corpus has words"),
        ([1, 2], 5, [1], 5, "hits_b must have 2 entries, got 1"),
    ],
)
def test_impossible_counts_are_refused(a: list[int], n: float, b: list[int], m: float, message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        g2_two_terms(a, n, b, m)


def test_the_prior_must_be_positive() -> None:
    with pytest.raises(StatisticsError, match="the prior must be positive"):
        log_odds([1, 1], 5, [1, 1], 5, [1.0, 0.0])


def test_dispersion_of_even_uneven_and_absent_words() -> None:
    words = [100, 200, 100]
    hits = np.array([[1, 0, 0], [2, 0, 0], [1, 4, 0]])
    found = dispersion(hits, words)
    np.testing.assert_allclose(found[:2], [0.0, 1.0], atol=1e-12)
    assert np.isnan(found[2])
    # shares 0 0 1 against .25 .5 .25: (.25 + .5 + .75) / 2
    assert dispersion(hits[:, 1], words, normed=False) == pytest.approx(0.75)
    with pytest.raises(StatisticsError, match="leave empty parts out"):
        dispersion([1, 2], [0, 3])
    with pytest.raises(StatisticsError, match=r"one row per part \(3 parts\)"):
        dispersion([1, 2], words)


def test_contributions_add_up_to_the_difference_of_rates(rng: np.random.Generator) -> None:
    a, b = rng.poisson(3, (9, 4)), rng.poisson(2, (9, 4))
    wa, wb = rng.integers(50, 90, 9), rng.integers(200, 400, 9)
    found = score_contributions(a, wa, b, wb).sum(axis=0)
    np.testing.assert_allclose(found, a.sum(0) / wa.sum() - b.sum(0) / wb.sum())


def test_paired_keyness_with_equal_words_swaps_labels(rng: np.random.Generator) -> None:
    a, b = rng.poisson(4, (10, 3)), rng.poisson(3, (10, 3))
    found = paired_keyness(a, [100] * 10, b, [100] * 10, seed=0, draws=20_000)
    for word in range(3):
        exact = sign_flip_test(a[:, word] - b[:, word], seed=0).p_value
        assert found.p_value[word] == pytest.approx(exact, abs=0.012)


def test_sparse_and_dense_counts_give_the_same(rng: np.random.Generator) -> None:
    a, b, words = rng.poisson(1, (12, 6)), rng.poisson(1, (12, 6)), rng.integers(50, 80, 12)
    dense = paired_keyness(a, words, b, words, seed=4, draws=199)
    thin = paired_keyness(sparse.csr_array(a), words, sparse.csr_array(b), words, seed=4, draws=199)
    np.testing.assert_array_equal(dense.p_adjusted, thin.p_adjusted)
    side = np.repeat([0, 1], 6)
    one = unpaired_keyness(a, words, side, seed=4, draws=199)
    two = unpaired_keyness(sparse.csr_array(a), words, side, seed=4, draws=199)
    np.testing.assert_array_equal(one.p_value, two.p_value)


def slow_statistic(x: np.ndarray, w: np.ndarray, side: np.ndarray) -> float:
    rates, variance = [], 0.0
    for s in (1, 0):
        k = side == s
        rate = x[k].sum() / w[k].sum()
        influence = (x[k] - rate * w[k]) / w[k].sum()
        variance += k.sum() / (k.sum() - 1) * np.sum(influence**2)
        rates.append(rate)
    return (rates[0] - rates[1]) / np.sqrt(variance)


def test_unpaired_keyness_is_the_slow_permutation_test(rng: np.random.Generator) -> None:
    x, w = rng.poisson(5, (9, 2)) + 1.0, rng.integers(50, 90, 9).astype(float)
    side = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0])
    x[side == 1, 0] += 4
    found = unpaired_keyness(x, w, side, seed=0, draws=20_000)
    labels = [np.isin(np.arange(9), c).astype(int) for c in combinations(range(9), 4)]
    all_values = np.array([[abs(slow_statistic(x[:, v], w, lab)) for v in (0, 1)] for lab in labels])
    observed = np.array([slow_statistic(x[:, v], w, side) for v in (0, 1)])
    np.testing.assert_allclose(found.statistic, observed)
    np.testing.assert_allclose(found.p_value, (all_values >= abs(observed) - 1e-9).mean(axis=0), atol=0.012)
    joint = (all_values.max(axis=1)[:, None] >= abs(observed) - 1e-9).mean(axis=0)
    np.testing.assert_allclose(found.p_adjusted, joint, atol=0.012)


def test_a_word_without_hits_is_no_finding() -> None:
    hits = np.array([[0, 2], [0, 3], [0, 1], [0, 2]])
    found = unpaired_keyness(hits, [10] * 4, [1, 1, 0, 0], seed=0, draws=99)
    assert (found.statistic[0], found.p_value[0], found.p_adjusted[0]) == (0.0, 1.0, 1.0)
    paired = paired_keyness(hits, [10] * 4, hits, [10] * 4, seed=0, draws=99)
    assert paired.p_adjusted.tolist() == [1.0, 1.0]


def test_a_word_on_one_side_only_is_found() -> None:
    hits = np.r_[np.full(8, 5), np.zeros(8)][:, None]
    found = unpaired_keyness(hits, np.full(16, 100), np.repeat([1, 0], 8), seed=0, draws=999)
    assert found.p_value[0] < 0.01


def test_keyness_tests_say_what_is_wrong() -> None:
    with pytest.raises(StatisticsError, match="at least two problems on each side"):
        unpaired_keyness([[1], [2], [3]], [10] * 3, [1, 0, 0], seed=0)
    with pytest.raises(StatisticsError, match="every problem must have words"):
        unpaired_keyness([[1], [2], [3], [0]], [10, 10, 10, 0], [1, 1, 0, 0], seed=0)
    with pytest.raises(StatisticsError, match=r"the same problems and words: \(1, 1\), \(2, 1\)"):
        paired_keyness([[1]], [10], [[1], [2]], [10, 10], seed=0)
    with pytest.raises(StatisticsError, match="both sides must have words"):
        paired_keyness([[1]], [0], [[1]], [10], seed=0)
    with pytest.raises(StatisticsError, match="must be finite numbers, problems x words"):
        paired_keyness([[-1]], [10], [[1]], [10], seed=0)
