"""Limits of one rate or share as functions of the tail, so that tests can be made from intervals.

A `Limits` takes the probability of one tail (0.025 for a 95% interval) and returns the lower and the
upper limit. Whoever needs a p-value asks for limits until they touch the null.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, fdtri, gammaincinv, ndtri, stdtrit

__all__ = ["Limits", "hit_limits", "linear_variance", "log_error", "residuals", "share_limits"]

Floats = npt.NDArray[np.float64]

LOG_JACKKNIFE = "jackknife over problems, log scale, t"
POISSON_ZERO = (
    "no hits: exact Poisson upper limit, hits taken as independent (too short if hits come in bursts)"
)
POISSON_ONE = "one hit: exact Poisson limits"
BURST = "all hits in one problem: limits for one burst of gamma size (F with 4 and 4 degrees of freedom)"
EFFECTIVE_BETA = "Clopper-Pearson at the effective sample size (Korn-Graubard)"
PROBLEM_BETA = "Clopper-Pearson with problems as units (share is 0 or 1)"

_FEW = 3.0


class Limits(NamedTuple):
    """An estimate, its limits as a function of the tail probability, and how they are made."""

    value: float
    at: Callable[[float], tuple[float, float]]
    method: str


def hit_limits(x: Floats, w: Floats) -> Limits:
    """Limits of the total number of hits over the total size, ``sum(x) / sum(w)``.

    Parameters
    ----------
    x, w
        Hits and sizes per problem, shape (P,), P at least 2, no size 0.

    Notes
    -----
    With all of several hits in one problem, the number of such problems is Poisson (Garwood 1936,
    doi:10.2307/2333958) and the hits of one are gamma with shape 2: the expected total over the one seen
    is then ``F(2, 4)`` below and ``2 F(4, 4)`` above.
    """
    events, total, where = float(x.sum()), float(w.sum()), int(np.count_nonzero(x))
    value = events / total
    if where == 0:
        return Limits(0.0, lambda tail: (0.0, -float(np.log(tail)) / total), POISSON_ZERO)
    if where == 1:

        def one(tail: float) -> tuple[float, float]:
            if events == 1:
                return value * float(gammaincinv(1, tail)), value * float(gammaincinv(2, 1 - tail))
            return value * float(fdtri(2, 4, tail)), value * 2 * float(fdtri(4, 4, 1 - tail))

        return Limits(value, one, POISSON_ONE if events == 1 else BURST)
    error, degrees = log_error(x, w)

    def several(tail: float) -> tuple[float, float]:
        with np.errstate(over="ignore"):  # two problems can give an upper limit beyond any float
            factor = float(np.exp(-stdtrit(degrees, tail) * error)) if error else 1.0
        return value / factor, value * factor

    return Limits(value, several, LOG_JACKKNIFE)


def share_limits(x: Floats, k: Floats) -> Limits:
    """Limits of a share of responses, ``sum(x) / sum(k)``; see `~reasonlens.stats.arrays.share_of_sums`.

    Parameters
    ----------
    x, k
        Responses that have it, and responses, per problem, shape (P,), P at least 2, no size 0.
    """
    problems, total = len(k), float(k.sum())
    value = float(x.sum()) / total
    certain = value in (0.0, 1.0)
    variance = 0.0 if certain else linear_variance(residuals(x, k))

    def at(tail: float) -> tuple[float, float]:
        few = float((ndtri(tail) / stdtrit(problems - 1, tail)) ** 2)
        if certain:
            size = problems * few
        else:
            size = min(value * (1 - value) / variance * few if variance else total, total)
        hits = value * size
        low = float(betaincinv(hits, size - hits + 1, tail)) if hits else 0.0
        return low, float(betaincinv(hits + 1, size - hits, 1 - tail)) if value < 1 else 1.0

    return Limits(value, at, PROBLEM_BETA if certain else EFFECTIVE_BETA)


def log_error(x: Floats, w: Floats) -> tuple[float, float]:
    """Jackknife standard error of the log rate, and its degrees of freedom.

    A few problems may carry most of the variance; then it is known less well than P - 1 says. The
    variance of a variance gives ``2 P / (kurtosis - 1)`` degrees of freedom (at most P - 1). Both are too
    favorable where P is small, since the long tail of problem effects has hardly been seen: the error
    is widened by ``sqrt(1 + 3 / P)``, which brings 5 to 30 problems to 95% (``benchmarks/coverage``).

    Parameters
    ----------
    x, w
        Hits and sizes per problem, shape (P,), with hits in at least two problems.
    """
    # log rate minus log rate without the problem
    change = np.log1p(-w / w.sum()) - np.log1p(-x / x.sum())
    size, square = len(x), float(np.mean(change**2))
    if square == 0:  # every problem has the same rate and size
        return 0.0, size - 1.0
    kurtosis = float(np.mean((change / np.sqrt(square)) ** 4))
    degrees = 2 * size / (kurtosis - 1) if kurtosis > 1 else size - 1.0
    error = np.sqrt((size - 1) * square * (1 + _FEW / size))
    return float(error), min(max(degrees, 1.0), size - 1.0)


def residuals(x: Floats, w: Floats) -> Floats:
    """Influence of each problem on ``sum(x) / sum(w)``, shape (P,); they add up to 0."""
    total = w.sum()
    result: Floats = (x - x.sum() / total * w) / total
    return result


def linear_variance(influence: Floats) -> float:
    """Clustered variance of a ratio, ``P / (P - 1) * sum(influence^2)``; P counts the entries."""
    size = len(influence)
    return float(size / (size - 1) * np.sum(influence**2))
