"""Which words match which: the cheapest assignment of a word of its own to each target in each set."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["REFUSED", "cheapest_sets", "costs"]

REFUSED = 1e6
"""What a match beyond the limits costs: more than any number of allowed ones."""


def costs(
    targets: pd.DataFrame, pool: pd.DataFrame, unit: tuple[float, float], limit: tuple[float, float]
) -> npt.NDArray[np.float64]:
    """Return squared distances in units of `unit`, refused beyond `limit`; shape (targets, pool)."""
    rate = np.log10(targets["rate"].to_numpy())[:, None] - np.log10(pool["rate"].to_numpy())[None, :]
    start = targets["start"].to_numpy()[:, None] - pool["start"].to_numpy()[None, :]
    cost = (rate / unit[0]) ** 2 + (start / unit[1]) ** 2
    beyond = (np.abs(rate) > limit[0] + 1e-12) | (np.abs(start) > limit[1] + 1e-12)
    return np.where(beyond, REFUSED, cost)


def cheapest_sets(cost: npt.NDArray[np.float64], n_sets: int) -> npt.NDArray[np.int64]:
    """Return the places of the words of as many sets as can be made, shape (sets, targets)."""
    low, best = 0, np.zeros((0, len(cost)), np.int64)
    high = n_sets
    while low < high:
        middle = (low + high + 1) // 2
        found = _assigned(cost, middle)
        if found is None:
            high = middle - 1
        else:
            low, best = middle, found
    return best


def _assigned(cost: npt.NDArray[np.float64], n_sets: int) -> npt.NDArray[np.int64] | None:
    """Return the cheapest assignment of a word of its own to each target in each set, if there is one."""
    from scipy.optimize import linear_sum_assignment

    if cost.shape[0] * n_sets > cost.shape[1]:
        return None
    repeated = np.repeat(cost, n_sets, axis=0)
    rows, columns = linear_sum_assignment(repeated)
    if (repeated[rows, columns] >= REFUSED).any():
        return None
    return np.asarray(columns, np.int64).reshape(len(cost), n_sets).T
