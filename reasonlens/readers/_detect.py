"""Find the format of a file from its first rows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType

from reasonlens.core import registry
from reasonlens.core.errors import InputError
from reasonlens.readers import Refusal, Row, Sample, Skipped, _zip
from reasonlens.readers._containers import container_of
from reasonlens.readers._open import Source, as_source, is_plain
from reasonlens.readers._ranges import table_head
from reasonlens.readers._remote import HEAD, fetched, head_of
from reasonlens.readers._rows import rows as rows_of

__all__ = ["FOLDER", "Detected", "detect", "sample_of"]

FOLDER = "reasonlens.readers"
_GENERIC = "generic"
_ROWS = 20
_PARQUET = b"PAR1"
_ZIP = b"PK\x03\x04"
_LOOKED_AT = 200  # unreadable rows are passed over until this many have been seen


@dataclass(frozen=True, slots=True)
class Detected:
    """The format of a file, its container, and why.

    ``plain`` tells whether the bytes of an object are its content, so that it can be read in pieces.
    """

    format: str
    container: str
    reason: str
    plain: bool = True


@dataclass(slots=True)
class _Answers:
    """What the readers said about a sample."""

    fits: dict[str, str] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, answer: str | Refusal | None) -> None:
        if isinstance(answer, Refusal):
            self.refusals[name] = answer.reason
        elif answer is not None:
            self.fits[name] = answer


def detect(
    what: Source | Path | str,
    *,
    fields: Mapping[str, str] | None = None,
    format: str | None = None,  # noqa: A002
) -> Detected:
    """Find the container and the format of one input.

    Parameters
    ----------
    what
        A file, a member of a zip archive (``archive.zip!member``), or an object on another filesystem,
        of which rows and tables need only the head.
    fields
        Columns that the user mapped (``--map``); they ask for the generic reader.
    format
        The format's name if the user gave it (``--format``).

    Raises
    ------
    InputError
        If the file cannot be read, holds no traces, or fits no format or more than one.
    UnknownNameError
        If there is no format of that name, or a mapped field does not exist.
    """
    source = as_source(what)
    if source.remote is None:
        return _detect(source, fields, format)
    with head_of(source) as head:
        plain = is_plain(head)
        if source.remote.size <= HEAD or _is_enough(head):
            return replace(_detect(head, fields, format), plain=plain)
        table = _is_table(head) and source.remote.ranges
    with (table_head if table else fetched)(source) as found:
        return replace(_detect(found, fields, format), plain=plain)


def _is_table(head: Source) -> bool:
    with head.path.open("rb") as file:
        return file.read(4) == _PARQUET


def _is_enough(head: Source) -> bool:
    """Tell whether rows can be read from the head of an object."""
    with head.path.open("rb") as file:
        if file.read(4) == _ZIP:  # its directory is at the end
            return False
    try:
        return container_of(head) in ("jsonl", "csv", "array")
    except InputError:  # perhaps only because it is cut off
        return False


def _detect(source: Source, fields: Mapping[str, str] | None, format: str | None) -> Detected:  # noqa: A002
    container = container_of(source)
    sample, skipped = sample_of(source, container, fields or {})
    if format is not None:
        if fields and format != _GENERIC:
            raise InputError(f"--map goes with the format 'generic'; leave out --format {format} or --map")
        return _given(format, source, sample)
    if fields:
        return _given(_GENERIC, source, sample)
    answers = _Answers()
    for name in registry.names(FOLDER):
        if name != _GENERIC:
            answers.add(name, registry.load(FOLDER, name).sniff(sample))
    if not answers.fits and not answers.refusals:
        answers.add(_GENERIC, registry.load(FOLDER, _GENERIC).sniff(sample))
    if len(answers.fits) == 1:
        name, reason = next(iter(answers.fits.items()))
        return Detected(name, container, reason)
    if answers.fits:
        raise InputError(f"{source} fits the formats {', '.join(answers.fits)}; choose one with --format")
    if answers.refusals:
        raise InputError(f"{source}: {next(iter(answers.refusals.values()))}")
    raise InputError(_nothing_fits(source, sample, skipped))


def sample_of(source: Source, container: str, fields: Mapping[str, str]) -> tuple[Sample, list[Skipped]]:
    """Return the first readable rows of `source`, and what was passed over on the way."""
    found: list[Row] = []
    skipped: list[Skipped] = []
    items: Iterator[Row | Skipped] = rows_of(source, container)
    for item in itertools.islice(items, _LOOKED_AT):
        if isinstance(item, Row):
            found.append(item)
            if len(found) == _ROWS:
                break
        else:
            skipped.append(item)
    members = tuple(_zip.members(source.path)) if container == "archive" else ()
    path = source.path if source.member is None else source.path / source.member
    return Sample(path, container, tuple(found), members, fields), skipped


def _given(name: str, source: Source, sample: Sample) -> Detected:
    reader = registry.load(FOLDER, name)
    _check_shape(name, reader, source, sample)
    answer = reader.sniff(sample)
    if isinstance(answer, Refusal):
        raise InputError(f"{source}: {answer.reason}")
    return Detected(name, sample.container, answer or "as given")


def _check_shape(name: str, reader: ModuleType, source: Source, sample: Sample) -> None:
    if (sample.container == "archive") != (reader.SHAPE == "archive") and not _both(reader, sample):
        raise InputError(f"{source} is no {reader.SHAPE} of the format {name!r} but {sample.container}")


def _both(reader: ModuleType, sample: Sample) -> bool:
    """Tell whether a reader of archives takes this container too (a log as one JSON document)."""
    return reader.SHAPE == "archive" and sample.container == "document"


def _nothing_fits(source: Source, sample: Sample, skipped: list[Skipped]) -> str:
    rows = [row.data for row in sample.rows if isinstance(row.data, dict)]
    columns = list(dict.fromkeys(str(name) for data in rows for name in data))
    if not columns:
        first = f"; {skipped[0].place}: {skipped[0].reason}" if skipped else ""
        return f"{source} has no row that can be read (taken for {sample.container}{first})"
    shown = ", ".join(repr(name[:40]) for name in columns[:20]) + (", ..." if len(columns) > 20 else "")
    return (
        f"{source}: no format fits its columns ({shown}); if one of them holds the model outputs, "
        "name it: --map response=COLUMN"
    )
