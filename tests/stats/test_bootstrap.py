from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import ratio_of_sums
from reasonlens.stats.bootstrap import bootstrap, bootstrap_of_sums, expanded_tail, multinomial_weights
from reasonlens.stats.jackknife import jackknife_of_sums


def ratio(s: np.ndarray) -> np.ndarray:
    return s[..., 0] / s[..., 1]


@pytest.fixture
def sums(rng: np.random.Generator) -> np.ndarray:
    words = rng.integers(500, 1500, 25)
    return np.column_stack([rng.poisson(words / 200 * rng.gamma(2, 0.5, 25)), words]).astype(float)


def test_bca_limits_are_those_of_scipy_at_the_expanded_level(sums: np.ndarray) -> None:
    level = 1 - 2 * stats.norm.cdf(expanded_tail(25, 0.95))
    found = bootstrap_of_sums(ratio, sums, seed=1, draws=20_000)
    other = stats.bootstrap(
        (sums[:, 0], sums[:, 1]),
        lambda x, w, axis: x.sum(axis=axis) / w.sum(axis=axis),
        paired=True,
        vectorized=True,
        confidence_level=float(level),
        n_resamples=20_000,
        method="BCa",
        rng=np.random.default_rng(2),
    ).confidence_interval
    assert found.low == pytest.approx(other.low, rel=0.02)
    assert found.high == pytest.approx(other.high, rel=0.02)


def test_percentile_limits_are_near_those_of_the_mean(rng: np.random.Generator) -> None:
    x = rng.normal(size=40)
    table = np.column_stack([x, np.ones(40)])
    e = bootstrap_of_sums(ratio, table, seed=1, draws=20_000, limits="percentile")
    low, high = stats.t.interval(0.95, 39, x.mean(), stats.sem(x))
    assert (e.low, e.high) == (pytest.approx(low, abs=0.02), pytest.approx(high, abs=0.02))
    assert e.method == "cluster bootstrap, percentile limits, expanded, 20000 draws"


def test_the_same_seed_gives_the_same_limits(sums: np.ndarray) -> None:
    one, two = (bootstrap_of_sums(ratio, sums, seed=7, draws=200) for _ in range(2))
    assert one == two
    assert one.seed == 7
    assert bootstrap_of_sums(ratio, sums, seed=np.random.default_rng(7), draws=200).seed is None
    assert bootstrap_of_sums(ratio, sums, seed=8, draws=200).low != one.low


def test_weights_are_whole_problems() -> None:
    weights = multinomial_weights(5, 100, 0)
    assert weights.shape == (100, 5)
    np.testing.assert_array_equal(weights.sum(axis=1), 5)


def test_any_statistic_gives_the_same_as_sums_do(sums: np.ndarray) -> None:
    groups = [np.array([row]) for row in sums]
    slow = bootstrap(lambda gs: float(ratio(np.concatenate(gs).sum(axis=0))), groups, seed=1, draws=4000)
    fast = bootstrap_of_sums(ratio, sums, seed=1, draws=4000)
    assert slow.value == pytest.approx(fast.value)
    assert (slow.low, slow.high) == (pytest.approx(fast.low, rel=0.05), pytest.approx(fast.high, rel=0.05))


def test_nesting_widens_the_interval_of_a_mean(rng: np.random.Generator) -> None:
    groups = [np.asarray(rng.normal(rng.normal(0, 0.2), 1.0, 4)) for _ in range(20)]
    widths = []
    for nested in (False, True):
        e = bootstrap(
            lambda gs: float(np.mean([g.mean() for g in gs])), groups, seed=1, draws=1000, nested=nested
        )
        widths.append(e.high - e.low)
        assert e.n == 80
        assert e.method.startswith("two-level" if nested else "cluster")
    assert widths[1] > 1.1 * widths[0]


def test_undefined_draws_are_counted_and_too_many_leave_no_limits() -> None:
    table = np.array([[1.0, 1.0]] + [[0.0, 0.0]] * 9)
    e = bootstrap_of_sums(ratio_or_nan, table, seed=1, draws=1000)
    assert e.value == 1.0
    assert np.isnan(e.low)
    assert "undefined): too many for limits" in e.method


def ratio_or_nan(s: np.ndarray) -> np.ndarray:
    return s[..., 0] / np.where(s[..., 1] > 0, s[..., 1], np.nan)


def test_no_variation_means_no_limits() -> None:
    e = bootstrap_of_sums(ratio, [[1, 2], [2, 4]], seed=1, draws=50)
    assert (e.value, np.isnan(e.low)) == (0.5, True)
    assert e.method.endswith("no variation, no limits")
    one = bootstrap_of_sums(ratio, [[1, 2]], seed=1, draws=50, limits="percentile")
    assert one.method == "fewer than two problems: no interval"


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(StatisticsError, match="limits is 'wald'; it must be one of 'bca', 'percentile'"):
        bootstrap_of_sums(ratio, [[1, 2], [2, 3]], seed=1, limits="wald")
    with pytest.raises(StatisticsError, match=r"one row per problem, got shape \(2,\)"):
        bootstrap_of_sums(ratio, [1, 2], seed=1)
    with pytest.raises(StatisticsError, match="NaN or infinite"):
        bootstrap_of_sums(ratio, [[1, np.nan]], seed=1)
    with pytest.raises(StatisticsError, match="at least one response; leave empty problems out"):
        bootstrap(lambda gs: 0.0, [[1.0], []], seed=1)


def test_jackknife_of_a_ratio_on_the_log_scale_is_close_to_that_of_rates(sums: np.ndarray) -> None:
    e = jackknife_of_sums(lambda s: 1000 * ratio(s), sums, scale="log")
    other = ratio_of_sums(sums[:, 0], sums[:, 1])
    assert e.value == pytest.approx(other.value)
    narrower = 1 / np.sqrt(1 + 3 / len(sums))  # rates of few problems are widened
    low, high = (other.value * (at / other.value) ** narrower for at in (other.low, other.high))
    assert (e.low, e.high) == (pytest.approx(low, rel=0.06), pytest.approx(high, rel=0.06))


def test_jackknife_error_is_the_slow_one(sums: np.ndarray) -> None:
    e = jackknife_of_sums(ratio, sums, null=0.0)
    slow = np.array([ratio(np.delete(sums, i, axis=0).sum(axis=0)) for i in range(25)])
    error = np.sqrt(24 / 25 * np.sum((slow - slow.mean()) ** 2))
    degrees = min(2 * 25 / (stats.kurtosis(slow, fisher=False) - 1), 24)
    assert degrees < 24  # a few of these problems carry much of the variance
    assert e.high - e.value == pytest.approx(stats.t.ppf(0.975, degrees) * error)
    assert e.p_value == pytest.approx(2 * stats.t.sf(e.value / error, degrees))


def test_jackknife_says_why_there_are_no_limits() -> None:
    assert jackknife_of_sums(ratio, [[1, 2]]).method.startswith("fewer than two")
    assert jackknife_of_sums(ratio, [[1, 2], [2, 4]]).method.startswith("no variation")
    lost = jackknife_of_sums(ratio_or_nan, [[1, 2], [0, 0]])
    assert lost.method == "undefined if one of 1 problems is left out: no interval"
    assert jackknife_of_sums(ratio_or_nan, [[0, 0], [0, 0]]).method == "undefined"
    with pytest.raises(StatisticsError, match="scale is 'logit'"):
        jackknife_of_sums(ratio, [[1, 2], [2, 3]], scale="logit")
