"""Counting straight from JSON lines: one field of each line, in one pass over the bytes of the file.

The kernel reads plain lines itself. Lines that are rare or broken go through a general reader, one by
one; without the kernel all of them do. Both ways give the same table.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO, Protocol

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from reasonlens.lexicon.count import count_table
from reasonlens.lexicon.kernel import program
from reasonlens.lexicon.kernel.program import Counted, LineCounter
from reasonlens.lexicon.machine import Ints
from reasonlens.lexicon.model import Lexicon
from reasonlens.lexicon.pieces import limited, pieces, ranges
from reasonlens.lexicon.plan import plan_of

__all__ = ["PARQUET", "SCHEMA", "count_lines"]

SCHEMA = pa.schema(
    [
        ("line", pa.int64()),
        ("n_chars", pa.int64()),
        ("n_words", pa.int64()),
        ("entry", pa.list_(pa.int32())),
        ("n", pa.list_(pa.int32())),
        ("problem", pa.string()),
    ]
)

_SMALL = ("line", "n_chars", "n_words", "entry.list.element", "n.list.element")

PARQUET: dict[str, Any] = {
    "compression": "zstd",
    "use_dictionary": False,
    "column_encoding": dict.fromkeys(_SMALL, "BYTE_STREAM_SPLIT"),
    "write_statistics": ["line", "n_chars", "n_words"],
    "write_batch_size": 2**16,
}
"""Options of `pyarrow.parquet.ParquetWriter` for these tables: their numbers are small, and their bytes of
equal weight, side by side, are packed sooner and better than a dictionary."""

_CHUNK = 16 * 2**20  # bytes of the file that a table is for
_PIECE = 2**19  # bytes read at a time: they are still in a near cache when they are counted

_Counted = tuple[Ints, pa.Table, int]
"""Of a chunk: numbers of its lines that are not blank, from 0, their rows, and how many lines it has."""

_COUNTS = pa.schema(list(SCHEMA)[1:])


def count_lines(
    path: Path,
    lexicons: Sequence[Lexicon],
    *,
    field: str = "response",
    chunk: int = _CHUNK,
    threads: int = 1,
) -> Iterator[pa.Table]:
    """Count the entries of `lexicons` in one field of each line of a file.

    Parameters
    ----------
    path
        A file of JSON objects, one per line. Blank lines are passed over.
    field
        The key of the text. A null counts as empty.
    chunk
        For how many bytes of the file a table is, at least; for fewer at its end.
    threads
        How many chunks are counted at the same time; only the kernel gains by it. A pipe is read by one.

    Yields
    ------
    pyarrow.Table
        One row per line, in their order: ``line`` (from 1), ``n_chars``, ``n_words``, the lists ``entry``
        (numbers of `reasonlens.lexicon.count.entry_index`) and ``n``, and ``problem``: null, or why the
        line has no counts.
    """
    before, new = 0, partial(_counter, list(lexicons), field)
    with path.open("rb", buffering=0) as file:
        if threads > 1 and file.seekable():
            found = _shared_out(path, ranges(file, chunk, threads), new, min(chunk, _PIECE), threads)
        else:
            found = _in_turn(file, new(), chunk)
        for line, table, n_lines in found:
            yield table.add_column(0, SCHEMA.field("line"), _array(line + (before + 1), pa.int64()))
            before += n_lines


class _Counter(Protocol):
    """Takes lines in pieces, and gives what all of them since the last time have."""

    def add(self, lines: memoryview) -> None: ...

    def take(self) -> _Counted: ...


def _in_turn(file: BinaryIO, counter: _Counter, chunk: int) -> Iterator[_Counted]:
    size = 0
    for piece in pieces(file.readinto, min(chunk, _PIECE)):  # type: ignore[attr-defined]
        counter.add(piece)
        size += len(piece)
        if size >= chunk:
            yield counter.take()
            size = 0
    if size:
        yield counter.take()


def _shared_out(
    path: Path, parts: Iterator[tuple[int, int]], new: Callable[[], _Counter], size: int, threads: int
) -> Iterator[_Counted]:
    counters: SimpleQueue[_Counter] = SimpleQueue()
    for _ in range(threads):
        counters.put(new())

    def work(start: int, stop: int) -> _Counted:
        counter = counters.get()
        try:
            with path.open("rb", buffering=0) as file:
                for piece in pieces(limited(file, start, stop), size):
                    counter.add(piece)
            return counter.take()
        finally:  # after an error too: nothing that comes later is given out, but others wait
            counters.put(counter)

    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[_Counted]] = deque()
        for start, stop in parts:
            waiting.append(pool.submit(work, start, stop))
            if len(waiting) > 2 * threads:  # so that none waits for the slowest
                yield waiting.popleft().result()
        for future in waiting:
            yield future.result()


def _counter(lexicons: list[Lexicon], field: str) -> _Counter:
    fast = program.line_counter(plan_of(tuple(lexicons)), field) if _all_words(lexicons) else None
    return _General(lexicons, field) if fast is None else _Fast(fast, _General(lexicons, field))


class _General:
    """Counts with a library for JSON."""

    def __init__(self, lexicons: list[Lexicon], field: str) -> None:
        self._lexicons, self._field = lexicons, field
        self._lines: list[bytes] = []

    def add(self, lines: memoryview) -> None:
        self._lines += bytes(lines).removesuffix(b"\n").split(b"\n")

    def take(self) -> _Counted:
        lines, self._lines = self._lines, []
        some = [(i, line) for i, line in enumerate(lines) if line.strip(b" \t\r")]
        return np.array([i for i, _ in some], np.int64), self.table([line for _, line in some]), len(lines)

    def table(self, lines: Sequence[bytes]) -> pa.Table:
        return _generally(lines, self._lexicons, self._field)


class _Fast:
    """Counts with the kernel, and in what it leaves generally."""

    def __init__(self, counter: LineCounter, general: _General) -> None:
        self._counter, self._general = counter, general
        self._others: list[bytes] = []

    def add(self, lines: memoryview) -> None:
        self._others += self._counter.add(lines)

    def take(self) -> _Counted:
        found, others = self._counter.take(), self._others
        plain, self._others = _table(found.counted), []
        if not others:
            return found.number, plain, found.n_lines
        both = pa.concat_tables([plain.filter(pa.array(found.plain)), self._general.table(others)])
        order = np.argsort(np.concatenate([np.flatnonzero(found.plain), np.flatnonzero(~found.plain)]))
        return found.number, both.take(pa.array(order)), found.n_lines


def _all_words(lexicons: Sequence[Lexicon]) -> bool:
    plan = plan_of(tuple(lexicons))
    return not plan.rules and not plan.patterns


def _table(counted: Counted) -> pa.Table:
    n_rows = len(counted.n_words)
    ends = np.zeros(n_rows + 1, np.int32)
    ends[1:] = counted.ends
    offsets, entry, n = (_array(values, pa.int32()) for values in (ends, counted.entry, counted.n))
    return pa.table(
        {
            "n_chars": _array(counted.n_chars, pa.int64()),
            "n_words": _array(counted.n_words, pa.int64()),
            "entry": pa.ListArray.from_arrays(offsets, entry),
            "n": pa.ListArray.from_arrays(offsets, n),
            "problem": pa.nulls(n_rows, pa.string()),
        },
        schema=_COUNTS,
    )


def _array(values: npt.NDArray[Any], kind: pa.DataType) -> pa.Array:
    """Wrap numbers; `pyarrow.array` would import pandas first."""
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def _generally(lines: Sequence[bytes], lexicons: list[Lexicon], field: str) -> pa.Table:
    read = [_read(line, field) for line in lines]
    ids = pa.array([""] * len(read), pa.string())
    texts = pa.array([text for text, _ in read], pa.large_string())
    counted = count_table(pa.table({"trace_id": ids, "response": texts}), lexicons)
    bad = pa.array([problem is not None for _, problem in read], pa.bool_())
    columns: dict[str, Any] = {}
    for name in ("n_chars", "n_words", "entry", "n"):
        values = counted[name].combine_chunks()
        columns[name] = pa.array(
            [
                None if wrong else value
                for value, wrong in zip(values.to_pylist(), bad.to_pylist(), strict=True)
            ],
            _COUNTS.field(name).type,
        )
    columns["problem"] = pa.array([problem for _, problem in read], pa.string())
    return pa.table(columns, schema=_COUNTS)


def _read(line: bytes, field: str) -> tuple[str, str | None]:
    """Return the text of a line and null, or nothing and the problem."""
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return "", f"no JSON: {error}"
    if not isinstance(row, dict):
        return "", f"no JSON object but {type(row).__name__}"
    if field not in row:
        return "", f"has no {field!r}; it has {', '.join(row) or 'nothing'}"
    text = row[field]
    if text is not None and not isinstance(text, str):
        return "", f"{field!r} is no text but {type(text).__name__}"
    return text or "", None
