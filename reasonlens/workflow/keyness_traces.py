"""Which traces a comparison of two groups uses, and the cells that their counts go to.

A cell is one problem, one side, and whether its traces loop or are cut off, so that the sensitivity
rows need no second count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.core.study import Study

__all__ = ["Batch", "Cells", "Chosen", "batches", "cells_of", "census", "pair"]

_META = ["dataset", "problem_id", "model", "model_kind", "condition", "health"]
_ROWS, _CHARS = 200, 2_000_000  # of a batch; one long text may be longer
_NOT_SHARED = "not a shared problem"

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Row = tuple[str, str, str, str, str, str]
"""The columns `_META` of a trace; ``health`` is its flags joined by ``+``."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The two groups and what is left out."""

    a: str
    b: str
    exclude: tuple[str, ...] = ("empty",)
    condition: str | None = None
    all_problems: bool = False


@dataclass(frozen=True, slots=True)
class Cells:
    """The traces in use: numbered problems, and cells with one item each.

    ``of`` gives the cell of a kind of trace; ``parts`` are the parts of the study that have any.
    ``left_out`` counts the traces of the two groups that are not used, by data set and reason.
    """

    problems: list[tuple[str, str]]
    problem: Ints
    side: Ints
    looping: Flags
    truncated: Flags
    traces: Ints
    of: dict[Row, int]
    parts: list[str]
    left_out: Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Some texts, with the problem and the cell of each."""

    texts: list[str]
    problem: Ints
    cell: Ints


def census(study: Study) -> dict[str, Counter[Row]]:
    """Count the traces of each kind, part by part.

    Raises
    ------
    InputError
        If the study has no traces.
    """
    found = {
        part: Counter(_rows(pq.read_table(study.part_path("traces", part), columns=_META)))
        for part in study.parts("traces")
    }
    if not any(found.values()):
        raise InputError(f"the study {study.path} has no traces")
    return found


def _rows(table: pa.Table) -> Iterator[Row]:
    columns = [table[name].to_pylist() for name in _META]
    for *names, health in zip(*columns, strict=True):
        a, b, c, d, e = ("" if name is None else str(name) for name in names)
        yield a, b, c, d, e, "+".join(health or ())


def pair(text: str, rows: Collection[Row]) -> tuple[str, str]:
    """Split ``A:B`` into two groups that exist, model kinds or models.

    Raises
    ------
    InputError
        If it is no pair, or the groups share traces.
    UnknownNameError
        If a group does not exist.
    """
    known = {row[3] for row in rows} | {row[2] for row in rows}
    splits = [(text[:i], text[i + 1 :]) for i, sign in enumerate(text) if sign == ":"]
    if not splits:
        raise InputError(f"--keyness {text!r} is not A:B, for instance --keyness distilled:base")
    a, b = next((s for s in splits if known.issuperset(s)), splits[0])
    for name in (a, b):
        if name not in known:
            raise UnknownNameError("model kind or model", name, known - {""})
    if any(_in(row, a) and _in(row, b) for row in rows):
        raise InputError(f"--keyness {text!r}: the two groups share traces; name two that do not")
    return a, b


def _in(row: Row, group: str) -> bool:
    return group in (row[2], row[3])


def cells_of(found: dict[str, Counter[Row]], chosen: Chosen) -> Cells:
    """Choose the traces of two groups and number their problems and cells.

    Raises
    ------
    InputError
        If no problem is left.
    """
    rows: Counter[Row] = sum(found.values(), Counter())
    sides = {row: 0 if _in(row, chosen.a) else 1 for row in rows if _in(row, chosen.a) or _in(row, chosen.b)}
    why = {row: _reason(row, chosen) for row in sides}
    answered: list[set[tuple[str, str]]] = [
        {row[:2] for row, side in sides.items() if side == each and not why[row]} for each in (0, 1)
    ]
    use = answered[0] | answered[1] if chosen.all_problems else answered[0] & answered[1]
    if not use:
        hint = "" if chosen.all_problems else "; --all-problems compares them on the problems of each"
        raise InputError(f"{chosen.a} and {chosen.b} have no problem in common{hint}")
    why = {row: reason or ("" if row[:2] in use else _NOT_SHARED) for row, reason in why.items()}
    problems = sorted(use)
    number = {key: place for place, key in enumerate(problems)}
    keys: dict[tuple[int, int, bool, bool], int] = {}
    of, traces = {}, Counter[int]()
    for row in sorted(sides):
        if not why[row]:
            flags = row[5].split("+")
            key = (number[row[:2]], sides[row], "looping" in flags, "truncated" in flags)
            of[row] = keys.setdefault(key, len(keys))
            traces[of[row]] += rows[row]
    left_out = Counter[tuple[str, str]]()
    for row, reason in why.items():
        if reason:
            left_out[row[0], reason] += rows[row]
    table = list(keys)
    return Cells(
        problems,
        np.array([key[0] for key in table], np.int64),
        np.array([key[1] for key in table], np.int64),
        np.array([key[2] for key in table], np.bool_),
        np.array([key[3] for key in table], np.bool_),
        np.array([traces[i] for i in range(len(table))], np.int64),
        of,
        [part for part, here in found.items() if any(row in of for row in here)],
        left_out,
    )


def _reason(row: Row, chosen: Chosen) -> str:
    if chosen.condition is not None and row[4] != chosen.condition:
        return f"condition is not {chosen.condition}"
    flags = row[5].split("+")
    return next((flag for flag in chosen.exclude if flag in flags), "")


def batches(study: Study, cells: Cells, text: str) -> Iterator[Batch]:
    """Yield the texts in use, a few at a time; a missing text counts as empty."""
    for part in cells.parts:
        with pq.ParquetFile(study.part_path("traces", part)) as file:
            for stored in file.iter_batches(batch_size=_ROWS, columns=[*_META, text]):
                yield from _cut(pa.Table.from_batches([stored]), cells, text)


def _cut(table: pa.Table, cells: Cells, text: str) -> Iterator[Batch]:
    cell = np.array([cells.of.get(row, -1) for row in _rows(table)], np.int64)
    use = np.flatnonzero(cell >= 0)
    texts = [each or "" for each in table[text].take(pa.array(use)).to_pylist()]
    chars = np.cumsum([len(each) for each in texts], dtype=np.int64)
    borders = np.flatnonzero(np.diff(chars // _CHARS, prepend=0))
    for some in np.split(np.arange(len(texts)), borders):
        if len(some):
            here = cell[use[some]]
            yield Batch([texts[i] for i in some], cells.problem[here], here)
