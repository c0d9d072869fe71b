from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.bootstrap import expanded_tail, multinomial_weights
from reasonlens.stats.log_rank import log_rank_contributions, stratified_log_rank
from reasonlens.stats.marker_time import median_time, restricted_mean
from reasonlens.stats.permutation import sign_flip_test
from reasonlens.stats.survival import kaplan_meier, survival_band

Traces = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture
def traces(rng: np.random.Generator) -> Traces:
    problem = np.repeat(np.arange(12), 10)
    side = np.tile([0, 1], 60)
    marker = np.ceil(rng.exponential(80 * np.exp(rng.normal(0, 0.6, 12))[problem] / (1 + side)))
    end = np.ceil(rng.gamma(3, 40, 120)) + 1
    return np.minimum(marker, end), (marker <= end).astype(float), side, problem


def test_curve_is_that_of_statsmodels(traces: Traces) -> None:
    time, event, _, _ = traces
    found, other = kaplan_meier(time, event), SurvfuncRight(time, event)
    np.testing.assert_array_equal(found.time, other.surv_times)
    np.testing.assert_allclose(found.survival, other.surv_prob)
    np.testing.assert_array_equal(found.at_risk, other.n_risk)
    np.testing.assert_array_equal(found.events, other.n_events)
    # log-log limits from the Greenwood error of S itself
    s, error = other.surv_prob[:-1], other.surv_prob_se[:-1]
    spread = 1.959964 * error / (s * np.abs(np.log(s)))
    np.testing.assert_allclose(found.low[:-1], s ** np.exp(spread), rtol=1e-6)
    np.testing.assert_allclose(found.high[:-1], s ** np.exp(-spread), rtol=1e-6)


def test_curve_of_the_first_published_example() -> None:
    # Kaplan & Meier 1958, section 2.1: deaths at .8 3.1 5.4 9.2, losses at 1.0 2.7 7.0 12.1
    c = kaplan_meier([0.8, 1.0, 2.7, 3.1, 5.4, 7.0, 9.2, 12.1], [1, 0, 0, 1, 1, 0, 1, 0])
    np.testing.assert_allclose(
        c.survival, [7 / 8, 7 / 8 * 4 / 5, 7 / 8 * 4 / 5 * 3 / 4, 7 / 8 * 4 / 5 * 3 / 4 / 2]
    )
    np.testing.assert_allclose(c.at([0.5, 0.8, 3.0, 3.1]), [1, 7 / 8, 7 / 8, 0.7])


def test_without_censoring_it_is_the_share_still_waiting(rng: np.random.Generator) -> None:
    time = rng.integers(1, 20, 50)
    c = kaplan_meier(time, np.ones(50))
    np.testing.assert_allclose(c.at(np.arange(20)), [np.mean(time > t) for t in range(20)], atol=1e-12)
    assert np.isnan(c.low[-1])


def test_without_events_there_is_a_flat_curve() -> None:
    c = kaplan_meier([3, 5], [0, 0])
    assert len(c.time) == 0
    assert c.at([0, 9]).tolist() == [1.0, 1.0]


def test_restricted_mean_is_the_mean_of_short_times(rng: np.random.Generator) -> None:
    time = rng.integers(1, 50, 40).astype(float)
    problem = np.repeat(np.arange(10), 4)
    e = restricted_mean(time, np.ones(40), problem, 30.0)
    means = np.minimum(time, 30).reshape(10, 4).mean(1)
    low, high = stats.t.interval(0.95, 9, means.mean(), stats.sem(means) * np.sqrt(1 + 1 / 10))
    assert e.value == pytest.approx(means.mean())
    assert (e.low, e.high) == (pytest.approx(low), pytest.approx(high))


def test_restricted_mean_is_the_area(traces: Traces) -> None:
    time, event, _, problem = traces
    until = 100.0
    steps = np.arange(0, until, 0.01)
    area = kaplan_meier(time, event).at(steps).sum() * 0.01
    assert restricted_mean(time, event, problem, until).value == pytest.approx(area, rel=1e-3)


