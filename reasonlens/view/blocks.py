"""A document in paragraphs and pieces, as a page shows it, and the strip of where its marks stand."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from reasonlens.view.document import DRAWN, Document, Mark, begin

__all__ = ["BINS", "STRETCHES", "Block", "Piece", "Strip", "block_at", "blocks", "steps_in", "strip"]

_BLANK = re.compile(r"\n[^\S\n]*\n\s*")
_LONGEST = 4000  # characters of a block: a browser lays out what is in sight, block by block
BINS = 400
"""Places of the strip."""

STRETCHES = 100
"""Stretches of the strip that can be clicked; few nodes, so that a page of a long trace stays quick."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text with the layers that it belongs to."""

    text: str
    layers: tuple[int, ...]
    note: str
    first: bool  # the first piece of a mark: what the keyboard jumps to


@dataclass(frozen=True, slots=True)
class Strip:
    """The position strip: per layer the places with marks (in 1/400 of the text), per stretch its block."""

    places: tuple[tuple[int, ...], ...]
    leads: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, with the part of the response that it belongs to."""

    number: int
    start: int
    part: str
    pieces: tuple[Piece, ...]


def blocks(document: Document) -> list[Block]:
    """Cut the response into paragraphs, and each paragraph into pieces with the same layers."""
    text, edges = document.text, _edges(document)
    cuts = [0, *(m.end() for m in _BLANK.finditer(text)), len(text)]
    bounds = sorted({*_shortened(cuts), *(at for at, _ in edges)} - {len(text)}) or [0]
    found, active, marks = [], 0, document.marks[:DRAWN]
    for number, (start, end) in enumerate(zip(bounds, [*bounds[1:], len(text)], strict=True)):
        part = next(name for at, name in reversed(edges) if at <= start)
        while active < len(marks) and marks[active].end <= start:
            active += 1
        found.append(Block(number, start, part, tuple(_pieces(text, start, end, marks, active))))
    return found


def _shortened(cuts: Sequence[int]) -> Iterable[int]:
    for start, end in pairwise(cuts):
        yield from range(start, max(end, start + 1), _LONGEST)


def _edges(document: Document) -> list[tuple[int, str]]:
    """Return where the reasoning and the answer begin in the response."""
    at = begin(document.record, "answer")
    if not document.record["reasoning"]:
        return [(0, "answer")]
    return [(0, "reasoning"), (at, "answer")] if at > 0 else [(0, "reasoning")]


def _pieces(text: str, start: int, end: int, marks: Sequence[Mark], first: int) -> Iterable[Piece]:
    mine = []
    for place in range(first, len(marks)):
        mark = marks[place]
        if mark.start >= end:
            break
        if mark.end > start:
            mine.append(mark)
    at = sorted({start, end, *(min(max(edge, start), end) for m in mine for edge in (m.start, m.end))})
    open_marks: list[Mark] = []
    waiting = 0
    for left, right in pairwise(at):
        while waiting < len(mine) and mine[waiting].start <= left:
            open_marks.append(mine[waiting])
            waiting += 1
        open_marks = [m for m in open_marks if m.end > left]
        yield Piece(
            text[left:right],
            tuple(dict.fromkeys(m.layer for m in open_marks)),
            "; ".join(dict.fromkeys(m.note for m in open_marks if m.note)),
            any(m.start == left for m in open_marks),
        )


def strip(document: Document, found: Sequence[Block]) -> Strip:
    """Return where the marks stand in the whole response, and where a click on it leads."""
    size = max(len(document.text), 1)
    places: list[set[int]] = [set() for _ in document.layers]
    for mark in document.marks:
        places[mark.layer].add(mark.start * BINS // size)
    leads = tuple(block_at(found, size * stretch // STRETCHES) for stretch in range(STRETCHES))
    return Strip(tuple(tuple(sorted(mine)) for mine in places), leads)


def steps_in(document: Document) -> list[tuple[dict[str, Any], int]]:
    """Return the steps of a trace, each with its place in the response (-1 if it has none)."""
    shifts = {part: begin(document.record, part) for part in ("response", "reasoning", "answer")}
    found = []
    for step in document.steps:
        shift = shifts.get(step["part"], -1)
        placed = step["start"] is not None and step["start"] >= 0 and shift >= 0
        found.append((step, shift + step["start"] if placed else -1))
    return found


def block_at(found: Sequence[Block], place: int) -> int:
    """Return the number of the block that holds a place, or -1 for none."""
    return found[bisect_right([block.start for block in found], place) - 1].number if place >= 0 else -1
