from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.contrast import contrast_of_sums
from reasonlens.stats.count_likelihood import fit
from reasonlens.stats.count_models import count_model, rate_ratio
from reasonlens.stats.paired_rates import paired_log_rates, paired_rate_ratio


@pytest.fixture
def counts(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    problem = np.repeat(np.arange(20), 12)
    side = np.tile(np.repeat([0, 1], 6), 20)
    words = np.round(400 * np.exp(rng.normal(0, 0.4, 240)))
    mean = 0.01 * words * np.exp(rng.normal(0, 0.5, 20))[problem] * (1 + side)
    hits = rng.poisson(mean * rng.gamma(1.5, 1 / 1.5, 240)).astype(float)
    length = np.log(words) - np.log(words).mean()
    return hits, words, np.column_stack([np.ones(240), side, length]), problem, side


def test_poisson_model_is_that_of_statsmodels(counts: tuple[np.ndarray, ...]) -> None:
    hits, words, design, problem, _ = counts
    found = count_model(hits, words, design, problem)
    fit = sm.GLM(hits, design, family=sm.families.Poisson(), offset=np.log(words)).fit(scale="X2")
    np.testing.assert_allclose(found.coefficients, fit.params, rtol=1e-8)
    assert found.dispersion == pytest.approx(float(fit.scale))
    plain = sm.GLM(hits, design, family=sm.families.Poisson(), offset=np.log(words)).fit()
    assert found.log_likelihood == pytest.approx(float(plain.llf))


def test_negative_binomial_model_is_that_of_statsmodels(counts: tuple[np.ndarray, ...]) -> None:
    hits, words, design, problem, _ = counts
    found = count_model(hits, words, design, problem, family="nb2")
    fit = sm.NegativeBinomial(hits, design, offset=np.log(words), loglike_method="nb2").fit(
        disp=0, method="newton", maxiter=200, start_params=[*found.coefficients, found.dispersion]
    )
    np.testing.assert_allclose(found.coefficients, fit.params[:-1], atol=1e-4)
    assert found.dispersion == pytest.approx(float(fit.params[-1]), abs=1e-3)
    assert found.log_likelihood == pytest.approx(float(fit.llf), abs=1e-5)


def test_errors_are_those_of_a_real_jackknife(counts: tuple[np.ndarray, ...]) -> None:
    hits, words, design, problem, _ = counts
    found = count_model(hits, words, design, problem)
    slow = np.array(
        [
            count_model(hits[k], words[k], design[k], problem[k]).coefficients
            for k in (problem != p for p in range(20))
        ]
    )
    change = slow - found.coefficients
    np.testing.assert_allclose(np.diag(found.covariance), 19 / 20 * (change**2).sum(axis=0), rtol=1e-4)


def test_errors_are_a_little_larger_than_the_sandwich(counts: tuple[np.ndarray, ...]) -> None:
    hits, words, design, problem, _ = counts
    found = count_model(hits, words, design, problem)
    fit = sm.GLM(hits, design, family=sm.families.Poisson(), offset=np.log(words)).fit(
        cov_type="cluster", cov_kwds={"groups": problem}
    )
    quotient = np.sqrt(np.diag(found.covariance)) / fit.bse
    assert np.all((quotient > 1.0) & (quotient < 1.2))


def test_ratio_without_covariates_is_that_of_the_sums(counts: tuple[np.ndarray, ...]) -> None:
    hits, words, _, problem, side = counts
    e = rate_ratio(hits, words, side, problem)
    assert e.value == pytest.approx(
        (hits[side == 1].sum() / words[side == 1].sum()) / (hits[side == 0].sum() / words[side == 0].sum())
    )
    sums = [np.bincount(problem, v * (side == s)) for s in (1, 0) for v in (hits, words)]
    other = contrast_of_sums(*sums).ratio
    assert e.value == pytest.approx(other.value)
    assert np.log(e.high / e.low) == pytest.approx(np.log(other.high / other.low), rel=0.35)
    assert e.n_problems == 20


def test_counts_without_extra_spread_give_the_poisson_model() -> None:
    problem = np.arange(40)
    hits = np.tile([3.0, 4.0], 20)
    found = count_model(hits, np.full(40, 100.0), np.ones((40, 1)), problem, family="nb2")
    assert found.dispersion == 0.0
    assert found.coefficients[0] == pytest.approx(np.log(0.035))


def test_a_side_without_hits_has_no_ratio() -> None:
    e = rate_ratio([0, 0, 3, 2], [100] * 4, [1, 1, 0, 0], [0, 1, 0, 1])
    assert np.isnan(e.value)
    assert (e.method, e.n_problems) == ("undefined: a side has no hits", 2)


def test_one_problem_has_no_interval() -> None:
    e = rate_ratio([2, 1], [100, 100], [1, 0], [0, 0])
    assert e.value == pytest.approx(2.0)
    assert np.isnan(e.low)
    assert "no interval" in e.method


@pytest.mark.parametrize(
    ("hits", "words", "design", "message"),
    [
        ([1, 2], [10, 0], [[1], [1]], "1 responses have no words"),
        ([1, -2], [10, 10], [[1], [1]], "hits must not be negative"),
        ([1, 2], [10, 10], [[1, 1], [1, 1]], "collinear"),
        ([1, 2], [10, 10], [[1]], r"do not fit together"),
        ([0, 0, 3, 2], [10] * 4, [[1, 1], [1, 1], [1, 0], [1, 0]], "no finite estimate"),
    ],
)
def test_what_cannot_be_fitted_is_refused(
    hits: list[int], words: list[int], design: list[list[int]], message: str
) -> None:
    with pytest.raises(StatisticsError, match=message):
        count_model(hits, words, design, list(range(len(hits))))


def test_other_arguments_are_checked() -> None:
    with pytest.raises(StatisticsError, match="family is 'poisson'"):
        count_model([1, 2], [10, 10], [[1], [1]], [0, 1], family="poisson")
    with pytest.raises(StatisticsError, match="side must be 0 or 1"):
        rate_ratio([1, 2], [10, 10], [0, 2], [0, 1])


def test_the_fit_reaches_the_maximum_from_a_bad_start(counts: tuple[np.ndarray, ...]) -> None:
    hits, words, design, _, _ = counts
    far = fit(hits, design, np.log(words), 0.3, np.array([5.0, -3.0, 2.0]))
    near = fit(hits, design, np.log(words), 0.3, None)
    np.testing.assert_allclose(far, near, atol=1e-7)


def test_log_rates_share_the_added_hit_by_words() -> None:
    # 0 against 0 says nothing; 3 against 0 with equal words: (3.5 / 0.5)
    logs = paired_log_rates([0, 3, 3], [10, 10, 30], [0, 0, 1], [90, 10, 10])
    assert np.isnan(logs[0])
    assert logs[1] == pytest.approx(np.log(7))
    assert logs[2] == pytest.approx(np.log((3.75 / 30) / (1.25 / 10)))


def test_log_rates_give_the_t_test_on_logs(rng: np.random.Generator) -> None:
    a, b = (rng.poisson(mean * rng.gamma(20, 1 / 20, 15)).astype(float) for mean in (300, 200))
    e = paired_rate_ratio(a, np.full(15, 100), b, np.full(15, 100), added=0, n=60)
    other = stats.ttest_rel(np.log(a), np.log(b))
    assert e.value == pytest.approx(np.exp(np.mean(np.log(a / b))))
    assert e.p_value == pytest.approx(float(other.pvalue))
    low, high = other.confidence_interval()
    assert (np.log(e.low), np.log(e.high)) == (pytest.approx(float(low)), pytest.approx(float(high)))
    assert (e.n, e.method) == (
        60,
        "t on log rates of problems, 0 hits added, 0 problems without hits left out",
    )


def test_few_hits_have_no_interval_and_with_uneven_words_no_test(rng: np.random.Generator) -> None:
    a, b = rng.poisson(2, 40), rng.poisson(2, 40)
    even = paired_rate_ratio(a, np.full(40, 100), b, np.full(40, 100))
    assert np.isnan(even.low)
    assert even.p_value > 0
    assert "too few hits (bias up to" in even.method
    uneven = paired_rate_ratio(a, np.full(40, 500), b, np.full(40, 100))
    assert np.isnan(uneven.p_value)
    assert uneven.method.endswith("and no test, as one side has 5 times the words")


def test_log_rates_say_what_is_wrong() -> None:
    with pytest.raises(StatisticsError, match="'added' must be positive"):
        paired_rate_ratio([1, 0], [10, 10], [1, 1], [10, 10], added=0)
    with pytest.raises(StatisticsError, match="must not be negative"):
        paired_log_rates([-1], [10], [1], [10])
    assert "fewer than two" in paired_rate_ratio([1], [10], [2], [10]).method
    assert np.isnan(paired_rate_ratio([0], [10], [0], [10]).value)
    assert paired_rate_ratio([2, 2], [10, 10], [1, 1], [10, 10]).method.startswith("no variation")