def test_restricted_mean_beyond_the_data_is_refused(traces: Traces) -> None:
    time, event, _, problem = traces
    with pytest.raises(StatisticsError, match="up to 9999 is not defined: the longest response has"):
        restricted_mean(time, event, problem, 9999)
    alone = restricted_mean([1, 2, 9], [1, 1, 1], [0, 0, 1], 8.0)
    assert alone.method == "one problem has all responses that reach the limit: no interval"
    assert restricted_mean([1, 2], [1, 1], [0, 0], 1.0).method == "fewer than two problems: no interval"


def test_band_is_the_slow_bootstrap(traces: Traces) -> None:
    time, event, _, problem = traces
    grid = [20.0, 60.0]
    band = survival_band(time, event, problem, grid, seed=3, draws=300)
    rng = np.random.default_rng(3)
    slow = []
    for _ in range(300):
        times = multinomial_weights(12, 1, rng)[0].astype(int)[problem]
        slow.append(kaplan_meier(np.repeat(time, times), np.repeat(event, times)).at(grid))
    tail = stats.norm.cdf(expanded_tail(12, 0.95))
    np.testing.assert_allclose(band.low, np.quantile(slow, tail, axis=0))
    np.testing.assert_allclose(band.high, np.quantile(slow, 1 - tail, axis=0))
    np.testing.assert_allclose(band.survival, kaplan_meier(time, event).at(grid))


def test_band_is_undefined_where_nothing_is_known(traces: Traces) -> None:
    time, event, _, _ = traces
    band = survival_band([5, 6, 7, 8], [1, 0, 1, 0], [0, 0, 1, 1], [1.0, 6.0, 99.0], seed=0, draws=50)
    assert (band.survival[0], np.isnan(band.low[0])) == (1.0, True)
    assert np.isnan(band.survival[2])
    one = survival_band(time, event, np.zeros(120, dtype=int), [20.0], seed=0)
    assert (one.method, np.isnan(one.low[0])) == ("fewer than two problems: no interval", True)
    with pytest.raises(StatisticsError, match="event must be 0 or 1"):
        survival_band([1.0], [2], [0], [1.0], seed=0)
    with pytest.raises(StatisticsError, match="no responses, so there is no curve"):
        kaplan_meier([], [])


def test_median_may_never_be_reached(traces: Traces) -> None:
    time, event, _, problem = traces
    e = median_time(time, event, problem, seed=0, draws=200)
    assert e.value == SurvfuncRight(time, event).quantile(0.5)
    assert e.low <= e.value <= e.high
    late = median_time([1, 5, 5, 5, 5, 5], [1, 0, 0, 0, 0, 0], [0, 0, 1, 1, 2, 2], seed=0, draws=200)
    assert np.isnan(late.value)
    assert np.isinf(late.high)


def test_log_rank_is_that_of_statsmodels(traces: Traces) -> None:
    time, event, side, problem = traces
    found = stratified_log_rank(time, event, side, problem)
    statistic, p = survdiff(time, event, side, strata=problem)
    assert found.statistic == pytest.approx(float(statistic))
    assert found.p_value == pytest.approx(float(p))
    plain = stratified_log_rank(time, event, side, np.zeros(120, dtype=int))
    assert plain.statistic == pytest.approx(float(survdiff(time, event, side)[0]))


def test_contributions_of_problems_can_be_flipped(traces: Traces) -> None:
    time, event, side, problem = traces
    excess = log_rank_contributions(time, event, side, problem)
    assert len(excess) == 12
    assert excess.sum() > 0  # side 1 has twice the hazard
    assert sign_flip_test(excess, seed=0).p_value < 0.05
    other = log_rank_contributions(time, event, 1 - side, problem)
    np.testing.assert_allclose(other, -excess)


def test_log_rank_without_comparison_is_undefined() -> None:
    found = stratified_log_rank([1, 2], [1, 1], [1, 0], [0, 1])
    assert np.isnan(found.p_value)
    assert len(log_rank_contributions([], [], [], [])) == 0
    with pytest.raises(StatisticsError, match="event and side must be 0 or 1"):
        stratified_log_rank([1], [1], [2], [0])
