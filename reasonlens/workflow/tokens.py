"""The main job: traces to counts of lexicon categories to rates with intervals.

`count` brings a study up to date, `estimate` turns its tables into estimates. Both read and
write part by part, so memory does not grow with the input.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.stats import rates as rate_rows
from reasonlens.stats.comparisons import contrasts
from reasonlens.stats.sums import Sums, merge, sums_of_tables
from reasonlens.workflow import export, pool
from reasonlens.workflow.run import Plan

if TYPE_CHECKING:
    from reasonlens.lexicon.definition import Lexicon

__all__ = ["BY", "Question", "Tokens", "estimate", "save_matches", "sums_of_study"]

BY = (("model_kind",), ("model_kind", "model"))
"""The groupings that are always estimated: by kind, and by model within kind."""

_META = ["trace_id", "dataset", "problem_id", "model", "model_kind", "condition", "health", "n_model_tokens"]
_PARTS_AT_ONCE = 4  # at least; a process that is handed few parts at a time passes much back
_GROUPS_PER_PROCESS = 8
_SMALL = 2**20  # below this many bytes of counts, starting processes costs more than it saves


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the counts (see `reasonlens.stats.rates`)."""

    per: str = "words"
    exclude: tuple[str, ...] = ("empty",)
    reference: str | None = None
    all_problems: bool = False
    condition: str | None = None
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class Tokens:
    """The answer: estimates, what makes up each category, and the sums behind both."""

    estimates: pd.DataFrame
    contrasts: pd.DataFrame
    entries: pd.DataFrame
    sums: Sums
    question: Question = field(default_factory=Question)

    def table(self) -> pd.DataFrame:
        """Return rates and contrasts as one table in the `estimates` schema."""
        return pd.concat([self.estimates, self.contrasts], ignore_index=True)


def estimate(study: Study, plan: Plan, question: Question, *, jobs: int | None = None) -> Tokens:
    """Estimate rates by kind and by model, and contrasts between kinds, and keep them in the study.

    Raises
    ------
    InputError
        If the study has no traces.
    """
    sums = sums_of_study(study, plan, jobs=jobs)
    found = [
        rate_rows.rates(
            sums,
            by=by,
            per=question.per,
            exclude=question.exclude,
            condition=question.condition,
            level=question.level,
        )
        for by in BY
    ]
    compared = contrasts(
        sums,
        reference=question.reference,
        all_problems=question.all_problems,
        per=question.per,
        exclude=question.exclude,
        condition=question.condition,
        level=question.level,
    )
    entries = rate_rows.entry_rates(sums, exclude=question.exclude, condition=question.condition)
    tokens = Tokens(pd.concat(found, ignore_index=True), compared, entries, sums, question)
    _keep(study, plan, tokens)
    return tokens


def sums_of_study(study: Study, plan: Plan, *, jobs: int | None = None) -> Sums:
    """Add up the counts of every part of a study by problem and group, in processes if it is large.

    Raises
    ------
    InputError
        If the study has no traces.
    """
    parts = study.parts("traces")
    apart = is_large(study, plan)
    n = min(jobs or pool.cores(), len(parts)) if apart else 1
    groups = _groups(parts, max(1, n))
    work = partial(_sums_of_parts, study.path, plan)
    total: Sums | None = None
    for _, found in pool.run(work, groups, jobs=n, apart=apart, preload=["reasonlens.workflow.tokens"]):
        total = found if total is None else merge([total, found])
    if total is None or not total.n_traces:
        raise InputError(f"the study {study.path} has no traces")
    return total


def is_large(study: Study, plan: Plan) -> bool:
    """Tell whether the counts of a study are worth processes of their own."""
    size = 0
    for part in study.parts("traces"):
        size += sum(
            study.part_path("counts", part, *plan.counts_folder(x)).stat().st_size for x in plan.lexicons
        )
        if size > _SMALL:
            return True
    return False


def _groups(parts: Sequence[str], jobs: int) -> Iterator[Sequence[str]]:
    size = max(_PARTS_AT_ONCE, -(-len(parts) // (jobs * _GROUPS_PER_PROCESS)))
    return (parts[i : i + size] for i in range(0, len(parts), size))


def _sums_of_parts(folder: Path, plan: Plan, parts: Sequence[str]) -> Sums:
    study, total = Study(folder), None
    for start in range(0, len(parts), _PARTS_AT_ONCE):
        found = _sums_of_some(study, plan, parts[start : start + _PARTS_AT_ONCE])
        total = found if total is None else merge([total, found])
    assert total is not None  # groups are never empty
    return total


def _sums_of_some(study: Study, plan: Plan, parts: Sequence[str]) -> Sums:
    """Reduce a few parts at once: most of the time of one goes into calls that cost the same for four."""

    def read(name: str, *folder: str, **options: Any) -> pa.Table:
        paths = [study.part_path(name, part, *folder) for part in parts]
        return pa.concat_tables([pq.read_table(path, **options) for path in paths])

    traces = read("traces", columns=_META).to_pandas()
    lengths = read("lengths", *plan.lengths_folder()).to_pandas()
    tokens = lengths.set_index("trace_id")["n_model_tokens"]
    traces["n_model_tokens"] = traces["trace_id"].map(tokens)
    columns = {"columns": ["trace_id", "lexicon", "category", "entry", "n"], "read_dictionary": ["trace_id"]}
    found = [read("counts", *plan.counts_folder(x), **columns) for x in plan.lexicons]
    counts = pa.concat_tables(found).unify_dictionaries().to_pandas()
    return sums_of_tables(traces, lengths, counts, categories(plan.lexicons))


def save_matches(study: Study, plan: Plan, path: Path) -> int:
    """Write every hit to one file (.csv or .parquet), part by part; return how many there are."""
    folders = [plan.counts_folder(lexicon) for lexicon in plan.lexicons]
    parts = (
        pq.read_table(study.part_path("matches", part, *where))
        for part in study.parts("traces")
        for where in folders
    )
    return export.stream(parts, path)


def categories(lexicons: Sequence[Lexicon]) -> list[tuple[str, str]]:
    """Return every (lexicon, category) in order."""
    return [(lexicon.name, category.name) for lexicon in lexicons for category in lexicon.categories]


def _keep(study: Study, plan: Plan, tokens: Tokens) -> None:
    data = pa.Table.from_pandas(tokens.table(), preserve_index=False)
    details = {
        "command": "tokens",
        "text": plan.text,
        "tokenizer": plan.tokenizer,
        "lexicons": {x.name: {"version": x.version, "digest": x.digest} for x in plan.lexicons},
        "question": {name: getattr(tokens.question, name) for name in Question.__slots__},
    }
    study.write("estimates", "tokens", data, details=details)
