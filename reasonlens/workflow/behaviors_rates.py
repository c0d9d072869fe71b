"""What the labels of a study say: verdicts, rates and contrasts, with what failed beside each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.core.tables import LABEL_VERDICTS
from reasonlens.judges import ANSWERS
from reasonlens.judges._injection import NOTE
from reasonlens.stats.cells import ordered
from reasonlens.stats.group_contrasts import corrected_contrasts, frame_of, group_contrasts, group_levels
from reasonlens.stats.measured import Choice, Grouped, Sheet
from reasonlens.workflow import behaviors_measures, measures
from reasonlens.workflow.behaviors_corrected import corrected_levels, gold_of
from reasonlens.workflow.behaviors_store import found_labels, judge_folder
from reasonlens.workflow.run import Plan

__all__ = ["BY", "Asked", "Rates", "rates", "verdicts"]

BY = ("model_kind", "model")
"""The groupings that are always estimated; contrasts are made between kinds."""

_HEALTH = (
    ("looping", "repeats itself without end", "repeat themselves without end"),
    ("truncated", "is cut off", "are cut off"),
)
_TEST = ("measure", "by", "group", "reference", "dataset", "adjusted")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which labels are used and how.

    Parameters
    ----------
    judge
        Name of the judge.
    behaviors
        Names of the behaviors.
    per
        Which of `behaviors_measures.PER`, the first one also for contrasts of shares.
    reference
        The kind that others are compared with; default: the first.
    exclude, condition
        Which traces are used, as in `reasonlens.workflow.compare.Question`.
    correction
        ``"holm"`` or ``"bh"``.
    level
        Confidence level.
    """

    judge: str
    behaviors: tuple[str, ...]
    per: tuple[str, ...] = ("presence", "response", "words", "sentences")
    reference: str | None = None
    exclude: tuple[str, ...] | None = None
    condition: str | None = None
    correction: str = "holm"
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class Rates:
    """The answer.

    Attributes
    ----------
    rows
        Rows of the ``comparisons`` table: levels by kind and by model, contrasts between kinds.
    verdicts
        By behavior and kind: traces, verdicts, quotes, cost (see `verdicts`).
    reference
        What kinds are compared with.
    """

    rows: pd.DataFrame
    verdicts: pd.DataFrame
    reference: str
    asked: Asked
    notes: tuple[str, ...] = field(default=())


def rates(study: Study, plan: Plan, asked: Asked) -> Rates:
    """Estimate shares and counts by kind and by model, and contrasts on shared problems; keep them.

    Parameters
    ----------
    study, plan
        The study, with the lengths that `plan` names.
    asked
        Which labels, which traces.

    Raises
    ------
    InputError
        If the judge has answered nothing.
    """
    traces = measures.load(study, plan, more=[gold_of(asked.behaviors)])
    folder = judge_folder(asked.judge)
    wanted = [f"{folder}/{behavior}/{per}" for behavior in asked.behaviors for per in asked.per]
    known = {m.name: m for m in behaviors_measures.measures(plan)}
    chosen = [known[name] for name in wanted if name in known]
    usable = [m for m in chosen if traces.numbers[m.numerator].notna().any()]
    if not usable:
        raise InputError(
            f"{asked.judge} has no answer for {', '.join(asked.behaviors)} in {study.path}"
            f"{_commonest(study, plan, asked)}; all is in the column problem of the table labels"
        )
    rows, reference = [], ""
    for by in BY:
        grouped = Grouped(traces, by)
        choice = Choice(asked.exclude, (), asked.condition)
        for measure in usable:
            sheet = Sheet(grouped, measure, choice)
            rows += group_levels(sheet, level=asked.level)
            behavior, per = measure.name.split("/")[1:]
            if per == "presence":
                rows += corrected_levels(sheet, behavior, level=asked.level)
            if by == BY[0]:
                reference = grouped.reference(asked.reference)
                rows += group_contrasts(sheet, reference=reference, level=asked.level)
    frame = frame_of(rows)
    frame = corrected_contrasts(frame, frame["reference"] != "", _TEST, asked.correction)
    lost = sorted({m.name.split("/")[1] for m in chosen} - {m.name.split("/")[1] for m in usable})
    notes = [f"{name}: no answer for any response" for name in lost]
    for flag, one, several in _HEALTH:
        n = int(Grouped(traces).flagged(flag).sum())
        if n and flag not in (asked.exclude or ()):
            what, them = (one, "it") if n == 1 else (several, "them")
            notes.append(f"{n} of {len(traces.about)} responses {what}; without {them}: --exclude {flag}")
    details = {"command": "behaviors", "text": plan.text, "judge": asked.judge, "level": asked.level}
    data = pa.Table.from_pandas(frame, preserve_index=False)
    study.write("comparisons", f"behaviors-{folder}", data, details=details)
    return Rates(
        frame, verdicts(study, plan.text, asked.judge, asked.behaviors), reference, asked, tuple(notes)
    )


