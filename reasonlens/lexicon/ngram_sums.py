"""Adding up how often terms occur in the cells of a study, batch by batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Sums", "Tally", "distinct"]

_LOW = (1 << 32) - 1
_HELD = 4_000_000  # rows of counts that wait before they are added up

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tally:
    """Nonzero counts: ``hits`` of a term in a cell, in ``present`` of its texts; by cell, then term."""

    cell: Ints
    term: Ints
    hits: Ints
    present: Ints


class Sums:
    """Counts per cell and term, added up now and then."""

    def __init__(self) -> None:
        self._held: list[tuple[Ints, Ints, Ints]] = []  # key, hits, present
        self._rows = 0

    def add(self, term: Ints, text: Ints, cells: Ints) -> None:
        """Take the terms that occur in a batch, each with its text; `cells` has one item per text."""
        pairs = text << 32 | term
        pairs.sort()
        starts = np.flatnonzero(np.diff(pairs, prepend=-1))
        hits = np.diff(starts, append=len(pairs))
        keys = cells[pairs[starts] >> 32] << 32 | (pairs[starts] & _LOW)
        self._held.append((keys, hits, np.ones(len(keys), np.int64)))
        self._rows += len(keys)
        if self._rows > _HELD:
            self._merge()

    def _merge(self) -> None:
        keys, hits, present = (np.concatenate(column) for column in zip(*self._held, strict=True))
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        starts = np.flatnonzero(np.diff(keys, prepend=-1))
        if len(starts):
            hits, present = (np.add.reduceat(each[order], starts) for each in (hits, present))
        self._held, self._rows = [(keys[starts], hits, present)], 0

    def total(self) -> Tally:
        """Return all counts, by cell, then by term."""
        if not self._held:
            none = np.zeros(0, np.int64)
            return Tally(none, none, none, none)
        self._merge()
        keys, hits, present = self._held[0]
        return Tally(keys >> 32, keys & _LOW, hits, present)


def distinct(values: Ints) -> Ints:
    """Sort `values` in place, none negative; return each once."""
    values.sort()
    result: Ints = values[np.diff(values, prepend=-1) != 0]
    return result
