"""Turn a container into `Row` items, in memory bounded by one row.

What cannot be read as a row is a `Skipped` item with its place and the reason.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Iterator
from typing import IO, Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from reasonlens.core.errors import InputError
from reasonlens.readers import Row, Skipped, _zip
from reasonlens.readers._containers import DELIMITERS
from reasonlens.readers._json import LIMIT, array_rows, complaint, decode, scrub
from reasonlens.readers._open import BROKEN, Source, open_source, seekable
from reasonlens.readers._row_groups import within

__all__ = ["DOCUMENT_LIMIT", "rows"]

DOCUMENT_LIMIT = 2**30
"""The largest JSON document (one object) that is loaded, in bytes."""

_PIECE = 2**18
_BATCH_BYTES = 16 * 2**20
_BOM = b"\xef\xbb\xbf"


def rows(
    source: Source,
    container: str,
    *,
    start: int = 0,
    end: int | None = None,
    first_line: int = 1,
    opened: Callable[[IO[bytes]], None] = lambda _: None,
) -> Iterator[Row | Skipped]:
    """Yield what `source` holds, in order.

    Parameters
    ----------
    container
        As `reasonlens.readers._containers.container_of` names it.
    start, end, first_line
        JSON lines and Parquet only: the bytes to read, cut at line ends or where row groups begin; the number
        of the first line, or 0 if it is not known: lines are called by their first byte then.
    opened
        See `reasonlens.readers._open.open_source`; not called for an archive.

    Raises
    ------
    InputError
        If the source cannot be read at all.
    """
    if container == "archive":
        yield from _archive_rows(source)
        return
    with open_source(source, opened) as stream:
        if container == "jsonl":
            if start:
                stream.seek(start)
            yield from _line_rows(stream, (start, end), first_line)
        elif container == "array":
            yield from array_rows(stream)
        elif container == "document":
            yield _document(stream, source)
        elif container == "csv":
            yield from _table_rows(stream, source)
        else:
            yield from _parquet_rows(stream, source, (start, end))


def _line_rows(stream: BinaryIO, piece: tuple[int, int | None], number: int) -> Iterator[Row | Skipped]:
    at, end = piece
    for line_number in itertools.count(number):
        if end is not None and at >= end:
            return
        place = f"line {line_number}" if number else f"byte {at}"
        try:
            line = stream.readline(LIMIT + 1)
            long = len(line) > LIMIT and not line.endswith(b"\n")
            length = len(line) + (_skip_line(stream) if long else 0)
        except BROKEN as error:
            yield Skipped(place, f"the compressed data are damaged or cut off here ({error})")
            return
        if not line:
            return
        if long:
            yield Skipped(place, f"a line longer than {LIMIT // 2**20} MiB ({length:,} bytes)")
        elif (item := _line_row(line.removeprefix(_BOM) if at == 0 else line, place)) is not None:
            yield item
        at += length


def _line_row(line: bytes, place: str) -> Row | Skipped | None:
    try:
        data, repaired = decode(line)
    except (ValueError, RecursionError) as error:
        if not line.strip():
            return None
        return Skipped(place, complaint(error))
    if not isinstance(data, dict):
        return Skipped(place, f"not an object but {type(data).__name__}")
    return Row(place, data, repaired)


def _skip_line(stream: BinaryIO) -> int:
    """Read to the end of the line and return how many bytes that were."""
    skipped = 0
    while True:
        piece = stream.readline(_PIECE)
        skipped += len(piece)
        if not piece or piece.endswith(b"\n"):
            return skipped


def _load(stream: BinaryIO, what: str) -> tuple[Any, bool]:
    data = stream.read(DOCUMENT_LIMIT + 1)
    if len(data) > DOCUMENT_LIMIT:
        raise InputError(
            f"{what} is one JSON document of more than {DOCUMENT_LIMIT // 2**20} MiB; "
            "write one object per line instead (jq -c '.[]' for a list)"
        )
    try:
        return decode(data.removeprefix(_BOM))
    except ValueError as error:
        if "Extra data" in str(error):
            raise InputError(
                f"{what} holds several JSON values, each over several lines; "
                f"write one per line: jq -c . {what} > rows.jsonl"
            ) from error
        raise InputError(f"{what} is not valid JSON: {error}") from error
    except RecursionError as error:
        raise InputError(f"{what} is nested too deeply to be read") from error


def _document(stream: BinaryIO, source: Source) -> Row | Skipped:
    try:
        data, repaired = _load(stream, str(source))
    except BROKEN as error:
        raise InputError(f"{source} is damaged or cut off: {error}") from error
    if not isinstance(data, dict):
        return Skipped("document", f"not an object but {type(data).__name__}")
    return Row("document", data, repaired)


def _archive_rows(source: Source) -> Iterator[Row | Skipped]:
    names = [name for name in _zip.members(source.path) if name.endswith(".json")]
    for name in sorted(names, key=lambda name: name.startswith("samples/")):
        member = Source(source.path, name)
        try:
            with open_source(member) as stream:
                data, repaired = _load(stream, str(member))
        except (InputError, *BROKEN) as error:
            yield Skipped(name, f"cannot be read: {error}")
        else:
            yield Row(name, data, repaired, aside=not name.startswith("samples/"))


def _table_rows(stream: BinaryIO, source: Source) -> Iterator[Row | Skipped]:
    csv.field_size_limit(LIMIT)
    lines = _text_lines(stream, source)
    first = next(lines, "")
    delimiter = max(DELIMITERS, key=first.count)
    ended: list[bool] = []
    reader = csv.reader(_chain(first, lines, ended), delimiter=delimiter)
    number = 0
    try:
        header = next(reader)
        _check_header(header, source)
        read = reader.line_num
        for number, cells in enumerate(reader, start=1):
            place = f"row {number}"
            read, before = reader.line_num, read
            if ended:  # the row was not over when the lines were
                yield Skipped(place, f"a quote opens and never closes ({_lines(before + 1, read)})")
            elif len(cells) == len(header):
                yield _table_row(place, dict(zip(header, cells, strict=True)))
            elif cells:
                yield Skipped(place, f"{len(cells)} cells, but the header has {len(header)}")
    except (csv.Error, *BROKEN) as error:
        yield Skipped(f"row {number + 1}", f"not a table from here on: {error}")


def _check_header(header: list[str], source: Source) -> None:
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise InputError(f"{source} has two columns named {twice[0]!r}; rename one of them")


def _table_row(place: str, data: dict[str, Any]) -> Row:
    clean = scrub(data)
    return Row(place, clean, clean != data)


def _text_lines(stream: BinaryIO, source: Source) -> Iterator[str]:
    start = True
    while line := stream.readline(LIMIT + 1):
        if len(line) > LIMIT:
            raise InputError(f"{source} has a line of more than {LIMIT // 2**20} MiB; is it a table?")
        yield (line.removeprefix(_BOM) if start else line).decode("utf-8", "surrogateescape")
        start = False


def _chain(first: str, lines: Iterator[str], ended: list[bool]) -> Iterator[str]:
    yield first
    yield from lines
    ended.append(True)


def _lines(first: int, last: int) -> str:
    return f"line {first}" if first == last else f"lines {first:,} to {last:,} are taken for one row"


def _parquet_rows(stream: BinaryIO, source: Source, piece: tuple[int, int | None]) -> Iterator[Row | Skipped]:
    number, last = 0, 0
    try:
        with seekable(stream) as file, pq.ParquetFile(file) as table:
            groups, number = within(table.metadata, *piece)
            last = number + sum(table.metadata.row_group(i).num_rows for i in groups)
            for batch in table.iter_batches(batch_size=_batch_rows(table), row_groups=groups):
                yield from _batch_items(batch, number)
                number += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        if number >= last or source.remote is not None or _of_the_system(error):
            raise InputError(f"{source} is a damaged Parquet file (after row {number}): {error}") from error
        lost = f"the Parquet data are damaged: rows {number + 1:,} to {last:,} are lost"
        yield Skipped(f"row {number + 1}", f"{lost} ({error})")


def _of_the_system(error: Exception) -> bool:
    """Tell whether reading failed; Arrow reports data that are bad as an `OSError` without a number."""
    return isinstance(error, OSError) and (type(error) is not OSError or error.errno is not None)


def _batch_rows(table: pq.ParquetFile) -> int:
    """Choose how many rows to decode at once, by what the file says of their size."""
    meta = table.metadata
    size = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
    return int(min(1024, max(1, _BATCH_BYTES * meta.num_rows // max(size, 1))))


def _batch_items(batch: pa.RecordBatch, number: int) -> Iterator[Row | Skipped]:
    places = (f"row {number + i + 1}" for i in range(batch.num_rows))
    try:
        found = batch.to_pylist()
    except (ValueError, pa.ArrowException):  # UnicodeDecodeError is a ValueError
        yield from _single_items(batch, places)
    else:
        yield from map(Row, places, found)


def _single_items(batch: pa.RecordBatch, places: Iterator[str]) -> Iterator[Row | Skipped]:
    """Yield the rows of a batch one by one, for one of them cannot be decoded."""
    for i, place in enumerate(places):
        try:
            data = batch.slice(i, 1).to_pylist()[0]
        except (ValueError, pa.ArrowException) as error:
            yield Skipped(place, f"cannot be decoded ({error})")
        else:
            yield Row(place, data)
