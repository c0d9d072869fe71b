from __future__ import annotations

import doctest

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reasonlens.core.errors import StatisticsError
from reasonlens.stats import arrays, contrast, difference, limits, multiplicity, rates
from reasonlens.stats.arrays import (
    ONE_PROBLEM,
    UNDEFINED,
    cluster_sums,
    mean,
    mean_of_sums,
    ratio,
    ratio_of_sums,
    share,
    share_of_sums,
)
from reasonlens.stats.limits import (
    BURST,
    LOG_JACKKNIFE,
    POISSON_ONE,
    POISSON_ZERO,
    PROBLEM_BETA,
    linear_variance,
    residuals,
)
from tests.oracles import stats_oracle as oracle


@pytest.mark.parametrize("module", [arrays, contrast, difference, limits, multiplicity, rates])
def test_examples_in_the_documentation_hold(module):
    assert doctest.testmod(module).failed == 0


def clustered(rng, problems=30, samples=8):
    cluster = np.repeat(np.arange(problems), samples)
    effect = rng.normal(0, 0.7, problems)[cluster]
    words = rng.integers(50, 900, len(cluster))
    hits = rng.poisson(0.005 * words * np.exp(effect) * rng.gamma(1, 1, len(cluster)))
    return hits, words, cluster


def test_a_rate_and_its_limits_equal_the_leave_one_out_oracle(rng):
    hits, words, cluster = clustered(rng)
    found = ratio(hits, words, cluster)
    x, w = cluster_sums(hits, cluster), cluster_sums(words, cluster)
    low, high = oracle.jackknife_log_limits(x.tolist(), w.tolist())
    assert found.value == pytest.approx(1000 * hits.sum() / words.sum(), rel=1e-12)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-10)
    assert (found.method, found.n_clusters, found.n) == (LOG_JACKKNIFE, 30, 240)


def test_a_rate_by_hand():
    # 10 per 1,000; without a problem a thirtieth of it more or less
    found = ratio_of_sums([9, 11, 9, 11], [1000] * 4)
    error = np.sqrt(3 / 4 * 4 * (1 / 30) ** 2 * (1 + 4 / 4))
    assert found.value == pytest.approx(10)
    assert found.high == pytest.approx(10 * np.exp(3.1824463 * error), rel=1e-6)
    assert found.low == pytest.approx(10 * np.exp(-3.1824463 * error), rel=1e-6)


def test_two_problems_that_have_all_hits_are_as_one_burst():
    # 12 and 1 of 13 hits: without the first problem the rate is down by 1 - (1 / 13) / (29 / 30) = .92 of it
    found = ratio_of_sums([12, 1] + [0] * 28, [1000] * 30)
    changes = 1 - np.array([1, 12] + [13] * 28) / 13 / (29 / 30)
    error = np.sqrt(29 / 30 * np.sum(changes**2) * (1 + 4 / 30))
    assert error == pytest.approx(0.983, abs=0.001)
    assert (1.960 / 2.045 / error) ** 2 < 1  # less than one burst
    assert found.low == pytest.approx(found.value * 0.0254787, rel=1e-5)
    assert found.high == pytest.approx(found.value * 19.20906, rel=1e-5)
    assert found.method == limits.BURSTS


def test_a_problem_with_half_of_the_hits_leaves_the_limits_of_a_few_bursts():
    hits = np.array([30, 6, 5, 5, 4, 4, 3, 2, 1] + [0] * 91, float)
    found = ratio_of_sums(hits, np.full(100, 1000.0))
    error, degrees, widening = limits.log_error(hits, np.full(100, 1000.0))
    assert widening == pytest.approx(np.sqrt(1.04))
    n = (stats.norm.ppf(0.975) / stats.t.ppf(0.975, 99) / error) ** 2
    assert n == pytest.approx(3.3, abs=0.1)
    assert found.low / found.value == pytest.approx(stats.f.ppf(0.025, 2 * n, 4 * n))
    assert found.high / found.value == pytest.approx((n + 1) / n * stats.f.ppf(0.975, 2 * n + 2, 4 * n))
    assert found.high / found.value < np.exp(stats.t.ppf(0.975, degrees) * error)


