"""Corrections for several tests: Holm for named contrasts, Benjamini-Hochberg for long lists."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

__all__ = ["benjamini_hochberg", "holm"]


def holm(p_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Adjust p-values so that the chance of any false finding is bounded (Holm 1979).

    NaN stays NaN and does not count as a test.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()  # 3 x .01, 2 x .03, then at least that
    [0.03, 0.06, 0.06]
    """
    p, adjusted, known = _split(p_values)
    order = np.argsort(p, kind="stable")
    steps = np.arange(len(p), 0, -1, dtype=np.float64)
    result = np.empty(len(p))
    result[order] = np.minimum(np.maximum.accumulate(steps * p[order]), 1.0)
    adjusted[known] = result
    return adjusted


def benjamini_hochberg(p_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Adjust p-values for the expected share of false findings (Benjamini & Hochberg 1995).

    NaN stays NaN and does not count as a test.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    p, adjusted, known = _split(p_values)
    if len(p):
        adjusted[known] = scipy.stats.false_discovery_control(p, method="bh")
    return adjusted


def _split(
    p_values: npt.ArrayLike,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    p = np.asarray(p_values, dtype=np.float64)
    known = ~np.isnan(p)
    return p[known], np.full(p.shape, np.nan), known
