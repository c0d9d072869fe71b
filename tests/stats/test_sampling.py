from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.sampling import NO_ANSWER, avg_at_k, maj_at_k, maj_at_k_of_counts, pass_at_k


def brute_majority(answers: list[int], right: int, k: int) -> float:
    """Enumerate every k-subset."""
    scores = []
    for subset in combinations(answers, k):
        votes = [a for a in subset if a != NO_ANSWER]
        most = max((votes.count(a) for a in votes), default=0)
        winners = {a for a in votes if votes.count(a) == most}
        scores.append(1 / len(winners) if right in winners else 0.0)
    return float(np.mean(scores))


@given(st.integers(1, 40), st.data())
def test_pass_at_k_is_the_counting_formula(n: int, data: st.DataObject) -> None:
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    expected = 1 - comb(n - c, k) / comb(n, k)
    assert pass_at_k([n], [c], k)[0] == pytest.approx(expected, abs=1e-12)


def test_pass_at_k_of_many_responses_does_not_overflow() -> None:
    assert pass_at_k([10_000], [1], 5_000)[0] == pytest.approx(0.5)
    assert pass_at_k([4], [0], 2)[0] == 0.0


def test_pass_at_k_is_unbiased_where_the_plug_in_is_not() -> None:
    p, n, k = 0.1, 16, 8
    c = np.arange(n + 1)
    chance = np.array([comb(n, int(i)) * p**i * (1 - p) ** (n - i) for i in c])
    assert chance @ pass_at_k(np.full(n + 1, n), c, k) == pytest.approx(1 - (1 - p) ** k)
    assert chance @ (1 - (1 - c / n) ** k) == pytest.approx(0.490, abs=0.001)


def test_too_many_tries_are_undefined() -> None:
    assert np.isnan(pass_at_k([3], [1], 4)).all()
    assert np.isnan(maj_at_k_of_counts(2, [1], 4))
    assert np.isnan(avg_at_k([0], [0])).all()


@pytest.mark.parametrize(
    ("n", "c", "k", "message"),
    [
        ([3], [4], 1, "problem 0 has 4 right responses of 3"),
        ([3], [1], 0, "k must be at least 1, got 0"),
        ([3, 2], [1], 1, "correct must have 2 entries, got 1"),
        ([[3]], [[1]], 1, r"n must have one dimension, got shape \(1, 1\)"),
    ],
)
def test_pass_at_k_says_what_is_wrong(n: list[int], c: list[int], k: int, message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        pass_at_k(n, c, k)


def test_majority_example() -> None:
    # of the 252 subsets of 5 out of 4 + 3 + 2 + 1; checked by enumeration as well
    answers = [0] * 4 + [1] * 3 + [2] * 2 + [3]
    assert maj_at_k_of_counts(4, [3, 2, 1], 5) == pytest.approx(0.559524, abs=5e-7)
    assert brute_majority(answers, 0, 5) == pytest.approx(0.559524, abs=5e-7)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(-1, 3), min_size=1, max_size=9), st.data())
def test_majority_is_the_mean_over_subsets(answers: list[int], data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(answers)))
    right = data.draw(st.integers(0, 3))
    got = maj_at_k(answers, [right], [0] * len(answers), k)[0]
    assert got == pytest.approx(brute_majority(answers, right, k), abs=1e-12)


def test_majority_of_one_is_the_share_and_of_all_is_the_vote() -> None:
    assert maj_at_k_of_counts(3, [5], 1) == pytest.approx(3 / 8)
    assert maj_at_k_of_counts(3, [5], 8) == 0.0
    assert maj_at_k_of_counts(5, [5, 5], 15) == pytest.approx(1 / 3)
    assert maj_at_k_of_counts(0, [], 2, blank=2) == 0.0


def test_majority_of_many_responses_is_a_chance() -> None:
    value = maj_at_k_of_counts(300, [290] + [1] * 200, 400)
    assert 0.5 < value < 1.0


def test_majority_by_problem_ignores_the_order_of_responses(rng: np.random.Generator) -> None:
    answers, problem = rng.integers(-1, 4, 60), np.repeat([0, 1, 2], 20)
    order = rng.permutation(60)
    first = maj_at_k(answers, [0, 1, 9], problem, 7)
    np.testing.assert_array_equal(first, maj_at_k(answers[order], [0, 1, 9], problem[order], 7))
    assert first[2] == 0.0


@pytest.mark.parametrize(
    ("answers", "gold", "problem", "message"),
    [
        ([1.5], [1], [0], "answers must be integer codes, got float64"),
        ([1], [-1], [0], "gold has the code -1, which stands for 'no answer'"),
        ([1], [1], [2], "gold has 1 entries, but problem has the code 2"),
        ([1], [1], [-2], "problem has the negative code -2"),
        ([1], [1], [0.5], "problem must be integer codes"),
    ],
)
def test_majority_says_what_is_wrong(answers: object, gold: object, problem: object, message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        maj_at_k(answers, gold, problem, 1)  # type: ignore[arg-type]


def test_negative_numbers_of_responses_are_refused() -> None:
    with pytest.raises(StatisticsError, match="must not be negative"):
        maj_at_k_of_counts(1, [-1], 1)