def test_limits_of_bursts_are_those_of_a_simulation(rng):
    for n in (1, 3, 8):
        size = rng.gamma(2 * n, 1 / (2 * n), 400_000)  # mean size of n bursts seen, each of shape 2
        low, high = (
            np.quantile(rng.gamma(n + k, 1 / n, 400_000) / size, q) for k, q in ((0, 0.025), (1, 0.975))
        )
        assert limits.burst_limits(n, 0.025) == pytest.approx((low, high), rel=0.03)


def test_no_limit_is_above_a_hit_in_every_word():
    assert ratio_of_sums([90, 1, 0], [100] * 3).high == 1000  # 303 per 1,000, nearly all in one problem
    assert ratio_of_sums([0, 0], [1, 1]).high == 1000
    assert ratio_of_sums([90, 1, 0], [100] * 3, scale=1.0).high > 1  # hits per response have no bound
    assert ratio_of_sums([900, 10, 0], [100] * 3).high > 3033  # no places in a text
    assert limits.most_hits(np.array([1.0]), np.array([1.0]), 1000) == 1
    found = contrast.contrast_of_sums([90, 1, 0], [100] * 3, [1, 1, 2], [100] * 3)
    assert found.difference.high < 1000


def test_the_clustered_variance_equals_statsmodels(rng):
    values, _, cluster = clustered(rng)
    fit = sm.OLS(values, np.ones(len(values))).fit(
        cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False}
    )
    x, k = cluster_sums(values, cluster), cluster_sums(np.ones(len(values)), cluster)
    correction = 30 / 29  # the finite-sample factor that statsmodels leaves out here
    assert linear_variance(residuals(x, k)) == pytest.approx(fit.bse[0] ** 2 * correction, rel=1e-10)


def test_the_linear_variance_of_a_rate_equals_statsmodels_poisson(rng):
    hits, words, cluster = clustered(rng)
    fit = sm.GLM(hits, np.ones(len(hits)), family=sm.families.Poisson(), exposure=words).fit(
        cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False}
    )
    x, w = cluster_sums(hits, cluster), cluster_sums(words, cluster)
    rate = hits.sum() / words.sum()
    assert np.exp(fit.params[0]) == pytest.approx(rate, rel=1e-8)
    ours = np.sqrt(linear_variance(residuals(x, w)) * 29 / 30) / rate
    assert ours == pytest.approx(fit.bse[0], rel=1e-8)


def test_the_jackknife_is_close_to_the_linear_error_with_many_problems(rng):
    hits, words, cluster = clustered(rng, problems=2000, samples=2)
    x, w = cluster_sums(hits, cluster), cluster_sums(words, cluster)
    linear = np.sqrt(linear_variance(residuals(x, w))) / (x.sum() / w.sum())
    assert limits.log_error(x, w)[0] == pytest.approx(linear, rel=0.02)


def test_no_hits_give_an_exact_upper_limit():
    found = ratio_of_sums(np.zeros(30), np.full(30, 1000))
    # P(no hit) = 0.025 at 3.6889 expected hits
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(-1000 * np.log(0.025) / 30_000)
    assert found.method == POISSON_ZERO


def test_one_hit_gives_poisson_limits():
    hits = np.zeros(30)
    hits[3] = 1
    found = ratio_of_sums(hits, np.full(30, 100))
    assert found.low == pytest.approx(1000 * 0.0253178 / 3000, rel=1e-5)
    assert found.high == pytest.approx(1000 * 5.5716434 / 3000, rel=1e-5)
    assert found.method == POISSON_ONE


def test_all_hits_in_one_problem_allow_for_the_size_of_a_burst(rng):
    hits = np.zeros(30)
    hits[3] = 4
    found = ratio_of_sums(hits, np.full(30, 100))
    # the mean of a Poisson count of 1, over a gamma size with mean 1 and shape 2
    size = rng.gamma(2, 1 / 2, 400_000)
    low = np.quantile(rng.gamma(1, 1, 400_000) / size, 0.025)
    high = np.quantile(rng.gamma(2, 1, 400_000) / size, 0.975)
    assert found.low == pytest.approx(1000 * 4 * low / 3000, rel=0.03)
    assert found.high == pytest.approx(1000 * 4 * high / 3000, rel=0.03)
    assert found.method == BURST


