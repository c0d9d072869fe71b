from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.power import (
    beta_sampling_variance,
    detectable_difference,
    paired_power,
    problems_needed,
    responses_needed,
    sampling_variance,
    t_power,
)
from reasonlens.stats.rate_power import detectable_rate_ratio, rate_error

HARD = beta_sampling_variance(0.4, 0.8)


@pytest.mark.parametrize(
    ("problems", "responses", "points"),
    [
        (30, 1, 26.2),
        (30, 4, 13.3),
        (30, 8, 9.6),
        (30, 16, 7.0),
        (30, 32, 5.3),
        (30, 64, 4.2),
        (60, 16, 4.9),
        (90, 16, 4.0),
        (90, 32, 3.0),
        (198, 4, 5.0),
        (198, 16, 2.7),
        (500, 4, 3.15),
    ],
)
def test_differences_that_can_be_seen(problems: int, responses: int, points: float) -> None:
    found = 100 * detectable_difference(problems, responses, variance=HARD)
    assert found == pytest.approx(points, abs=0.06)
    error = np.sqrt((0.05**2 + 2 * HARD / responses) / problems)
    rule = (stats.t.ppf(0.975, problems - 1) + stats.t.ppf(0.8, problems - 1)) * error
    assert found == pytest.approx(100 * rule, rel=0.01)


@pytest.mark.parametrize(("shift", "problems"), [(2.8, 30), (2.0, 5), (1.0, 100), (3.0, 2), (0.5, 12)])
def test_power_is_that_of_statsmodels(shift: float, problems: int) -> None:
    other = TTestPower().power(shift / np.sqrt(problems), problems, 0.05)
    assert t_power(shift, 1.0, problems) == pytest.approx(float(other), abs=1e-6)


def test_power_far_out_is_one_and_of_nothing_is_the_level() -> None:
    assert t_power(500.0, 1.0, 30) == pytest.approx(1.0)
    assert t_power(0.0, 1.0, 30, alpha=0.01) == pytest.approx(0.01, abs=1e-6)


def test_power_is_what_a_simulation_finds(rng: np.random.Generator) -> None:
    problems, k, effect = 30, 8, 0.10
    found = 0
    for _ in range(2000):
        p = np.clip(rng.beta(0.4, 0.8, problems), 0, 0.85)
        a = rng.binomial(k, np.clip(p + effect + rng.normal(0, 0.05, problems), 0, 1)) / k
        b = rng.binomial(k, p) / k
        found += stats.ttest_rel(a, b).pvalue <= 0.05
    assert found / 2000 == pytest.approx(paired_power(effect, problems, k, variance=HARD), abs=0.06)


def test_numbers_needed_are_the_smallest() -> None:
    n = problems_needed(0.05, 16, variance=HARD)
    assert paired_power(0.05, n, 16, variance=HARD) >= 0.8
    assert paired_power(0.05, n - 1, 16, variance=HARD) < 0.8
    k = responses_needed(0.05, 30, variance=HARD)
    assert paired_power(0.05, 30, k, variance=HARD) >= 0.8
    assert paired_power(0.05, 30, k - 1, variance=HARD) < 0.8
    assert problems_needed(5.0, 16, variance=HARD) == 2 or problems_needed(5.0, 16, variance=HARD) == 3


def test_more_responses_cannot_replace_problems() -> None:
    with pytest.raises(StatisticsError, match=r"no number of responses finds a difference of 0.02 with 30"):
        responses_needed(0.02, 30, variance=HARD)
    with pytest.raises(StatisticsError, match="1,000,000 problems do not suffice"):
        problems_needed(1e-6, 1, variance=HARD)


def test_unequal_arms_lie_between() -> None:
    both = [detectable_difference(30, k, variance=HARD) for k in (4, 16)]
    assert both[1] < detectable_difference(30, 4, responses_b=16, variance=HARD) < both[0]


def test_variance_of_known_accuracies(rng: np.random.Generator) -> None:
    assert sampling_variance(rng.beta(0.4, 0.8, 200_000)) == pytest.approx(HARD, abs=0.001)
    with pytest.raises(StatisticsError, match="accuracies must be between 0 and 1"):
        sampling_variance([1.2])
    with pytest.raises(StatisticsError, match="must be positive, got 0, 1"):
        beta_sampling_variance(0, 1)


def test_error_of_a_log_rate_ratio_is_what_a_simulation_finds(rng: np.random.Generator) -> None:
    problems, k, mean = 30, 8, 10.0
    means = np.full((2, 4000, problems, k), mean) * rng.gamma(2.0, 0.5, (2, 4000, problems, k))
    a, b = rng.poisson(means).sum(axis=3)
    spread = np.log(a / b).mean(axis=1).std()
    assert spread == pytest.approx(
        rate_error(problems, k * mean, k * mean, responses=k, dispersion=0.5), rel=0.06
    )


def test_detectable_ratio_has_the_power() -> None:
    ratio = detectable_rate_ratio(30, 8, 5.0, 400)
    error = rate_error(30, 16 * ratio, 16, responses=8, effect_sd=0.5)
    assert t_power(np.log(ratio), error, 30) == pytest.approx(0.8, abs=1e-6)
    assert detectable_rate_ratio(120, 8, 5.0, 400) < ratio
    with pytest.raises(StatisticsError, match="expected hits and numbers"):
        rate_error(30, 0, 1, responses=1)


@pytest.mark.parametrize(
    ("problems", "responses", "variance", "power", "message"),
    [
        (1, 4, 0.1, 0.8, "power needs two problems"),
        (30, 0, 0.1, 0.8, "one response per problem"),
        (30, 4, -0.1, 0.8, "must not be negative"),
        (30, 4, 0.1, 0.01, "power must be between alpha and 1, got 0.01"),
    ],
)
def test_impossible_designs_are_refused(
    problems: int, responses: int, variance: float, power: float, message: str
) -> None:
    with pytest.raises(StatisticsError, match=message):
        detectable_difference(problems, responses, variance=variance, power=power)
