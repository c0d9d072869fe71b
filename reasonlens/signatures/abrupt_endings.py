"""Abrupt endings near a limit of length.

An unfinished text was flagged as truncated, or ends in the middle of a sentence with no final answer
among its last words. If unfinished texts all stop at about the same length, that length is a limit.
The limit of a model is taken to be where most unfinished texts lie within 15%; `--limit` overrides it.
A length that is found in this way always has some texts around it: with few unfinished texts the
share at the same length is too high.

Whether the limit is that of training or of the decoding settings cannot be seen in the text: with
a finish reason "length" it is the latter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from reasonlens.signatures import Measure, Prepared, Seen, Trace, excerpt
from reasonlens.signatures._ending import length, unfinished

TITLE = "Abrupt endings near a limit of length"
MEASURES = (
    Measure("at_limit", "responses that are unfinished within 15% of the limit", 0.02, without=("looping",)),
    Measure(
        "same_length",
        "unfinished responses within 15% of the limit",
        0.5,
        without=("looping",),
        unit="share of unfinished responses",
    ),
)

NEAR = 0.15
"""How near to the limit counts, as a share of it."""


def prepare(trace: Trace) -> Prepared:
    """Give the length of an unfinished text."""
    return [(float(max(1, length(trace))), 1.0)] if unfinished(trace) else []


def settle(weights: Mapping[float, float]) -> float:
    """Return the length with the most unfinished texts within 15%: a limit, if there is one.

    Of several such lengths the longest.

    Examples
    --------
    >>> settle({100: 1, 980: 2, 1000: 3, 1020: 2})
    1000.0
    """
    if not weights:
        return math.nan
    sizes = np.array(sorted(weights))
    n = np.array([weights[size] for size in sizes.tolist()])
    first = np.searchsorted(sizes, sizes * (1 - NEAR), side="left")
    last = np.searchsorted(sizes, sizes * (1 + NEAR), side="right")
    total, mass = (np.concatenate([[0.0], np.cumsum(x)]) for x in (n, n * sizes))
    inside = total[last] - total[first]
    best = int(np.flatnonzero(inside == inside.max())[-1])
    return float((mass[last[best]] - mass[first[best]]) / inside[best])


def _near(size: float, limit: float) -> bool:
    return abs(size - limit) <= NEAR * limit


def look(trace: Trace, settled: float) -> Mapping[str, Seen]:
    """Quote the end of the text."""
    if not unfinished(trace):
        return {"at_limit": Seen(0), "same_length": Seen(0, 0, why="finished")}
    near = _near(length(trace), settled)
    ended = f" (finish: {trace.finish})" if trace.finish else ""
    quote = excerpt(trace.response, len(trace.response), end=True) + ended if near else ""
    return {"at_limit": Seen(float(near), quote=quote), "same_length": Seen(float(near), quote=quote)}
