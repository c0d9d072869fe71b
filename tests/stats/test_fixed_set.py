"""Means for exactly these problems: binomial variances by hand, and limits of sure problems."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.estimate import THESE
from reasonlens.stats.fixed_set import fixed_set_difference, fixed_set_mean


def scores(rng: np.random.Generator, problems: int = 30, samples: int = 16) -> tuple[np.ndarray, np.ndarray]:
    p = rng.beta(0.4, 0.8, problems)
    seen = (rng.random((problems, samples)) < p[:, None]).astype(float)
    return seen.ravel(), np.repeat(np.arange(problems), samples)


def test_fixed_set_error_is_that_of_binomial_problems() -> None:
    k = np.array([4, 8, 8])
    right = np.array([1, 4, 8])
    values = np.concatenate([np.r_[np.ones(r), np.zeros(n - r)] for r, n in zip(right, k, strict=True)])
    e = fixed_set_mean(values, np.repeat([0, 1, 2], k))
    p = right / k
    terms = p * (1 - p) / (k - 1) / 9
    degrees = terms.sum() ** 2 / np.sum(terms**2 / (k - 1))
    assert e.value == pytest.approx(p.mean())
    assert e.high - e.value == pytest.approx(stats.t.ppf(0.975, degrees) * np.sqrt(terms.sum()))
    assert (e.estimand, e.n_problems, e.n) == (THESE, 3, 20)


def test_fixed_set_of_sure_problems_has_exact_limits() -> None:
    # two problems always solved (16 of 16), two never (16 of 16)
    e = fixed_set_mean([1.0] * 16 + [0.0] * 16, np.repeat([0, 1, 2, 3], 8))
    always = stats.beta.ppf(0.025, 16, 1)
    assert e.low == pytest.approx(always / 2)
    assert e.high == pytest.approx(0.5 + (1 - always) / 2)
    assert e.method.startswith("each problem always or never")


def test_fixed_set_without_a_second_response_has_no_limits() -> None:
    e = fixed_set_mean([1, 0, 1], [0, 1, 1])
    assert e.value == 0.75
    assert np.isnan(e.low)
    assert e.method == "a problem has one response: no error within problems"
    assert np.isnan(fixed_set_mean([], []).value)
    words = fixed_set_mean([5, 5, 7, 7], [0, 0, 1, 1])
    assert (words.value, words.method) == (6.0, "no variation within problems: no interval")


def test_fixed_set_difference_adds_the_errors(rng: np.random.Generator) -> None:
    a, where = scores(rng)
    b, _ = scores(rng)
    e = fixed_set_difference(a, where, b, where)
    both = [v.reshape(30, 16).var(axis=1, ddof=1) / 16 for v in (a, b)]
    error = np.sqrt(sum(v.sum() for v in both)) / 30
    assert e.value == pytest.approx(a.mean() - b.mean())
    assert (e.high - e.low) / 2 / error == pytest.approx(1.96, abs=0.02)
    assert e.p_value == pytest.approx(2 * stats.norm.sf(abs(e.value) / error), abs=0.01)
    with pytest.raises(StatisticsError, match="the two sides must have the same problems"):
        fixed_set_difference(a, where, b[16:], where[16:])


def test_fixed_set_difference_says_why_there_is_no_interval() -> None:
    flat = fixed_set_difference([1, 1], [0, 0], [0, 0], [0, 0])
    assert (flat.value, flat.method) == (1.0, "no variation within problems: no interval")
    single = fixed_set_difference([1], [0], [0, 1], [0, 0])
    assert np.isnan(single.low)
    assert np.isnan(fixed_set_difference([], [], [], []).value)
