"""Judged behaviors as measures: what `reasonlens compare` and the rates of behaviors have in common.

``JUDGE/BEHAVIOR/PER``: ``presence`` is the share of responses that show a behavior, ``response`` and
``words`` count its instances, ``sentences`` (for codebooks of that unit) is the mean over responses of
the share of sentences, so that a response that loops counts no more than others.
A trace with no answer has no value; it is left out and counted, never taken for "absent".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reasonlens.core.study import Study
from reasonlens.stats.measured import Measure
from reasonlens.workflow.behaviors_store import found_labels
from reasonlens.workflow.run import Plan

__all__ = ["NO_ANSWER", "PER", "columns", "group_names", "measures", "per_trace"]

PER = {
    "presence": ("share", "present", "answered", 1.0, "share of responses"),
    "response": ("rate", "instances", "answered", 1.0, "per response"),
    "words": ("rate", "instances", "words", 1000.0, "per 1,000 words"),
    "sentences": ("mean", "fraction", "answered", 1.0, "mean share of sentences"),
}
"""Kind, numerator, denominator, scale and unit of each measure of a behavior."""

NUMBERS = ("answered", "present", "instances", "fraction")
"""What is known of one trace; ``fraction`` is of its sentences."""

NO_ANSWER = "not judged, or no answer"


def measures(plan: Plan) -> list[Measure]:
    """Return the measures that the labels of a study allow."""
    if not (plan.study / "study.json").is_file():
        return []
    study, found = Study(plan.study), []
    for judge, behavior in found_labels(study, plan.text):
        of_sentences = _unit(study, plan.text, judge, behavior) == "sentence"
        for per, (kind, top, bottom, scale, unit) in PER.items():
            if per != "sentences" or of_sentences:
                prefix = f"{judge}/{behavior}"
                below = bottom if bottom == "words" else f"{prefix}/{bottom}"
                found.append(
                    Measure(f"{prefix}/{per}", kind, f"{prefix}/{top}", below, unit, scale, NO_ANSWER)
                )
    return found


def group_names(names: Sequence[str]) -> dict[str, list[str]]:
    """Return what stands for several measures: a judge, a behavior, or both, by presence."""
    found: dict[str, list[str]] = {}
    for name in names:
        judge, behavior, per = name.split("/")
        if per == "presence":
            for group in (judge, behavior, f"{judge}/{behavior}"):
                found.setdefault(group, []).append(name)
    return found


def _unit(study: Study, text: str, judge: str, behavior: str) -> str:
    part = study.parts("labels", text, judge, behavior)[0]
    unit = study.manifest_of("labels", part, text, judge, behavior).get("unit")
    if unit is None:  # labels that people made
        units = pq.read_table(study.part_path("labels", part, text, judge, behavior), columns=["unit"])
        unit = units["unit"][0].as_py() if units.num_rows else "trace"
    return str(unit)


def columns(study: Study, plan: Plan, part: str, traces: pd.DataFrame) -> pd.DataFrame:
    """Return the numbers of each trace of a part (`NUMBERS`); NaN without an answer."""
    made: dict[str, pd.Series[float]] = {}
    for judge, behavior in found_labels(study, plan.text):
        found = per_trace(study, plan.text, judge, behavior, part)
        mine = found.reindex(traces["trace_id"]).set_axis(traces.index, axis=0)
        for name in NUMBERS:
            made[f"{judge}/{behavior}/{name}"] = mine[name]
    return pd.DataFrame(made, index=traces.index)


def per_trace(study: Study, text: str, judge: str, behavior: str, part: str | None = None) -> pd.DataFrame:
    """Return the answers by trace (first repeat), with the columns `NUMBERS`.

    A trace of which any unit has no answer has NaN throughout.
    """
    names = ["trace_id", "repeat", "verdict", "count"]
    if part is None:
        rows = study.read("labels", text, judge, behavior, columns=names)
    elif study.has("labels", part, text, judge, behavior):
        rows = pq.read_table(study.part_path("labels", part, text, judge, behavior), columns=names)
    else:
        empty = pd.DataFrame(columns=list(NUMBERS), dtype="float64")
        return empty.rename_axis("trace_id")
    frame = rows.filter(pc.equal(rows["repeat"], 0)).to_pandas()
    verdict = frame["verdict"].astype("str")
    frame["present"] = (verdict == "present").astype("float64")
    frame["answer"] = verdict.isin(["present", "absent"]).astype("float64")
    frame["instances"] = frame["count"].astype("float64").where(verdict == "present", 0.0)
    by = frame.groupby("trace_id", sort=False)
    found = pd.DataFrame(
        {
            "answered": 1.0,
            "present": by["present"].max(),
            "instances": by["instances"].sum(),
        }
    )
    found["fraction"] = found["instances"] / by.size()
    return found.where(by["answer"].min() > 0, np.nan)
