"""Hits, and which of several overlapping ones counts: leftmost, then longest, within a category."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reasonlens.lexicon.machine import Flags, Ints

__all__ = ["Hits", "leftmost_longest"]


@dataclass(frozen=True, slots=True)
class Hits:
    """Hits as arrays: row, half-open character places, entry."""

    row: Ints
    start: Ints
    end: Ints
    entry: Ints

    @classmethod
    def none(cls) -> Hits:
        """Return no hits."""
        return cls(*(np.zeros(0, np.int64) for _ in range(4)))

    @classmethod
    def joined(cls, several: Sequence[Hits]) -> Hits:
        """Return all of `several`."""
        names = ("row", "start", "end", "entry")
        if not several:
            return cls.none()
        return cls(*(np.concatenate([getattr(hits, name) for hits in several]) for name in names))

    def __len__(self) -> int:
        return len(self.entry)

    def take(self, which: Ints | Flags) -> Hits:
        """Return some of the hits."""
        return Hits(self.row[which], self.start[which], self.end[which], self.entry[which])


def leftmost_longest(hits: Hits, category: Ints, rank: Ints) -> Hits:
    """Resolve overlaps within each category of each row.

    Going from left to right, the longest hit at a place is kept and whatever overlaps it is
    dropped. Of two hits of the same span the one with the lower rank is kept.

    Parameters
    ----------
    category, rank
        For every entry.

    Examples
    --------
    Entries 0 "so that" and 1 "that the" over "so that the": the first is kept.

    >>> place = [np.array(x) for x in ([0, 0], [0, 3], [7, 11], [0, 1])]
    >>> leftmost_longest(Hits(*place), np.array([0, 0]), np.array([0, 1])).entry.tolist()
    [0]
    """
    if len(hits) < 2:
        return hits
    group = hits.row * (int(category.max()) + 1) + category[hits.entry]
    far = int(hits.end.max()) + 1  # groups lie one after another, so that one pass does all
    start, end = hits.start + group * far, hits.end + group * far
    order = _order(start, end - start, rank[hits.entry])
    hits, start, end = hits.take(order), start[order], end[order]
    free = np.ones(len(hits) + 1, np.bool_)
    free[1:-1] = start[1:] >= np.maximum.accumulate(end)[:-1]
    crowded = np.flatnonzero(~(free[:-1] & free[1:]))
    keep = np.ones(len(hits), np.bool_)
    reached = 0
    for i, a, b in zip(crowded.tolist(), start[crowded].tolist(), end[crowded].tolist(), strict=True):
        if a < reached:
            keep[i] = False
        else:
            reached = b
    return hits.take(keep)


def _order(start: Ints, size: Ints, rank: Ints) -> Ints:
    """Sort by start, then the longest first, then by rank: in one number if that has room for all."""
    n_ranks, longest = int(rank.max()) + 1, int(size.max())
    after = (longest - size) * n_ranks + rank
    room = (longest + 1) * n_ranks
    if int(start.max()) < 2**62 // room:
        return np.argsort(start * room + after)
    return np.lexsort((after, start))