def verdicts(study: Study, text: str, judge: str, behaviors: Sequence[str]) -> pd.DataFrame:
    """Return by behavior and kind how many units got which verdict, and how the quotes stood up.

    Returns
    -------
    DataFrame
        Columns ``behavior``, ``model_kind``, ``unit``, ``traces``, ``units``, one per verdict of
        `reasonlens.core.tables.LABEL_VERDICTS`, ``quotes`` (given), ``unverified``, ``repeated`` (units
        with several repeats), ``flips`` (those whose repeats do not agree), ``cost`` (US dollars; NaN if
        unknown), ``addressed`` (responses that speak to the judge), ``problems`` (why units have no answer:
        reasons with numbers of units).
    """
    kinds = study.read("traces", columns=["trace_id", "model_kind"]).to_pandas()
    kind_of = kinds.set_index("trace_id")["model_kind"].fillna("other")
    rows = []
    have = set(found_labels(study, text))
    for behavior in behaviors:
        if (judge_folder(judge), behavior) not in have:
            continue
        names = ["trace_id", "unit", "unit_start", "unit_end", "repeat", "verdict", "n_unverified", "cost"]
        names += ["problem"]
        found = study.read("labels", text, judge_folder(judge), behavior, columns=[*names, "quotes"])
        frame = found.to_pandas()
        frame["given"] = frame["quotes"].map(len) if len(frame) else 0
        frame["verdict"] = frame["verdict"].astype("str")
        frame["model_kind"] = frame["trace_id"].map(kind_of)
        for kind in ordered(frame["model_kind"].unique()):
            part = frame[frame["model_kind"] == kind]
            rows.append({"behavior": behavior, "model_kind": kind, **_summed(part)})
    return pd.DataFrame(rows)


def _commonest(study: Study, plan: Plan, asked: Asked) -> str:
    """Return what became of the units instead, and the commonest reason."""
    reasons: Counter[str] = Counter()
    seen = verdicts(study, plan.text, asked.judge, asked.behaviors)
    for problems in seen["problems"] if len(seen) else ():
        reasons.update(problems)
    if not reasons:
        return ""
    states = {v: int(seen[v].sum()) for v in LABEL_VERDICTS if v not in ANSWERS}
    instead = ", ".join(f"{n:,} {verdict}" for verdict, n in states.items() if n)
    why, n = reasons.most_common(1)[0]
    return f": {instead}; {why or 'no reason is known'} ({n:,} of {reasons.total():,})"


def _summed(frame: pd.DataFrame) -> dict[str, object]:
    first = frame[frame["repeat"] == 0]
    counts = first["verdict"].value_counts()
    units = frame.groupby(["trace_id", "unit_start", "unit_end"], sort=False)["verdict"]
    several = units.size() > 1
    cost = frame["cost"].to_numpy(dtype=np.float64)
    unanswered = first.loc[~first["verdict"].isin(ANSWERS), "problem"]
    return {
        "unit": str(frame["unit"].iloc[0]),
        "traces": int(first["trace_id"].nunique()),
        "units": len(first),
        **{verdict: int(counts.get(verdict, 0)) for verdict in LABEL_VERDICTS},
        "quotes": int(first["given"].sum()),
        "unverified": int(first["n_unverified"].sum()),
        "repeated": int(several.sum()),
        "flips": int((units.nunique()[several] > 1).sum()),
        "cost": float(cost.sum()),
        "addressed": int(first["problem"].str.contains(NOTE, regex=False).sum()),
        "problems": {str(why): int(n) for why, n in unanswered.value_counts().items()},
    }
