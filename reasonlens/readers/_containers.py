"""Tell what holds the rows: JSON lines, a JSON array or document, CSV, Parquet, an archive."""

from __future__ import annotations

from typing import BinaryIO

from reasonlens.core.errors import InputError
from reasonlens.readers import _zip
from reasonlens.readers._json import LIMIT, decode
from reasonlens.readers._open import BROKEN, Source, open_source

__all__ = ["DELIMITERS", "container_of"]

DELIMITERS = "\t,;"

_LINES = (".jsonl", ".ndjson", ".jsonlines", ".jl")
_TABLES = (".csv", ".tsv")
_CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))  # text has few of these, random bytes one in ten
_FOREIGN = {
    b"SQLite format 3": "an SQLite database",
    b"ARROW1": "an Arrow file",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy array",
    b"\x80\x04": "a Python pickle",
    b"\x80\x05": "a Python pickle",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"7z\xbc\xaf": "a 7z archive",
    b"%PDF": "a PDF",
}


def container_of(source: Source) -> str:
    """Return the name of the container of `source` (see `reasonlens.readers.Sample`).

    Raises
    ------
    InputError
        If the content is none that can be read.
    """
    with open_source(source) as stream:
        try:
            head = stream.read(8192)
            if head.startswith(b"PAR1"):
                return "parquet"
            if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
                return _zip_container(source)
            _refuse_foreign(source, head)
            return _text_container(source, head, stream)
        except BROKEN as error:
            raise InputError(f"{source} is damaged: {error}") from error


def _zip_container(source: Source) -> str:
    if source.member is not None:
        raise InputError(f"{source} is an archive in an archive; unpack it first")
    names = _zip.members(source.path)
    if _zip.is_inspect(names):
        return "archive"
    if source.remote is not None:
        raise InputError(f"{source} is a zip archive; unpack it there, or copy it to this disk and name it")
    if not names:
        raise InputError(f"{source} is a zip archive without files")
    shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    raise InputError(f"{source} holds {len(names)} files ({shown}); name one as '{source}!{names[0]}'")


def _refuse_foreign(source: Source, head: bytes) -> None:
    kind = next((what for magic, what in _FOREIGN.items() if head.startswith(magic)), None)
    if kind is None and len(head.translate(None, _CONTROL)) < 0.95 * len(head):
        kind = "binary data"
    if kind is not None:
        raise InputError(f"{source} is {kind}; give JSON lines (UTF-8), JSON, CSV or Parquet")


def _text_container(source: Source, head: bytes, stream: BinaryIO) -> str:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    while not start and head:
        head = stream.read(2**18)
        start = head.lstrip()
    if not start:
        raise InputError(f"{source} holds nothing but white space")
    suffixes = {suffix.lower() for suffix in _suffixes(source)}
    if suffixes.intersection(_TABLES):
        return "csv"
    if start[:1] in b"[{":
        return _json_container(start, stream, bool(suffixes.intersection(_LINES)))
    if suffixes.intersection((*_LINES, ".json")):
        return "jsonl"
    header = start.split(b"\n", 1)[0]
    if any(mark.encode() in header for mark in DELIMITERS) and b"\n" in start:
        return "csv"
    raise InputError(f"{source} is text, but neither JSON nor a table; give JSON lines, JSON, CSV or Parquet")


def _suffixes(source: Source) -> list[str]:
    name = (source.member or source.path.name).replace("\\", "/").rpartition("/")[2]
    return [f".{piece}" for piece in name.split(".")[1:]][-2:]


def _json_container(start: bytes, stream: BinaryIO, named_lines: bool) -> str:
    """Decide by the first line: a complete value with more after it makes JSON lines."""
    while b"\n" not in start and len(start) <= LIMIT:
        more = stream.read(2**20)
        if not more:
            break
        start += more
    first, _, rest = start.partition(b"\n")
    whole = "array" if start[:1] == b"[" else "document"
    try:
        value, _ = decode(first.strip())
    except (ValueError, RecursionError):
        if whole == "array" or _spread(start):
            return whole
        return "jsonl" if named_lines or _is_object(rest.partition(b"\n")[0]) else whole
    while not rest.strip():
        rest = stream.read(2**18)
        if not rest:
            return "jsonl" if named_lines and isinstance(value, dict) else whole
    return "jsonl"


def _spread(start: bytes) -> bool:
    """Tell whether the first line only opens an object, as when it is pretty-printed."""
    first, newline, _ = start.partition(b"\n")
    return first.strip() == b"{" and bool(newline)


def _is_object(line: bytes) -> bool:
    """Tell whether a line is an object of its own, as the next row after a broken one would be."""
    try:
        return line.startswith(b"{") and isinstance(decode(line)[0], dict)
    except (ValueError, RecursionError):
        return False
