"""What a user may name as input: files, folders, patterns, URLs, zip archives and ``-``."""

from __future__ import annotations

import atexit
import glob
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath
from typing import BinaryIO

from reasonlens.core.errors import InputError
from reasonlens.core.study import is_study
from reasonlens.readers import _zip
from reasonlens.readers._open import Source, as_source, check_file
from reasonlens.readers._remote import is_url, listed

__all__ = ["inputs", "looks_readable", "spool"]

_READABLE = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".eval", ".zip")
_PACKED = (".gz", ".zst", ".zstd", ".xz", ".bz2")


def inputs(names: Iterable[str | Path]) -> list[Source]:
    """Return the inputs that `names` stand for, in order, each once.

    A folder stands for the files in it that look readable (but not for those of a study in it), a
    zip archive for its members (but an Inspect log for itself), a pattern for what it matches,
    ``-`` for standard input.

    Raises
    ------
    InputError
        If a name stands for nothing.
    """
    found = (source for name in names for source in _expand(name))
    return list(dict.fromkeys(found))


def _expand(name: str | Path) -> Iterator[Source]:
    if str(name) == "-":
        yield spool(sys.stdin.buffer)
        return
    if is_url(name):
        yield from listed(str(name))
        return
    source = as_source(name)
    if source.member is not None:
        yield source
    elif source.path.is_dir():
        yield from _folder(source.path)
    elif not source.path.exists() and glob.has_magic(str(name)):
        matched = sorted(glob.glob(str(name), recursive=True))  # noqa: PTH207 - patterns may be absolute
        if not matched:
            raise InputError(f"nothing matches {str(name)!r}; check the folder and the suffix")
        for path in matched:
            yield from _expand(path)
    else:
        yield from _file(source.path)


def _file(path: Path) -> Iterator[Source]:
    """Yield a file or what it packs; one that holds nothing is refused when it is looked at, not the run."""
    if path.is_file() and path.stat().st_size == 0:
        yield Source(path)
        return
    check_file(path)
    with path.open("rb") as file:
        zipped = file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    names = _members(path) if zipped else []
    if _zip.is_inspect(names):
        names = []
    readable = [name for name in names if looks_readable(Path(name))]
    yield from (Source(path, name) for name in readable)
    if not readable:
        yield Source(path)


def _members(path: Path) -> list[str]:
    try:
        return _zip.members(path)
    except InputError:  # damaged
        return []


def _folder(folder: Path) -> Iterator[Source]:
    if is_study(folder):
        raise InputError(
            f"{folder} is a study, not model outputs; name the files that it was made from, "
            "or only the study (in Python: study=...)"
        )
    studies = {mark.parent for mark in folder.rglob("study.json") if is_study(mark.parent)}
    paths = sorted(
        p
        for p in folder.rglob("*")
        if looks_readable(p.relative_to(folder)) and p.is_file() and studies.isdisjoint(p.parents)
    )
    if not paths:
        raise InputError(
            f"{folder} holds no file that looks like model outputs ({', '.join(_READABLE)}); "
            f"name the files themselves, for instance '{folder}/*'"
        )
    for path in paths:
        yield from _file(path)


def looks_readable(path: PurePath) -> bool:
    """Tell whether the name is one that model outputs have."""
    if any(part.startswith((".", "__MACOSX")) for part in path.parts):
        return False
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    return bool(suffixes) and suffixes[-1] in _READABLE


def spool(stream: BinaryIO, name: str = "stdin") -> Source:
    """Copy a stream to a temporary file (kept until the program ends) and return it as a source."""
    with tempfile.NamedTemporaryFile(prefix="reasonlens-", delete=False) as file:
        atexit.register(Path(file.name).unlink, missing_ok=True)
        shutil.copyfileobj(stream, file, 2**20)
    source = Source(Path(file.name), name=name)
    if source.path.stat().st_size == 0:
        raise InputError("standard input is empty; pipe model outputs into it or name a file")
    return source
