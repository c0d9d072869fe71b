"""From sums per problem to an estimate, a p-value against the threshold, and a verdict."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from reasonlens.signatures import ABOVE, Measure
from reasonlens.signatures._tally import Sums
from reasonlens.stats.arrays import Interval, ratio_of_sums, share_of_sums
from reasonlens.stats.contrast import contrast_of_sums

__all__ = ["CANNOT_TELL", "FLAGGED", "NOT_FLAGGED", "estimate", "p_against", "verdict"]

FLAGGED, NOT_FLAGGED, CANNOT_TELL = "flagged", "not flagged", "cannot tell"

NO_TRACES = "no response to judge"
NO_ROOM = "every problem has the form in question, so nothing can exceed it"
NOBODY = "no other model has these problems"
NEITHER = "the other models have no hits either"
ZERO_HITS = "no hits: upper limit of this side over the lower side of the others (Donner & Zou 2012)"
_STEPS = 18  # p to one part in ten thousand
_LEAST_P, _MOST_P = 1e-12, 0.999

At = Callable[[float], Interval]
"""The interval of an estimate at any level."""


def estimate(measure: Measure, own: Sums, others: Sums | None) -> At:
    """Return the interval of a measure as a function of the level.

    Parameters
    ----------
    own, others
        Sums of the model, and of all other models (only for a measure of the kind ``against``).
    """
    n = int(own.n.sum())
    if not n:
        return _nothing(max(own.excluded, key=lambda why: (own.excluded[why], why), default=NO_TRACES))
    if measure.kind == "share":
        return lambda level: share_of_sums(own.x, own.of, level=level)
    if measure.kind == "difference":
        if own.y.sum() == own.of.sum():
            return _nothing(NO_ROOM, len(own.problems), n)
        return lambda level: _difference(own, level, n)
    if measure.kind == "ratio":
        return lambda level: ratio_of_sums(own.x, own.of, level=level, scale=1.0, n=n)
    shared = sorted(set(own.problems) & set(others.problems)) if others else []
    if others is None or not shared:
        return _nothing(NOBODY)
    mine, theirs = (_on(side, shared) for side in (own, others))
    if not theirs.x.sum():
        return _nothing(NEITHER, len(shared), int(mine.n.sum()))
    return lambda level: _against(mine, theirs, level)


def _difference(own: Sums, level: float, n: int) -> Interval:
    """Share of `x` minus share of `y` of the same responses."""
    return contrast_of_sums(own.x, own.of, own.y, own.of, shares=True, level=level, n=n).difference


def _nothing(why: str, problems: int = 0, n: int = 0) -> At:
    return lambda level: Interval(math.nan, math.nan, math.nan, level, why, problems, n)


def _against(mine: Sums, theirs: Sums, level: float) -> Interval:
    """Rate of one model over the rate of the others on the same problems; `n` counts its own responses."""
    n = int(mine.n.sum())
    if mine.x.sum():
        return contrast_of_sums(mine.x, mine.of, theirs.x, theirs.of, level=level, n=n).ratio
    a = ratio_of_sums(mine.x, mine.of, level=level, scale=1.0)
    b = ratio_of_sums(theirs.x, theirs.of, level=level, scale=1.0)
    below = b.low * (2 * b.value - b.low)
    high = a.high / math.sqrt(below) if below > 0 else math.nan
    low = 0.0 if not math.isnan(high) else math.nan
    return Interval(0.0, low, high, level, ZERO_HITS, len(mine.problems), n)


def _on(side: Sums, problems: list[tuple[str, str]]) -> Sums:
    place = {problem: i for i, problem in enumerate(side.problems)}
    rows = [place[problem] for problem in problems]
    return replace(
        side, problems=tuple(problems), x=side.x[rows], of=side.of[rows], n=side.n[rows], y=side.y[rows]
    )


def p_against(at: At, threshold: float) -> float:
    """Two-sided p-value of "the truth is at the threshold": where the interval comes to touch it.

    By bisection on ``log p``; at least 1e-12. NaN if there is no interval.

    Examples
    --------
    >>> at = lambda level: share_of_sums([0] * 30, [1] * 30, level=level)
    >>> round(p_against(at, at(0.95).high), 4)
    0.05
    """
    first = at(0.5)
    if math.isnan(first.value) or math.isnan(first.low) or math.isnan(first.high):
        return math.nan
    low, high = math.log(_LEAST_P), math.log(_MOST_P)
    if first.value == threshold:
        return 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        found = at(1 - math.exp(middle))
        outside = threshold < found.low or threshold > found.high
        low, high = (low, middle) if outside else (middle, high)
    return math.exp(high)


def verdict(measure: Measure, interval: Interval, p_adjusted: float) -> tuple[str, str]:
    """Return the verdict and its reason: the adjusted p-value decides, and the side of the threshold."""
    if math.isnan(interval.value) or math.isnan(p_adjusted):
        return CANNOT_TELL, interval.method
    if p_adjusted > 1 - interval.level:
        inside = interval.low <= measure.threshold <= interval.high
        return CANNOT_TELL, (
            f"the interval holds the threshold {measure.threshold:g}"
            if inside
            else "the interval leaves out the threshold, but not after Holm's correction over the models"
        )
    over = interval.value > measure.threshold
    side = "above" if over else "below"
    flagged = over == (measure.side == ABOVE)
    return (
        FLAGGED if flagged else NOT_FLAGGED
    ), f"the interval is {side} the threshold {measure.threshold:g}"