def test_the_limits_of_a_mean_are_those_whose_transformed_t_is_the_quantile(rng):
    values = np.exp(rng.normal(0, 0.7, 12))
    found = mean_of_sums(values, np.ones(12))
    assert found.method == "clustered by problem, t corrected for skewness"
    gap = values - values.mean()
    skewness = np.mean(gap**3) / np.mean(gap**2) ** 1.5
    degrees = min(2 * 12 / (np.mean(gap**4) / np.mean(gap**2) ** 2 - 1), 11)

    def transformed(mu):
        s = (values.mean() - mu) / values.std(ddof=1)
        return np.sqrt(12) * (s + skewness * s**2 / 3 + skewness**2 * s**3 / 27 + skewness / (6 * 12))

    quantile = stats.t.ppf(0.975, degrees) * np.sqrt(1 + 1.5 / 12)
    assert transformed(found.low) == pytest.approx(quantile)
    assert transformed(found.high) == pytest.approx(-quantile)
    assert found.high - found.value > found.value - found.low  # the long tail is above


def test_mirrored_values_have_mirrored_limits(rng):
    values = rng.gamma(0.5, 1, 9)
    one, two = mean_of_sums(values, np.ones(9)), mean_of_sums(-values, np.ones(9))
    assert (one.low, one.high) == pytest.approx((-two.high, -two.low))


def test_a_mean_that_does_not_vary_has_no_limits():
    flat = mean_of_sums([2.0] * 4, [1] * 4)
    assert flat.value == 2.0
    assert np.isnan([flat.low, flat.high]).all()
    assert flat.method == "no variation between problems: no interval"


def test_one_problem_has_no_limits():
    for found in (ratio_of_sums([3], [100]), share_of_sums([1], [2]), mean_of_sums([1], [2])):
        assert np.isfinite(found.value)
        assert np.isnan([found.low, found.high]).all()
        assert found.method == ONE_PROBLEM


@pytest.mark.parametrize(
    "found", [ratio_of_sums([0, 0], [0, 0]), share_of_sums([], []), mean_of_sums([], [])]
)
def test_a_zero_denominator_is_undefined(found):
    assert np.isnan([found.value, found.low, found.high]).all()
    assert found.method == UNDEFINED
    assert found.n_clusters == 0


def test_problems_without_words_do_not_count():
    with_gap = ratio_of_sums([1, 3, 0, 2], [100, 100, 0, 100])
    assert with_gap.n_clusters == 3
    assert with_gap.low == ratio_of_sums([1, 3, 2], [100, 100, 100]).low


def test_equal_problems_have_a_rate_without_width():
    found = ratio_of_sums([2, 2, 2], [100, 100, 100])
    assert found.low == pytest.approx(20)
    assert found.high == pytest.approx(20)


@pytest.mark.parametrize(("present", "value"), [(0, 0.0), (8, 1.0)])
def test_a_share_of_all_or_none_is_not_without_width(present, value):
    found = share_of_sums([present] * 30, [8] * 30)
    few = (stats.norm.ppf(0.975) / stats.t.ppf(0.975, 29)) ** 2
    far = 1 - 0.025 ** (1 / (30 * few))
    assert found.value == value
    assert found.method == PROBLEM_BETA
    assert (found.low, found.high) == pytest.approx((0, far) if value == 0 else (1 - far, 1))


def test_a_share_with_one_response_per_problem_is_close_to_clopper_pearson():
    found = share_of_sums([1] * 50 + [0] * 150, [1] * 200)
    exact = stats.binomtest(50, 200).proportion_ci(0.95, method="exact")
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=0.003)


def test_share_from_responses_equals_share_from_sums():
    found = share([1, 0, 1, 1], [0, 0, 1, 1])
    assert found == share_of_sums([1, 2], [2, 2])
    assert found.value == 0.75


def test_responses_that_agree_within_a_problem_add_nothing():
    once, often = (share_of_sums([k] * 10 + [0] * 20, [k] * 30) for k in (1, 50))
    assert often.low == pytest.approx(once.low, rel=0.05)
    assert often.high == pytest.approx(once.high, rel=0.05)


