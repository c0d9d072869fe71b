"""P-values of "no difference" between two groups, clustered by problem."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtr, stdtrit

from reasonlens.stats.arrays import Floats, linear_variance, log_error

__all__ = ["combine", "rate_test", "share_test"]

FEW = 10
"""With hits in fewer problems than this on a side, the log ratio is known too badly for a test of
it to have power; with fewer hits than this, a variance is held up by that of independent hits."""

LOG_T = "limits of the ratio inverted (jackknife over problems, log scale, t)"
NO_HITS = "no hits on either side"
FLOOR = "variance at least that of independent hits"
_STEPS = 60
_ROUNDING = 1e-15

Side = tuple[Floats, Floats, Floats]
"""Hits, sizes and influence per problem; size 0 means that the side lacks the problem."""


def combine(x: float, y: float, link: float) -> float:
    """Root of ``x^2 + y^2 - 2 link x y``: the distance of two limits of correlated estimates."""
    return float(np.sqrt(max(x * x + y * y - 2 * link * x * y, 0.0)))


def rate_test(a: Side, b: Side, link: float, paired: bool) -> tuple[float, str]:
    """Two-sided p-value for two rates.

    It is the smallest ``1 - level`` at which the limits of the ratio leave out 1. If a side has
    hits in fewer than `FEW` problems, it is that of a t test of the difference of the rates.
    """
    (xa, wa, _), (xb, wb, _) = a, b
    if not xa.any() and not xb.any():
        return 1.0, NO_HITS
    if min(np.count_nonzero(xa), np.count_nonzero(xb)) >= FEW:
        return _log_p((xa, wa), (xb, wb), link), LOG_T
    common = float((xa.sum() + xb.sum()) / (wa.sum() + wb.sum()))
    few = min(xa.sum(), xb.sum()) < FEW
    return _t_test(a, b, paired, common * float(1 / wa.sum() + 1 / wb.sum()) if few else 0.0)


def share_test(a: Side, b: Side, paired: bool) -> tuple[float, str]:
    """Two-sided t test of the difference of two shares, clustered by problem.

    Where a share is near 0 or 1, the variance is at least that of one response per problem.
    """
    (xa, wa, _), (xb, wb, _) = a, b
    floor = 0.0
    if min(xa.sum(), xb.sum(), (wa - xa).sum(), (wb - xb).sum()) < FEW:
        common = float((xa.sum() + xb.sum()) / (wa.sum() + wb.sum()))
        floor = common * (1 - common) * (1 / np.count_nonzero(wa) + 1 / np.count_nonzero(wb))
    return _t_test(a, b, paired, floor)


def _t_test(a: Side, b: Side, paired: bool, floor: float) -> tuple[float, str]:
    (xa, wa, ea), (xb, wb, eb) = a, b
    name = f"t test of the difference, {'paired' if paired else 'clustered'} by problem"
    values = float(xa.sum() / wa.sum()), float(xb.sum() / wb.sum())
    if paired:
        variance, degrees = linear_variance(ea - eb), float(len(ea) - 1)
    else:
        va, vb = linear_variance(ea[wa > 0]), linear_variance(eb[wb > 0])
        pa, pb = np.count_nonzero(wa), np.count_nonzero(wb)
        variance = max(va + vb - 2 * float(np.sum(ea * eb)), 0.0)
        spread = va**2 / (pa - 1) + vb**2 / (pb - 1)
        degrees = float((va + vb) ** 2 / spread) if spread else float(min(pa, pb) - 1)
    if floor > variance:
        variance, name = floor, f"{name}, {FLOOR}"
    rounding = _ROUNDING * sum(values)
    difference = abs(values[0] - values[1])
    if difference <= rounding:
        return 1.0, name
    if variance <= rounding**2:
        return 0.0, name
    return float(2 * stdtr(degrees, -difference / np.sqrt(variance))), name


def _log_p(a: tuple[Floats, Floats], b: tuple[Floats, Floats], link: float) -> float:
    """Smallest p at which the limits of the ratio leave out 1, by bisection on log p."""
    errors = [log_error(x[w > 0], w[w > 0]) for x, w in (a, b)]
    values = [float(np.log(x.sum() / w.sum())) for x, w in (a, b)]
    distance = abs(values[0] - values[1])

    def excludes(p: float) -> bool:
        reach = [-float(stdtrit(degrees, p / 2)) * error for error, degrees in errors]
        return distance > max(combine(reach[0], reach[1], link), _ROUNDING)

    low, high = float(np.log(1e-300)), -1e-9
    if not excludes(float(np.exp(high))):
        return 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if excludes(float(np.exp(middle))) else (middle, high)
    return float(np.exp(high))
