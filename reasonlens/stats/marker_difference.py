"""Restricted mean words to the first marker: of one group, and of two sides on the same problems."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import scipy

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats
from reasonlens.stats.estimate import LIKE, Codes, Estimate, codes
from reasonlens.stats.marker_time import WIDENED
from reasonlens.stats.survival import times

__all__ = ["areas_without", "horizon", "restricted_mean", "restricted_mean_difference"]

_BLOCK = 4_000_000  # numbers held at a time
_LONG = 0.9
_HELD = 0.01  # share of the area that may rest on a curve held at its last value

FEW = "fewer than two problems: no interval"
FLAT = "the same on every problem: no interval"
ONE = "one problem has all responses that reach the limit: no interval"


def horizon(lengths: npt.ArrayLike, *more: npt.ArrayLike) -> float:
    """Return up to which word restricted means are compared: each side's longest tenth reaches it.

    Beyond it a curve rests on few responses. NaN if a side has no response.

    Examples
    --------
    >>> horizon(range(1, 101), [50] * 5), horizon(range(1, 101), range(1, 1001))
    (50.0, 90.0)
    """
    sides = [np.asarray(side, dtype=np.float64) for side in (lengths, *more)]
    if not all(len(side) for side in sides):
        return np.nan
    return min(float(np.quantile(side, _LONG, method="lower")) for side in sides)


def restricted_mean_difference(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    side: npt.ArrayLike,
    problem: npt.ArrayLike,
    until: float,
    level: float = 0.95,
) -> Estimate:
    """Restricted mean time to the marker of side 1 minus that of side 0, on the problems of both.

    The area between two Kaplan-Meier curves up to `until` (Royston & Parmar 2013,
    doi:10.1186/1471-2288-13-152). Limits: jackknife over problems, which leaves a problem out of
    both sides at once and so keeps their correlation; t with P - 1 degrees of freedom. ``p_value`` is
    that of the same t. Negative: side 1 shows the marker sooner.

    Parameters
    ----------
    time, event
        As in `reasonlens.stats.survival.kaplan_meier`.
    side
        1 or 0 per response, shape (n,).
    problem
        Problem codes, shape (n,). Responses to a problem that lacks a side are left out.
    until
        The limit, in words.

    Returns
    -------
    Estimate
        NaN if a side's curve is unknown before `until`, because its responses end.

    Examples
    --------
    Without censoring it is the difference of the means of ``min(time, until)``: (1 + 3) / 2 - (2 + 4) / 2.

    >>> found = restricted_mean_difference([1, 3, 2, 9], [1] * 4, [1, 1, 0, 0], [0, 1, 0, 1], 4.0)
    >>> found.value, found.method
    (-1.0, 'the same on every problem: no interval')
    """
    t, seen = times(time, event)
    which, where = codes("side", side, len(t)), codes("problem", problem, len(t))
    if np.any(which > 1):
        raise StatisticsError("side must be 0 or 1")
    shared = np.intersect1d(where[which == 1], where[which == 0])
    kept = np.isin(where, shared)
    t, seen, which, where = t[kept], seen[kept], which[kept], np.searchsorted(shared, where[kept])
    if not len(shared):
        return Estimate(np.nan, np.nan, np.nan, level, FEW, 0, 0, LIKE)
    full, without = 0.0, np.zeros(len(shared))
    for number, sign in ((1, 1.0), (0, -1.0)):
        own = which == number
        area, areas = areas_without(t[own], seen[own], where[own], len(shared), until)
        full += sign * area
        without += sign * areas
    return _jackknife(full, without, f"area between Kaplan-Meier curves to {until:g}", until, level, len(t))


def restricted_mean(
    time: npt.ArrayLike, event: npt.ArrayLike, problem: npt.ArrayLike, until: float, level: float = 0.95
) -> Estimate:
    """Mean of ``min(words to the marker, until)`` of one group: the area under its curve up to `until`.

    Also defined if every response has the marker before `until`, and in one pass over the problems.
    Limits: jackknife over problems, t, widened for few problems as in `reasonlens.stats.marker_time`.

    Examples
    --------
    >>> restricted_mean([1, 2, 2, 3], [1, 1, 0, 1], [0, 0, 1, 1], 3.0).value  # 1 + .75 + .5
    2.25
    >>> restricted_mean([1, 2], [1, 1], [0, 1], 10.0).value  # (1 + 2) / 2
    1.5
    """
    t, seen = times(time, event)
    names, where = np.unique(codes("problem", problem, len(t)), return_inverse=True)
    area, areas = areas_without(t, seen, where.reshape(-1), len(names), until)
    what = f"area under Kaplan-Meier to {until:g}"
    found = _jackknife(area, areas, what, until, level, len(t), few=WIDENED)
    low, high = np.clip([found.low, found.high], 0.0, until).tolist()
    return replace(found, low=low, high=high, p_value=np.nan)  # a mean of 0 is no hypothesis


def _jackknife(
    value: float, without: Floats, what: str, until: float, level: float, n: int, few: float = 0.0
) -> Estimate:
    size, why, error = len(without), "", 0.0
    if np.isnan(value):
        why = f"undefined: the last responses without the marker end before word {until:g}"
    elif size < 2:
        why = FEW
    elif np.any(np.isnan(without)):
        why = ONE
    else:
        error = float(np.sqrt((size - 1) / size * np.sum((without - without.mean()) ** 2)))
        why = FLAT if error <= 1e-12 * until else ""
    if why:
        return Estimate(value, np.nan, np.nan, level, why, size, n, LIKE)
    half = float(scipy.stats.t.ppf((1 + level) / 2, size - 1) * np.sqrt(1 + few / size)) * error
    p = 2 * float(scipy.stats.t.sf(abs(value) / error, size - 1))
    method = f"{what}, jackknife over problems, t"
    return Estimate(value, value - half, value + half, level, method, size, n, LIKE, p_value=p)


def areas_without(
    time: Floats, event: Floats, problem: Codes, size: int, until: float
) -> tuple[float, Floats]:
    """Area under the Kaplan-Meier curve up to `until`, and without each problem in turn.

    Parameters
    ----------
    time, event
        As in `reasonlens.stats.survival.kaplan_meier`, shape (n,).
    problem
        Problem codes 0 ... size - 1, shape (n,).

    Returns
    -------
    tuple of float and numpy.ndarray
        The area, and one area per problem, shape (size,). Where the last responses without the marker
        end before `until`, the curve is held at its last value (Gill 1980); if that gives more than
        1% of `until`, the area is NaN.

    Examples
    --------
    >>> area, areas = areas_without(np.array([1.0, 2, 3]), np.array([1.0, 1, 0]), np.array([0, 1, 1]), 2, 3.0)
    >>> round(area, 4), areas.tolist()  # 1 + 2/3 + 1/3; then 1 + 1 + 1/2, then 1 + 0 + 0
    (2.0, [2.5, 1.0])
    """
    if not until > 0:
        raise StatisticsError(f"the restricted mean needs a limit above 0 words, got {until:g}")
    clipped = np.minimum(time, until)  # what happens later does not change the area
    seen = np.where(time <= until, event, 0.0)
    unique = np.unique(np.append(clipped, until))
    place, steps = np.searchsorted(unique, clipped), np.diff(unique, prepend=0.0)
    ends, marks = np.bincount(place, minlength=len(unique)), np.bincount(place, seen, len(unique))
    area = float(_areas(ends[None, :], marks[None, :].astype(np.float64), steps)[0])
    areas = np.empty(size)
    block = max(1, _BLOCK // len(unique))
    for first in range(0, size, block):
        rows = min(block, size - first)
        own = (problem >= first) & (problem < first + rows)
        flat = (problem[own] - first) * len(unique) + place[own]
        shape = (rows, len(unique))
        mine = np.bincount(flat, minlength=rows * len(unique)).reshape(shape)
        events = np.bincount(flat, seen[own], rows * len(unique)).reshape(shape)
        areas[first : first + rows] = _areas(ends - mine, (marks - events).astype(np.float64), steps)
    return area, areas


def _areas(ends: npt.NDArray[np.int64], events: Floats, steps: Floats) -> Floats:
    """Areas of several curves at once: responses that end, and markers, per curve and time."""
    at_risk = np.cumsum(ends[:, ::-1], axis=1)[:, ::-1].astype(np.float64)
    survival = np.cumprod(1 - events / np.maximum(at_risk, 1.0), axis=1)
    before = np.concatenate([np.ones((len(survival), 1)), survival[:, :-1]], axis=1)
    result: Floats = before @ steps
    held = (before * (at_risk == 0)) @ steps
    result[held > _HELD * steps.sum()] = np.nan
    return result
