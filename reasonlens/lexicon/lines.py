"""Counting straight from JSON lines: one field of each line, in one pass over the bytes of the file.

The kernel reads plain lines itself. Lines that are rare or broken go through a general reader, one by
one; without the kernel all of them do. Both ways give the same table.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from reasonlens.lexicon.count import count_table
from reasonlens.lexicon.kernel import program
from reasonlens.lexicon.kernel.program import Counted
from reasonlens.lexicon.machine import Ints
from reasonlens.lexicon.model import Lexicon
from reasonlens.lexicon.plan import plan_of

__all__ = ["SCHEMA", "count_lines"]

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

_CHUNK = 16 * 2**20  # bytes read at a time

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
        How many bytes to read at a time, at least; a longer line is read whole.
    threads
        How many chunks are counted at the same time; only the kernel gains by it.

    Yields
    ------
    pyarrow.Table
        One row per line, in their order: ``line`` (from 1), ``n_chars``, ``n_words``, the lists ``entry``
        (numbers of `reasonlens.lexicon.count.entry_index`) and ``n``, and ``problem``: null, or why the
        line has no counts.
    """
    before, work = 0, partial(_count, list(lexicons), field)
    for line, table, n_lines in _in_order(work, _chunks(path, chunk, threads + 2), threads):
        yield table.add_column(0, SCHEMA.field("line"), _array(line + (before + 1), pa.int64()))
        before += n_lines


def _in_order(
    work: Callable[[memoryview], _Counted], chunks: Iterator[memoryview], threads: int
) -> Iterator[_Counted]:
    if threads == 1:
        yield from map(work, chunks)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[_Counted]] = deque()
        for data in chunks:
            waiting.append(pool.submit(work, data))
            if len(waiting) > threads + 1:  # one more than are at work, so that none waits
                yield waiting.popleft().result()
        for future in waiting:
            yield future.result()


def _chunks(path: Path, size: int, n_buffers: int) -> Iterator[memoryview]:
    """Yield stretches of whole lines; each is overwritten after `n_buffers` - 1 others."""
    size = max(1, min(size, path.stat().st_size + 1))
    buffers, rest = [bytearray(size) for _ in range(n_buffers)], memoryview(b"")
    with path.open("rb", buffering=0) as file:
        for turn in itertools.cycle(range(n_buffers)):
            filled, end = len(rest), 0
            if len(buffers[turn]) < filled:
                buffers[turn] = bytearray(2 * filled)
            buffers[turn][:filled] = rest
            while not end:
                if filled == len(buffers[turn]):
                    buffers[turn] = buffers[turn] + bytearray(filled)
                read = file.readinto(memoryview(buffers[turn])[filled:]) or 0
                end = buffers[turn].rfind(b"\n", filled, filled + read) + 1
                filled += read
                if not read:
                    if filled:
                        yield memoryview(buffers[turn])[:filled]
                    return
            yield memoryview(buffers[turn])[:end]
            rest = memoryview(buffers[turn])[end:filled]


def _count(lexicons: list[Lexicon], field: str, data: memoryview) -> _Counted:
    found = program.count_lines(data, plan_of(tuple(lexicons)), field) if _all_words(lexicons) else None
    if found is None:
        lines = bytes(data).split(b"\n")
        some = [(i, line) for i, line in enumerate(lines) if line.strip(b" \t\r")]
        numbers = np.array([i for i, _ in some], np.int64)
        return numbers, _generally([line for _, line in some], lexicons, field), len(lines) - 1
    plain = _table(found.counted)
    rest = np.flatnonzero(~found.plain)
    if not len(rest):
        return found.number, plain, found.n_lines
    unusual = [bytes(data[found.start[i] : found.stop[i]]) for i in rest]
    both = pa.concat_tables([plain.filter(pa.array(found.plain)), _generally(unusual, lexicons, field)])
    order = np.argsort(np.concatenate([np.flatnonzero(found.plain), rest]))
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
