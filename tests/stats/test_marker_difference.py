from __future__ import annotations

import doctest
import importlib

import numpy as np
import pytest

from reasonlens.core.errors import StatisticsError
from reasonlens.stats import marker_time
from reasonlens.stats.marker_difference import (
    areas_without,
    horizon,
    restricted_mean,
    restricted_mean_difference,
)


def some(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    problem = np.repeat(np.arange(10), 8)
    side = np.tile([0, 1], 40)
    marker = rng.integers(0, 40, 80) + 10 * side
    end = rng.integers(20, 80, 80)
    return np.minimum(marker, end), (marker < end).astype(int), side, problem


def test_restricted_mean_is_that_of_the_plain_function(rng: np.random.Generator) -> None:
    time, event, _, problem = some(rng)
    for until in (5.0, 12.0, 30.0):
        mine = restricted_mean(time, event, problem, until)
        plain = marker_time.restricted_mean(time, event, problem, until)
        np.testing.assert_allclose([mine.value, mine.low, mine.high], [plain.value, plain.low, plain.high])
        assert mine.method == plain.method


def test_difference_is_the_jackknife_over_both_sides_at_once(rng: np.random.Generator) -> None:
    time, event, side, problem = some(rng)
    found = restricted_mean_difference(time, event, side, problem, 30.0)

    def gap(kept: np.ndarray) -> float:
        one, other = (
            marker_time.restricted_mean(time[kept & s], event[kept & s], problem[kept & s], 30.0).value
            for s in (side == 1, side == 0)
        )
        return one - other

    value = gap(np.ones(80, bool))
    without = np.array([gap(problem != p) for p in range(10)])
    error = np.sqrt(0.9 * np.sum((without - without.mean()) ** 2))
    np.testing.assert_allclose(
        [found.value, found.low, found.high],
        [value, value - 2.262157 * error, value + 2.262157 * error],
        rtol=1e-6,
    )
    assert (found.n_problems, found.n, found.estimand) == (10, 80, "problems like these")
    assert (found.p_value < 0.05) == (found.low > 0 or found.high < 0)


def test_problems_that_lack_a_side_are_left_out() -> None:
    found = restricted_mean_difference([1, 3, 2, 5, 9], [1] * 5, [1, 0, 1, 0, 0], [0, 0, 1, 1, 2], 9.0)
    assert (found.value, found.n_problems, found.n) == (1.5 - 4.0, 2, 4)
    none = restricted_mean_difference([1, 3], [1, 1], [1, 0], [0, 1], 9.0)
    assert np.isnan(none.value)
    assert none.n_problems == 0


def test_every_marker_before_the_limit_leaves_nothing_unknown() -> None:
    assert restricted_mean([1, 3, 5], [1, 1, 1], [0, 1, 2], 100.0).value == 3.0


def test_a_short_unknown_rest_is_held_and_a_long_one_undefined() -> None:
    time, event = np.r_[np.ones(99), 2.0], np.r_[np.ones(99), 0.0]
    # the curve is held at 1/100 from word 2 to 50: 1 + 0.01 x 49
    assert restricted_mean(time, event, np.arange(100), 50.0).value == pytest.approx(1.49)
    half = restricted_mean([1, 2], [1, 0], [0, 1], 50.0)
    assert np.isnan(half.value)
    assert half.method == "undefined: the last responses without the marker end before word 50"


def test_limits_stay_within_what_a_mean_can_be() -> None:
    found = restricted_mean([0, 0, 0, 90, 0, 0], [1] * 6, range(6), 100.0)
    assert (round(found.value, 9), found.low) == (15.0, 0.0)


def test_blocks_of_problems_give_the_same_areas(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    time, event, _, problem = some(rng)
    whole = areas_without(time.astype(float), event.astype(float), problem, 10, 30.0)
    monkeypatch.setattr("reasonlens.stats.marker_difference._BLOCK", 70)
    np.testing.assert_allclose(
        areas_without(time.astype(float), event.astype(float), problem, 10, 30.0)[1], whole[1]
    )


def test_what_cannot_be_asked() -> None:
    with pytest.raises(StatisticsError, match="needs a limit above 0 words, got 0"):
        restricted_mean([1], [1], [0], 0.0)
    with pytest.raises(StatisticsError, match="side must be 0 or 1"):
        restricted_mean_difference([1], [1], [2], [0], 1.0)


def test_the_horizon_is_what_a_tenth_of_every_side_reaches() -> None:
    assert horizon([10] * 9 + [99], [500] * 20) == 10.0
    assert np.isnan(horizon([5], []))


def test_the_examples_are_true() -> None:
    assert doctest.testmod(importlib.import_module("reasonlens.stats.marker_difference")).failed == 0
