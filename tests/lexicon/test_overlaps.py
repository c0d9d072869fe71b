"""Overlaps: by example, and against a plain loop."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from reasonlens.lexicon.overlaps import Hits, leftmost_longest

CATEGORY = np.array([0, 0, 0, 1])
RANK = np.array([2, 1, 0, 3])

_HIT = st.tuples(st.integers(0, 2), st.integers(0, 12), st.integers(1, 5), st.integers(0, 3))


def made(rows: list[tuple[int, int, int, int]]) -> Hits:
    return Hits(*np.array(rows, np.int64).reshape(-1, 4).T)


def kept(rows: list[tuple[int, int, int, int]]) -> list[tuple[int, ...]]:
    hits = leftmost_longest(made(rows), CATEGORY, RANK)
    columns = (hits.row, hits.start, hits.end, hits.entry)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


def plain(rows: list[tuple[int, int, int, int]]) -> list[tuple[int, ...]]:
    found = []
    for row in range(3):
        for category in range(2):
            free = 0
            mine = [r for r in rows if r[0] == row and CATEGORY[r[3]] == category]
            for hit in sorted(mine, key=lambda r: (r[1], -r[2], RANK[r[3]])):
                if hit[1] >= free:
                    found.append(hit)
                    free = hit[2]
    return sorted(found)


def test_none_and_one() -> None:
    assert kept([]) == []
    assert kept([(0, 3, 5, 1)]) == [(0, 3, 5, 1)]
    assert len(Hits.none()) == len(Hits.joined([])) == 0


def test_the_leftmost_then_the_longest_is_kept() -> None:
    assert kept([(0, 3, 9, 0), (0, 0, 4, 1)]) == [(0, 0, 4, 1)]
    assert kept([(0, 0, 4, 0), (0, 0, 7, 1), (0, 7, 8, 0)]) == [(0, 0, 7, 1), (0, 7, 8, 0)]


def test_of_equal_spans_the_lowest_rank_is_kept() -> None:
    assert kept([(0, 0, 4, 0), (0, 0, 4, 1), (0, 0, 4, 2)]) == [(0, 0, 4, 2)]


def test_rows_and_categories_do_not_meet() -> None:
    rows = [(0, 0, 9, 0), (1, 3, 5, 0), (0, 3, 5, 3)]
    assert kept(rows) == sorted(rows)


@settings(deadline=None)
@given(st.lists(_HIT, max_size=25))
def test_equals_a_plain_loop(drawn: list[tuple[int, int, int, int]]) -> None:
    rows = [(row, start, start + size, entry) for row, start, size, entry in drawn]
    assert kept(rows) == plain(rows)


def test_places_too_far_for_one_number_sort_the_same() -> None:
    rows = [(0, 0, 4, 0), (0, 0, 7, 1), (0, 7, 8, 0), (0, 7, 8, 2)]
    far = 2**60
    shifted = [(row, start + far, end + far, entry) for row, start, end, entry in rows]
    assert kept(shifted) == [(row, a + far, b + far, entry) for row, a, b, entry in kept(rows)]
    assert len(kept(rows)) == 2
