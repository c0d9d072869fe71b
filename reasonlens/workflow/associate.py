"""Does a measure go with being right? Within problems and across models, never only pooled."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.stats.group_contrasts import corrected, frame_of
from reasonlens.stats.measured import Sheet
from reasonlens.stats.outcomes import ACROSS, OTHER, OUTCOME, SAME, across_models, within_problems
from reasonlens.workflow.compare import Question, choices, details, measured
from reasonlens.workflow.run import Plan

__all__ = ["USUAL", "Association", "associate"]

USUAL = ("categories", "length/words")
"""What is correlated with correctness if no measure is named."""

_TEST = ("measure", "scope", "quantity", "by", "group", "dataset", "adjusted")


@dataclass(frozen=True, slots=True)
class Association:
    """The answer: rows of the ``associations`` table, and what could not be said and why."""

    rows: pd.DataFrame
    notes: tuple[str, ...]


def associate(study: Study, plan: Plan, question: Question) -> Association:
    """Correlate every measure asked for with correctness, and keep the rows in the study.

    Parameters
    ----------
    study, plan
        The study, with the counts that `plan` names.
    question
        What is asked; ``reference`` and ``estimand`` are not used.

    Raises
    ------
    InputError
        If the source says of no trace whether it is right.
    """
    grouped, chosen, notes = measured(study, plan, question)
    if not grouped.traces.numbers[OUTCOME].notna().any():
        raise InputError(f"the study {study.path} does not say of any trace whether it is right")
    rows = []
    for measure in chosen:
        if measure.numerator == OUTCOME:
            notes.append(f"{measure.name}: left out, it is the outcome itself")
            continue
        for picked in choices(measure, question, grouped):
            sheet = Sheet(grouped, measure, picked)
            for scope in (SAME, OTHER):
                rows += within_problems(sheet, scope, level=question.level)
            rows += across_models(sheet, seed=question.seed, level=question.level)
    frame = frame_of(rows, "associations")
    main = frame["without"] == ""
    length = frame["adjusted"].where(frame["adjusted"] == "", " at equal length")
    kind = frame["quantity"] + length + ", " + frame["scope"] + ", "
    for one in kind.unique():
        frame = corrected(frame, main & (kind == one), _TEST, question.correction, str(one))
    known = frame[main & (frame["scope"] == SAME)]
    if known["value"].isna().all():
        notes.append(_nothing_within(frame))
    data = pa.Table.from_pandas(frame, preserve_index=False)
    study.write(
        "associations", f"correct-{question.by}", data, details=details("compare --outcome", plan, question)
    )
    return Association(frame, tuple(notes))


def _nothing_within(frame: pd.DataFrame) -> str:
    text = (
        "No problem has both right and wrong responses of one model (as with one sample per problem), so "
        "nothing can be said within a model."
    )
    if (frame["scope"] == OTHER).any():
        text += f" Offered instead: '{OTHER}', which also tells models apart"
    if (frame["scope"] == ACROSS).any():
        text += f", and '{ACROSS}'"
    return f"{text.rstrip('.')}."
