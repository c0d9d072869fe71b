"""Members of zip archives, Zstandard ones (method 93) included.

The ``zipfile`` of Python before 3.14 cannot unpack method 93, which newer Inspect logs use;
here the local header is skipped by hand and the data go through ``zstandard``.
Format: PKWARE APPNOTE 6.3.10, sections 4.3.7 (local header) and 4.4.5 (methods).
"""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import IO, cast

import zstandard

from reasonlens.core.errors import InputError

__all__ = ["ZstdFile", "is_inspect", "members", "open_member"]

_ZSTD = 93
_LOCAL = struct.Struct("<4s5H3I2H")
_FEED = 1024  # one zstd block of a few bytes may become 128 KiB: feed little, keep memory bounded
_ENCRYPTED = 0x1


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is a damaged zip archive: {error}") from error


def members(path: Path) -> list[str]:
    """Return the names of the files in a zip archive, in their order."""
    with _archive(path) as archive:
        return [info.filename for info in archive.infolist() if not info.is_dir()]


def is_inspect(names: list[str]) -> bool:
    """Tell whether these members make an Inspect log (``.eval``)."""
    return "header.json" in names or "_journal/start.json" in names


def open_member(path: Path, name: str) -> tuple[IO[bytes], int]:
    """Open one member; return the stream and its packed size in bytes.

    Raises
    ------
    InputError
        If the member is missing or encrypted, or its method is unknown.
    """
    with _archive(path) as archive:
        try:
            info = archive.getinfo(name)
        except KeyError as error:
            raise InputError(f"{path} has no member {name!r}") from error
    if info.flag_bits & _ENCRYPTED:
        raise InputError(f"{path}!{name} is encrypted; unpack the archive with its password first")
    if info.compress_type == _ZSTD:
        return io.BufferedReader(ZstdFile(_slice(path, info))), info.compress_size
    archive = _archive(path)
    try:
        return cast(IO[bytes], _Member(archive, archive.open(info))), info.compress_size
    except (NotImplementedError, zipfile.BadZipFile, RuntimeError) as error:
        archive.close()
        raise InputError(f"{path}!{name} cannot be unpacked: {error}") from error


def _slice(path: Path, info: zipfile.ZipInfo) -> IO[bytes]:
    file = path.open("rb")
    file.seek(info.header_offset)
    header = file.read(_LOCAL.size)
    if len(header) < _LOCAL.size or header[:4] != b"PK\x03\x04":
        file.close()
        raise InputError(f"{path}!{info.filename} has no local header: the archive is damaged")
    name_length, extra_length = _LOCAL.unpack(header)[-2:]
    file.seek(name_length + extra_length, io.SEEK_CUR)
    return cast(IO[bytes], _Slice(file, info.compress_size))


class _Slice(io.RawIOBase):
    """The next `size` bytes of a file."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._left = file, size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read(min(len(buffer), self._left))
        self._left -= len(data)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


class _Member(io.RawIOBase):
    """A member whose archive closes with it."""

    def __init__(self, archive: zipfile.ZipFile, member: IO[bytes]) -> None:
        self._archive, self._member = archive, member

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._member.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._member.close()
        self._archive.close()
        super().close()


class ZstdFile(io.RawIOBase):
    """Zstandard data of one or more frames; a cut-off frame raises `EOFError`."""

    def __init__(self, inner: IO[bytes]) -> None:
        self._inner, self._ready, self._left = inner, b"", b""
        self._frame = self._begin()
        self._begun = False

    @staticmethod
    def _begin() -> zstandard.ZstdDecompressionObj:
        return zstandard.ZstdDecompressor(max_window_size=2**31).decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._ready:
            packed = self._left[:_FEED] or self._inner.read(_FEED)
            self._left = self._left[_FEED:]
            if not packed:
                if self._begun:
                    raise EOFError("the Zstandard data end before the end of a frame")
                return 0
            self._ready = self._frame.decompress(packed)
            self._begun = True
            if self._frame.eof:
                self._left = self._frame.unused_data + self._left
                self._frame, self._begun = self._begin(), False
        n = min(len(buffer), len(self._ready))
        buffer[:n] = self._ready[:n]
        self._ready = self._ready[n:]
        return n

    def close(self) -> None:
        self._inner.close()
        super().close()
