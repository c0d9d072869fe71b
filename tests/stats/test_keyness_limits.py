"""Intervals of log ratios against leaving out problems one by one, and against a bootstrap."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from scipy import stats

from reasonlens.core.errors import StatisticsError
from reasonlens.stats import keyness_limits
from reasonlens.stats.keyness_limits import log2_ratio_limits


def sides(rng, problems=30, terms=6, rate=0.01):
    sizes = rng.integers(800, 3000, (2, problems)).astype(float)
    effect = np.exp(rng.normal(0, 0.6, (problems, terms)))
    own = np.exp(rng.normal(0, 0.3, (2, problems, terms)))
    hits = rng.poisson(rate * sizes[:, :, None] * effect * own).astype(float)
    return hits[0], sizes[0], hits[1], sizes[1]


def slow(x, wa, y, wb, level=0.95):
    """One word: leave out each problem in turn, in natural logs."""

    def theta(keep):
        return math.log((x[keep].sum() + 0.5) / wa[keep].sum()) - math.log(
            (y[keep].sum() + 0.5) / wb[keep].sum()
        )

    size = len(x)
    everything = np.ones(size, bool)
    changes = [theta(everything) - theta(np.arange(size) != i) for i in range(size)]
    square = sum(c**2 for c in changes) / size
    kurtosis = sum(c**4 for c in changes) / size / square**2
    degrees = min(max(2 * size / (kurtosis - 1), 1), size - 1)
    clustered = stats.t.ppf((1 + level) / 2, degrees) * math.sqrt((size - 1) * square * (1 + 3 / size))
    independent = stats.norm.ppf((1 + level) / 2) * math.sqrt(1 / (x.sum() + 0.5) + 1 / (y.sum() + 0.5))
    reach = max(clustered, independent)
    return (theta(everything) - reach) / math.log(2), (theta(everything) + reach) / math.log(2)


def test_the_example_in_the_documentation_holds():
    assert doctest.testmod(keyness_limits).failed == 0


@pytest.mark.parametrize(("rate", "problems"), [(0.01, 30), (0.0005, 12), (0.01, 5)])
def test_limits_are_those_of_leaving_out_each_problem(rng, rate, problems):
    x, wa, y, wb = sides(rng, problems, rate=rate)
    x[0], y[0] = x[0] + 1, y[0] + 1  # each side uses each word
    low, high = log2_ratio_limits(x, wa, y, wb, level=0.9)
    for word in range(x.shape[1]):
        wanted = slow(x[:, word], wa, y[:, word], wb, 0.9)
        assert (low[word], high[word]) == pytest.approx(wanted, rel=1e-9)


def test_with_many_problems_they_are_close_to_a_bootstrap_of_problems(rng):
    x, wa, y, wb = sides(rng, problems=300, terms=3, rate=0.02)
    low, high = log2_ratio_limits(x, wa, y, wb)
    drawn = rng.multinomial(300, np.full(300, 1 / 300), size=4000).astype(float)
    ratios = np.log2((drawn @ x + 0.5) / (drawn @ wa)[:, None]) - np.log2(
        (drawn @ y + 0.5) / (drawn @ wb)[:, None]
    )
    wanted = np.quantile(ratios, [0.025, 0.975], axis=0)
    width = high - low
    np.testing.assert_array_less(np.abs(low - wanted[0]), 0.1 * width)
    np.testing.assert_array_less(np.abs(high - wanted[1]), 0.1 * width)


def test_swapping_sides_mirrors_the_limits(rng):
    x, wa, y, wb = sides(rng)
    one, two = log2_ratio_limits(x, wa, y, wb), log2_ratio_limits(y, wb, x, wa)
    np.testing.assert_allclose(one.low, -two.high)


def test_a_side_without_a_word_leaves_the_ratio_open():
    hits = np.array([[5.0, 0.0, 0.0]] * 10)
    none = np.zeros((10, 3))
    none[:, 1] = 4
    low, high = log2_ratio_limits(hits, np.full(10, 100.0), none, np.full(10, 100.0))
    assert high[0] == np.inf
    assert 0 < low[0] < np.log2(101)  # 50.5 against 0.5 hits
    assert low[1] == -np.inf
    assert np.isnan([low[2], high[2]]).all()


def test_one_problem_on_a_side_has_no_limits():
    found = log2_ratio_limits([[1.0], [1]], [10, 10], [[1.0], [0]], [10, 0])
    assert np.isnan([found.low, found.high]).all()


def test_shapes_that_do_not_fit_are_said():
    with pytest.raises(StatisticsError, match="problems x words on both sides"):
        log2_ratio_limits([[1.0]], [10], [[1.0, 2.0]], [10])
