"""Where the row groups of a Parquet file begin, so that a range of its bytes stands for some of them.

A row group belongs to the range that its first byte is in, as a line does: ranges that cover a file
hold every row group once.
"""

from __future__ import annotations

import itertools
from typing import Any

import pyarrow.parquet as pq

__all__ = ["cuts", "starts", "within"]


def starts(meta: pq.FileMetaData) -> list[int]:
    """Return the first byte of each row group."""
    return [_start(meta.row_group(i)) for i in range(meta.num_row_groups)]


def _start(group: Any) -> int:
    found = []
    for i in range(group.num_columns):
        column = group.column(i)
        pages = (column.dictionary_page_offset, column.data_page_offset)
        found += [place for place in pages if place]  # some writers say 0 for "there is none"
    return int(min(found, default=0))


def cuts(meta: pq.FileMetaData, size: int, target: int) -> list[tuple[int, int]]:
    """Cut a file of `size` bytes where row groups begin, into ranges of at least `target` bytes but the last.

    One range if the row groups do not follow each other.
    """
    known = starts(meta)
    if any(a >= b for a, b in itertools.pairwise(known)):
        return [(0, size)]
    edges = [0]
    for place in known[1:]:
        if place - edges[-1] >= target:
            edges.append(place)
    return list(itertools.pairwise([*edges, size]))


def within(meta: pq.FileMetaData, start: int, end: int | None) -> tuple[list[int], int]:
    """Return the row groups that begin in a range of bytes, and how many rows are before them."""
    chosen = [i for i, place in enumerate(starts(meta)) if start <= place and (end is None or place < end)]
    before = sum(meta.row_group(i).num_rows for i in range(chosen[0])) if chosen else 0
    return chosen, before
