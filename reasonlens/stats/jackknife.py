"""Delete-one-problem jackknife of functions of sums over problems: no draws, no seed.

Nearly all statistics here (ratios, agreement coefficients, correlations) are functions of sums
over problems, so leaving out a problem is a subtraction.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from reasonlens.stats.arrays import Floats
from reasonlens.stats.bootstrap import OfSums, sum_rows
from reasonlens.stats.degrees import degrees_of
from reasonlens.stats.estimate import LIKE, Estimate, choice

__all__ = ["jackknife_of_sums"]

SCALES = ("identity", "log", "fisher")


def jackknife_of_sums(
    statistic: OfSums,
    sums: npt.ArrayLike,
    *,
    scale: str = "identity",
    level: float = 0.95,
    n: int | None = None,
    null: float | None = None,
) -> Estimate:
    """Delete-one-problem jackknife of a function of sums over problems, with a t quantile.

    ``SE^2 = (P - 1) / P sum_p (theta_(p) - mean)^2`` (Efron & Stein 1981,
    doi:10.1214/aos/1176345462); t has the degrees of freedom of `reasonlens.stats.degrees.degrees_of`, so
    that a statistic that few problems decide (kappa with a rare value) has longer limits. With
    ``scale="log"`` or ``"fisher"`` (atanh) the limits are made on that scale, by the delta method, so that
    they stay within the range of the statistic.

    Parameters
    ----------
    statistic
        Vectorized function from sums (..., S) to values (...).
    sums
        One row per problem, shape (P, S).
    scale
        ``"identity"``, ``"log"`` or ``"fisher"``.
    null
        Value under "no effect"; gives the p-value of the t test on the same scale.

    Examples
    --------
    >>> e = jackknife_of_sums(lambda s: s[..., 0] / s[..., 1], [[1, 1], [2, 1], [3, 1]])
    >>> e.value, round(e.high - 2, 3)  # the mean again: 4.303 / sqrt(3)
    (2.0, 2.484)
    """
    choice("scale", scale, SCALES)
    table = sum_rows(sums)
    problems = len(table)
    count = problems if n is None else n
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(statistic(table.sum(axis=0)))
        rest = table.sum(axis=0) - table if problems > 1 else table
        without = np.asarray(statistic(rest), dtype=np.float64)
    why = _no_jackknife(value, without, problems)
    if why:
        return Estimate(value, np.nan, np.nan, level, why, problems, count, LIKE)
    change = without - without.mean()
    error = float(np.sqrt((problems - 1) / problems * np.sum(change**2)))
    if error <= 1e-12 * max(1.0, abs(value)):
        why = "no variation between problems: no interval"
        return Estimate(value, np.nan, np.nan, level, why, problems, count, LIKE)
    low, high, p = _scaled(value, error, float(degrees_of(change)), level, scale, null)
    method = "jackknife over problems, t" + ("" if scale == "identity" else f", {scale} scale")
    return Estimate(value, low, high, level, method, problems, count, LIKE, p)


def _no_jackknife(value: float, without: Floats, problems: int) -> str:
    if problems < 2:
        return "fewer than two problems: no interval"
    if not np.isfinite(value):
        return "undefined"
    lost = int(np.sum(~np.isfinite(without)))
    return f"undefined if one of {lost} problems is left out: no interval" if lost else ""


def _scaled(
    value: float, error: float, degrees: float, level: float, scale: str, null: float | None
) -> tuple[float, float, float]:
    slope = 1.0
    if scale == "log" and value > 0:
        slope = 1 / value
    elif scale == "fisher" and abs(value) < 1:
        slope = 1 / (1 - value**2)
    else:
        scale = "identity"
    half = float(scipy.stats.t.ppf((1 + level) / 2, degrees)) * error * slope
    middle = _there(scale, value)
    p = np.nan
    if null is not None:
        distance = abs(middle - _there(scale, null))
        p = float(2 * scipy.stats.t.sf(distance / (error * slope), degrees))
    return _back(scale, middle - half), _back(scale, middle + half), p


def _there(scale: str, x: float) -> float:
    if scale == "log":
        return float(np.log(x))
    return float(np.arctanh(x)) if scale == "fisher" else x


def _back(scale: str, x: float) -> float:
    if scale == "log":
        return float(np.exp(x))
    return float(np.tanh(x)) if scale == "fisher" else x
