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

from reasonlens.stats.degrees import degrees_of

__all__ = [
    "USUAL",
    "Limits",
    "burst_limits",
    "hit_limits",
    "linear_variance",
    "log_error",
    "most_hits",
    "residuals",
    "share_limits",
    "skewed_limits",
]

Floats = npt.NDArray[np.float64]

LOG_JACKKNIFE = "jackknife over problems, log scale, t"
POISSON_ZERO = (
    "no hits: exact Poisson upper limit, which takes hits as independent (bursts of hits allow for more)"
)
POISSON_ONE = "one hit: exact Poisson limits"
BURST = "all hits in one problem: limits for one burst of gamma size (F with 4 and 4 degrees of freedom)"
BURSTS = "few problems carry it: limits for as few bursts of gamma size (F)"
EFFECTIVE_BETA = "Clopper-Pearson at the effective sample size (Korn-Graubard)"
PROBLEM_BETA = "Clopper-Pearson with problems as units (share is 0 or 1)"

USUAL = 0.025
"""The tail of 95% limits."""

_WORDS = 1000.0
_FEW = 4.0
_FEW_SKEWED = 1.5
_NO_SKEWNESS = 1e-6
_MANY = 1e12  # bursts, where F is still computed well
_FARTHEST = 700.0  # exponent that a float still holds


class Limits(NamedTuple):
    """An estimate, its limits as a function of the tail probability, and how they are made.

    ``error`` is the standard error of the log of the estimate and ``degrees`` those of its t; NaN where the
    limits are not made of them. ``widening`` is the factor by which ``error`` is larger for few problems.
    """

    value: float
    at: Callable[[float], tuple[float, float]]
    method: str
    error: float = np.nan
    degrees: float = np.nan
    widening: float = 1.0


def most_hits(x: Floats, w: Floats, scale: float) -> float:
    """Most hits that there can be per word: 1 where a rate is per 1,000 words, as hits do not overlap.

    Infinity for other units, and for what is no count of places in a text (more hits than words somewhere).
    """
    return 1.0 if scale == _WORDS and bool(np.all(x <= w)) else np.inf


def hit_limits(x: Floats, w: Floats, most: float = np.inf) -> Limits:
    """Limits of the total number of hits over the total size, ``sum(x) / sum(w)``.

    Parameters
    ----------
    x, w
        Hits and sizes per problem, shape (P,), P at least 2, no size 0.
    most
        A bound that no limit exceeds; see `most_hits`.

    Notes
    -----
    Limits are those of t on the log scale (`log_error`), but never farther than those of as few bursts of
    hits as would make this error: ``(z / t)^2 / error^2`` of them (the effective number, as for shares), at
    least one (`burst_limits`). A rate that one problem makes has the limits of one burst.
    """
    found = _hit_limits(x, w)

    def within(tail: float) -> tuple[float, float]:
        low, high = found.at(tail)
        return low, min(high, most)

    return found._replace(at=within)


def _hit_limits(x: Floats, w: Floats) -> Limits:
    events, total, where = float(x.sum()), float(w.sum()), int(np.count_nonzero(x))
    value = events / total
    if where == 0:
        return Limits(0.0, lambda tail: (0.0, -float(np.log(tail)) / total), POISSON_ZERO)
    if where == 1 and events == 1:
        return Limits(
            value,
            lambda tail: (value * float(gammaincinv(1, tail)), value * float(gammaincinv(2, 1 - tail))),
            POISSON_ONE,
        )
    error, degrees, widening = log_error(x, w)
    if not error:  # every problem has the same rate
        return Limits(value, lambda _: (value, value), LOG_JACKKNIFE, 0.0, degrees, widening)
    bursts = min(max(_shrink(len(x) - 1, USUAL) / error**2, 1.0), _MANY)

    def several(tail: float) -> tuple[float, float]:
        factor = float(np.exp(min(-stdtrit(degrees, tail) * error, _FARTHEST)))
        low, high = burst_limits(bursts, tail)
        return value * max(1 / factor, low), value * min(factor, high)

    held = np.log(burst_limits(bursts, USUAL)[1]) < -stdtrit(degrees, USUAL) * error
    method = BURST if where == 1 else BURSTS if held else LOG_JACKKNIFE
    return Limits(value, several, method, error, degrees, widening)


def burst_limits(bursts: float, tail: float) -> tuple[float, float]:
    """Limits of the expected total of hits over the total seen, where the hits came in so many bursts.

    The number of bursts is Poisson (Garwood 1936, doi:10.2307/2333958) and the hits of each are gamma with
    shape 2, so that with n bursts the ratio is ``F(2n, 4n)`` below and ``(n + 1) / n F(2n + 2, 4n)`` above.

    Parameters
    ----------
    bursts
        Number of bursts, above 0, not necessarily whole.
    tail
        Probability beyond each limit.

    Examples
    --------
    >>> [round(v, 4) for v in burst_limits(1, 0.025)], [round(v, 2) for v in burst_limits(4, 0.025)]
    ([0.0255, 19.2091], [0.25, 3.73])
    """
    low = float(fdtri(2 * bursts, 4 * bursts, tail))
    return low, (1 + 1 / bursts) / float(fdtri(4 * bursts, 2 * bursts + 2, tail))


