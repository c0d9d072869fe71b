"""Pieces of an object on another filesystem: some of its lines, or some of its row groups.

A piece is a range of bytes, and what begins in it belongs to it. Only these bytes are fetched, to their own
places in a file on this disk that is otherwise a hole: readers seek in it as in the whole.
"""

from __future__ import annotations

import io
import itertools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from reasonlens.core.errors import InputError
from reasonlens.readers._open import Source
from reasonlens.readers._remote import patiently, placed, remote_of, unchanged
from reasonlens.readers._row_groups import cuts, starts

__all__ = ["PIECE", "fetched_piece", "pieces", "table_head"]

PIECE = 64 * 2**20
"""How many bytes a piece has, about: seconds of work, and few requests."""

_REQUEST = 16 * 2**20  # bytes asked for at a time
_LITTLE = 2**18  # and where only the end of a line is wanted
_ROWS = 200  # of a table that stand for it when its format is looked for

_Read = Callable[[int, int], bytes]


def pieces(source: Source, container: str, target: int = PIECE) -> list[tuple[int, int]]:
    """Cut an object into ranges of about `target` bytes; one if it cannot be cut, or need not be.

    Ranges of lines are even: the reader of a range finds where its lines begin and end. Those of
    Parquet begin where a row group does.
    """
    remote = remote_of(source)
    whole = [(0, remote.size)]
    if not remote.ranges or remote.size <= target:
        return whole
    if container == "jsonl":
        edges = [*range(0, remote.size - target // 2, target), remote.size]
        return list(itertools.pairwise(edges))
    if container != "parquet":
        return whole
    with unchanged(source) as (files, path):
        return cuts(_metadata(source, _reading(files, path, source)), remote.size, target)


@contextmanager
def fetched_piece(source: Source, container: str, start: int, end: int) -> Iterator[tuple[Source, int, int]]:
    """Yield `source` with one piece of it on this disk while the block runs, and the range of its lines.

    Raises
    ------
    InputError
        If the piece cannot be fetched, or the object is not what was listed.
    """
    remote = remote_of(source)
    with placed(source) as local:
        with unchanged(source) as (files, path), local.open("wb") as file:
            read = _reading(files, path, source)
            file.truncate(remote.size)
            if container == "parquet":
                _keep_tail(read, file, remote.size)
                _keep(read, file, start, end)
            else:
                start, end = _keep_lines(read, file, (start, end), remote.size)
        yield replace(source, path=local), start, end


def _reading(files: Any, path: str, source: Source) -> _Read:
    def read(start: int, end: int) -> bytes:
        data = bytes(patiently(lambda: files.cat_file(path, start=start, end=end)))
        if len(data) != end - start:
            raise InputError(
                f"{source}: the server gave {len(data):,} bytes where {end - start:,} were asked for; "
                "copy the object to this disk and name it there"
            )
        return data

    return read


def _keep(read: _Read, file: IO[bytes], start: int, end: int) -> None:
    for at in range(start, end, _REQUEST):
        file.seek(at)
        file.write(read(at, min(end, at + _REQUEST)))


def _keep_lines(read: _Read, file: IO[bytes], piece: tuple[int, int], size: int) -> tuple[int, int]:
    """Keep the lines that begin in a piece; return the range that they have."""
    begin, limit = piece
    at, first = (
        max(0, begin - 1),
        0 if begin == 0 else None,
    )  # the byte before tells whether a line begins here
    while at < size:
        stop = min(limit, at + _REQUEST) if at < limit else min(size, at + _LITTLE)
        data = read(at, stop)
        skip = 0
        if first is None:
            skip = data.find(b"\n") + 1
            if skip and at + skip < limit:
                first = at + skip
            elif stop >= limit:
                return limit, limit  # a line that began before this piece goes beyond it
        if first is not None:
            over = data.find(b"\n", max(0, limit - 1 - at))
            kept = data[skip:] if over < 0 else data[skip : over + 1]
            file.seek(at + skip)
            file.write(kept)
            if over >= 0:
                return first, at + over + 1
        at = stop
    return (limit, limit) if first is None else (first, size)


def _tail(read: _Read, size: int) -> bytes:
    """Return what is at the end of a Parquet file: what it holds, and how long that is told."""
    last = read(size - 8, size)
    length = int.from_bytes(last[:4], "little")
    return read(max(0, size - 8 - length), size - 8) + last


def _keep_tail(read: _Read, file: IO[bytes], size: int) -> None:
    tail = _tail(read, size)
    file.seek(size - len(tail))
    file.write(tail)


def _metadata(source: Source, read: _Read) -> pq.FileMetaData:
    held = io.BytesIO(b"PAR1" + _tail(read, remote_of(source).size))
    try:
        return pq.read_metadata(held)
    except (pa.ArrowException, OSError) as error:  # of what was read, for it lies in memory
        raise InputError(f"{source} is a damaged Parquet file: {error}") from error


@contextmanager
def table_head(source: Source) -> Iterator[Source]:
    """Yield `source` with the first rows of a Parquet object on this disk, as a table of their own.

    Raises
    ------
    InputError
        If the object cannot be fetched, or is no Parquet file.
    """
    size = remote_of(source).size
    with placed(source) as local, tempfile.TemporaryFile() as file:
        with unchanged(source) as (files, path):
            read = _reading(files, path, source)
            meta = _metadata(source, read)
            chosen = _first_groups(meta)
            file.truncate(size)
            _keep_tail(read, file, size)
            _keep(read, file, 0, [*starts(meta), size][len(chosen)])
        try:
            with pq.ParquetFile(file) as table:
                first = next(table.iter_batches(_ROWS, row_groups=chosen), None)
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{source} is a damaged Parquet file: {error}") from error
        rows = [] if first is None else [first]
        pq.write_table(pa.Table.from_batches(rows, schema=meta.schema.to_arrow_schema()), local)
        yield replace(source, path=local)


def _first_groups(meta: pq.FileMetaData) -> list[int]:
    """Return the row groups that hold the first rows, or all."""
    so_far = itertools.accumulate(meta.row_group(i).num_rows for i in range(meta.num_row_groups))
    return list(range(min(meta.num_row_groups, 1 + sum(1 for n in so_far if n < _ROWS))))
