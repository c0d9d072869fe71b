"""Before sampling: what difference can be seen with P problems and K responses per problem.

All formulas are for the paired comparison of two arms on the same problems, tested by t on the
differences of problem means. More responses per problem help until the true effects' own spread
dominates; then only more problems do.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.estimate import vector

__all__ = [
    "beta_sampling_variance",
    "detectable_difference",
    "paired_power",
    "problems_needed",
    "responses_needed",
    "sampling_variance",
    "t_power",
]

_MOST = 1_000_000
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(400)


def sampling_variance(accuracies: npt.ArrayLike) -> float:
    """Mean over problems of ``p (1 - p)``: the variance of one response given its problem.

    Examples
    --------
    >>> sampling_variance([0.5, 1.0])  # (.25 + 0) / 2
    0.125
    """
    p = vector("accuracies", accuracies)
    if not len(p) or np.any((p < 0) | (p > 1)):
        raise StatisticsError("accuracies must be between 0 and 1, at least one of them")
    return float(np.mean(p * (1 - p)))


def beta_sampling_variance(a: float, b: float) -> float:
    """Mean of ``p (1 - p)`` for accuracies from Beta(a, b): ``a b / ((a + b) (a + b + 1))``.

    Beta(.4, .8) is typical of a hard benchmark: mean 1/3, many problems near 0 and some near 1.

    Examples
    --------
    >>> round(beta_sampling_variance(0.4, 0.8), 4)  # .32 / (1.2 x 2.2)
    0.1212
    """
    if not (a > 0 and b > 0):
        raise StatisticsError(f"the parameters of a beta distribution must be positive, got {a:g}, {b:g}")
    return a * b / ((a + b) * (a + b + 1))


def paired_power(
    difference: float,
    problems: int,
    responses: int,
    *,
    variance: float,
    effect_sd: float = 0.05,
    responses_b: int | None = None,
    alpha: float = 0.05,
) -> float:
    """Chance that the paired t test finds a true mean difference.

    ``SE^2 = (effect_sd^2 + variance / K_a + variance / K_b) / P`` (Miller 2024, arXiv:2411.00640);
    the power is that of the noncentral t with P - 1 degrees of freedom.

    Parameters
    ----------
    difference
        True mean difference of accuracies (0.05 = 5 points).
    problems, responses
        P, and K per problem in arm a.
    variance
        Variance of one response given its problem, as from `sampling_variance`.
    effect_sd
        Standard deviation over problems of the true differences.
    responses_b
        K in arm b (default: as in arm a).
    alpha
        Level of the two-sided test.

    Examples
    --------
    >>> round(paired_power(0.07, 30, 16, variance=beta_sampling_variance(0.4, 0.8)), 2)
    0.8
    """
    error = _error(problems, responses, responses_b, variance, effect_sd)
    return t_power(difference, error, problems, alpha)


def detectable_difference(
    problems: int,
    responses: int,
    *,
    variance: float,
    effect_sd: float = 0.05,
    responses_b: int | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
) -> float:
    """Smallest true mean difference that the paired t test finds with the given chance.

    Solves `paired_power`; close to ``(t_{1 - alpha/2} + t_{power}) SE`` with P - 1 degrees of freedom.

    Examples
    --------
    >>> v = beta_sampling_variance(0.4, 0.8)
    >>> [round(100 * detectable_difference(30, k, variance=v), 1) for k in (4, 16, 64)]  # points
    [13.3, 7.0, 4.2]
    """
    error = _error(problems, responses, responses_b, variance, effect_sd)
    return _detectable(error, problems, power, alpha)


def problems_needed(
    difference: float,
    responses: int,
    *,
    variance: float,
    effect_sd: float = 0.05,
    responses_b: int | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
) -> int:
    """Smallest number of problems with which the paired t test has the power.

    Raises
    ------
    StatisticsError
        If a million problems do not suffice.

    Examples
    --------
    >>> problems_needed(0.07, 16, variance=beta_sampling_variance(0.4, 0.8))
    31
    """

    def enough(problems: int) -> bool:
        error = _error(problems, responses, responses_b, variance, effect_sd)
        return t_power(difference, error, problems, alpha) >= power

    return _smallest(enough, 2, "problems")


def responses_needed(
    difference: float,
    problems: int,
    *,
    variance: float,
    effect_sd: float = 0.05,
    power: float = 0.8,
    alpha: float = 0.05,
) -> int:
    """Smallest number of responses per problem and arm with which the paired t test has the power.

    Raises
    ------
    StatisticsError
        If no number suffices, because the effects themselves vary too much for so few problems.

    Examples
    --------
    >>> responses_needed(0.05, 30, variance=beta_sampling_variance(0.4, 0.8))
    38
    """
    if t_power(difference, _error(problems, _MOST, None, variance, effect_sd), problems, alpha) < power:
        raise StatisticsError(
            f"no number of responses finds a difference of {difference:g} with {problems} problems and "
            f"effects that vary by {effect_sd:g}: use more problems"
        )

    def enough(responses: int) -> bool:
        error = _error(problems, responses, None, variance, effect_sd)
        return t_power(difference, error, problems, alpha) >= power

    return _smallest(enough, 1, "responses")


def _error(
    problems: int, responses: int, responses_b: int | None, variance: float, effect_sd: float
) -> float:
    other = responses if responses_b is None else responses_b
    if problems < 2 or responses < 1 or other < 1:
        raise StatisticsError("power needs two problems and one response per problem, or more")
    if variance < 0 or effect_sd < 0 or variance + effect_sd == 0:
        raise StatisticsError("variance and effect_sd must not be negative, nor both 0")
    return float(np.sqrt((effect_sd**2 + variance / responses + variance / other) / problems))


def t_power(difference: float, error: float, problems: int, alpha: float = 0.05) -> float:
    """Power of the two-sided t test on P - 1 degrees of freedom: noncentral t.

    Integrated over the distribution of the variance, as ``scipy.stats.nct`` has NaN in its tails.
    The chance of a finding on the wrong side is included.

    Examples
    --------
    >>> round(t_power(0.0, 1.0, 30), 4)
    0.05
    """
    critical = float(stats.t.ppf(1 - alpha / 2, problems - 1))
    ratio = np.sqrt(stats.chi2.ppf((_NODES + 1) / 2, problems - 1) / (problems - 1))
    shift = abs(difference) / error
    found = stats.norm.cdf(shift - critical * ratio) + stats.norm.cdf(-shift - critical * ratio)
    return float(min(np.sum(_WEIGHTS * found) / 2, 1.0))


def _detectable(error: float, problems: int, power: float, alpha: float) -> float:
    if not alpha < power < 1:
        raise StatisticsError(f"power must be between alpha and 1, got {power:g}")
    high = error
    while t_power(high, error, problems, alpha) < power:
        high *= 2
    return float(optimize.brentq(lambda d: t_power(d, error, problems, alpha) - power, 0.0, high))


def _smallest(enough: Callable[[int], bool], least: int, what: str) -> int:
    high = least
    while not enough(high):
        if high >= _MOST:
            raise StatisticsError(f"{_MOST:,} {what} do not suffice for this difference")
        high = min(2 * high, _MOST)
    low = max(high // 2, least - 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
