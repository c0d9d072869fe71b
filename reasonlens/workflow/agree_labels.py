"""The labels of a study as one frame, and pairs of labels of the same units."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa

from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.core.study import Study
from reasonlens.judges import ANSWERS
from reasonlens.workflow.behaviors_store import HUMAN

__all__ = ["KEY", "PEOPLE", "judges_of", "labels_of", "majority", "paired", "with_groups"]

KEY = ("trace_id", "unit", "unit_start", "unit_end", "behavior")
"""What makes a unit; two judges agree or not on one of these."""

PEOPLE = "human:(all)"
"""All people together: the majority of their verdicts; a tie is no label."""

_COLUMNS = (*KEY, "judge", "repeat", "verdict", "count", "version", "digest", "rationale")
_GROUPS = ("problem_id", "dataset", "model", "model_kind", "condition")


def labels_of(study: Study, text: str, behaviors: Sequence[str] = ()) -> pd.DataFrame:
    """Return all labels on a text, of some behaviors or of all.

    Raises
    ------
    InputError
        If there are none.
    """
    if not any(study.path.joinpath("labels", text).rglob("*.parquet")):
        raise InputError(
            f"the study {study.path} has no labels of the {text} yet; make some with "
            f"`reasonlens behaviors {study.path}`, or read those of people with `reasonlens agree import`"
        )
    frame = plain(study.read("labels", text, columns=list(_COLUMNS)))
    for name in behaviors:
        if name not in set(frame["behavior"]):
            raise UnknownNameError("behavior with labels", name, frame["behavior"].unique())
    return frame[frame["behavior"].isin(list(behaviors))] if behaviors else frame


def plain(table: pa.Table) -> pd.DataFrame:
    """Return rows of ``labels`` with columns of strings in place of categories."""
    frame: pd.DataFrame = table.to_pandas()
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.CategoricalDtype):
            frame[name] = frame[name].astype("str")
    return frame.reset_index(drop=True)


def judges_of(frame: pd.DataFrame) -> list[str]:
    """Return who labelled, people last."""
    return sorted(frame["judge"].unique(), key=lambda name: (name.startswith(HUMAN), name))


def majority(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row per unit with the verdict of most people (judge `PEOPLE`); ties are left out."""
    mine = frame[
        frame["judge"].str.startswith(HUMAN) & frame["verdict"].isin(ANSWERS) & (frame["repeat"] == 0)
    ]
    yes = (mine["verdict"] == "present").astype("float64")
    grouped = mine.assign(share=yes).groupby(list(KEY), sort=False)
    found = grouped.agg(share=("share", "mean"), count=("count", "median"), digest=("digest", "first"))
    found = found[found["share"] != 0.5].reset_index()
    verdict = (found["share"] > 0.5).map({True: "present", False: "absent"})
    return found.assign(judge=PEOPLE, repeat=0, verdict=verdict, version="", rationale="").drop(
        columns="share"
    )


def paired(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Join the labels of two judges on the same units; columns get the endings ``_a`` and ``_b``.

    Raises
    ------
    InputError
        If they share no unit.
    """
    found = first.merge(second, on=list(KEY), suffixes=("_a", "_b"))
    if found.empty:
        a, b = (", ".join(sorted(x["judge"].unique())) or "nobody" for x in (first, second))
        units = ", ".join(sorted({*first["unit"], *second["unit"]}))
        raise InputError(
            f"{a} and {b} labelled no unit in common (units: {units}); both must have labelled the same "
            "traces for the same behaviors"
        )
    return found


def with_groups(study: Study, frame: pd.DataFrame) -> pd.DataFrame:
    """Add problem, data set, model and kind of each trace, and ``problem`` as a code."""
    traces = study.traces(["trace_id", *_GROUPS]).set_index("trace_id")
    for name in _GROUPS:
        traces[name] = traces[name].astype("str").where(traces[name].notna(), "")
    found = frame.join(traces, on="trace_id", how="left")
    problem = pd.factorize(found["dataset"] + "\0" + found["problem_id"])[0]
    return found.assign(problem=problem)
