"""When does a response first do something: Kaplan-Meier curves over words.

Time is counted in words (or tokens) from the start of the response. A response without the marker
is censored at its end. Read the curve as "still without the marker, were responses long enough":
the end of a response is not unrelated to its markers, so the share of responses that ever have one
(`reasonlens.stats.arrays.share`) belongs beside it. A mean over the responses that have the marker
is no substitute: it shrinks when responses get shorter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats
from reasonlens.stats.bootstrap import drawn_limits, expanded_tail
from reasonlens.stats.estimate import LIKE, Codes, Seed, codes, generator, vector

__all__ = ["Band", "Curve", "curve", "kaplan_meier", "replicates", "survival_band", "times"]

FEW = "fewer than two problems: no interval"


@dataclass(frozen=True, slots=True)
class Curve:
    """Kaplan-Meier estimate: arrays over the different times of events.

    ``low`` and ``high`` take responses as independent; they fit one response per problem. With
    several, use `survival_band`.
    """

    time: Floats
    at_risk: Floats
    events: Floats
    survival: Floats
    low: Floats
    high: Floats
    level: float

    def at(self, times: npt.ArrayLike) -> Floats:
        """Share without an event up to and including each time."""
        place = np.searchsorted(self.time, np.asarray(times, dtype=np.float64), side="right")
        result: Floats = np.concatenate([[1.0], self.survival])[place]
        return result


@dataclass(frozen=True, slots=True)
class Band:
    """Survival on a grid of times with pointwise limits for "problems like these"."""

    time: Floats
    survival: Floats
    low: Floats
    high: Floats
    level: float
    method: str
    n_problems: int
    n: int
    seed: int | None
    estimand: str = LIKE


def kaplan_meier(time: npt.ArrayLike, event: npt.ArrayLike, level: float = 0.95) -> Curve:
    """Product-limit estimate with log-log Greenwood limits (Kaplan & Meier 1958).

    doi:10.1080/01621459.1958.10501452. ``S(t) = prod (1 - d_i / n_i)``; limits ``S^exp(-+ z s)`` with
    ``s = sqrt(sum d_i / (n_i (n_i - d_i))) / |ln S|``. NaN limits where S is 0.

    Parameters
    ----------
    time
        Words to the first marker, or to the end of the response, shape (n,).
    event
        1 if the marker was seen, 0 if the response ended first, shape (n,).
    level
        Confidence level.

    Examples
    --------
    >>> c = kaplan_meier([1, 2, 2, 3], [1, 1, 0, 1])  # 3/4, then 3/4 x 2/3, then 0
    >>> c.survival.tolist(), c.at_risk.tolist()
    ([0.75, 0.5, 0.0], [4.0, 3.0, 1.0])
    """
    t, seen = times(time, event)
    unique, place = np.unique(t, return_inverse=True)
    at_risk, events = _tallies(place, seen, np.ones(len(t)), len(unique))
    kept = events > 0
    n, d = at_risk[kept], events[kept]
    survival = np.asarray(np.cumprod(1 - d / n), dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(np.cumsum(d / (n * (n - d)))) / np.abs(np.log(survival))
        z = float(scipy.stats.norm.ppf((1 + level) / 2))
        low, high = survival ** np.exp(z * spread), survival ** np.exp(-z * spread)
    empty = survival <= 0
    low[empty] = high[empty] = np.nan
    return Curve(unique[kept], n, d, survival, low, high, level)


def survival_band(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    problem: npt.ArrayLike,
    grid: npt.ArrayLike,
    *,
    seed: Seed,
    draws: int = 1000,
    level: float = 0.95,
) -> Band:
    """Kaplan-Meier curve on a grid with a pointwise cluster-bootstrap band.

    Problems are drawn; limits are expanded percentiles (see `reasonlens.stats.bootstrap`). NaN
    limits where the draws do not vary, such as before the first event, and survival NaN beyond the
    longest response.

    Parameters
    ----------
    time, event
        As in `kaplan_meier`.
    problem
        Problem codes, shape (n,).
    grid
        Times, shape (G,).
    seed, draws, level
        As in `reasonlens.stats.bootstrap.bootstrap_of_sums`.

    Examples
    --------
    >>> b = survival_band([1, 2, 2, 3], [1, 1, 0, 1], [0, 0, 1, 1], [2], seed=0, draws=200)
    >>> b.survival.tolist(), b.n_problems
    ([0.5], 2)
    """
    t, seen = times(time, event)
    where = codes("problem", problem, len(t))
    points = vector("grid", grid)
    rng, number = generator(seed)
    problems = len(np.unique(where))
    method = f"Kaplan-Meier, {drawn_limits(problems, draws)}"
    unique, value, curves = replicates(t, seen, where, rng, draws if problems > 1 else 0)
    place = np.searchsorted(unique, points, side="right")
    beyond = points > unique[-1]
    survival = np.where(beyond & (value[-1] > 0), np.nan, np.r_[1.0, value][place])
    low = np.full(len(points), np.nan)
    high = low.copy()
    if problems > 1:
        drawn = np.array([np.r_[1.0, drawn_curve][place] for drawn_curve in curves])
        tail = float(scipy.stats.norm.cdf(expanded_tail(problems, level)))
        vary = (np.ptp(drawn, axis=0) > 0) & ~np.isnan(survival)
        low[vary], high[vary] = np.quantile(drawn[:, vary], [tail, 1 - tail], axis=0)
    else:
        method = FEW
    return Band(points, survival, low, high, level, method, problems, len(t), number)


def times(time: npt.ArrayLike, event: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return checked times and events."""
    t = vector("time", time)
    seen = vector("event", event, len(t))
    if not len(t):
        raise StatisticsError("there are no responses, so there is no curve")
    if np.any(t < 0) or not np.all(np.isin(seen, (0, 1))):
        raise StatisticsError("time must not be negative and event must be 0 or 1")
    return t, seen


def _tallies(place: Codes, seen: Floats, weight: Floats, size: int) -> tuple[Floats, Floats]:
    at_risk: Floats = np.cumsum(np.bincount(place, weight, size)[::-1])[::-1].astype(np.float64)
    return at_risk, np.bincount(place, weight * seen, size).astype(np.float64)


def curve(place: Codes, seen: Floats, weight: Floats, size: int) -> Floats:
    """Survival at each different time, given each response's place among them and its weight."""
    at_risk, events = _tallies(place, seen, weight, size)
    return np.asarray(np.cumprod(1 - events / np.maximum(at_risk, 1e-300)), dtype=np.float64)


def replicates(
    t: Floats, seen: Floats, where: Codes, rng: np.random.Generator, draws: int
) -> tuple[Floats, Floats, Iterator[Floats]]:
    """Different times, survival at them, and the survival in each bootstrap sample."""
    unique, place = np.unique(t, return_inverse=True)
    names, member = np.unique(where, return_inverse=True)
    value = curve(place, seen, np.ones(len(t)), len(unique))
    even = np.full(len(names), 1 / len(names))

    def drawn() -> Iterator[Floats]:
        for _ in range(draws):
            weight = rng.multinomial(len(names), even).astype(np.float64)[member]
            yield curve(place, seen, weight, len(unique))

    return unique, value, drawn()
