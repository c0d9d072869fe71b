"""Which traces a report shows: typical ones, and those where something disagrees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, zip_longest

import numpy as np
import pandas as pd

from reasonlens.view.index import Index

__all__ = ["Chosen", "choose"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A trace of the report, and why it is there."""

    row: int
    why: str


def choose(index: Index, most: int, seed: int = 0) -> list[Chosen]:
    """Return at most `most` traces, the same ones for the same study and seed.

    In turn: for each kind and benchmark the trace nearest to the median rate of its words (typical), the
    ones where keywords and a judge disagree, right and wrong answers of one model to one problem, and
    others at random.
    """
    rng = np.random.default_rng(seed)
    sources = [_typical(index, rng), _against_judge(index, rng), _split(index), _any(index, rng)]
    found: dict[int, Chosen] = {}
    for one in chain.from_iterable(zip_longest(*sources)):
        if one is not None:
            found.setdefault(one.row, one)
        if len(found) >= most:
            break
    return list(found.values())


def _rate(index: Index) -> pd.Series[float]:
    hits = sum(index.hits.values(), np.zeros(len(index.traces), np.int32))
    words = index.traces["words"].where(index.traces["words"] > 0)
    return pd.Series(hits, index=index.traces.index) / words


def _typical(index: Index, rng: np.random.Generator) -> Iterator[Chosen]:
    rate = _rate(index)
    groups = [
        (names, mine.index.to_numpy())
        for names, mine in index.traces.groupby(["model_kind", "dataset"], observed=True)
    ]
    queues = []
    for names, rows in groups:
        far = (rate.loc[rows] - rate.loc[rows].median()).abs().fillna(np.inf).to_numpy()
        queues.append([(names, int(row)) for row in rows[np.argsort(far, kind="stable")]])
    for names, row in (one for turn in zip_longest(*queues) for one in turn if one is not None):
        yield Chosen(row, f"typical rate of words for {names[0]} on {names[1] or 'its benchmark'}")


def _against_judge(index: Index, rng: np.random.Generator) -> Iterator[Chosen]:
    rate = _rate(index).fillna(0).to_numpy()
    for name, verdicts in index.verdicts.items():
        behavior = name.rpartition("/")[2].replace("_", " ")
        quiet = np.flatnonzero((verdicts == "present") & (rate <= np.quantile(rate, 0.25)))
        loud = np.flatnonzero((verdicts == "absent") & (rate >= np.quantile(rate, 0.75)))
        for a, b in zip_longest(rng.permutation(quiet).tolist(), rng.permutation(loud).tolist()):
            if a is not None:
                yield Chosen(a, f"judged {behavior}, with few of the words")
            if b is not None:
                yield Chosen(b, f"judged without {behavior}, with many of the words")


def _split(index: Index) -> Iterator[Chosen]:
    known = index.traces[index.traces["correct"].notna()]
    for _, mine in known.groupby(["dataset", "problem_id", "model_kind"], observed=True):
        if mine["correct"].nunique() == 2:
            for right in (1.0, 0.0):
                row = int(mine.index[mine["correct"] == right][0])
                yield Chosen(row, "one kind is both right and wrong on this problem")


def _any(index: Index, rng: np.random.Generator) -> Iterator[Chosen]:
    for row in rng.permutation(len(index.traces)).tolist():
        yield Chosen(row, "drawn at random")
