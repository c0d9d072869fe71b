"""What is known of every trace of a study but its text: one row each, in memory, to filter and sort."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.workflow.correctness import correctness

__all__ = ["Index", "Rows", "load"]

_META = (
    *("trace_id", "dataset", "problem_id", "model", "model_kind", "condition", "sample"),
    *("correct_source", "finish", "health"),
)
_NAMES = ("dataset", "problem_id", "model", "model_kind", "condition", "finish", "health")
_BATCH = 2000
_TITLE = 160

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Index:
    """The traces of a study without their texts.

    Attributes
    ----------
    study
        The study.
    traces
        One row per trace: the columns of `traces` but the texts, ``health`` as a string, ``correct`` (1,
        0 or NaN), ``words``, and where its text lies: ``part`` (place in `parts`) and ``row``.
    parts
        Names of the parts of the study.
    hits
        Per ``LEXICON/CATEGORY`` the number of hits of each trace.
    verdicts
        Per ``JUDGE/BEHAVIOR`` the verdict for each trace (empty: not asked).
    problems
        Per ``problem_id`` the start of its statement.
    lexicons
        Names of the counted lists with their digests.
    """

    study: Study
    traces: pd.DataFrame
    parts: list[str]
    hits: Mapping[str, npt.NDArray[np.int32]]
    verdicts: Mapping[str, npt.NDArray[np.object_]]
    problems: Mapping[str, str]
    lexicons: Mapping[str, str]
    places: Mapping[str, int] = field(default_factory=dict)

    def row_of(self, trace_id: str) -> int:
        """Return the row of a trace.

        Raises
        ------
        InputError
            If there is none.
        """
        if trace_id not in self.places:
            raise InputError(f"this study has no trace {trace_id!r}")
        return self.places[trace_id]

    def flagged(self, flag: str) -> npt.NDArray[np.bool_]:
        """Tell which traces carry a health flag (``ok``: none)."""
        health = self.traces["health"].cat
        having = np.array([flag in str(flags).split("+") for flags in health.categories], dtype=bool)
        carries: npt.NDArray[np.bool_] = having[health.codes.to_numpy()]
        return carries


def load(study: Study) -> Index:
    """Read the index of a study, part by part.

    Raises
    ------
    InputError
        If the study has no traces, or was made without texts.
    """
    parts = study.parts("traces")
    if not parts:
        raise InputError(
            f"the study {study.path} has no traces; fill it with: reasonlens tokens FILES --study"
        )
    problems: dict[str, str] = {}
    frames = [_part(study, part, place, problems) for place, part in enumerate(parts)]
    traces = pd.concat(frames, ignore_index=True)
    for name in _NAMES:
        traces[name] = traces[name].fillna("").astype("category")
    places = dict(zip(traces["trace_id"].tolist(), range(len(traces)), strict=True))
    index = Index(study, traces, parts, {}, {}, problems, {}, places)
    traces["words"] = _words(index)
    hits, lexicons = _hits(index)
    return replace(index, hits=hits, verdicts=_verdicts(index), lexicons=lexicons)


def _part(study: Study, part: str, place: int, problems: dict[str, str]) -> pd.DataFrame:
    path = study.part_path("traces", part)
    frame = pq.read_table(path, columns=list(_META)).to_pandas()
    flags = frame["health"].map(lambda f: "+".join(sorted(f)) if f is not None and len(f) else "ok")
    about: pd.DataFrame = frame.assign(
        health=flags.astype("str"),
        correct=correctness(study, part, frame),
        part=place,
        row=np.arange(len(frame)),
    ).drop(columns="correct_source")
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_BATCH, columns=["problem_id", "problem"]):
            _titles(batch, problems)
    return about


def _titles(batch: pa.RecordBatch, problems: dict[str, str]) -> None:
    ids = batch.column("problem_id").to_pylist()
    new = [i for i, name in enumerate(ids) if name and name not in problems]
    starts = pc.utf8_slice_codeunits(batch.column("problem").take(pa.array(new, pa.int64())), 0, _TITLE)
    for i, text in zip(new, starts.to_pylist(), strict=True):
        problems.setdefault(ids[i], " ".join((text or "").split()))


def _words(index: Index) -> npt.NDArray[np.float64]:
    words = np.full(len(index.traces), np.nan)
    folder = index.study.path / "lengths" / "response"
    for path in sorted(folder.glob("*.parquet")):
        table = pq.read_table(path, columns=["trace_id", "n_words"])
        rows = _rows_of(index, table.column("trace_id").to_pylist())
        words[rows] = table.column("n_words").to_numpy()
    return words


def _hits(index: Index) -> tuple[dict[str, npt.NDArray[np.int32]], dict[str, str]]:
    hits: dict[str, npt.NDArray[np.int32]] = {}
    lexicons: dict[str, str] = {}
    for folder in sorted(p for p in (index.study.path / "counts" / "response").glob("*@*") if p.is_dir()):
        name, _, digest = folder.name.rpartition("@")
        lexicons[name] = digest
        for path in sorted(folder.glob("*.parquet")):
            for category, rows, n in _category_hits(index, path):
                mine = hits.setdefault(f"{name}/{category}", np.zeros(len(index.traces), np.int32))
                mine += np.bincount(rows, n, len(mine)).astype(np.int32)
    return hits, lexicons


def _category_hits(index: Index, path: Path) -> Iterator[tuple[str, Rows, npt.NDArray[np.int64]]]:
    columns = ["trace_id", "category", "n"]
    table = pq.read_table(path, columns=columns, read_dictionary=["trace_id"]).combine_chunks()
    if not table.num_rows:
        return
    ids = table.column("trace_id").combine_chunks()
    rows = _rows_of(index, ids.dictionary.to_pylist())[ids.indices.to_numpy()]
    categories = table.column("category").combine_chunks()
    codes, n = categories.indices.to_numpy(), table.column("n").to_numpy()
    for code, name in enumerate(categories.dictionary.to_pylist()):
        yield name, rows[codes == code], n[codes == code]


def _verdicts(index: Index) -> dict[str, npt.NDArray[np.object_]]:
    found: dict[str, npt.NDArray[np.object_]] = {}
    for path in sorted((index.study.path / "labels").rglob("*.parquet")):
        table = pq.read_table(path, columns=["trace_id", "unit", "behavior", "judge", "verdict"]).to_pandas()
        table = table[table["unit"].astype("str") == "trace"]
        names = table["judge"].astype("str") + "/" + table["behavior"].astype("str")
        for name, mine in table.groupby(names):
            column = found.setdefault(str(name), np.full(len(index.traces), "", dtype=object))
            column[_rows_of(index, mine["trace_id"].tolist())] = mine["verdict"].astype("str").to_numpy()
    return found


def _rows_of(index: Index, ids: list[str]) -> Rows:
    """Return the rows of traces; every id is known, since tables of a study are made from its traces."""
    return np.fromiter((index.places[name] for name in ids), np.int64, len(ids))