def share_limits(x: Floats, k: Floats) -> Limits:
    """Limits of a share of responses, ``sum(x) / sum(k)``; see `~reasonlens.stats.arrays.share_of_sums`.

    Clopper-Pearson limits at the effective size ``p (1 - p) / variance (z / t)^2`` (Korn & Graubard 1998).
    Where few problems carry the variance, t has fewer degrees of freedom than P - 1 (`degrees_of`): with
    P - 1, a share of 5% that few of 30 problems have was covered 93% of the time, or 88% with 64 responses
    each. But however alike the responses to a problem are, P problems tell as much as P responses.

    Parameters
    ----------
    x, k
        Responses that have it, and responses, per problem, shape (P,), P at least 2, no size 0.
    """
    problems, total = len(k), float(k.sum())
    value = float(x.sum()) / total
    certain = value in (0.0, 1.0)
    influence = residuals(x, k)
    variance, degrees = linear_variance(influence), float(degrees_of(influence))
    independent = value * (1 - value) / variance if variance else total

    def at(tail: float) -> tuple[float, float]:
        least = problems * _shrink(problems - 1, tail)
        if certain:
            size = least
        else:
            most = independent * _shrink(problems - 1, tail)
            size = min(max(independent * _shrink(degrees, tail), least), most, total)
        hits = value * size
        low = float(betaincinv(hits, size - hits + 1, tail)) if hits else 0.0
        return low, float(betaincinv(hits + 1, size - hits, 1 - tail)) if value < 1 else 1.0

    return Limits(value, at, PROBLEM_BETA if certain else EFFECTIVE_BETA)


def _shrink(degrees: float, tail: float) -> float:
    """Factor of a sample size for a variance that is known to some degrees of freedom only."""
    return float((ndtri(tail) / stdtrit(degrees, tail)) ** 2)


def log_error(x: Floats, w: Floats) -> tuple[float, float, float]:
    """Jackknife standard error of the log rate, its degrees of freedom, and the widening that is in it.

    What a problem contributes is the change of the rate without it, relative to the rate; so one problem
    cannot add more than its whole (the change of the log rate, with 12 of 13 hits, is 2.6). A few problems
    may carry most of the variance; then it is known less well than P - 1 says
    (`reasonlens.stats.degrees.degrees_of`). Error and degrees are too favorable where P is small, since the
    long tail of problem effects has hardly been seen: the error is widened by ``sqrt(1 + 4 / P)``, which
    brings 5 to 30 problems to 95% (``benchmarks/coverage``).

    Parameters
    ----------
    x, w
        Hits and sizes per problem, shape (P,), with hits in at least one problem.
    """
    hits, sizes = x / x.sum(), w / w.sum()
    change = (hits - sizes) / (1 - sizes)
    count, square = len(x), float(np.mean(change**2))
    widening = float(np.sqrt(1 + _FEW / count))
    return float(np.sqrt((count - 1) * square)) * widening, float(degrees_of(change)), widening


def skewed_limits(value: float, influence: Floats, tail: float) -> tuple[float, float]:
    """Limits of a mean whose contributions may be skewed: Hall's transformation of t.

    With ``S = (mean - mu) / s`` and skewness g, ``sqrt(P) (S + g S^2 / 3 + g^2 S^3 / 27 + g / (6 P))`` is
    nearly normal (Hall 1992, doi:10.1111/j.2517-6161.1992.tb01876.x); its inverse at the quantiles of t
    gives the limits. t has the degrees of freedom of `degrees_of`, and its quantile is widened by
    ``sqrt(1 + 1.5 / P)``, as the skewness of few problems is hardly known (``benchmarks/coverage``).

    Parameters
    ----------
    value
        The mean.
    influence
        Contribution of each problem to it, shape (P,), adding up to 0; see `residuals`.
    tail
        Probability beyond each limit.
    """
    size, error = len(influence), float(np.sqrt(linear_variance(influence)))
    if not error:
        return value, value
    quantile = -float(stdtrit(degrees_of(influence), tail)) * float(np.sqrt(1 + _FEW_SKEWED / size))
    skewness = float(np.mean((influence / np.sqrt(np.mean(influence**2))) ** 3))

    def back(t: float) -> float:
        if abs(skewness) < _NO_SKEWNESS:
            return t
        at = 1 + skewness * (t - skewness / (6 * np.sqrt(size))) / np.sqrt(size)
        return float(3 / skewness * (np.cbrt(at) - 1) * np.sqrt(size))

    return value - error * back(quantile), value - error * back(-quantile)


def residuals(x: Floats, w: Floats) -> Floats:
    """Influence of each problem on ``sum(x) / sum(w)``, shape (P,); they add up to 0."""
    total = w.sum()
    result: Floats = (x - x.sum() / total * w) / total
    return result


def linear_variance(influence: Floats) -> float:
    """Clustered variance of a ratio, ``P / (P - 1) * sum(influence^2)``; P counts the entries."""
    size = len(influence)
    return float(size / (size - 1) * np.sum(influence**2))
