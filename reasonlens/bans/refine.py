"""Which states of a machine behave alike (Moore's refinement), in whole arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["classes_of", "refined"]

Ints = npt.NDArray[np.int64]


def refined(step: Ints, *shown: npt.NDArray[np.generic]) -> Ints:
    """Return the class of each state; classes are numbered by their first state.

    Parameters
    ----------
    step
        The next states, shape (states, symbols).
    shown
        What a state shows, each of shape (states, any): states of one class show the same, and step
        to states of one class.

    Examples
    --------
    >>> refined(np.array([[1], [0], [1]]), np.array([[True], [False], [True]])).tolist()
    [0, 1, 0]
    """
    block = classes_of(np.concatenate([part.astype(np.int64) for part in shown], axis=1))
    n = 0
    while int(block.max()) + 1 > n:
        n = int(block.max()) + 1
        block = classes_of(np.concatenate([block[:, None], block[step]], axis=1))
    return block


def classes_of(rows: Ints) -> Ints:
    """Return the number of each row among the distinct rows, in the order of their first place."""
    packed = np.ascontiguousarray(rows.astype(np.int32))
    view = packed.view(np.dtype((np.void, packed.shape[1] * 4))).reshape(-1)
    _, first, number = np.unique(view, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[number.reshape(-1)]
