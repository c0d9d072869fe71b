"""Do two decomposers cut the same traces alike? Sentence by sentence: where steps begin, and of which kind.

A sentence has the kind of the step that covers its beginning, and begins a step if a step begins in it.
Agreement is Cohen's kappa (1960, doi:10.1177/001316446002000104), with limits over problems.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reasonlens.core.study import Study
from reasonlens.core.tables import POOLED
from reasonlens.stats.agreement_limits import agreement
from reasonlens.structure import KINDS, Decomposition
from reasonlens.text.segments import segments
from reasonlens.workflow.structure_rows import Source
from reasonlens.workflow.structure_steps import plans_of

__all__ = ["decomposers", "rows_of_agreement", "sentences"]

_TEXTS = ["trace_id", "dataset", "problem_id", "reasoning", "response"]


@dataclass(frozen=True, slots=True)
class _Side:
    """What one decomposer says of the sentences of a text; kind -1 where no step is placed."""

    kinds: list[int]
    starts: list[bool]


def decomposers(study: Study) -> list[str]:
    """Return the names of the decomposers whose steps a study has."""
    found = []
    for folder in sorted(p for p in (study.path / "steps").glob("*") if p.is_dir()):
        path = next(folder.glob("*.parquet"), None)
        if path is not None:
            names = pq.read_table(path, columns=["decomposer"]).column(0).cast("string").unique()
            found += [str(name) for name in names.to_pylist()]
    return found


def sentences(text: str, plan: Decomposition) -> _Side:
    """Return what a decomposition says of each sentence of `text`.

    Examples
    --------
    >>> from reasonlens.structure import Step
    >>> steps = Step("a", kind="plan", start=0, end=7), Step("b", kind="check", start=7, end=20)
    >>> found = sentences("Add 2. Is it 5? Yes.", Decomposition(steps))
    >>> [KINDS[k] for k in found.kinds], found.starts
    (['plan', 'check', 'check'], [True, True, False])
    """
    placed = [step for step in plan.steps if step.start >= 0]
    kinds, starts = [], []
    for sentence in segments(text):
        if sentence.content_end <= sentence.start:
            continue
        covering = [s for s in placed if s.start < sentence.content_end and s.end > sentence.start]
        first = max(covering, key=lambda s: s.start, default=None)
        kinds.append(KINDS.index(first.kind) if first is not None and first.kind in KINDS else -1)
        starts.append(any(sentence.start <= s.start < sentence.content_end for s in placed))
    return _Side(kinds, starts)


def rows_of_agreement(study: Study, source: Source) -> list[dict[str, Any]]:
    """Return the agreement of a decomposer with every other one of the study, on traces that both have."""
    rows: list[dict[str, Any]] = []
    mine = plans_of(study, source.decomposer)
    for other in decomposers(study):
        if other != source.decomposer:
            found = list(_both(study, mine, plans_of(study, other)))
            rows += _rows(source, other, found)
    return rows


def _both(
    study: Study, mine: Mapping[str, Decomposition], other: Mapping[str, Decomposition]
) -> Iterator[tuple[str, str, _Side, _Side]]:
    """Yield data set, problem and both sides of each trace that both have cut."""
    shared = {i for i in mine.keys() & other.keys() if mine[i].status == other[i].status == "ok"}
    for part in study.parts("traces"):
        table = pq.read_table(study.part_path("traces", part), columns=_TEXTS)
        table = table.filter(pc.is_in(table["trace_id"], pc.cast(list(shared), "string")))
        for row in table.to_pylist():
            text = row["reasoning"] if (row["reasoning"] or "").strip() else row["response"]
            a, b = (sentences(text or "", plans[row["trace_id"]]) for plans in (mine, other))
            yield row["dataset"] or "", row["problem_id"] or "", a, b


def _rows(source: Source, other: str, found: list[tuple[str, str, _Side, _Side]]) -> list[dict[str, Any]]:
    if not found:
        return []
    names = pd.Series([f"{dataset}\x1f{problem}" for dataset, problem, _, _ in found])
    sizes = [len(a.kinds) for _, _, a, _ in found]
    where = np.repeat(pd.factorize(names)[0], sizes)
    rows = []
    for quantity, values in (("agreement of kinds", range(len(KINDS))), ("agreement of step starts", (0, 1))):
        field = "kinds" if "kinds" in quantity else "starts"
        ratings = np.array(
            [pair for _, _, a, b in found for pair in zip(getattr(a, field), getattr(b, field), strict=True)],
            dtype=float,
        ).reshape(-1, 2)
        kept = (ratings >= 0).all(axis=1)
        if not kept.any():
            continue
        one = agreement(ratings[kept], "cohen", where[kept], categories=list(values))
        out = int((~kept).sum())
        why = f"sentences without a placed step: {out}" if out else ""
        scope = POOLED if len({dataset for dataset, *_ in found}) > 1 else found[0][0]
        rows.append(
            source.row(quantity, one, scope, unit="Cohen's kappa", reference=other, excluded=out, why=why)
        )
    return rows
