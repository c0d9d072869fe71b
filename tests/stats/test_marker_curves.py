from __future__ import annotations

import doctest
import importlib

import numpy as np
import pytest

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.bootstrap import multinomial_weights
from reasonlens.stats.marker_curves import curve_and_median, drawn
from reasonlens.stats.marker_time import median_time
from reasonlens.stats.survival import survival_band


def some(rng: np.random.Generator, n: int = 150) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    marker, end = rng.integers(0, 60, n), rng.integers(1, 80, n)
    return np.minimum(marker, end), (marker < end).astype(int), rng.integers(0, 12, n)


def test_draws_are_those_of_the_bootstrap() -> None:
    np.testing.assert_array_equal(drawn(7, 50, 3), multinomial_weights(7, 50, 3))


@pytest.mark.parametrize("share", [1.0, 0.1])
def test_it_is_the_band_and_the_median_of_the_plain_functions(rng: np.random.Generator, share: float) -> None:
    time, event, problem = some(rng)
    event = event * (rng.random(len(event)) < share)
    grid = np.array([0, 1, 5, 20, 40, 79, 90])
    band, median = curve_and_median(time, event, problem, grid, weights=drawn(12, 300, 5), seed=5)
    plain = survival_band(time, event, problem, grid, seed=5, draws=300)
    for name in ("survival", "low", "high"):
        np.testing.assert_allclose(getattr(band, name), getattr(plain, name), err_msg=name)
    other = median_time(time, event, problem, seed=5, draws=300)
    np.testing.assert_array_equal(
        [median.value, median.low, median.high], [other.value, other.low, other.high]
    )
    assert (band.method, median.method, band.seed) == (plain.method, other.method, 5)


def test_without_any_marker_the_curve_stays_at_one() -> None:
    band, median = curve_and_median([3, 5], [0, 0], [0, 1], [0, 4, 6], weights=drawn(2, 20, 0))
    np.testing.assert_array_equal(band.survival, [1, 1, np.nan])
    assert np.isnan(band.low).all()
    assert np.isnan(median.value)
    assert median.low == median.high == np.inf


def test_draws_for_another_number_of_problems_are_refused() -> None:
    with pytest.raises(StatisticsError, match=r"weights must have 2 columns, one per problem, got \(9, 3\)"):
        curve_and_median([1, 2], [1, 1], [0, 1], [1], weights=drawn(3, 9, 0))


def test_one_problem_has_no_interval() -> None:
    band, median = curve_and_median([1, 2], [1, 1], [4, 4], [1], weights=drawn(1, 9, 0))
    assert (band.survival.tolist(), median.value) == ([0.5], 1.0)
    assert band.method == median.method == "fewer than two problems: no interval"
    assert np.isnan([band.low[0], median.low]).all()


def test_the_examples_are_true() -> None:
    assert doctest.testmod(importlib.import_module("reasonlens.stats.marker_curves")).failed == 0
