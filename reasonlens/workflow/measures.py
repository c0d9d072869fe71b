"""What can be compared: sources of columns with one number per trace.

A source offers measures by name and reads their columns part by part. To add one (grades, structure),
write a `Source` and add it to `SOURCES`: nothing else has to change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.core.study import Study
from reasonlens.lexicon import definition
from reasonlens.lexicon.definition import Lexicon
from reasonlens.stats.measured import ABOUT, Measure, Traces
from reasonlens.stats.rates import UNITS, measure_name
from reasonlens.workflow import behaviors_measures
from reasonlens.workflow.correctness import correctness
from reasonlens.workflow.run import Plan

__all__ = ["DEFAULT", "SOURCES", "Source", "lexicons_of", "load", "named"]

_META = ["trace_id", "dataset", "problem_id", "model", "model_kind", "condition", "health", "correct_source"]
_FLAGS = ("truncated", "looping", "empty")


@dataclass(frozen=True, slots=True)
class Source:
    """Where measures come from.

    Parameters
    ----------
    name
        Its name; ``--measure NAME`` asks for all its measures.
    measures
        The measures that a plan allows.
    columns
        Reads the columns of one part: (study, plan, part, traces) to a DataFrame with one row per row of
        `traces` (columns `_META`) in that order, NaN where a trace has no value.
    """

    name: str
    measures: Callable[[Plan], Sequence[Measure]]
    columns: Callable[[Study, Plan, str, pd.DataFrame], pd.DataFrame]


def _categories(plan: Plan) -> list[Measure]:
    found = []
    for lexicon in plan.lexicons:
        for category in lexicon.categories:
            for per, (numerator, denominator, scale, unit) in UNITS.items():
                found.append(
                    Measure(
                        measure_name(lexicon.name, category.name, per),
                        "share" if per == "presence" else "rate",
                        f"{lexicon.name}/{category.name}/{numerator}",
                        denominator,
                        unit,
                        scale,
                        "number of model tokens unknown" if per == "model-tokens" else "not counted",
                    )
                )
    return found


def _category_columns(study: Study, plan: Plan, part: str, traces: pd.DataFrame) -> pd.DataFrame:
    place, columns = pd.Index(traces["trace_id"]), {}
    for lexicon in plan.lexicons:
        path = study.part_path("counts", part, *plan.counts_folder(lexicon))
        counts = pq.read_table(path, columns=["trace_id", "category", "n"]).to_pandas()
        counts["category"] = counts["category"].astype("str")
        rows = place.get_indexer(pd.Index(counts["trace_id"]))
        for category in lexicon.categories:
            mine = (counts["category"] == category.name).to_numpy() & (rows >= 0)
            hits = np.bincount(rows[mine], counts["n"].to_numpy()[mine], minlength=len(place))
            columns[f"{lexicon.name}/{category.name}/hits"] = hits.astype(np.float64)
            columns[f"{lexicon.name}/{category.name}/present"] = (hits > 0).astype(np.float64)
    return pd.DataFrame(columns, index=traces.index)


def _lengths(plan: Plan) -> list[Measure]:
    unknown = "number of model tokens unknown"
    return [
        Measure("length/words", "mean", "words", "traces", "words per response"),
        Measure("length/chars", "mean", "chars", "traces", "characters per response"),
        Measure(
            "length/model_tokens", "mean", "model_tokens", "traces", "tokens per response", missing=unknown
        ),
    ]


def _length_columns(study: Study, plan: Plan, part: str, traces: pd.DataFrame) -> pd.DataFrame:
    path = study.part_path("lengths", part, *plan.lengths_folder())
    lengths = pq.read_table(path, columns=["trace_id", "n_words", "n_chars", "n_model_tokens"]).to_pandas()
    lengths = lengths.set_index("trace_id").reindex(traces["trace_id"]).astype("float64")
    names = {"n_words": "words", "n_chars": "chars", "n_model_tokens": "model_tokens"}
    frame: pd.DataFrame = lengths.rename(columns=names).set_axis(traces.index, axis=0)
    return frame.assign(traces=1.0)


def _accuracy(plan: Plan) -> list[Measure]:
    unknown = "correctness unknown"
    return [
        Measure("accuracy", "share", "correct", "traces", "share of responses", missing=unknown, text=False)
    ]


def _accuracy_columns(study: Study, plan: Plan, part: str, traces: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"correct": correctness(study, part, traces)}, index=traces.index)


def _health(plan: Plan) -> list[Measure]:
    return [
        Measure(flag, "share", flag, "traces", "share of responses", text=False, flag=flag) for flag in _FLAGS
    ]


def _health_columns(study: Study, plan: Plan, part: str, traces: pd.DataFrame) -> pd.DataFrame:
    flags = traces["health"].str.split("+")
    columns = {name: flags.map(lambda found, name=name: float(name in found)) for name in _FLAGS}
    return pd.DataFrame(columns, index=traces.index)


SOURCES: tuple[Source, ...] = (
    Source("categories", _categories, _category_columns),
    Source("length", _lengths, _length_columns),
    Source("accuracy", _accuracy, _accuracy_columns),
    Source("health", _health, _health_columns),
    Source("behaviors", behaviors_measures.measures, behaviors_measures.columns),
)
"""The one place where a source is registered."""

DEFAULT = ("categories", "length/words", "accuracy", "truncated", "looping")
"""What is compared if no measure is named; what a study does not know is left out and said."""


def named(names: Sequence[str], plan: Plan) -> list[Measure]:
    """Return the measures that `names` ask for.

    Parameters
    ----------
    names
        A measure, a source (all its measures), a lexicon or ``LEXICON/CATEGORY`` (per 1,000 words), a
        judge, a behavior or ``JUDGE/BEHAVIOR`` (share of responses).

    Raises
    ------
    UnknownNameError
        If a name is none of these.
    """
    every = {measure.name: measure for source in SOURCES for measure in source.measures(plan)}
    groups = {source.name: [m.name for m in source.measures(plan)] for source in SOURCES}
    rates = [name for name in groups["categories"] if name.endswith("/words")]
    groups["categories"] = rates
    for name in rates:
        lexicon, category, _ = name.split("/")
        groups.setdefault(lexicon, []).append(name)
        groups[f"{lexicon}/{category}"] = [name]
    judged = behaviors_measures.group_names(groups["behaviors"])
    groups["behaviors"] = [name for name in groups["behaviors"] if name.endswith("/presence")]
    groups = {**judged, **groups}
    found: list[str] = []
    for name in names or DEFAULT:
        if name not in every and name not in groups:
            raise UnknownNameError("measure", name, [*groups, *every])
        found += [name] if name in every else groups[name]
    return [every[name] for name in dict.fromkeys(found)]


def lexicons_of(names: Sequence[str], chosen: Sequence[Lexicon]) -> tuple[Lexicon, ...]:
    """Return the lexicons to count: those chosen, and shipped ones that the names of measures begin with."""
    have = {lexicon.name: lexicon for lexicon in chosen}
    shipped = definition.names()
    for name in names:
        first = name.split("/")[0]
        if first in shipped and first not in have:
            have[first] = definition.load(first)
    return tuple(have.values())


def load(
    study: Study,
    plan: Plan,
    dataset: str | None = None,
    more: Sequence[Source] = (),
    sources: Sequence[Source] | None = None,
) -> Traces:
    """Read the columns of every source (and of `more`), part by part: numbers only, no texts.

    Raises
    ------
    InputError
        If there is no trace (of the data set).
    """
    about, numbers, seen = [], [], set()
    for part in study.parts("traces"):
        traces = pq.read_table(study.part_path("traces", part), columns=_META).to_pandas()
        flags = traces["health"].map(lambda f: "+".join(sorted(f)) if f is not None and len(f) else "ok")
        traces["health"] = flags.astype("str")
        for name in ABOUT:
            traces[name] = traces[name].astype("str").fillna("")
        seen.update(traces["dataset"].unique())
        if dataset is not None:
            traces = traces[traces["dataset"] == dataset].reset_index(drop=True)
        if traces.empty:
            continue
        columns = [
            source.columns(study, plan, part, traces)
            for source in (*(SOURCES if sources is None else sources), *more)
        ]
        about.append(traces[list(ABOUT)])
        numbers.append(pd.concat(columns, axis=1))
    if not about:
        have = ", ".join(sorted(seen)) or "none"
        of = f" of {dataset!r}; it has {have}" if dataset else ""
        raise InputError(f"the study {study.path} has no traces{of}")
    return Traces(pd.concat(about, ignore_index=True), pd.concat(numbers, ignore_index=True))
