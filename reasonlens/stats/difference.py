"""Limits of a ratio and of a difference of two rates or shares, and the p-value that each implies.

The limits of both sides are combined ("method of variance estimates recovery", Zou & Donner 2008,
doi:10.1002/sim.3095) with the correlation of the sides over problems. A p-value is the smallest
``1 - level`` at which the limits leave out "no difference", so it never contradicts its interval.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import stdtrit

from reasonlens.stats.degrees import degrees_of_sum, tail_at
from reasonlens.stats.limits import USUAL, Floats, Limits, linear_variance

__all__ = ["FEW", "combined_difference", "combined_ratio", "implied_p", "widened"]

FEW = 10
"""With hits in fewer problems than this on a side, and in fewer than half of them, the limits of a
difference of rates are also at least those of a t interval; with fewer hits than this, its variance is at
least that of independent hits."""

_LEAST, _MOST = float(np.log(1e-100)), -1e-6
_STEPS = 44
_ROUNDING = 1e-15

Side = tuple[Floats, Floats, Floats]
"""Hits, sizes and influence per problem; size 0 means that the side lacks the problem."""


def combined_difference(a: Limits, b: Limits, link: float, apart: float = 0.0) -> Limits:
    """Limits of ``a - b``.

    Beyond 95% they grow as t does with the degrees of freedom of both sides together (Welch). A side that
    hardly contributes to the error, such as a rate that one response makes, has limits that grow without
    bound there, and a p-value would tell of nothing else.

    Parameters
    ----------
    a, b
        Limits of the sides.
    link
        Correlation of the sides over problems.
    apart
        Share of the problems that only one side has. As far as the sides are independent, the error of
        both together is known better than that of either, as in Welch's test.
    """
    va, vb = (a.value * a.error) ** 2, (b.value * b.error) ** 2
    known = _known_better(a, b, va, vb, apart)
    together = degrees_of_sum(va, a.degrees, vb, b.degrees)

    def at(tail: float) -> tuple[float, float]:
        (low_a, high_a), (low_b, high_b) = known(tail if np.isnan(together) else max(tail, USUAL))
        further = 1.0
        if tail < USUAL and not np.isnan(together):
            further = float(stdtrit(together, tail) / stdtrit(together, USUAL))
        down = further * _combine(a.value - low_a, high_b - b.value, link)
        up = further * _combine(high_a - a.value, b.value - low_b, link)
        return a.value - b.value - down, a.value - b.value + up

    return Limits(a.value - b.value, at, "limits of both sides combined (MOVER)")


def combined_ratio(a: Limits, b: Limits, link: float, apart: float = 0.0) -> Limits:
    """Limits of ``a / b`` on the log scale, as `combined_difference`; NaN if a side has no hits."""
    if not (a.value > 0 and b.value > 0):
        return Limits(np.nan, lambda _: (np.nan, np.nan), "undefined: a side has no hits")
    value = a.value / b.value
    known = _known_better(a, b, a.error**2, b.error**2, apart)

    def at(tail: float) -> tuple[float, float]:
        (low_a, high_a), (low_b, high_b) = known(tail)
        down = _combine(_log(a.value, low_a), _log(high_b, b.value), link)
        up = _combine(_log(high_a, a.value), _log(b.value, low_b), link)
        with np.errstate(over="ignore"):
            return value * float(np.exp(-down)), value * float(np.exp(up))

    return Limits(value, at, "limits of both sides combined (MOVER), log scale")


def widened(found: Limits, a: Side, b: Side, paired: bool) -> Limits:
    """Limits of a difference of rates, where hits are in few problems at least those of a t interval.

    With hits in fewer than `FEW` problems of a side, and in fewer than half of them, its own limits rest on
    very few problems; without this, 91% were covered where 3 of 30 problems have hits.
    """
    (xa, wa, _), (xb, wb, _) = a, b
    if not (_sparse(xa, wa) or _sparse(xb, wb)) or not (xa.any() or xb.any()):
        return found
    common = float((xa.sum() + xb.sum()) / (wa.sum() + wb.sum()))
    few = min(xa.sum(), xb.sum()) < FEW
    floor = common * float(1 / wa.sum() + 1 / wb.sum()) if few else 0.0
    error, degrees = _difference_error(a, b, paired, floor)

    def at(tail: float) -> tuple[float, float]:
        half = -float(stdtrit(degrees, tail)) * error
        low, high = found.at(tail)
        return min(low, found.value - half), max(high, found.value + half)

    return Limits(found.value, at, f"{found.method}, at least those of a t interval (hits in few problems)")


def implied_p(found: Limits, null: float, level: float, size: float = 1.0) -> float:
    """Smallest ``1 - level`` at which the limits leave out `null`, by bisection on its logarithm.

    The search starts from the side of ``1 - level`` on which the limits shown put it, so that
    ``p < 1 - level`` exactly if the interval shown leaves out `null`.

    Parameters
    ----------
    found
        An estimate and its limits.
    null
        The value under "no difference".
    level
        The confidence level shown.
    size
        Size of the numbers compared; differences below its rounding error count as none.
    """
    if np.isnan(found.value):
        return np.nan
    rounding = _ROUNDING * size

    def excludes(tail: float) -> bool:
        low, high = found.at(tail)
        return low > null + rounding or high < null - rounding

    alpha = 1 - level
    shown = excludes(alpha / 2)
    low, high = (_LEAST, float(np.log(alpha))) if shown else (float(np.log(alpha)), _MOST)
    if not shown and not excludes(float(np.exp(high)) / 2):
        return 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if excludes(float(np.exp(middle)) / 2) else (middle, high)
    return float(np.exp(low if shown else high))


def _sparse(x: Floats, w: Floats) -> bool:
    hits, problems = np.count_nonzero(x), np.count_nonzero(w)
    return bool(hits < FEW and 2 * hits < problems)


Both = Callable[[float], tuple[tuple[float, float], tuple[float, float]]]


def _known_better(a: Limits, b: Limits, va: float, vb: float, apart: float) -> Both:
    """Limits of both sides at a tail, nearer to those of independent sides the more `apart`.

    The degrees of freedom are then those of the sum. Errors are widened for long tails that few problems do
    not show; those of the sides partly cancel, so that much of it is kept as one side dominates.
    """
    if not apart or np.isnan(va) or np.isnan(vb) or not va + vb:
        return lambda tail: (a.at(tail), b.at(tail))
    together = degrees_of_sum(va, a.degrees, vb, b.degrees)
    cancels = apart * (1 - abs(va - vb) / (va + vb))

    def moved(side: Limits, tail: float) -> tuple[float, float]:
        degrees = side.degrees + apart * max(together - side.degrees, 0.0)
        less = np.sqrt(side.widening**2 * (1 - cancels) + cancels) / side.widening
        return side.at(tail_at(tail, degrees, side.degrees, float(less)))

    return lambda tail: (moved(a, tail), moved(b, tail))


def _combine(x: float, y: float, link: float) -> float:
    """Root of ``x^2 + y^2 - 2 link x y``: the distance of two limits of correlated estimates."""
    if np.isinf(x) or np.isinf(y):
        return np.inf
    return float(np.sqrt(max(x * x + y * y - 2 * link * x * y, 0.0)))


def _log(more: float, less: float) -> float:
    """Log of a ratio of limits, kept finite so that infinite limits do not become NaN."""
    tiny = np.finfo(np.float64).tiny
    return float(np.log(min(more, 1 / tiny)) - np.log(max(less, tiny)))


def _difference_error(a: Side, b: Side, paired: bool, floor: float) -> tuple[float, float]:
    """Standard error of a difference clustered by problem, and its degrees of freedom (Welch)."""
    (_, wa, ea), (_, wb, eb) = a, b
    if paired:
        variance, degrees = linear_variance(ea - eb), float(len(ea) - 1)
    else:
        va, vb = linear_variance(ea[wa > 0]), linear_variance(eb[wb > 0])
        pa, pb = np.count_nonzero(wa), np.count_nonzero(wb)
        variance = max(va + vb - 2 * float(np.sum(ea * eb)), 0.0)
        spread = va**2 / (pa - 1) + vb**2 / (pb - 1)
        degrees = float((va + vb) ** 2 / spread) if spread else float(min(pa, pb) - 1)
    return float(np.sqrt(max(variance, floor))), degrees
