"""Open an input as a stream of plain bytes, whatever it is compressed with.

Compression is recognized by the first bytes, never by the file's suffix. Every stream is read
in bounded pieces and stops with an `InputError` if it unpacks to absurdly much (a "bomb").
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

import zstandard

from reasonlens.core.errors import InputError
from reasonlens.readers import _zip

__all__ = ["BROKEN", "Remote", "Source", "as_source", "check_file", "is_plain", "open_source", "seekable"]

BOMB_BYTES = 256 * 2**20
"""A stream may always unpack to this many bytes."""
BOMB_RATIO = 500
"""Beyond `BOMB_BYTES`, the most bytes that one compressed byte may become."""

_PIECE = 2**18
_MAGIC = {b"\x1f\x8b": "gz", b"(\xb5/\xfd": "zst", b"\xfd7zXZ\x00": "xz", b"BZh": "bz2"}
_SPOOL_IN_MEMORY = 16 * 2**20

BROKEN = (
    EOFError,
    gzip.BadGzipFile,
    lzma.LZMAError,
    zlib.error,
    zstandard.ZstdError,
    zipfile.BadZipFile,
)
"""What a damaged compressed stream raises while it is read."""


@dataclass(frozen=True, slots=True)
class Remote:
    """Where an input on another filesystem is, its size in bytes, and what tells its version.

    ``ranges`` tells whether pieces of it can be asked for.
    """

    url: str
    size: int
    stamp: str
    ranges: bool = True


@dataclass(frozen=True, slots=True)
class Source:
    """One input: a file, or one member of a zip archive; `name` is what users call it.

    An input with `remote` has its content at `path` only while `reasonlens.readers._remote` says so.
    """

    path: Path
    member: str | None = None
    name: str = ""
    remote: Remote | None = None

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self._own_name())

    def _own_name(self) -> str:
        return self.path.name if self.member is None else f"{self.path.name}!{self.member}"

    def __str__(self) -> str:
        if self.remote is not None or self.name != self._own_name():  # a URL, or standard input
            return self.name
        return str(self.path) if self.member is None else f"{self.path}!{self.member}"


def as_source(what: Source | Path | str) -> Source:
    """Return `what` as a `Source`; ``archive.zip!member`` names a member of a zip archive."""
    if isinstance(what, Source):
        return what
    path = Path(what)
    head, mark, member = str(what).rpartition("!")
    if mark and not path.exists() and Path(head).is_file():
        return Source(Path(head), member)
    return Source(path)


def check_file(path: Path) -> None:
    """Raise an `InputError` unless `path` is a file that can be read and holds something."""
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder; name files in it, for instance '{path}/*.jsonl'")
        with path.open("rb") as file:
            if not file.read(1):
                raise InputError(f"{path} is empty; was the run that wrote it stopped early?")
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; check the spelling and the folder") from error
    except PermissionError as error:
        raise InputError(f"{path} cannot be read: permission denied (try: chmod u+r {path})") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error


def _compression(head: bytes) -> str | None:
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)


def is_plain(source: Source) -> bool:
    """Tell whether the bytes on disk are the content, so that byte ranges make sense."""
    if source.member is not None:
        return False
    with source.path.open("rb") as file:
        return _compression(file.read(8)) is None


def open_source(source: Source, opened: Callable[[IO[bytes]], None] = lambda _: None) -> BinaryIO:
    """Return the unpacked content of `source` as a buffered stream.

    Parameters
    ----------
    opened
        Called with the stream of the bytes as they are on disk, whose place tells how far the reading is; not
        for a member of an archive.

    Raises
    ------
    InputError
        If the file is missing, empty, encrypted, or unpacks to more than `BOMB_RATIO` times
        its size.
    """
    check_file(source.path)
    if source.member is None:
        raw: IO[bytes] = source.path.open("rb")
        packed = source.path.stat().st_size
        opened(raw)
    else:
        raw, packed = _zip.open_member(source.path, source.member)
        raw = io.BufferedReader(cast(io.RawIOBase, _Guarded(raw, packed, str(source))), _PIECE)
    kind = _compression(cast(io.BufferedReader, raw).peek(8)[:8])
    if kind is None:
        return cast(BinaryIO, raw)
    guarded = _Guarded(_unpack(raw, kind), packed, str(source), below=raw)
    return cast(BinaryIO, io.BufferedReader(guarded, _PIECE))


def _unpack(raw: IO[bytes], kind: str) -> IO[bytes]:
    if kind == "gz":
        return cast(IO[bytes], gzip.GzipFile(fileobj=raw))
    if kind == "xz":
        return cast(IO[bytes], lzma.LZMAFile(raw))
    if kind == "bz2":
        return cast(IO[bytes], bz2.BZ2File(raw))
    return cast(IO[bytes], io.BufferedReader(_zip.ZstdFile(raw), _PIECE))


class _Guarded(io.RawIOBase):
    """A readable stream that counts what comes out of another one."""

    def __init__(self, inner: IO[bytes], packed: int, name: str, below: IO[bytes] | None = None) -> None:
        self._inner, self._below, self._name, self._out = inner, below, name, 0
        self._most = max(BOMB_BYTES, BOMB_RATIO * packed)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._inner.read(len(buffer))
        buffer[: len(data)] = data
        self._out += len(data)
        if self._out > self._most:
            raise InputError(
                f"{self._name} unpacks to more than {self._most // 2**20} MiB, over {BOMB_RATIO} times its "
                "size: this looks like a damaged or malicious archive; unpack it by hand if you trust it"
            )
        return len(data)

    def close(self) -> None:
        self._inner.close()
        if self._below is not None:  # a GzipFile leaves the file under it open
            self._below.close()
        super().close()


def seekable(stream: BinaryIO) -> BinaryIO:
    """Return `stream` if one can seek in it, else a copy in a temporary file."""
    if isinstance(stream, io.BufferedReader) and isinstance(stream.raw, io.FileIO):
        return stream
    copy = tempfile.SpooledTemporaryFile(max_size=_SPOOL_IN_MEMORY)  # noqa: SIM115 - closed by the caller
    with stream:
        shutil.copyfileobj(stream, copy, _PIECE)
    copy.seek(0)
    return cast(BinaryIO, copy)
