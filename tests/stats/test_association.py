from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import optimize, stats
from statsmodels.discrete.conditional_models import ConditionalLogit as Other

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.across_models import spearman_across
from reasonlens.stats.association import (
    problem_auc,
    within_correlation,
    within_difference,
    within_problem_auc,
)
from reasonlens.stats.conditional_logit import conditional_logit
from reasonlens.stats.estimate import MODELS

Responses = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture
def responses(rng: np.random.Generator) -> Responses:
    problem = np.repeat(np.arange(15), 8)
    hard = rng.normal(0, 1.5, 15)[problem]
    length = rng.normal(size=120) - hard
    x = rng.normal(size=120) + 0.5 * length
    y = (rng.random(120) < 1 / (1 + np.exp(-(hard + 0.6 * x)))).astype(int)
    return np.round(x, 1), y, problem, length


def test_auc_is_the_share_of_pairs(responses: Responses) -> None:
    x, y, problem, _ = responses
    found = problem_auc(x, y, problem)
    for p in range(15):
        right, wrong = x[(problem == p) & (y == 1)], x[(problem == p) & (y == 0)]
        if not len(right) or not len(wrong):
            assert np.isnan(found[p])
            continue
        pairs = [(r > w) + (r == w) / 2 for r in right for w in wrong]
        assert found[p] == pytest.approx(np.mean(pairs))
        u = stats.mannwhitneyu(right, wrong).statistic
        assert found[p] == pytest.approx(u / (len(right) * len(wrong)))


def test_auc_over_problems_is_a_t_test(responses: Responses) -> None:
    x, y, problem, _ = responses
    auc = problem_auc(x, y, problem)
    used = auc[~np.isnan(auc)]
    e = within_problem_auc(x, y, problem)
    assert e.value == pytest.approx(used.mean())
    assert e.p_value == pytest.approx(float(stats.ttest_1samp(used, 0.5).pvalue))
    assert e.n_problems == len(used)
    assert f"{15 - len(used)} problems always or never solved left out" in e.method


def test_within_difference_is_the_mean_of_differences(responses: Responses) -> None:
    x, y, problem, _ = responses
    kept = [p for p in range(15) if 0 < y[problem == p].mean() < 1]
    d = [x[(problem == p) & (y == 1)].mean() - x[(problem == p) & (y == 0)].mean() for p in kept]
    e = within_difference(x, y, problem)
    assert e.value == pytest.approx(np.mean(d))
    assert e.p_value == pytest.approx(float(stats.ttest_1samp(d, 0).pvalue))
    assert e.n == 8 * len(kept)


def test_a_shift_of_a_whole_problem_changes_nothing(responses: Responses) -> None:
    x, y, problem, length = responses
    moved = x + 100 * problem
    assert within_problem_auc(moved, y, problem).value == pytest.approx(
        within_problem_auc(x, y, problem).value
    )
    one, two = (within_correlation(v, y, problem, length) for v in (x, moved))
    assert (one.value, one.low, one.p_value) == pytest.approx((two.value, two.low, two.p_value))
    one_fit, two_fit = (conditional_logit(v, y, problem) for v in (x, moved))
    assert one_fit.coefficients[0] == pytest.approx(two_fit.coefficients[0])


def test_correlations_are_those_of_centred_values(responses: Responses) -> None:
    x, y, problem, length = responses
    centred = [v - np.array([v[problem == p].mean() for p in range(15)])[problem] for v in (x, y, length)]
    assert within_correlation(x, y, problem).value == pytest.approx(np.corrcoef(centred[0], centred[1])[0, 1])
    rest = [v - centred[2] * np.sum(v * centred[2]) / np.sum(centred[2] ** 2) for v in centred[:2]]
    partial = within_correlation(x, y, problem, given=length)
    assert partial.value == pytest.approx(np.corrcoef(rest[0], rest[1])[0, 1])
    assert -1 < partial.low < partial.value < partial.high < 1


def test_without_both_outcomes_nothing_is_defined() -> None:
    e = within_problem_auc([1, 2, 3], [1, 1, 0], [0, 0, 1])
    assert (np.isnan(e.value), e.n_problems) == (True, 0)
    assert np.isnan(within_difference([1, 2], [1, 1], [0, 0]).value)
    assert within_correlation([1, 1], [1, 0], [0, 1]).method == "nothing varies within problems"
    assert np.isnan(within_correlation([1, 1], [1, 0], [0, 0]).value)
    assert np.isnan(within_correlation([], [], []).value)
    with pytest.raises(StatisticsError, match="correct must be 0 or 1; leave out what could not be graded"):
        problem_auc([1], [0.5], [0])


