"""Columns of text to counts and hits by the compiled kernel.

Every function returns ``None`` where the kernel does not serve: it was not built, was not asked for,
or met a column that is no valid text. The NumPy engine then does the same, or has the message.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from reasonlens.lexicon.kernel import choice
from reasonlens.lexicon.kernel.tables import tables_of
from reasonlens.lexicon.machine import Flags, Ints
from reasonlens.lexicon.overlaps import Hits
from reasonlens.lexicon.plan import Plan
from reasonlens.text import words

__all__ = [
    "Counted",
    "CountedLines",
    "LineCounter",
    "Searched",
    "count",
    "line_counter",
    "search",
    "surfaces",
]

_STRETCH = 16_384
"""Bytes of text that all passes see before the next ones are read: they fit the nearest caches."""

_LEVEL = -1
"""Which instructions to use: the best that the processor has; 0 for those that every processor has."""

_HIT = 6
"""Numbers of a hit: row, start, end, start in bytes, end in bytes, entry."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Counts of the word rule: lengths per row, and each entry in a row with its number, ascending.

    Those of row i stand before place ``ends[i]`` in `entry` and `n`.
    """

    n_chars: Ints
    n_words: Ints
    ends: Ints
    entry: npt.NDArray[np.int32]
    n: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Searched:
    """Hits of the word rule; `start_byte` and `end_byte` are places in the UTF-8 of the row."""

    n_words: Ints
    hits: Hits
    start_byte: Ints
    end_byte: Ints


@dataclass(frozen=True, slots=True)
class CountedLines:
    """Counts of the lines of a stretch of a file that are not blank.

    `number` counts all `n_lines` from 0. Lines that are not `plain` have no counts.
    """

    n_lines: int
    number: Ints
    plain: Flags
    counted: Counted


class LineCounter:
    """Counts in one field of JSON lines, in as many pieces as they come; for one thread at a time."""

    def __init__(self, module: Any, counter: Any) -> None:
        self._module = module
        self._counter = counter

    def add(self, lines: memoryview) -> list[bytes]:
        """Count in whole lines; return those that are not plain."""
        others: list[bytes] = self._module.add_lines(self._counter, lines)
        return others

    def take(self) -> CountedLines:
        """Return the counts of all lines since the last time."""
        n_lines, number, kind, counts = self._module.take_lines(self._counter)
        plain = np.frombuffer(kind, np.uint8) == 0
        return CountedLines(n_lines, _ints(number), plain, _counted(counts))


def count(column: pa.ChunkedArray, plan: Plan) -> Counted | None:
    """Count the words of `plan` in a column of texts."""
    found = _found(column, plan, hits=False)
    if found is None:
        return None
    if len(found) == 1:
        return _counted(found[0][1])
    parts = [_counted(one) for _, one in found]
    before = np.cumsum([0, *(len(part.n) for part in parts)])
    return Counted(
        _joined([part.n_chars for part in parts]),
        _joined([part.n_words for part in parts]),
        _joined([part.ends + first for part, first in zip(parts, before[:-1], strict=True)]),
        _joined([part.entry for part in parts]).astype(np.int32),
        _joined([part.n for part in parts]).astype(np.int32),
    )


def line_counter(plan: Plan, field: str) -> LineCounter | None:
    """Return what counts the words of `plan` in one field of JSON lines."""
    module = choice.kernel()
    program = _program(plan, _STRETCH, _LEVEL) if module is not None else None
    return None if program is None else LineCounter(module, module.line_counter(program, field.encode()))


def search(column: pa.ChunkedArray, plan: Plan) -> Searched | None:
    """Find the words of `plan` in a column of texts; hits in categories with patterns still overlap."""
    found = _found(column, plan, hits=True)
    if found is None:
        return None
    first, n_words, hits = 0, [np.zeros(0, np.int64)], [np.zeros((0, _HIT), np.int64)]
    for chunk, (_, word_counts, packed) in found:
        n_words.append(_ints(word_counts))
        hits.append(_ints(packed).reshape(-1, _HIT) + np.array([first, 0, 0, 0, 0, 0]))
        first += len(chunk)
    row, start, end, start_byte, end_byte, entry = np.concatenate(hits).T
    return Searched(np.concatenate(n_words), Hits(row, start, end, entry), start_byte, end_byte)


def surfaces(column: pa.ChunkedArray, row: Ints, start_byte: Ints, end_byte: Ints) -> pa.Array | None:
    """Return what stands between each two places; rows ascend."""
    module, texts = choice.kernel(), _texts(column)
    if module is None or texts is None:
        return None
    edges = np.searchsorted(row, np.cumsum([0, *(len(chunk) for chunk in texts)]))
    data, first = [], 0
    for chunk, low, high in zip(texts, edges[:-1], edges[1:], strict=True):
        _, offsets, bytes_ = chunk.buffers()
        width = np.int64 if pa.types.is_large_string(chunk.type) else np.int32
        shift = np.frombuffer(offsets, width)[chunk.offset + row[low:high] - first].astype(np.int64)
        data.append(module.slices(bytes_ or b"", shift + start_byte[low:high], shift + end_byte[low:high]))
        first += len(chunk)
    borders = np.zeros(len(row) + 1, np.int64)
    np.cumsum(end_byte - start_byte, out=borders[1:])
    buffers = [None, pa.py_buffer(borders), pa.py_buffer(b"".join(data))]
    return pa.Array.from_buffers(pa.large_string(), len(row), buffers).cast(pa.string())


def _found(column: pa.ChunkedArray, plan: Plan, *, hits: bool) -> list[tuple[pa.Array, Any]] | None:
    module, texts = choice.kernel(), _texts(column)
    if module is None or texts is None:
        return None
    program = _program(plan, _STRETCH, _LEVEL)
    if program is None:
        return None
    found = []
    for chunk in texts:
        valid, offsets, data = chunk.buffers()
        wide = pa.types.is_large_string(chunk.type)
        buffers = (data or b"", offsets or b"", valid or b"")
        one = module.search(program, *buffers, chunk.offset, len(chunk), wide, hits)
        if one is None:
            return None
        found.append((chunk, one))
    return found


def _texts(column: pa.ChunkedArray) -> list[pa.Array] | None:
    kind = column.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_null(kind) or kind == getattr(pa, "string_view", pa.null)() or kind != column.type:
        column = column.cast(pa.large_string())
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return None
    return list(column.chunks)


@lru_cache(maxsize=16)
def _program(plan: Plan, stretch: int, level: int) -> Any:
    """Compile a plan; ``None`` if it is too large for the kernel."""
    try:
        return choice.kernel().build(
            words.classes(),
            words.lower_table(),
            plan.category.astype(np.uint32),
            plan.rank.astype(np.uint32),
            plan.mixed.astype(np.uint8),
            [tables_of(machine) for machine in plan.machines],
            level,
            stretch,
        )
    except ValueError:
        return None


def _counted(raw: tuple[bytes, bytes, bytes, bytes, bytes]) -> Counted:
    chars, word_counts, ends, entry, n = raw
    return Counted(
        _ints(chars),
        _ints(word_counts),
        _ints(ends),
        np.frombuffer(entry, np.int32),
        np.frombuffer(n, np.int32),
    )


def _ints(raw: bytes) -> Ints:
    return np.frombuffer(raw, np.int64)


def _joined(parts: list[Any]) -> Any:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)
