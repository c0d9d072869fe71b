"""Means over problems, for problems like these: clustered errors, t intervals, paired differences.

The problem means vary between problems, and only more problems help. The other question, about exactly
these problems, is answered by `reasonlens.stats.fixed_set`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import scipy

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats, cluster_sums
from reasonlens.stats.estimate import LIKE, Estimate, codes, vector

__all__ = [
    "clustered_error",
    "mean_against",
    "mean_of_problems",
    "paired_difference",
]

PROBLEM_T = "t on problem means, widened for few problems"
PROBLEM_T_FEW = f"{PROBLEM_T}; fewer than 5 problems: too short for accuracies"
PAIRED_T = "t on differences of problem means"
FLAT = "no variation between problems: no interval"
ONE = "fewer than two problems: no interval"

_FEW = 3.0
_FEWEST = 5


def clustered_error(values: npt.ArrayLike, problem: npt.ArrayLike) -> float:
    """Standard error of a mean over responses, clustered by problem.

    ``sqrt(sum_c (sum_i (s_ic - s))^2) / n`` (Miller 2024, arXiv:2411.00640, eq. 4): the sandwich
    without a correction for few clusters. For intervals use `reasonlens.stats.arrays.mean`, which has
    that correction.

    Parameters
    ----------
    values
        One number per response, shape (n,).
    problem
        Problem codes, shape (n,).

    Examples
    --------
    >>> clustered_error([0, 0, 1, 1], [0, 0, 1, 1])  # residuals -1 and 1 per problem: sqrt(2) / 4
    0.3535533905932738
    """
    data = vector("values", values)
    where = codes("problem", problem, len(data))
    if not len(data):
        return np.nan
    residual = cluster_sums(data - data.mean(), where)
    return float(np.sqrt(np.sum(residual**2)) / len(data))


def mean_of_problems(values: npt.ArrayLike, *, level: float = 0.95, n: int | None = None) -> Estimate:
    """Mean of one value per problem (accuracy, pass@k, maj@k) with a t interval.

    ``mean -+ t_{P-1} sd / sqrt(P) sqrt(1 + 3 / P)``. Accuracies are skewed, with many near 0 or 1; the last
    factor brings 5 to 30 problems from 91-94% to 93-96% (``benchmarks/coverage``). Bowyer et al. 2025
    (arXiv:2503.01747) show why z is too short for a few dozen problems. Values of 0 and 1 that are nearly
    all equal need `reasonlens.stats.arrays.share_of_sums` instead: a t interval is then too short or absent.

    Parameters
    ----------
    values
        One value per problem, shape (P,). If any is NaN the mean is NaN: a mean over the problems
        that happen to be defined would be of another set.
    level
        Confidence level.
    n
        Number of responses, carried into the result (default: the number of problems).

    Examples
    --------
    >>> e = mean_of_problems([0.2, 0.4, 0.6])  # .4 -+ 4.303 * .2 / sqrt(3) * sqrt(2)
    >>> round(e.value, 3), round(e.low, 3), round(e.high, 3), e.estimand
    (0.4, -0.303, 1.103, 'problems like these')
    """
    data = np.asarray(values, dtype=np.float64)
    method = PROBLEM_T if np.size(data) >= _FEWEST else PROBLEM_T_FEW
    return _problem_t(data, level, n, method, test=False, few=_FEW)


def paired_difference(
    a: npt.ArrayLike, b: npt.ArrayLike, *, level: float = 0.95, n: int | None = None
) -> Estimate:
    """Mean of ``a - b`` over the same problems with the paired t interval and test.

    Parameters
    ----------
    a, b
        One value per problem in one order, shape (P,). Problems where either is NaN make the result
        NaN.

    Examples
    --------
    >>> e = paired_difference([0.5, 0.75, 0.5], [0.25, 0.25, 0.5])  # differences .25 .5 0
    >>> round(e.value, 3), round(e.p_value, 3)  # t = .25 / (.25 / sqrt(3)) = 1.732, 2 degrees
    (0.25, 0.225)
    """
    one, two = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if one.shape != two.shape:
        raise StatisticsError(f"the two sides must list the same problems: {one.shape} and {two.shape}")
    return _problem_t(one - two, level, n, PAIRED_T, test=True)


def mean_against(
    values: npt.ArrayLike, null: float, method: str, *, level: float = 0.95, n: int | None = None
) -> Estimate:
    """Mean of one value per problem with the plain t interval, and its test against `null`.

    Parameters
    ----------
    values
        One value per problem, shape (P,): an AUC, a difference.
    null
        The value under "no effect".
    method
        Name of the method, where there is an interval.

    Examples
    --------
    >>> e = mean_against([0.5, 0.75, 1.0], 0.5, "t on AUC of problems")  # t = .25 / (.25 / sqrt(3)) = 1.732
    >>> e.value, round(e.p_value, 3), e.method
    (0.75, 0.225, 't on AUC of problems')
    """
    data = np.asarray(values, dtype=np.float64)
    found = _problem_t(data - null, level, n, method, test=True)
    moved = [found.value + null, found.low + null, found.high + null]
    p = found.p_value if np.isfinite(found.low) else np.nan
    return replace(found, value=moved[0], low=moved[1], high=moved[2], p_value=p)


def _problem_t(
    data: Floats, level: float, n: int | None, method: str, *, test: bool, few: float = 0.0
) -> Estimate:
    if data.ndim != 1:
        raise StatisticsError(f"values must be one per problem, got shape {data.shape}")
    problems, count = len(data), len(data) if n is None else n
    missing = int(np.sum(~np.isfinite(data)))
    if missing or not problems:
        why = f"undefined for {missing} of {problems} problems"
        return Estimate(np.nan, np.nan, np.nan, level, why, problems, count, LIKE)
    value = float(data.mean())
    if problems < 2:
        return Estimate(value, np.nan, np.nan, level, ONE, problems, count, LIKE)
    error = float(data.std(ddof=1) / np.sqrt(problems))
    if error <= 1e-15 * max(1.0, abs(value)):
        p = 1.0 if test and abs(value) <= 1e-15 else np.nan
        return Estimate(value, np.nan, np.nan, level, FLAT, problems, count, LIKE, p)
    half = float(scipy.stats.t.ppf((1 + level) / 2, problems - 1) * np.sqrt(1 + few / problems)) * error
    p = float(2 * scipy.stats.t.sf(abs(value) / error, problems - 1)) if test else np.nan
    return Estimate(value, value - half, value + half, level, method, problems, count, LIKE, p)