def test_conditional_logit_is_that_of_statsmodels(responses: Responses) -> None:
    x, y, problem, length = responses
    both = np.column_stack([x, length])
    found = conditional_logit(both, y, problem)
    kept = np.isin(problem, [p for p in range(15) if 0 < y[problem == p].mean() < 1])
    other = Other(y[kept], both[kept], groups=problem[kept]).fit(method="bfgs", disp=False, gtol=1e-8)
    np.testing.assert_allclose(found.coefficients, other.params, atol=1e-4)
    assert found.log_likelihood == pytest.approx(float(other.llf), abs=1e-6)
    assert found.left_out == 15 - found.n_problems


def test_conditional_likelihood_is_the_sum_over_subsets(rng: np.random.Generator) -> None:
    problem, x = np.repeat([0, 1, 2], 5), rng.normal(size=15)
    y = np.array([1, 0, 0, 1, 0, 1, 1, 1, 0, 1, 0, 0, 1, 0, 0])

    def loss(b: float) -> float:
        value = 0.0
        for p in range(3):
            v, right = x[problem == p], y[problem == p]
            ways = [np.exp(b * sum(c)) for c in combinations(v, int(right.sum()))]
            value += b * float(v @ right) - np.log(sum(ways))
        return -value

    best = optimize.minimize_scalar(loss, bounds=(-5, 5), method="bounded", options={"xatol": 1e-10})
    found = conditional_logit(x, y, problem)
    assert found.coefficients[0] == pytest.approx(float(best.x), abs=1e-6)
    assert found.log_likelihood == pytest.approx(-float(best.fun))


def test_conditional_logit_errors_are_close_to_a_real_jackknife(responses: Responses) -> None:
    x, y, problem, _ = responses
    found = conditional_logit(x, y, problem)
    kept = [p for p in range(15) if 0 < y[problem == p].mean() < 1]
    slow = [
        conditional_logit(x[problem != p], y[problem != p], problem[problem != p]).coefficients[0]
        for p in kept
    ]
    size = len(kept)
    error = (size - 1) / size * np.sum((np.array(slow) - found.coefficients[0]) ** 2)
    assert found.covariance[0, 0] == pytest.approx(error, rel=0.15)
    e = found.odds_ratio(0)
    assert e.low < np.exp(found.coefficients[0]) < e.high
    assert "conditional logit by problem" in e.method


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([1, 2, 3, 4], [1, 1, 0, 0], "no problem has right and wrong responses"),
        ([1, 1, 2, 2], [1, 0, 1, 0], "does not vary within problems"),
        ([2, 1, 4, 3], [1, 0, 1, 0], "separates right from wrong responses"),
        ([1, 2, 3], [1, 0, 1, 0], r"covariates \(3, 1\) must be finite"),
    ],
)
def test_conditional_logit_says_what_is_wrong(x: list[float], y: list[int], message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        conditional_logit(x, y, [0, 0, 1, 1])


def test_one_informative_problem_has_no_interval() -> None:
    found = conditional_logit([1, 0, 0, 1, 0, 1], [1, 0, 1, 0, 0, 1], [0] * 6)
    assert np.isnan(found.odds_ratio(0).low)
    assert "too few problems for an interval" in found.odds_ratio(0).method


def test_spearman_is_that_of_scipy_with_an_exact_test(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=6), rng.normal(size=6)
    e = spearman_across(x, y, seed=0)
    exact = stats.permutation_test(
        (x,), lambda v: stats.spearmanr(v, y).statistic, permutation_type="pairings", n_resamples=np.inf
    )
    assert e.value == pytest.approx(float(stats.spearmanr(x, y).statistic))
    assert e.p_value == pytest.approx(float(exact.pvalue))
    assert (e.estimand, e.n_problems, e.n, e.seed) == (MODELS, 0, 6, None)
    assert np.isnan(e.low)


def test_spearman_of_more_models_has_an_interval(rng: np.random.Generator) -> None:
    x = rng.normal(size=12)
    y = x + rng.normal(size=12)
    e = spearman_across(x, y, seed=4, draws=4999)
    assert e.low < e.value < e.high
    assert e.seed == 4
    assert e.p_value == pytest.approx(float(stats.spearmanr(x, y).pvalue), abs=0.02)
    assert np.isnan(spearman_across(x, x, seed=0).low)  # a perfect order has no limits


def test_spearman_of_too_few_or_equal_models_is_undefined() -> None:
    assert spearman_across([1, 2], [2, 1], seed=0).method == "undefined: 2 models"
    assert spearman_across([1, 1, 1], [2, 1, 3], seed=0).method == "undefined: one side does not vary"
