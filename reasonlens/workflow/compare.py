"""Any measure between groups: levels, contrasts on shared problems, and the same at equal length."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.stats.estimate import LIKE, THESE, choice
from reasonlens.stats.group_contrasts import (
    CORRECTIONS,
    corrected,
    corrected_contrasts,
    frame_of,
    group_contrasts,
    group_levels,
)
from reasonlens.stats.length_adjusted import length_adjusted
from reasonlens.stats.measured import Choice, Grouped, Measure, Sheet
from reasonlens.workflow import measures
from reasonlens.workflow.correctness import graded, judged_by
from reasonlens.workflow.run import Plan

__all__ = ["Comparison", "Question", "choices", "compare", "condition_of", "measured"]

_SENSITIVITY = (("looping",), ("truncated",), ("looping", "truncated"))
_TEST = ("measure", "by", "group", "reference", "dataset", "adjusted")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Parameters
    ----------
    measures
        Names (see `reasonlens.workflow.measures.named`); none for the usual ones.
    by
        ``"model_kind"``, ``"model"`` or ``"condition"``.
    reference
        The group that others are compared with; default: the first (base, if there is one).
    dataset
        Only this benchmark.
    estimand
        ``"problems like these"``, or ``"these problems"`` for shares and means of repeated samples.
    adjust
        ``"length"`` adds rows at equal length.
    correction
        ``"holm"`` or ``"bh"``.
    exclude
        Health flags to leave out; ``None``: empty responses, where a text is described.
    condition
        The condition used; ``None``: ``baseline`` if there is such a one and conditions are not compared.
    level
        Confidence level.
    seed
        Of random orders, where a test needs them.
    """

    measures: tuple[str, ...] = ()
    by: str = "model_kind"
    reference: str | None = None
    dataset: str | None = None
    estimand: str = LIKE
    adjust: str | None = None
    correction: str = "holm"
    exclude: tuple[str, ...] | None = None
    condition: str | None = None
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        choice("estimand", self.estimand, (LIKE, THESE))
        choice("adjust", self.adjust or "length", ("length",))
        choice("correction", self.correction, tuple(CORRECTIONS))


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answer: rows of the ``comparisons`` table, and what could not be compared and why."""

    rows: pd.DataFrame
    reference: str
    notes: tuple[str, ...]

    @property
    def levels(self) -> pd.DataFrame:
        """The value of each group."""
        return self.rows[self.rows["reference"] == ""]

    @property
    def contrasts(self) -> pd.DataFrame:
        """Groups against the reference."""
        return self.rows[self.rows["reference"] != ""]


def compare(study: Study, plan: Plan, question: Question) -> Comparison:
    """Compare groups on every measure asked for, and keep the rows in the study.

    Parameters
    ----------
    study, plan
        The study, with the counts that `plan` names.
    question
        What is asked.

    Raises
    ------
    InputError
        If there is nothing to compare.
    """
    grouped, chosen, notes = measured(study, plan, question)
    reference = grouped.reference(question.reference)
    rows = []
    for measure in chosen:
        picks = choices(measure, question, grouped)
        for picked in picks:
            sheet = Sheet(grouped, measure, picked)
            rows += group_levels(sheet, estimand=question.estimand, level=question.level)
            rows += group_contrasts(
                sheet, reference=reference, estimand=question.estimand, level=question.level
            )
            if question.adjust and picked in (picks[0], picks[-1]):
                rows += length_adjusted(sheet, reference=reference, level=question.level)
    frame = frame_of(rows)
    tests = (frame["reference"] != "") & (frame["without"] == "")
    alike = frame["adjusted"] == ""
    frame = corrected_contrasts(frame, tests & alike, _TEST, question.correction)
    frame = corrected(frame, tests & ~alike, _TEST, question.correction, "at equal length, ")
    found = Comparison(frame, reference, tuple(notes))
    data = pa.Table.from_pandas(frame, preserve_index=False)
    study.write("comparisons", f"compare-{question.by}", data, details=details("compare", plan, question))
    return found


def measured(study: Study, plan: Plan, question: Question) -> tuple[Grouped, list[Measure], list[str]]:
    """Read the numbers of a study; return them with the measures that are known of some trace."""
    grouped = Grouped(measures.load(study, plan, question.dataset), question.by)
    chosen, notes = [], []
    for measure in measures.named(question.measures, plan):
        if grouped.traces.numbers[measure.numerator].notna().any():
            chosen.append(measure)
            if measure.name == "accuracy" and graded(study):
                notes.append(f"accuracy: {judged_by(study)}")
        else:
            notes.append(f"{measure.name}: left out, {measure.missing} for every trace")
    if not chosen:
        raise InputError(f"nothing to compare: {'; '.join(notes)}")
    return grouped, chosen, notes


def choices(measure: Measure, question: Question, grouped: Grouped) -> list[Choice]:
    """Return the main choice of traces, then those without looping and truncated ones."""
    condition = condition_of(question, grouped)
    main = Choice(question.exclude, (), condition)
    flagged = {flag for flag in ("looping", "truncated") if grouped.flagged(flag).any()}
    more = [
        Choice(question.exclude, flags, condition)
        for flags in _SENSITIVITY
        if set(flags) <= flagged - set(main.flags(measure)) and measure.flag not in flags
    ]
    return [main, *more]


def condition_of(question: Question, grouped: Grouped) -> str | None:
    """Return the condition that is used, or ``None`` for all."""
    if question.condition is not None or question.by == "condition":
        return question.condition
    found = np.unique(grouped.traces.about["condition"].to_numpy(dtype=object).astype(str))
    return "baseline" if len(found) > 1 and "baseline" in found else None


def details(command: str, plan: Plan, question: Question) -> dict[str, object]:
    """Return what the manifest of a table says."""
    return {
        "command": command,
        "text": plan.text,
        "tokenizer": plan.tokenizer,
        "lexicons": {x.name: {"version": x.version, "digest": x.digest} for x in plan.lexicons},
        "question": asdict(question),
    }
