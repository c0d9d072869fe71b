from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.estimate import LIKE
from reasonlens.stats.means import (
    clustered_error,
    mean_against,
    mean_of_problems,
    paired_difference,
)


def scores(rng: np.random.Generator, problems: int = 30, samples: int = 16) -> tuple[np.ndarray, np.ndarray]:
    p = rng.beta(0.4, 0.8, problems)
    seen = (rng.random((problems, samples)) < p[:, None]).astype(float)
    return seen.ravel(), np.repeat(np.arange(problems), samples)


def test_clustered_error_is_that_of_a_regression_on_a_constant(rng: np.random.Generator) -> None:
    values, problem = scores(rng)
    keep = rng.random(len(values)) < 0.8  # unequal numbers of responses
    values, problem = values[keep], problem[keep]
    fit = sm.OLS(values, np.ones(len(values))).fit(
        cov_type="cluster", cov_kwds={"groups": problem, "use_correction": False}
    )
    assert clustered_error(values, problem) == pytest.approx(float(fit.bse[0]), rel=1e-12)


def test_clustered_error_is_the_double_sum_of_the_source(rng: np.random.Generator) -> None:
    values, problem = scores(rng, 6, 4)
    residual, n = values - values.mean(), len(values)
    pairs = sum(
        residual[i] * residual[j] for i in range(n) for j in range(n) if i != j and problem[i] == problem[j]
    )
    plain = np.sum(residual**2) / n**2
    assert clustered_error(values, problem) == pytest.approx(np.sqrt(plain + pairs / n**2))


def test_mean_of_problems_is_the_textbook_interval(rng: np.random.Generator) -> None:
    values = rng.normal(size=12)
    e = mean_of_problems(values, n=48)
    low, high = stats.t.interval(0.95, 11, values.mean(), stats.sem(values) * np.sqrt(1 + 3 / 12))
    assert (e.low, e.high) == (pytest.approx(low), pytest.approx(high))
    assert (e.n_problems, e.n, e.estimand) == (12, 48, LIKE)
    assert e.method == "t on problem means, widened for few problems"


def test_fewer_than_five_problems_are_said_to_be_too_few() -> None:
    assert "too short" not in mean_of_problems([0.1, 0.5, 0.2, 0.9, 0.4]).method
    assert mean_of_problems([0.1, 0.5, 0.2, 0.9]).method.endswith(
        "fewer than 5 problems: too short for accuracies"
    )


def test_a_mean_against_a_null_is_the_t_test(rng: np.random.Generator) -> None:
    values = rng.normal(0.6, 0.2, 9)
    e = mean_against(values, 0.5, "t on AUC", n=40)
    t = stats.ttest_1samp(values, 0.5)
    low, high = t.confidence_interval()
    assert (e.value, e.low, e.high, e.p_value) == pytest.approx((values.mean(), low, high, t.pvalue))
    assert (e.method, e.n_problems, e.n) == ("t on AUC", 9, 40)
    flat = mean_against([0.5, 0.5], 0.5, "t on AUC")
    assert (flat.value, flat.method) == (0.5, "no variation between problems: no interval")
    assert np.isnan([flat.low, flat.p_value]).all()


def test_mean_of_problems_has_the_clustered_error(rng: np.random.Generator) -> None:
    values, problem = scores(rng)
    e = mean_of_problems(values.reshape(30, 16).mean(1))
    error = clustered_error(values, problem) * np.sqrt(30 / 29)
    assert e.value == pytest.approx(values.mean())
    assert e.high - e.value == pytest.approx(stats.t.ppf(0.975, 29) * error * np.sqrt(1 + 3 / 30))


def test_what_is_not_defined_is_nan_and_says_why() -> None:
    missing = mean_of_problems([0.5, np.nan])
    assert np.isnan(missing.value)
    assert missing.method == "undefined for 1 of 2 problems"
    assert mean_of_problems([0.5]).method == "fewer than two problems: no interval"
    flat = mean_of_problems([1.0, 1.0, 1.0])
    assert flat.value == 1.0
    assert np.isnan(flat.low)
    assert flat.method == "no variation between problems: no interval"
    assert np.isnan(clustered_error([], []))
    assert np.isnan(mean_of_problems([]).value)


def test_paired_difference_is_the_paired_t_test(rng: np.random.Generator) -> None:
    a, b = rng.random(20), rng.random(20)
    e = paired_difference(a, b)
    assert e.p_value == pytest.approx(float(stats.ttest_rel(a, b).pvalue))
    same = paired_difference(a, a)
    assert (same.value, same.p_value) == (0.0, 1.0)
    with pytest.raises(StatisticsError, match=r"must list the same problems: \(20,\) and \(19,\)"):
        paired_difference(a, b[1:])
    with pytest.raises(StatisticsError, match=r"one per problem, got shape \(4, 5\)"):
        mean_of_problems(a.reshape(4, 5))
