"""Cut inputs into units of work that processes read on their own, and read one."""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from reasonlens.core import registry
from reasonlens.core.manifest import digest_of
from reasonlens.readers import Context, Record, Row, Skipped
from reasonlens.readers._account import Account
from reasonlens.readers._detect import FOLDER, Detected
from reasonlens.readers._open import Remote, Source, as_source, is_plain
from reasonlens.readers._ranges import PIECE, fetched_piece, pieces
from reasonlens.readers._remote import fetched
from reasonlens.readers._row_groups import cuts
from reasonlens.readers._rows import rows
from reasonlens.readers._traces import Defaults, build

__all__ = ["Unit", "read_unit", "tables", "units"]

_PIECE = 2**20
_NOT_SAFE = re.compile(r"[^A-Za-z0-9_+-]+")
_READING = 1  # raise when readers give other traces for the same bytes


@dataclass(frozen=True, slots=True)
class Unit:
    """A file, or a range of its lines or row groups, to be read in one go.

    ``start`` and ``end`` are byte offsets (``end`` is ``None`` for the whole input) and ``first_line``
    counts from 1; it is 0 in a piece of an object, where it is not known. ``key`` is safe in file names and
    the same in every run. Up to its last hyphen it depends on the input's name and content, after that on
    how it is read.
    """

    path: Path
    member: str | None
    name: str
    start: int
    end: int | None
    first_line: int
    container: str
    format: str
    key: str
    remote: Remote | None = None

    @property
    def source(self) -> Source:
        """The input that this unit is a piece of."""
        return Source(self.path, self.member, self.name, self.remote)


def units(
    what: Source | Path | str,
    detected: Detected,
    *,
    target_bytes: int = 16 * 2**20,
    piece_bytes: int = PIECE,
    settings: Mapping[str, object] | None = None,
) -> list[Unit]:
    """Cut one input into units.

    Parameters
    ----------
    detected
        As `reasonlens.readers._detect.detect` returns it.
    target_bytes
        Size of a unit; only uncompressed JSON lines and Parquet of a splittable format are cut.
    piece_bytes
        The same of an object on another filesystem.
    settings
        What else decides on the traces (model, condition, mapped columns); part of the key.
    """
    source = as_source(what)
    splittable = registry.load(FOLDER, detected.format).SPLITTABLE
    made = partial(_unit, source, detected, settings or {})
    if source.remote is not None:
        remote, cut = source.remote, splittable and detected.plain
        found = pieces(source, detected.container, piece_bytes) if cut else [(0, remote.size)]
        return [made(piece, f"{remote.size} {remote.stamp}", 0, whole=len(found) == 1) for piece in found]
    cut = splittable and is_plain(source)
    lines = cut and detected.container == "jsonl"
    with source.path.open("rb") as file:
        ranges = _ranges(file, target_bytes if lines else None)
        if lines:
            return [made((start, end), digest, line, whole=False) for start, end, line, digest in ranges]
        _, size, _, digest = next(ranges)
    found = [(0, size)]
    if cut and detected.container == "parquet" and size > target_bytes:
        found = cuts(pq.read_metadata(source.path), size, target_bytes)
    return [made(piece, digest, 0, whole=len(found) == 1) for piece in found]


def _unit(
    source: Source,
    detected: Detected,
    settings: Mapping[str, object],
    piece: tuple[int, int],
    digest: str,
    first_line: int,
    *,
    whole: bool,
) -> Unit:
    return Unit(
        source.path,
        source.member,
        source.name,
        start=0 if whole else piece[0],
        end=None if whole else piece[1],
        first_line=1 if whole else first_line,
        container=detected.container,
        format=detected.format,
        key=_key(source, detected, digest, piece, settings),
        remote=source.remote,
    )


def _ranges(file: BinaryIO, target: int | None) -> Iterator[tuple[int, int, int, str]]:
    """Yield start, end, first line and content digest of each range, cut after line ends."""
    start, line = 0, 1
    while True:
        digest = hashlib.blake2b(digest_size=16)
        end, lines = start, 0
        while target is None or end - start < target:
            piece = file.read(_PIECE if target is None else min(_PIECE, target - (end - start)))
            if not piece:
                break
            digest.update(piece)
            end, lines = end + len(piece), lines + piece.count(b"\n")
        while target is not None and (rest := file.readline(_PIECE)):
            digest.update(rest)
            end, lines = end + len(rest), lines + rest.count(b"\n")
            if rest.endswith(b"\n"):
                break
        if end == start:
            return
        yield start, end, line, digest.hexdigest()
        if target is None:
            return
        start, line = end, line + lines


def _key(
    source: Source, detected: Detected, digest: str, cut: tuple[int, int], settings: Mapping[str, object]
) -> str:
    slug = _NOT_SAFE.sub("-", source.name.rpartition("://")[2]).strip("-.")[:60] or "input"
    found = [detected.container, detected.format]
    told = [source.name, source.member, digest, cut]
    return f"{slug}-{digest_of(told, 10)}-{digest_of([found, dict(settings), _READING], 4)}"


class _Tap:
    """Passes rows on to a reader, counts them, and keeps aside what could not be read."""

    def __init__(self, items: Iterable[Row | Skipped], account: Account) -> None:
        self._items, self._account = items, account
        self.skipped: deque[Skipped] = deque()

    def __iter__(self) -> Iterator[Row]:
        account = self._account
        for item in self._items:
            account.rows += not (isinstance(item, Row) and item.aside)
            if isinstance(item, Row):
                account.repaired += item.repaired
                yield item
            else:
                self.skipped.append(item)


def read_unit(
    unit: Unit, context: Context, account: Account, opened: Callable[[IO[bytes]], None] = lambda _: None
) -> Iterator[Record | Skipped]:
    """Yield what one unit holds; `account` gets the rows read and repaired.

    Raises
    ------
    InputError
        If the input cannot be read at all.
    """
    reader = registry.load(FOLDER, unit.format)
    account.formats[unit.format] += 1
    with _here(unit) as (source, start, end):
        items = rows(source, unit.container, start=start, end=end, first_line=unit.first_line, opened=opened)
        tap = _Tap(items, account)
        for record in reader.read(tap, replace(context, path=source.path)):
            while tap.skipped:
                yield tap.skipped.popleft()
            yield record
        yield from tap.skipped


@contextmanager
def _here(unit: Unit) -> Iterator[tuple[Source, int, int | None]]:
    """Yield the input of a unit, on this disk, and the range of it that is to be read."""
    if unit.remote is not None and unit.end is not None:
        with fetched_piece(unit.source, unit.container, unit.start, unit.end) as found:
            yield found
    else:
        with fetched(unit.source) as source:
            yield source, unit.start, unit.end


def tables(
    unit: Unit,
    context: Context,
    defaults: Defaults,
    account: Account,
    opened: Callable[[IO[bytes]], None] = lambda _: None,
) -> Iterator[pa.Table]:
    """Yield the traces of one unit as tables (see `reasonlens.readers._traces.build`)."""
    yield from build(read_unit(unit, context, account, opened), defaults, account)
