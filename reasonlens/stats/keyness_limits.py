"""Intervals of the log ratio of many words, clustered by problem."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats
from reasonlens.stats.estimate import vector
from reasonlens.stats.keyness import log2_ratio

__all__ = ["LIMITS", "RatioLimits", "log2_ratio_limits"]

LIMITS = "95% limits of the log ratio: jackknife over problems, t, at least those of independent hits"

_ADDED = 0.5
_FEW = 3.0
_FEWEST = 2


class RatioLimits(NamedTuple):
    """Limits of `~reasonlens.stats.keyness.log2_ratio`, shape (V,)."""

    low: Floats
    high: Floats


def log2_ratio_limits(
    hits_a: npt.ArrayLike,
    words_a: npt.ArrayLike,
    hits_b: npt.ArrayLike,
    words_b: npt.ArrayLike,
    *,
    level: float = 0.95,
) -> RatioLimits:
    """Limits of the binary log of the rate ratio of each word, for "problems like these".

    Leave out one problem at a time, from both sides: ``SE^2 = (P - 1) mean_p (theta - theta_(p))^2``
    (Efron & Stein 1981, doi:10.1214/aos/1176345462), widened by ``sqrt(1 + 3 / P)`` for few problems, with
    ``2 P / (kurtosis - 1)`` degrees of freedom, as for rates. They are at least the normal limits of
    independent hits, with the error ``sqrt(1 / (a + .5) + 1 / (b + .5))``. A word that a side never used
    has no limit on that side.

    Parameters
    ----------
    hits_a, hits_b
        Hits of each word per problem, shape (P, V), dense.
    words_a, words_b
        Words per problem, shape (P,); 0 where a side has no response to the problem.
    level
        Confidence level.

    Returns
    -------
    RatioLimits
        In powers of two; infinite where a side has no hit, NaN for a word without hits, or if a side
        has fewer than two problems.

    Raises
    ------
    StatisticsError
        If the shapes do not fit.

    Examples
    --------
    >>> found = log2_ratio_limits([[4, 3], [4, 0]], [100, 100], [[2, 0], [2, 0]], [100, 100])
    >>> bool(found.low[0] < 1 < found.high[0]), float(found.high[1])
    (True, inf)
    """
    a, b = (np.asarray(x, dtype=np.float64) for x in (hits_a, hits_b))
    size_a, size_b = vector("words_a", words_a), vector("words_b", words_b)
    if a.ndim != 2 or a.shape != b.shape or not len(a) == len(size_a) == len(size_b):
        raise StatisticsError(
            f"hits must be problems x words on both sides: got {a.shape}, {b.shape} for "
            f"{len(size_a)} and {len(size_b)} problems"
        )
    used = (size_a > 0) | (size_b > 0)
    a, b, size_a, size_b = a[used], b[used], size_a[used], size_b[used]
    if min(np.count_nonzero(size_a), np.count_nonzero(size_b)) < _FEWEST:
        none = np.full(a.shape[1], np.nan)
        return RatioLimits(none, none)
    x, y = a.sum(axis=0), b.sum(axis=0)
    value = log2_ratio(x, float(size_a.sum()), y, float(size_b.sum()), _ADDED)
    half = _half(_change(a, size_a) - _change(b, size_b), 1 / (x + _ADDED) + 1 / (y + _ADDED), level)
    half = half / np.log(2)
    low, high = np.where(x > 0, value - half, -np.inf), np.where(y > 0, value + half, np.inf)
    seen = x + y > 0
    return RatioLimits(np.where(seen, low, np.nan), np.where(seen, high, np.nan))


def _change(hits: Floats, words: Floats) -> Floats:
    """Log rate minus log rate without the problem, shape (P, V)."""
    change: Floats = np.log1p(-words / words.sum())[:, None] - np.log1p(-hits / (hits.sum(axis=0) + _ADDED))
    return change


def _half(change: Floats, independent: Floats, level: float) -> Floats:
    size, square = len(change), np.mean(change**2, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        kurtosis = np.mean(change**4, axis=0) / square**2
        degrees = np.where(kurtosis > 1, 2 * size / (kurtosis - 1), np.inf)
    tail = (1 + level) / 2
    reach = stdtrit(np.clip(degrees, 1, size - 1), tail) * np.sqrt((size - 1) * square * (1 + _FEW / size))
    half: Floats = np.maximum(reach, ndtri(tail) * np.sqrt(independent))
    return half
