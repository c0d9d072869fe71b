"""The first page: models by benchmarks with rates, accuracy and lengths, and everything that went wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reasonlens.core.tables import LABEL_VERDICTS, MODEL_KINDS
from reasonlens.stats import arrays
from reasonlens.stats.arrays import Interval
from reasonlens.view.index import Index

__all__ = ["Cell", "Flip", "behaviors", "entries", "flips", "health", "rows"]

_FLAGS = ("truncated", "looping", "empty", "no_reasoning")


@dataclass(frozen=True, slots=True)
class Cell:
    """A number with its interval, as text, and the filter that shows the traces behind it."""

    value: float
    text: str
    limits: str
    filter: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Flip:
    """The same problem and sample under two conditions, with another outcome."""

    model: str
    dataset: str
    problem: str
    condition: str
    before: str
    after: str
    right: bool  # right under the condition, wrong at baseline


def rows(index: Index) -> list[dict[str, Any]]:
    """Return one row per model and benchmark: counts, accuracy, words, category rates with intervals.

    Intervals are those of `reasonlens.stats.arrays`, clustered by problem, at 95%.
    """
    found = []
    flagged = {flag: index.flagged(flag) for flag in _FLAGS}
    columns = ["model_kind", "model", "dataset", "condition"]
    for names, mine in index.traces.groupby(columns, observed=True, sort=False):
        kind, model, dataset, condition = (str(name) for name in names)
        where = {"kind": kind, "model": model, "dataset": dataset, "condition": condition}
        cluster = pd.factorize(mine["problem_id"])[0]
        found.append(
            {
                **where,
                "traces": Cell(len(mine), f"{len(mine):,}", "", where),
                "problems": int(mine["problem_id"].nunique()),
                "accuracy": _accuracy(mine, cluster, where),
                "words": _words(mine, cluster, where),
                "rates": {name: _rate(index, name, mine, cluster, where) for name in index.hits},
                "flags": {flag: _flag(carry[mine.index], flag, where) for flag, carry in flagged.items()},
            }
        )
    order = {kind: place for place, kind in enumerate(MODEL_KINDS)}
    return sorted(found, key=lambda r: (order.get(r["kind"], 99), r["model"], r["dataset"], r["condition"]))


def _cell(interval: Interval, scale: float, digits: int, where: Mapping[str, str]) -> Cell:
    value, low, high = (scale * x for x in (interval.value, interval.low, interval.high))
    if math.isnan(value):
        return Cell(value, "–", "", where)
    limits = "" if math.isnan(low) else f"[{low:,.{digits}f}, {high:,.{digits}f}]"
    return Cell(value, f"{value:,.{digits}f}", limits, where)


def _accuracy(mine: pd.DataFrame, cluster: np.ndarray[Any, Any], where: Mapping[str, str]) -> Cell:
    right = mine["correct"].to_numpy()
    known = ~np.isnan(right)
    if not known.any():
        return Cell(math.nan, "–", "", {**where, "correct": "unknown"})
    return _cell(arrays.share(right[known], cluster[known]), 100, 1, {**where, "correct": "yes"})


def _words(mine: pd.DataFrame, cluster: np.ndarray[Any, Any], where: Mapping[str, str]) -> Cell:
    words = mine["words"].to_numpy()
    known = ~np.isnan(words)
    if not known.any():
        return Cell(math.nan, "–", "", where)
    return _cell(
        arrays.mean(words[known], cluster[known]), 1, 0, {**where, "sort": "words", "descending": "1"}
    )


def _rate(
    index: Index, name: str, mine: pd.DataFrame, cluster: np.ndarray[Any, Any], where: Mapping[str, str]
) -> Cell:
    words, hits = mine["words"].to_numpy(), index.hits[name][mine.index.to_numpy()]
    keep = ~np.isnan(words) & (words > 0)
    if not keep.any():
        return Cell(math.nan, "–", "", where)
    found = arrays.ratio(hits[keep], words[keep], cluster[keep])
    return _cell(found, 1, 2, {**where, "category": name, "sort": "hits", "descending": "1"})


def _flag(mine: np.ndarray[Any, Any], flag: str, where: Mapping[str, str]) -> Cell:
    n = int(mine.sum())
    return Cell(n, f"{n:,}", "", {**where, "health": flag})


def health(index: Index) -> list[tuple[str, int]]:
    """Return how many traces carry each flag, and how many have no verdict on their answer."""
    found = [(flag, int(index.flagged(flag).sum())) for flag in _FLAGS]
    return [*found, ("correctness unknown", int(index.traces["correct"].isna().sum()))]


def behaviors(index: Index) -> list[dict[str, Any]]:
    """Return, per judge, behavior and model kind, how many traces have each verdict."""
    found = []
    kinds = index.traces["model_kind"].astype("str").to_numpy()
    for name, verdicts in index.verdicts.items():
        judge, _, behavior = name.rpartition("/")
        for kind in (k for k in MODEL_KINDS if (kinds == k).any()):
            mine = verdicts[kinds == kind]
            counts = {verdict: int((mine == verdict).sum()) for verdict in LABEL_VERDICTS}
            if sum(counts.values()):
                found.append({"judge": judge, "behavior": behavior, "name": name, "kind": kind, **counts})
    return found


def entries(index: Index, category: str) -> list[dict[str, Any]]:
    """Return the entries of a category with their hits, by model kind."""
    lexicon, _, name = category.partition("/")
    kinds = index.traces["model_kind"].astype("str").to_numpy()
    folder = index.study.path / "counts" / "response" / f"{lexicon}@{index.lexicons.get(lexicon, '')}"
    frames = []
    for path in sorted(folder.glob("*.parquet")):
        columns = ["trace_id", "category", "entry", "n"]
        table = pq.read_table(path, columns=columns, read_dictionary=["trace_id"])
        frame = table.filter(pc.equal(table["category"].cast(pa.string()), name)).to_pandas()
        ids = frame["trace_id"].cat
        kind = kinds[np.fromiter((index.places[x] for x in ids.categories), np.int64, len(ids.categories))]
        frame = frame.assign(kind=kind[ids.codes] if len(frame) else "")
        frames.append(frame.groupby(["entry", "kind"], as_index=False, observed=True)["n"].sum())
    if not frames:
        return []
    total = pd.concat([frame.astype({"entry": "str"}) for frame in frames]).pivot_table(
        index="entry", columns="kind", values="n", aggfunc="sum", fill_value=0
    )
    total = total.assign(total=total.sum(axis=1)).sort_values(["total"], ascending=False, kind="stable")
    return [{"entry": entry, **{str(k): int(v) for k, v in row.items()}} for entry, row in total.iterrows()]


def flips(index: Index) -> Iterator[Flip]:
    """Yield the pairs of baseline and another condition where the outcome differs."""
    keys = ["model", "dataset", "problem_id", "sample"]
    known = index.traces[index.traces["correct"].notna()]
    base = known[known["condition"] == "baseline"].drop_duplicates(keys)[[*keys, "trace_id", "correct"]]
    for condition, mine in known[known["condition"] != "baseline"].groupby("condition", observed=True):
        both = mine[[*keys, "trace_id", "correct"]].merge(base, on=keys, suffixes=("", "_base"))
        for row in both[both["correct"] != both["correct_base"]].to_dict("records"):
            yield Flip(
                str(row["model"]),
                str(row["dataset"]),
                str(row["problem_id"]),
                str(condition),
                row["trace_id_base"],
                row["trace_id"],
                bool(row["correct"] == 1),
            )
