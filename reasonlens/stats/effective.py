"""Shares of items that come in problems, as if of fewer independent items.

Items of one problem resemble each other, so a share of them is known only as well as one of
``share (1 - share) / clustered variance`` independent items (Korn & Graubard 1998, Survey Methodology 24,
193-201).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy

from reasonlens.stats.arrays import Floats, cluster_sums
from reasonlens.stats.estimate import Codes, codes
from reasonlens.stats.limits import linear_variance, residuals

__all__ = ["Trials", "places", "three_shares", "trials"]


class Trials(NamedTuple):
    """Successes among a number of tries; both may be effective numbers and so have fractions."""

    hits: float
    n: float

    @property
    def share(self) -> float:
        """Hits of all; 1/2, the mean of the prior, if there are none."""
        return self.hits / self.n if self.n else 0.5


def places(problem: npt.ArrayLike | None, n: int) -> Codes:
    """Return codes 0, 1, ... of the problems; without any, each item is a problem of its own."""
    if problem is None:
        return np.arange(n, dtype=np.int64)
    _, where = np.unique(codes("problem", problem, n), return_inverse=True)
    return where.astype(np.int64)


def trials(hit: npt.NDArray[np.bool_], kept: npt.NDArray[np.bool_], where: Codes) -> Trials:
    """Return hits and size of the `kept` items, shrunk to the effective size where problems repeat."""
    x = cluster_sums((hit & kept).astype(np.float64), where)
    k = cluster_sums(kept.astype(np.float64), where)
    x, k = x[k > 0], k[k > 0]
    hits, n = float(x.sum()), float(k.sum())
    if not n or k.max() == 1:
        return Trials(hits, n)
    variance = linear_variance(residuals(x, k)) if len(k) > 1 else 0.0
    share = hits / n
    size = min(share * (1 - share) / variance, n) if variance > 0 else float(len(k))
    return Trials(share * size, size)


def three_shares(
    said: Floats, true: Floats, labelled: npt.NDArray[np.bool_], where: Codes
) -> tuple[Trials, Trials, Trials]:
    """Return trials of the share of "present", of PPV and of FOR.

    In a problem with much of the behavior all three are high, which their own variances do not show. So the
    three are shrunk alike by what the variance of the whole is greater than that of independent parts.
    """
    yes = said == 1
    kept = (np.ones(len(said), dtype=bool), labelled & yes, labelled & ~yes)
    hits = (yes, true == 1, true == 1)
    found = [trials(h, k, where) for h, k in zip(hits, kept, strict=True)]
    if np.bincount(where).max(initial=0) <= 1:
        return found[0], found[1], found[2]
    p, ppv, rate = (one.share for one in found)
    parts = [
        weight * _influence(h, k, where)
        for weight, h, k in zip((ppv - rate, p, 1 - p), hits, kept, strict=True)
    ]
    apart = sum(float(part @ part) for part in parts)
    whole = float(np.sum(np.sum(parts, axis=0) ** 2))
    groups = len(np.unique(where[labelled]))
    few = (scipy.stats.t.ppf(0.975, groups - 1) / scipy.stats.norm.ppf(0.975)) ** 2 if groups > 1 else np.inf
    shrink = max(whole / apart if apart else 1.0, 1.0) * min(float(few), float(len(said)))
    shrunk = [Trials(one.hits / shrink, one.n / shrink) for one in found]
    return shrunk[0], shrunk[1], shrunk[2]


def _influence(hit: npt.NDArray[np.bool_], kept: npt.NDArray[np.bool_], where: Codes) -> Floats:
    """What each problem adds to the error of a share, shape (P,); 0 where nothing is kept."""
    x = cluster_sums((hit & kept).astype(np.float64), where)
    k = cluster_sums(kept.astype(np.float64), where)
    return residuals(x, k) if k.sum() else np.zeros(len(k))
