"""Ragged lists in arrays, and the kinds of arrays that matching works with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Flags", "Ints", "Lists"]

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Lists:
    """Ragged lists in two arrays: list i is ``values[starts[i]:starts[i + 1]]``.

    `only` has the one item of each list, -1 where it has none; ``None`` if a list has several.
    """

    starts: Ints
    values: Ints
    sizes: Ints
    only: Ints | None

    @classmethod
    def of(cls, lists: Sequence[Sequence[int]]) -> Lists:
        """Pack `lists`, whose items are not negative."""
        sizes = np.array([len(x) for x in lists], np.int64)
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        values = np.array([v for x in lists for v in x], np.int64)
        several = any(len(x) > 1 for x in lists)
        only = None if several else np.array([x[0] if x else -1 for x in lists], np.int64)
        return cls(starts, values, sizes, only)

    def expand(self, which: Ints) -> tuple[Ints, Ints]:
        """Return, for the lists numbered `which`, the place in `which` and the value of each item."""
        if not len(self.values):
            none = np.zeros(0, np.int64)
            return none, none
        if self.only is not None:
            values = self.only.take(which)
            place = np.flatnonzero(values >= 0)
            return place, values.take(place)
        sizes = self.sizes.take(which)
        place = np.flatnonzero(sizes)
        sizes = sizes.take(place)
        last = np.cumsum(sizes)
        shift = np.repeat(self.starts.take(which.take(place)) - last + sizes, sizes)
        return np.repeat(place, sizes), self.values.take(shift + np.arange(len(shift)))
