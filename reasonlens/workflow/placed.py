"""Where the hits of every trace of a study stand, reduced part by part.

What is kept of a trace is its length, the place of its first hit in each category, and which cell it
belongs to (its problem, group and health); hits are added up by cell, category and bin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.lexicon.definition import Lexicon
from reasonlens.lexicon.places import categories_of, places
from reasonlens.stats.word_bins import Bins
from reasonlens.workflow import pool

__all__ = ["CELL", "NEVER", "Placed", "merge", "placed", "placed_in_study"]

CELL = ("dataset", "problem_id", "model", "model_kind", "condition", "health")
"""What tells the cells apart; ``health`` is the sorted flags joined by ``+``, or ``ok``."""

NEVER = -1
"""Stands for the place of the first hit where there is none."""

_META = ["dataset", "problem_id", "model", "model_kind", "condition", "health"]
_BATCH = 500
_MERGE_AFTER = 32  # parts held before they are merged
_SMALL = 4 * 2**20  # below this many bytes, starting processes costs more than it saves
_LATE = np.iinfo(np.int32).max

Ints = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Placed:
    """The places of all hits.

    Attributes
    ----------
    cells
        One row per cell (columns of `CELL`), sorted.
    cell, n_words
        Of each trace, shape (n,).
    first
        Words before the first hit of each trace in each category, or `NEVER`; shape (n, C).
    key, hits
        Hits per ``(cell * C + category) * bins + bin``, ascending; a hit counts in a relative and
        in an absolute bin.
    """

    cells: pd.DataFrame
    cell: Ints
    n_words: Ints
    first: Places
    key: Ints
    hits: Ints


def placed_in_study(
    study: Study,
    lexicons: Sequence[Lexicon],
    bins: Bins,
    *,
    text: str = "response",
    jobs: int | None = None,
    tick: Callable[[str], None] = lambda _: None,
) -> Placed:
    """Find the hits of `lexicons` in every trace of a study.

    Raises
    ------
    InputError
        If the study has no traces, or none with a word in the column `text`.
    """
    parts = study.parts("traces")
    size = sum(study.part_path("traces", part).stat().st_size for part in parts)
    wanted = jobs or (1 if size < _SMALL else pool.cores())
    work = partial(_part, study.path, tuple(lexicons), bins, text)
    held: list[Placed] = []
    for part, found in pool.run(work, parts, jobs=max(1, min(wanted, len(parts)))):
        held.append(found)
        tick(part)
        if len(held) >= _MERGE_AFTER:
            held = [merge(held, bins)]
    if not held or not sum(len(each.cell) for each in held):
        raise InputError(f"the study {study.path} has no traces")
    result = merge(held, bins)
    if not result.n_words.any():
        raise InputError(
            f"no trace of {study.path} has a word in its {text!r}, so there is no place to count from; "
            "choose another --part, or read the files again if the texts were not kept"
        )
    return result


def _part(path: Path, lexicons: tuple[Lexicon, ...], bins: Bins, text: str, part: str) -> Placed:
    found = []
    with pq.ParquetFile(Study(path).part_path("traces", part)) as file:
        for batch in file.iter_batches(batch_size=_BATCH, columns=[*_META, text]):
            found.append(placed(pa.Table.from_batches([batch]), lexicons, bins, text=text))
    if not found:
        return placed(
            pa.table({name: pa.array([], pa.string()) for name in [*_META, text]}), lexicons, bins, text=text
        )
    return merge(found, bins)


def placed(traces: pa.Table, lexicons: Sequence[Lexicon], bins: Bins, *, text: str = "response") -> Placed:
    """Find the hits in a table of traces, held in memory.

    A hit after the last word counts as one on the last word; a trace without words has no hits.

    Parameters
    ----------
    traces
        Rows of the ``traces`` table, with the text column `text`.
    """
    found = places(traces, lexicons, part=text)
    n_categories = len(categories_of(lexicons))
    cell, cells = _numbered(_meta(traces))
    some = found.n_words[found.row] > 0
    row, category = found.row[some], found.category[some]
    length = found.n_words[row]
    word = np.minimum(found.word[some], length - 1)
    first = np.full((len(cell), n_categories), _LATE, np.int64)
    np.minimum.at(first, (row, category), word)
    first[first == _LATE] = NEVER
    keys = [(cell[row] * n_categories + category) * bins.size + number for number in bins.of(word, length)]
    key, hits = np.unique(np.concatenate(keys), return_counts=True)
    return Placed(cells, cell, found.n_words, first.astype(np.int32), key, hits.astype(np.int64))


def merge(several: Sequence[Placed], bins: Bins) -> Placed:
    """Join the traces of several parts; their cells are numbered anew."""
    if len(several) == 1:
        return several[0]
    number, cells = _numbered(pd.concat([each.cells for each in several], ignore_index=True))
    starts = np.cumsum([0, *(len(each.cells) for each in several)])
    of = [number[start : start + len(each.cells)] for start, each in zip(starts, several, strict=False)]
    width = several[0].first.shape[1] * bins.size
    keys = [
        code[each.key // width] * width + each.key % width for code, each in zip(of, several, strict=True)
    ]
    key, place = np.unique(np.concatenate(keys), return_inverse=True)
    hits = np.zeros(len(key), np.int64)
    np.add.at(hits, place.reshape(-1), np.concatenate([each.hits for each in several]))
    return Placed(
        cells,
        np.concatenate([code[each.cell] for code, each in zip(of, several, strict=True)]),
        np.concatenate([each.n_words for each in several]),
        np.concatenate([each.first for each in several]),
        key,
        hits,
    )


def _meta(traces: pa.Table) -> pd.DataFrame:
    flags = ["+".join(sorted(f)) if f else "ok" for f in traces["health"].to_pylist()]
    names = {name: [x or "" for x in traces[name].to_pylist()] for name in CELL if name != "health"}
    return pd.DataFrame({**names, "health": flags}, columns=list(CELL), dtype="str")


def _numbered(frame: pd.DataFrame) -> tuple[Ints, pd.DataFrame]:
    """Number the different rows of `frame` in sorted order, so that the order of traces is nothing."""
    number: Ints = frame.groupby(list(CELL), sort=True).ngroup().to_numpy().astype(np.int64)
    _, first = np.unique(number, return_index=True)
    return number, frame.iloc[first].reset_index(drop=True)
