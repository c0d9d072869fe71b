"""Means for exactly these problems: only the noise of sampling responses counts, and more responses help.

How much problems differ does not count; for "problems like these" see `reasonlens.stats.means`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats
from reasonlens.stats.estimate import THESE, Estimate, codes, vector

__all__ = ["fixed_set_difference", "fixed_set_mean"]

SAMPLING_T = "sampling error within problems, Satterthwaite t"
SATURATED = "each problem always or never: exact limits for the sure problems"
FLAT_WITHIN = "no variation within problems: no interval"
SINGLE = "a problem has one response: no error within problems"


def fixed_set_mean(values: npt.ArrayLike, problem: npt.ArrayLike, level: float = 0.95) -> Estimate:
    """Mean of the problem means, with an interval for exactly these problems.

    ``SE^2 = sum_p s_p^2 / K_p / P^2`` with the variance ``s_p^2`` of the responses to problem p; for
    0/1 values this is ``sum_p p (1 - p) / (K_p - 1) / P^2``. The quantile is t with Satterthwaite's
    degrees of freedom. Where every problem was always or never solved the error would be 0; then
    the limits are Clopper-Pearson for all always-solved problems together (Hoeffding 1956,
    doi:10.1214/aoms/1177728178, makes that safe), and the same for the never-solved.

    Parameters
    ----------
    values
        One number per response, shape (n,).
    problem
        Problem codes, shape (n,).

    Returns
    -------
    Estimate
        NaN limits if a problem has one response only.

    Examples
    --------
    >>> e = fixed_set_mean([1, 0, 1, 1], [0, 0, 1, 1])  # problem means .5 and 1; SE = .5 / 2
    >>> e.value, round((e.high - e.value) / 12.706, 3), e.estimand  # t with 1 degree of freedom
    (0.75, 0.25, 'these problems')
    """
    data = vector("values", values)
    size, mean, variance = _within(data, codes("problem", problem, len(data)))
    problems, n = len(size), len(data)
    if not n:
        return Estimate(np.nan, np.nan, np.nan, level, "no responses", 0, 0, THESE)
    value = float(mean.mean())
    if np.any(size < 2):
        return Estimate(value, np.nan, np.nan, level, SINGLE, problems, n, THESE)
    if not np.any(variance):
        if not np.all((mean == 0) | (mean == 1)):
            return Estimate(value, np.nan, np.nan, level, FLAT_WITHIN, problems, n, THESE)
        low, high = _saturated(size, mean, (1 - level) / 2)
        return Estimate(value, low, high, level, SATURATED, problems, n, THESE)
    half = _quantile(variance / problems**2, size, level) * float(np.sqrt(variance.sum()) / problems)
    return Estimate(value, value - half, value + half, level, SAMPLING_T, problems, n, THESE)


def fixed_set_difference(
    values_a: npt.ArrayLike,
    problem_a: npt.ArrayLike,
    values_b: npt.ArrayLike,
    problem_b: npt.ArrayLike,
    level: float = 0.95,
) -> Estimate:
    """Difference of two means of problem means for exactly these problems, independent responses.

    The squared errors of `fixed_set_mean` add up. The test asks whether the mean effect on these
    problems is 0; `reasonlens.stats.permutation.within_problem_test` asks whether any problem has one.

    Raises
    ------
    StatisticsError
        If the two sides do not have the same problems.

    Examples
    --------
    >>> e = fixed_set_difference([1, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 0], [0, 0, 1, 1])
    >>> e.value, e.n_problems
    (0.5, 2)
    """
    a, b = vector("values_a", values_a), vector("values_b", values_b)
    where_a, where_b = codes("problem_a", problem_a, len(a)), codes("problem_b", problem_b, len(b))
    if set(where_a.tolist()) != set(where_b.tolist()):
        raise StatisticsError("the two sides must have the same problems; keep the shared ones")
    size_a, mean_a, var_a = _within(a, where_a)
    size_b, mean_b, var_b = _within(b, where_b)
    problems, n = len(size_a), len(a) + len(b)
    if not problems:
        return Estimate(np.nan, np.nan, np.nan, level, "no responses", 0, 0, THESE)
    value = float(np.mean(mean_a - mean_b))
    size, variance = np.r_[size_a, size_b], np.r_[var_a, var_b]
    if np.any(size < 2):
        return Estimate(value, np.nan, np.nan, level, SINGLE, problems, n, THESE)
    if not np.any(variance):
        return Estimate(value, np.nan, np.nan, level, FLAT_WITHIN, problems, n, THESE)
    quantile, degrees = _quantile(variance, size, level), _degrees(variance, size)
    error = float(np.sqrt(variance.sum()) / problems)
    p = float(2 * scipy.stats.t.sf(abs(value) / error, degrees))
    low, high = value - quantile * error, value + quantile * error
    return Estimate(value, low, high, level, SAMPLING_T, problems, n, THESE, p)


def _within(data: Floats, where: npt.NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Responses, mean and variance of the mean per problem, for the problems that occur."""
    size = np.bincount(where).astype(np.float64)
    kept = size > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(where, weights=data) / size
        spread = np.bincount(where, weights=(data - mean[where]) ** 2, minlength=len(size))
        variance = spread / (size - 1) / size
    return size[kept], mean[kept], variance[kept]


def _degrees(variance: Floats, size: Floats) -> float:
    return float(variance.sum() ** 2 / np.sum(variance**2 / (size - 1)))


def _quantile(variance: Floats, size: Floats, level: float) -> float:
    return float(scipy.stats.t.ppf((1 + level) / 2, _degrees(variance, size)))


def _saturated(size: Floats, mean: Floats, tail: float) -> tuple[float, float]:
    """Limits when each problem mean is 0 or 1: all-right problems can only fall, the rest only rise."""
    sure, never = float(size[mean == 1].sum()), float(size[mean == 0].sum())
    share = float(mean.mean())
    low = share * tail ** (1 / sure) if sure else 0.0
    high = share + (1 - share) * (1 - tail ** (1 / never)) if never else 1.0
    return low, high
