"""Dose and response on the same problems: Page's trend test and the mean slope."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import scipy

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats
from reasonlens.stats.estimate import THESE, Estimate, Test, vector
from reasonlens.stats.means import mean_of_problems, paired_difference

__all__ = ["dose_slope", "page_trend"]


def page_trend(values: npt.ArrayLike, *, falling: bool = False) -> Test:
    """Page's test of an ordered trend over doses, with problems as blocks (Page 1963).

    doi:10.1080/01621459.1963.10500843. One-sided: ranks within each problem, L = sum of dose number
    times rank sum. The null is "no effect of dose on any of these problems".

    Parameters
    ----------
    values
        Problems x doses in order of dose, shape (P, D), D >= 3. A problem with a NaN is left out
        (counted in ``method``).
    falling
        Look for a fall instead of a rise.

    Returns
    -------
    Test
        ``statistic`` is L; ``n`` counts the values used. NaN if no problem is complete.

    Raises
    ------
    StatisticsError
        If there are fewer than three doses.

    Examples
    --------
    >>> t = page_trend([[1, 2, 3], [1, 3, 2], [np.nan, 1, 2]])  # L = (1+4+9) + (1+6+6)
    >>> t.statistic, t.n_problems
    (27.0, 2)
    """
    complete, lost = _complete(values)
    problems, doses = complete.shape
    if doses < 3:
        raise StatisticsError(f"a trend needs at least three doses, got {doses}; compare two as a pair")
    name = "Page's trend test" + (f", {lost} incomplete problems left out" if lost else "")
    if problems < 2:
        return Test(np.nan, np.nan, f"{name}: fewer than two problems", THESE, problems, complete.size)
    found = scipy.stats.page_trend_test(-complete if falling else complete)
    p, how = float(found.pvalue), str(found.method)
    return Test(float(found.statistic), p, f"{name}, {how}", THESE, problems, complete.size)


def dose_slope(values: npt.ArrayLike, doses: npt.ArrayLike, level: float = 0.95) -> Estimate:
    """Mean over problems of the least-squares slope on dose, with a t interval and test.

    Parameters
    ----------
    values
        Problems x doses, shape (P, D). A problem with a NaN is left out.
    doses
        The doses, shape (D,), not all equal.

    Examples
    --------
    >>> e = dose_slope([[0, 1, 2], [0, 2, 4], [1, 1, 1]], [0, 1, 2])  # slopes 1, 2 and 0
    >>> e.value, round(e.p_value, 3)
    (1.0, 0.225)
    """
    complete, lost = _complete(values)
    dose = vector("doses", doses, complete.shape[1])
    if not len(dose) or float(np.ptp(dose)) == 0:
        raise StatisticsError("the doses must not be all equal")
    centred = dose - dose.mean()
    slopes = complete @ centred / float(np.sum(centred**2))
    if not len(slopes):
        return mean_of_problems(slopes, level=level)
    found = paired_difference(slopes, np.zeros(len(slopes)), level=level, n=complete.size)
    note = f", {lost} incomplete problems left out" if lost else ""
    method = ("t on slopes of problems" if np.isfinite(found.low) else found.method) + note
    return replace(found, method=method)


def _complete(values: npt.ArrayLike) -> tuple[Floats, int]:
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2:
        raise StatisticsError(f"values must be problems x doses, got shape {table.shape}")
    if np.any(np.isinf(table)):
        raise StatisticsError("values has infinite entries; use NaN for what is missing")
    known = ~np.isnan(table).any(axis=1)
    return table[known], int(np.sum(~known))
