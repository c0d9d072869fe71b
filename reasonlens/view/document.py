"""One trace as a document: its texts, what is marked in them, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from reasonlens.core.errors import InputError, ReasonlensError
from reasonlens.core.tables import table as schema_of
from reasonlens.judges._quotes import COUNTED
from reasonlens.lexicon import count, definition
from reasonlens.lexicon.definition import Lexicon
from reasonlens.view.index import Index

__all__ = ["DRAWN", "Document", "Layer", "Mark", "begin", "categories", "read", "response"]

DRAWN = 20_000
"""Marks of a trace that are drawn at most; a browser stays quick, and the counts are of all."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Something that can be shown in a text: a category of words, or a behavior with its quotes."""

    key: str
    kind: str  # "category" or "behavior"
    title: str
    color: int


@dataclass(frozen=True, slots=True)
class Mark:
    """``text[start:end]`` of the response belongs to a layer (Python characters); `note` says why."""

    start: int
    end: int
    layer: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A trace with everything that is known of it.

    ``record`` is its row of `traces`; ``marks`` lie in ``record["response"]``; ``labels`` are its rows of
    `labels`, ``grades`` of `grades`, ``steps`` of `steps`; ``unlisted`` names lists that were counted but
    are not installed here, so that their words cannot be shown.
    """

    record: dict[str, Any]
    layers: tuple[Layer, ...]
    marks: tuple[Mark, ...]
    labels: tuple[dict[str, Any], ...]
    grades: tuple[dict[str, Any], ...]
    steps: tuple[dict[str, Any], ...]
    unlisted: tuple[str, ...]

    @property
    def text(self) -> str:
        """The whole response."""
        return str(self.record["response"])

    @property
    def undrawn(self) -> int:
        """The number of marks at the end that are not drawn."""
        return max(0, len(self.marks) - DRAWN)

    def counts(self) -> dict[int, int]:
        """Return the number of marks of each layer."""
        found = dict.fromkeys(range(len(self.layers)), 0)
        for mark in self.marks:
            found[mark.layer] += 1
        return found


def read(index: Index, trace_id: str) -> Document:
    """Read a trace and mark its words and quotes.

    Raises
    ------
    InputError
        If there is no such trace, or the study was made without texts.
    """
    record = _record(index, trace_id)
    if record["response"] is None:
        raise InputError(
            f"the study {index.study.path} was made without texts; read the files again with --study"
        )
    known, unlisted = categories(index)
    layers = [Layer(key, "category", key.split("/")[1].replace("_", " "), i) for i, key in enumerate(known)]
    marks = list(_words(record, index))
    labels = _rows(index, "labels", trace_id)
    for label in labels:
        key = f"{label['judge']}/{label['behavior']}"
        if label["unit"] == "trace" and label["verdict"] == "present":
            layers.append(Layer(key, "behavior", label["behavior"].replace("_", " "), len(layers)))
            notes = label["rationale"] or ""
            shift = begin(record, label["part"])
            marks += [
                Mark(shift + q["start"], shift + q["end"], len(layers) - 1, notes)
                for q in _found(label, shift)
            ]
    return Document(
        record,
        tuple(layers),
        tuple(sorted(marks, key=lambda m: (m.start, m.end))),
        tuple(labels),
        tuple(_rows(index, "grades", trace_id)),
        tuple(_rows(index, "steps", trace_id)),
        unlisted,
    )


def begin(record: dict[str, Any], part: str) -> int:
    """Return where a part begins in the response, or -1: places of its quotes count from there."""
    response, body = record["response"], record[part] or ""
    if part == "response":
        return 0
    return int(response.rfind(body) if part == "answer" else response.find(body)) if body else -1


def _found(label: dict[str, Any], shift: int) -> list[dict[str, Any]]:
    return [q for q in label["quotes"] or () if q["found"] in COUNTED and shift >= 0]


def response(index: Index, trace_id: str) -> str:
    """Return the response of a trace.

    Raises
    ------
    InputError
        If there is no such trace.
    """
    return str(_record(index, trace_id)["response"])


def _record(index: Index, trace_id: str) -> dict[str, Any]:
    about = index.traces.iloc[index.row_of(trace_id)]
    part, row = index.parts[int(about["part"])], int(about["row"])
    path = index.study.part_path("traces", part)
    with pq.ParquetFile(path) as file:
        sizes = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    for number, size in enumerate(sizes):
        if row < size:
            return dict(_group(path, path.stat().st_mtime_ns, number).slice(row, 1).to_pylist()[0])
        row -= size
    raise ReasonlensError(f"{index.study.path} was changed while it was open; start the viewer again")


@lru_cache(maxsize=2)  # neighbors of a list lie together
def _group(path: Path, changed: int, number: int) -> pa.Table:
    with pq.ParquetFile(path) as file:
        return file.read_row_group(number)


def _rows(index: Index, table: str, trace_id: str) -> list[dict[str, Any]]:
    """Return the rows of a trace in a table whose parts are those of the traces."""
    part = index.parts[int(index.traces["part"].iloc[index.row_of(trace_id)])]
    files = sorted(str(path) for path in (index.study.path / table).rglob(f"{part}.parquet"))
    if not files:
        return []
    rows = ds.dataset(files, schema=schema_of(table).schema, format="parquet")
    return [dict(row) for row in rows.to_table(filter=ds.field("trace_id") == trace_id).to_pylist()]


def categories(index: Index) -> tuple[list[str], tuple[str, ...]]:
    """Return the counted categories that can be shown, and the lists that are not installed here."""
    lexicons, unlisted = _lexicons(tuple(index.lexicons.items()))
    return [f"{x.name}/{c.name}" for x in lexicons for c in x.categories], unlisted


@lru_cache(maxsize=8)
def _lexicons(counted: tuple[tuple[str, str], ...]) -> tuple[tuple[Lexicon, ...], tuple[str, ...]]:
    found, unlisted = [], []
    for name, digest in counted:
        lexicon = definition.load(name) if name in definition.names() else None
        if lexicon is not None and lexicon.digest == digest:
            found.append(lexicon)
        else:
            unlisted.append(name)
    return tuple(found), tuple(unlisted)


def _words(record: dict[str, Any], index: Index) -> Iterable[Mark]:
    lexicons, _ = _lexicons(tuple(index.lexicons.items()))
    if not lexicons:
        return
    places = {f"{x.name}/{c.name}": None for x in lexicons for c in x.categories}
    number = {key: i for i, key in enumerate(places)}
    row = pa.table(
        {"trace_id": [record["trace_id"]], "response": pa.array([record["response"]], pa.large_string())}
    )
    hits = count.match_table(row, lexicons)
    columns = [hits.column(name).to_pylist() for name in ("lexicon", "category", "start", "end", "entry")]
    for lexicon, category, start, end, entry in zip(*columns, strict=True):
        yield Mark(start, end, number[f"{lexicon}/{category}"], entry)
