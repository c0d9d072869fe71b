"""Tests of a family at once: step-down max-T over sign flips of whole problems.

P-values are ``(b + 1) / (m + 1)`` (Phipson & Smyth 2010, doi:10.2202/1544-6115.1585).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats
from reasonlens.stats.estimate import Seed, generator
from reasonlens.stats.permutation import random_signs

__all__ = ["MaxT", "max_t"]

_BLOCK = 4_000_000  # numbers held at once
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class MaxT:
    """Tests of a family: one entry per member. ``p_adjusted`` controls the chance of any error."""

    statistic: Floats
    p_value: Floats
    p_adjusted: Floats
    method: str
    n_problems: int
    seed: int | None


def max_t(
    contributions: npt.ArrayLike,
    *,
    seed: Seed,
    draws: int = 9999,
    progress: Callable[[int], None] | None = None,
) -> MaxT:
    """Step-down max-T for a family of tests on the same problems (Westfall & Young 1993).

    Every draw flips whole problems, so that the dependence between the members of the family
    (words that occur together) is kept. The statistic of a member is
    ``sum_p d_p / sqrt(sum_p d_p^2)``, a monotone function of its t statistic.

    Parameters
    ----------
    contributions
        Differences per problem and member, shape (P, F).
    seed
        Integer or generator.
    draws
        Number of sign patterns.
    progress
        Called with the number of draws of each block once it is done.

    Returns
    -------
    MaxT
        A member without any difference has statistic 0 and p-values 1.

    Examples
    --------
    >>> family = max_t([[1, 1], [2, -1], [3, 1], [2, -1], [1, 0]], seed=0, draws=999)
    >>> family.statistic.round(3).tolist()  # 9 / sqrt(19), 0 / sqrt(4)
    [2.065, 0.0]
    """
    table = np.asarray(contributions, dtype=np.float64)
    if table.ndim != 2 or not np.all(np.isfinite(table)):
        raise StatisticsError(f"contributions must be finite, problems x tests, got shape {table.shape}")
    problems, members = table.shape
    norm = np.sqrt(np.sum(table**2, axis=0))
    table = table / np.where(norm > 0, norm, 1.0)
    observed = table.sum(axis=0)
    rng, number = generator(seed)
    order = np.argsort(np.abs(observed), kind="stable")  # smallest first: maxima accumulate upwards
    table, bound = table[:, order], np.abs(observed[order]) - _ROUNDING
    single, joint, left = np.zeros(members), np.zeros(members), draws
    while left:
        rows = min(left, max(1, _BLOCK // max(members, problems, 1)))
        flipped = np.abs(random_signs(rng, rows, problems) @ table)
        single += np.sum(flipped >= bound, axis=0)
        np.maximum.accumulate(flipped, axis=1, out=flipped)
        joint += np.sum(flipped >= bound, axis=0)
        left -= rows
        if progress:
            progress(rows)
    raw, adjusted = np.empty(members), np.empty(members)
    raw[order] = (single + 1) / (draws + 1)
    adjusted[order] = np.maximum.accumulate((joint[::-1] + 1) / (draws + 1))[::-1]
    name = f"sign flips of problems, step-down max-T, {draws} draws"
    return MaxT(observed, raw, adjusted, name, problems, number)
