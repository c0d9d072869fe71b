"""File formats: one module per format, files in, `Record` items out.

A file is opened in two steps. Its *container* (JSON lines, a JSON document, CSV, Parquet, a
zip archive; any of them compressed) gives rows or one document; its *format* says what they
mean. A plug-in module of this folder is a format and has:

``TITLE``
    One line for ``reasonlens list formats``.
``SHAPE``
    ``"rows"`` (each row stands for itself), ``"document"`` (one JSON document) or ``"archive"``.
``SPLITTABLE``
    Whether a row's records depend on that row alone, so that a large file can be read in pieces.
``sniff(sample)``
    Why this format fits the `Sample`, in a few words, or ``None``. A `Refusal` says that the
    file is known and holds no traces.
``read(items, context)``
    For ``"rows"``: an iterator of `Row` to `Record` and `Skipped` items. For ``"document"``:
    ``items`` yields one `Row` with the whole document. For ``"archive"``: one `Row` per member
    that ends in ``.json``, decoded; members outside ``samples/`` (header, journal) come first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

__all__ = ["Context", "Reader", "Record", "Refusal", "Row", "Sample", "Skipped"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a container: where it stood and what it held.

    ``place`` is ``"line 17"`` (JSON lines; ``"byte 4096"`` in a piece of an object on another filesystem),
    ``"item 17"`` (JSON array), ``"row 17"`` (CSV, Parquet), ``"document"`` (one JSON object) or a member's
    name (archive). ``data`` is decoded
    JSON, in an archive as well; for rows it is always a ``dict``. ``repaired`` tells that the
    text held something that JSON or UTF-8 does not allow (see `reasonlens.readers._json`).
    ``aside`` marks what accompanies the rows (the header of an archive) and is not counted as one.
    """

    place: str
    data: Any
    repaired: bool = False
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One model output as a file holds it, before it becomes a trace.

    ``response`` is the text as stored. ``reasoning`` is set only if the file keeps the
    reasoning apart (``withheld`` if it says that there was some and does not give it).
    """

    place: str
    response: str | None
    reasoning: str | None = None
    withheld: bool = False
    problem: str | None = None
    prompt: str | None = None
    problem_id: str | None = None
    dataset: str | None = None
    model: str | None = None
    model_kind: str | None = None
    condition: str | None = None
    sample: int | None = None
    gold: str | None = None
    correct: bool | None = None
    finish: str | None = None
    n_model_tokens: int | None = None
    decoding: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in a file that gave no record, with the reason."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that is known to hold no traces; `reason` is one clear sentence."""

    reason: str


@dataclass(frozen=True, slots=True)
class Sample:
    """What detection sees of a file: its name, container and first rows.

    ``container`` is ``"jsonl"``, ``"array"`` (a JSON array of objects), ``"document"`` (one JSON
    object), ``"csv"``, ``"parquet"`` or ``"archive"``. ``rows`` holds at most 20 decoded rows; for
    a JSON document, ``rows[0].data`` is the document. ``members`` lists the names in an archive;
    its rows are the ``.json`` members, those outside ``samples/`` first. ``fields`` is what the
    user mapped (``--map``).
    """

    path: Path
    container: str
    rows: tuple[Row, ...] = ()
    members: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """What a reader may need beside the rows: the file and the user's settings.

    ``fields`` maps our field names to the file's columns (``--map``). ``companions`` holds side
    files by role, for instance the input file of a batch run.
    """

    path: Path
    fields: Mapping[str, str] = field(default_factory=dict)
    companions: Mapping[str, Path] = field(default_factory=dict)


class Reader(Protocol):
    """What a format module offers (see the module documentation)."""

    TITLE: str
    SHAPE: str
    SPLITTABLE: bool

    def sniff(self, sample: Sample) -> str | Refusal | None:
        """Say why the format fits, refuse the file, or return ``None``."""

    def read(self, items: Iterable[Row], context: Context) -> Iterator[Record | Skipped]:
        """Turn rows into records and skips."""
