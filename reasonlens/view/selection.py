"""Which traces a list holds, and in which order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reasonlens.view.index import Index, Rows

__all__ = ["SORTS", "Filter", "select"]

SORTS = ("problem", "model", "words", "correct", "hits")
"""What a list can be sorted by; ``hits`` is the number of hits of the category asked for."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is to hold; an empty string holds everything.

    Parameters
    ----------
    model, kind, dataset, problem, condition, health
        Exact names; ``health`` may also be ``ok``.
    correct
        ``yes``, ``no`` or ``unknown``.
    category
        ``LEXICON/CATEGORY``: traces with at least one hit.
    behavior
        ``JUDGE/BEHAVIOR``: traces where it is present.
    verdict
        With `behavior`: this verdict instead of ``present``.
    query
        Words to find in the response (case ignored).
    sort, descending
        One of `SORTS`.
    """

    model: str = ""
    kind: str = ""
    dataset: str = ""
    problem: str = ""
    condition: str = ""
    health: str = ""
    correct: str = ""
    category: str = ""
    behavior: str = ""
    verdict: str = ""
    query: str = ""
    sort: str = "problem"
    descending: bool = False


def select(index: Index, wanted: Filter, found: Rows | None = None) -> Rows:
    """Return the rows that `wanted` asks for, sorted; `found` limits them to what a search found."""
    keep = np.ones(len(index.traces), dtype=bool)
    if found is not None:
        keep[:] = False
        keep[found] = True
    for column, value in (
        ("model", wanted.model),
        ("model_kind", wanted.kind),
        ("dataset", wanted.dataset),
        ("problem_id", wanted.problem),
        ("condition", wanted.condition),
    ):
        if value:
            keep &= (index.traces[column] == value).to_numpy(dtype=bool)
    if wanted.health:
        keep &= index.flagged(wanted.health)
    if wanted.correct:
        right = index.traces["correct"].to_numpy()
        unknown = np.isnan(right)
        keep &= {"yes": right == 1, "no": right == 0}.get(wanted.correct, unknown)
    if wanted.category:
        keep &= index.hits.get(wanted.category, np.zeros(len(keep), np.int32)) > 0
    if wanted.behavior:
        keep &= index.verdicts.get(wanted.behavior, np.full(len(keep), "")) == (wanted.verdict or "present")
    rows: Rows = np.flatnonzero(keep)
    return rows[_order(index, rows, wanted)]


def _order(index: Index, rows: Rows, wanted: Filter) -> Rows:
    by = index.traces.iloc[rows]
    if wanted.sort == "hits" and wanted.category in index.hits:
        keys = pd.Series(index.hits[wanted.category][rows])
    elif wanted.sort in ("words", "correct"):
        keys = by[wanted.sort].reset_index(drop=True)
    else:
        first = "model" if wanted.sort == "model" else "problem_id"
        codes = [by[name].cat.codes.to_numpy() for name in ("dataset", "problem_id", "model_kind", "model")]
        if first == "model":
            codes = [codes[2], codes[3], codes[0], codes[1]]
        order: Rows = np.lexsort((by["sample"].to_numpy(), *reversed(codes)))
        return order[::-1] if wanted.descending else order
    ordered: Rows = keys.sort_values(
        kind="stable", ascending=not wanted.descending, na_position="last"
    ).index.to_numpy(dtype=np.int64)
    return ordered
