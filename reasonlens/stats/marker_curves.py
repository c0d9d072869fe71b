"""Kaplan-Meier band and median from one set of bootstrap draws, for many responses.

The same numbers as `reasonlens.stats.survival.survival_band` and
`reasonlens.stats.marker_time.median_time` with the same seed. Responses are added up by problem and
time once, so that a draw of problems costs a row of a matrix product, and several markers of the
same responses can share the draws.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import sparse, stats

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats
from reasonlens.stats.bootstrap import drawn_limits, expanded_tail
from reasonlens.stats.estimate import LIKE, Codes, Estimate, codes, vector
from reasonlens.stats.survival import FEW, Band, times

__all__ = ["Weights", "curve_and_median", "drawn"]

Weights = npt.NDArray[np.uint8]

_BLOCK = 2_000_000  # numbers held at a time


def drawn(problems: int, draws: int, seed: int) -> Weights:
    """Return how often each problem is drawn in each bootstrap sample, shape (draws, problems).

    Those of `reasonlens.stats.bootstrap.multinomial_weights`, in an eighth of the memory.

    Examples
    --------
    >>> drawn(3, 2, 0).sum(axis=1).tolist()
    [3, 3]
    """
    rng, even = np.random.default_rng(seed), np.full(problems, 1 / problems)
    weights = np.empty((draws, problems), np.uint8)  # chances of more than 255 are nil
    block = max(1, _BLOCK // problems)
    for first in range(0, draws, block):
        weights[first : first + block] = rng.multinomial(problems, even, size=min(block, draws - first))
    return weights


def curve_and_median(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    problem: npt.ArrayLike,
    grid: npt.ArrayLike,
    *,
    weights: Weights,
    seed: int | None = None,
    level: float = 0.95,
) -> tuple[Band, Estimate]:
    """Return the share still without the marker at the times of `grid`, and the median time.

    Parameters
    ----------
    time, event, problem, grid, level
        As in `reasonlens.stats.survival.survival_band`.
    weights
        What `drawn` returned for as many problems.
    seed
        The seed of `weights`, carried into the result.

    Examples
    --------
    >>> problem = [0, 0, 1, 1]
    >>> band, median = curve_and_median([1, 2, 2, 3], [1, 1, 0, 1], problem, [2], weights=drawn(2, 200, 0))
    >>> band.survival.tolist(), median.value
    ([0.5], 2.0)
    """
    t, seen = times(time, event)
    points = vector("grid", grid)
    names, where = np.unique(codes("problem", problem, len(t)), return_inverse=True)
    steps = np.unique(t[seen == 1])
    tables = _tables(t, seen, where.reshape(-1), steps)
    value = _curves(np.ones((1, len(names))), *tables)[0]
    problems, size = len(names), len(t)
    if weights.shape[1:] != (problems,):
        raise StatisticsError(f"weights must have {problems} columns, one per problem, got {weights.shape}")
    place = np.searchsorted(steps, points, side="right")
    last = float(value[-1]) if len(value) else 1.0
    survival = np.where((points > t.max()) & (last > 0), np.nan, np.r_[1.0, value][place])
    low = np.full(len(points), np.nan)
    high, ends, method = low.copy(), (np.nan, np.nan), FEW
    if problems > 1:
        method = drawn_limits(problems, len(weights))
        tail = float(stats.norm.cdf(expanded_tail(problems, level)))
        at_points, medians = [], []
        for block in _replicates(tables, weights, len(steps)):
            curves = np.concatenate([np.ones((len(block), 1)), block], axis=1)
            at_points.append(curves[:, place])
            medians.append(_medians(steps, block))
        every = np.concatenate(at_points)
        vary = (np.ptp(every, axis=0) > 0) & ~np.isnan(survival)
        low[vary], high[vary] = np.quantile(every[:, vary], [tail, 1 - tail], axis=0)
        limits = np.quantile(np.concatenate(medians), [tail, 1 - tail], method="inverted_cdf")
        ends = (float(limits[0]), float(limits[1]))
    middle = float(_medians(steps, value[None, :])[0])
    named = method if method == FEW else f"Kaplan-Meier, {method}"
    band = Band(points, survival, low, high, level, named, problems, size, seed)
    named = method if method == FEW else f"median, {method}"
    found = middle if np.isfinite(middle) else np.nan
    return band, Estimate(found, *ends, level, named, problems, size, LIKE, seed=seed)


def _tables(t: Floats, seen: Floats, where: Codes, steps: Floats) -> tuple[sparse.csr_matrix, ...]:
    """Per problem and time of an event: responses that end by then as the last time, and events."""
    shape = (int(where.max()) + 1, len(steps))
    last = np.searchsorted(steps, t, side="right") - 1  # the last event time at which it is at risk
    risk, marks = last >= 0, seen == 1
    return tuple(
        sparse.csr_matrix((np.ones(int(use.sum())), (where[use], last[use])), shape=shape)
        for use in (risk, marks)
    )


def _curves(weights: Floats, ends: sparse.csr_matrix, events: sparse.csr_matrix) -> Floats:
    """Survival at the times of events, one row per row of `weights` (times each problem is drawn)."""
    at_risk = np.cumsum(np.asarray(weights @ ends)[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(
        np.cumprod(1 - np.asarray(weights @ events) / np.maximum(at_risk, 1e-300), axis=1), dtype=np.float64
    )


def _replicates(tables: tuple[sparse.csr_matrix, ...], weights: Weights, size: int) -> Iterator[Floats]:
    block = max(1, _BLOCK // (size + weights.shape[1] + 1))
    for first in range(0, len(weights), block):
        yield _curves(weights[first : first + block].astype(np.float64), *tables)


def _medians(steps: Floats, curves: Floats) -> Floats:
    """First time at which each curve is down to one half, infinite where it never is."""
    half = curves <= 0.5 + 1e-12
    if not len(steps):
        return np.full(len(curves), np.inf)
    return np.where(half.any(axis=1), steps[np.argmax(half, axis=1)], np.inf)
