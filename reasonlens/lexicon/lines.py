"""Counting straight from JSON lines: one field of each line, in one pass over the bytes of the file.

The kernel reads plain lines itself. Lines that are rare or broken go through a general reader, one by
one; without the kernel all of them do. Both ways give the same table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
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


def count_lines(
    path: Path, lexicons: Sequence[Lexicon], *, field: str = "response", chunk: int = _CHUNK
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

    Yields
    ------
    pyarrow.Table
        One row per line, in their order: ``line`` (from 1), ``n_chars``, ``n_words``, the lists ``entry``
        (numbers of `reasonlens.lexicon.count.entry_index`) and ``n``, and ``problem``: null, or why the
        line has no counts.
    """
    before = 0
    for data in _chunks(path, chunk):
        table, n_lines = _count(data, list(lexicons), field, before)
        before += n_lines
        yield table


def _chunks(path: Path, size: int) -> Iterator[memoryview]:
    """Yield stretches of whole lines; each is overwritten by the next."""
    buffer, filled = bytearray(size), 0
    with path.open("rb", buffering=0) as file:
        while True:
            if filled == len(buffer):
                buffer = buffer + bytearray(len(buffer))
            with memoryview(buffer) as view:
                read = file.readinto(view[filled:]) or 0
                end = buffer.rfind(b"\n", filled, filled + read) + 1 if read else filled
                filled += read
                if end:
                    with view[:end] as data:
                        yield data
                    view[: filled - end] = view[end:filled]
                    filled -= end
            if not read:
                return


def _count(data: memoryview, lexicons: list[Lexicon], field: str, before: int) -> tuple[pa.Table, int]:
    found = program.count_lines(data, plan_of(tuple(lexicons)), field) if _all_words(lexicons) else None
    if found is None:
        lines = bytes(data).split(b"\n")
        some = [(i, line) for i, line in enumerate(lines, before + 1) if line.strip(b" \t\r")]
        return _generally(some, lexicons, field), len(lines) - 1
    plain = _table(found.number + before + 1, found.counted)
    rest = np.flatnonzero(~found.plain)
    if not len(rest):
        return plain, found.n_lines
    unusual = [(int(found.number[i]) + before + 1, bytes(data[found.start[i] : found.stop[i]])) for i in rest]
    both = pa.concat_tables([plain.filter(pa.array(found.plain)), _generally(unusual, lexicons, field)])
    return both.sort_by("line"), found.n_lines


def _all_words(lexicons: Sequence[Lexicon]) -> bool:
    plan = plan_of(tuple(lexicons))
    return not plan.rules and not plan.patterns


def _table(line: Ints, counted: Counted) -> pa.Table:
    per_row = np.bincount(counted.row, minlength=len(line))
    offsets = pa.array(np.concatenate([[0], np.cumsum(per_row)]), pa.int32())
    return pa.table(
        {
            "line": line,
            "n_chars": counted.n_chars,
            "n_words": counted.n_words,
            "entry": pa.ListArray.from_arrays(offsets, pa.array(counted.entry)),
            "n": pa.ListArray.from_arrays(offsets, pa.array(counted.n)),
            "problem": pa.nulls(len(line), pa.string()),
        },
        schema=SCHEMA,
    )


def _generally(lines: Sequence[tuple[int, bytes]], lexicons: list[Lexicon], field: str) -> pa.Table:
    read = [_read(line, field) for _, line in lines]
    ids = pa.array([""] * len(read), pa.string())
    texts = pa.array([text for text, _ in read], pa.large_string())
    counted = count_table(pa.table({"trace_id": ids, "response": texts}), lexicons)
    bad = pa.array([problem is not None for _, problem in read], pa.bool_())
    columns: dict[str, Any] = {"line": pa.array([number for number, _ in lines], pa.int64())}
    for name in ("n_chars", "n_words", "entry", "n"):
        values = counted[name].combine_chunks()
        columns[name] = pa.array(
            [
                None if wrong else value
                for value, wrong in zip(values.to_pylist(), bad.to_pylist(), strict=True)
            ],
            SCHEMA.field(name).type,
        )
    columns["problem"] = pa.array([problem for _, problem in read], pa.string())
    return pa.table(columns, schema=SCHEMA)


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