def test_the_mean_is_that_of_problem_means_if_problems_are_equal(rng):
    values = rng.normal(3, 1, (12, 5)) + rng.normal(0, 1, (12, 1))
    found = mean(values.ravel(), np.repeat(np.arange(12), 5))
    alone = mean_of_sums(values.mean(1), np.ones(12))
    assert (found.value, found.low, found.high) == pytest.approx((alone.value, alone.low, alone.high))


def test_the_mean_of_many_symmetric_problems_has_the_textbook_interval():
    means = stats.norm.ppf((np.arange(400) + 0.5) / 400)  # no skewness, kurtosis of the normal
    found = mean_of_sums(means, np.ones(400))
    low, high = stats.t.interval(0.95, 399, means.mean(), stats.sem(means))
    assert (found.low, found.high) == pytest.approx((low, high), rel=0.004)


def test_a_share_that_few_problems_decide_is_surer_than_one_response_each_but_no_more(rng):
    spread, few = share_of_sums([2] * 16 + [0] * 14, [8] * 30), share_of_sums([8] * 4 + [0] * 26, [8] * 30)
    assert spread.value == few.value
    # the shares of 30 problems, each with one response
    alone = share_of_sums([1] * 4 + [0] * 26, [1] * 30)
    assert few.high == pytest.approx(alone.high, rel=0.02)
    assert spread.high < few.high


def test_a_share_has_the_degrees_of_freedom_of_its_contributions():
    x, k = np.array([8, 5, 1, 2, 3, 0, 4, 2, 2, 3], float), np.full(10, 8.0)
    found = share_of_sums(x, k)
    p, influence = x.sum() / 80, (x - 3.0) / 80
    variance = 10 / 9 * np.sum(influence**2)
    degrees = min(2 * 10 / (np.mean(influence**4) / np.mean(influence**2) ** 2 - 1), 9)
    size = p * (1 - p) / variance * (stats.norm.ppf(0.975) / stats.t.ppf(0.975, degrees)) ** 2
    assert size > 10
    assert found.low == pytest.approx(stats.beta.ppf(0.025, p * size, size - p * size + 1))
    assert found.high == pytest.approx(stats.beta.ppf(0.975, p * size + 1, size - p * size))


counts = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 3000)), min_size=2, max_size=25)


@given(counts, st.sampled_from([0.8, 0.95, 0.99]))
def test_a_rate_lies_within_its_limits(pairs, level):
    found = ratio_of_sums([x for x, _ in pairs], [w for _, w in pairs], level=level)
    assert 0 <= found.low <= found.value * (1 + 1e-12)
    assert found.value <= found.high * (1 + 1e-12)


@given(counts, st.randoms(use_true_random=False))
def test_the_order_of_problems_is_without_effect(pairs, random):
    mixed = list(pairs)
    random.shuffle(mixed)
    one, two = (ratio_of_sums([x for x, _ in p], [w for _, w in p]) for p in (pairs, mixed))
    assert one.low == pytest.approx(two.low, rel=1e-9)
    assert one.high == pytest.approx(two.high, rel=1e-9)


@given(st.lists(st.integers(1, 9).flatmap(lambda k: st.tuples(st.integers(0, k), st.just(k))), min_size=2))
def test_a_share_lies_within_its_limits(pairs):
    found = share_of_sums([x for x, _ in pairs], [k for _, k in pairs])
    assert 0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1
    assert found.low < found.high


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ratio_of_sums([1, 2], [1]), "hits and sizes differ in length: 2 and 1"),
        (lambda: ratio_of_sums([-1, 2], [1, 1]), "must not be negative"),
        (lambda: ratio_of_sums([np.nan, 2], [1, 1]), "hits has values that are NaN"),
        (lambda: ratio_of_sums([[1]], [1]), r"hits must have one dimension, got shape \(1, 1\)"),
        (lambda: ratio_of_sums([1, 1], [0, 1]), "a problem has hits but no sizes"),
        (lambda: share_of_sums([3], [2]), "more responses with a hit than responses"),
        (lambda: ratio([1], [1], [0.5]), "problem codes must be integers"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(StatisticsError, match=message):
        call()
