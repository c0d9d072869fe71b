"""Texts to hits and word counts, by the compiled kernel, or by NumPy in stretches that fit the cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from reasonlens.lexicon.engine import BORDER, find
from reasonlens.lexicon.kernel import choice, program
from reasonlens.lexicon.machine import Ints
from reasonlens.lexicon.overlaps import Hits, leftmost_longest
from reasonlens.lexicon.plan import Other, Plan
from reasonlens.text import words
from reasonlens.text.words import AnyCodes

__all__ = ["Chunk", "others", "scan"]

_BLOCK = 500_000  # characters searched together


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of the result: words per row (a long text is in several chunks), and hits."""

    row: Ints
    n_words: Ints
    hits: Hits


class _Piece(NamedTuple):
    """A text, or a part of a long one that starts at `shift`."""

    row: int
    shift: int
    text: str


def scan(texts: Sequence[str], plan: Plan) -> Iterator[Chunk]:
    """Yield the hits in `texts` and their numbers of words."""
    waiting = []  # words in categories that have patterns too
    for chunk in _of_words(texts, plan):
        if plan.patterns:
            mixed = plan.mixed[plan.category[chunk.hits.entry]]
            waiting.append(chunk.hits.take(mixed))
            chunk = Chunk(chunk.row, chunk.n_words, chunk.hits.take(~mixed))
        yield chunk
    none = np.zeros(0, np.int64)
    yield from others(texts, plan)
    if plan.patterns:
        waiting += [_each(pattern, texts) for pattern in plan.patterns]
        yield Chunk(none, none, leftmost_longest(Hits.joined(waiting), plan.category, plan.rank))


def others(texts: Sequence[str], plan: Plan) -> Iterator[Chunk]:
    """Yield the hits of the rules that are not about words."""
    none = np.zeros(0, np.int64)
    for rule in plan.rules:
        yield Chunk(none, none, _each(rule, texts))


def _of_words(texts: Sequence[str], plan: Plan) -> Iterator[Chunk]:
    """Yield words; hits in mixed categories still overlap."""
    found = program.search(_column(texts), plan) if choice.kernel() is not None else None
    if found is not None:
        yield Chunk(np.arange(len(texts)), found.n_words, found.hits)
        return
    for pieces in _groups(texts, plan):
        yield _search(pieces, plan)


def _column(texts: Sequence[str]) -> pa.ChunkedArray:
    try:
        return pa.chunked_array([pa.array(texts, pa.large_string())])
    except UnicodeEncodeError:  # halves of surrogate pairs, which are no text for Arrow
        return pa.chunked_array([], pa.binary())


def _search(pieces: Sequence[_Piece], plan: Plan) -> Chunk:
    """Search for words; hits in mixed categories still overlap."""
    codes, starts = _joined(pieces)
    tokens = words.tokenize(codes)
    n_words = np.append(0, np.cumsum(tokens.is_word))
    per_piece = np.diff(n_words[np.searchsorted(tokens.starts, starts)])
    row = np.array([piece.row for piece in pieces], np.int64)
    shift = np.array([piece.shift for piece in pieces], np.int64) - starts[:-1]
    final, contested = [], []
    for machine in plan.machines:
        found = find(machine, codes, tokens)
        piece = np.searchsorted(starts, found.start, side="right") - 1
        away = shift[piece]
        hits = Hits(row[piece], found.start + away, found.end + away, found.entry)
        settled = found.alone
        if plan.mixed.any():
            settled = settled | plan.mixed[plan.category[found.entry]]
        final.append(hits.take(np.flatnonzero(settled)))
        contested.append(hits.take(np.flatnonzero(~settled)))
    final.append(leftmost_longest(Hits.joined(contested), plan.category, plan.rank))
    return Chunk(row, per_piece, Hits.joined(final))


def _joined(pieces: Sequence[_Piece]) -> tuple[AnyCodes, Ints]:
    """Return the code points of all pieces with borders, and the start of each piece (and of a next)."""
    starts = np.zeros(len(pieces) + 1, np.int64)
    np.cumsum([len(piece.text) + len(BORDER) for piece in pieces], out=starts[1:])
    text = BORDER.join(["", *(piece.text for piece in pieces), ""])
    return words.narrow_codepoints(text), starts + len(BORDER)


def _each(other: Other, texts: Sequence[str]) -> Hits:
    row, start, end, number = np.array(list(other.find(texts)), np.int64).reshape(-1, 4).T
    return Hits(row, start, end, other.entries[number])


def _groups(texts: Sequence[str], plan: Plan) -> Iterator[list[_Piece]]:
    """Yield pieces that are searched together: ASCII apart from other text, which is wider."""
    groups: dict[bool, list[_Piece]] = {True: [], False: []}
    sizes = {True: 0, False: 0}
    for piece in _pieces(texts, plan):
        narrow = piece.text.isascii()
        groups[narrow].append(piece)
        sizes[narrow] += len(piece.text)
        if sizes[narrow] >= _BLOCK:
            yield groups[narrow]
            groups[narrow], sizes[narrow] = [], 0
    yield from filter(None, groups.values())


def _pieces(texts: Sequence[str], plan: Plan) -> Iterator[_Piece]:
    """Cut long texts where nothing matches across; a text without such a place stays whole."""
    for row, text in enumerate(texts):
        start = 0
        while len(text) - start > 2 * _BLOCK and (found := plan.cut.search(text, start + _BLOCK)):
            yield _Piece(row, start, text[start : found.end()])
            start = found.end()
        yield _Piece(row, start, text[start:])
