"""What the grades come to: accuracy, and pass@k and maj@k where a problem was tried several times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reasonlens.core.study import Study
from reasonlens.core.tables import POOLED
from reasonlens.stats.group_contrasts import frame_of, group_levels
from reasonlens.stats.measured import Grouped, Sheet
from reasonlens.stats.scores_at_k import ANSWER, scores_at_k
from reasonlens.workflow import measures
from reasonlens.workflow.answers import answer_columns
from reasonlens.workflow.compare import Question, choices
from reasonlens.workflow.correctness import correctness
from reasonlens.workflow.run import Plan

__all__ = ["accuracies", "usual_ks"]

_QUESTION = Question(("accuracy",), by="model")
_ANSWERS = measures.Source(ANSWER, lambda plan: [], answer_columns)


def _right(study: Study, plan: Plan, part: str, traces: pd.DataFrame) -> pd.DataFrame:
    right = correctness(study, part, traces)
    return pd.DataFrame({"correct": right, "traces": np.ones(len(traces))}, index=traces.index)


_VERDICTS = measures.Source("accuracy", lambda plan: [], _right)


def accuracies(study: Study, ks: Sequence[int] | None = None) -> pd.DataFrame:
    """Return accuracy, and the scores at each k, with intervals, per model and data set.

    Parameters
    ----------
    study
        A study with grades, or with verdicts of its sources. It needs no counts.
    ks
        Numbers of tries; ``None`` for the usual ones (`usual_ks`), empty for none.

    Returns
    -------
    pandas.DataFrame
        Rows of the ``comparisons`` table: ``quantity`` is ``share`` (accuracy), ``avg@n``, ``pass@k`` or
        ``maj@k``; ``excluded`` counts traces without a verdict. Intervals cluster by problem. A model whose
        problems all have fewer samples than the largest k has no scores at k.
    """
    plan = Plan(study.path)
    traces = measures.load(study, plan, sources=[_VERDICTS])
    chosen = usual_ks(traces.about) if ks is None else list(ks)
    if chosen:
        traces = measures.load(study, plan, more=[_ANSWERS], sources=[_VERDICTS])
    grouped = Grouped(traces, _QUESTION.by)
    (measure,) = measures.named(_QUESTION.measures, plan)
    if not grouped.traces.numbers[measure.numerator].notna().any():
        return frame_of([])
    sheet = Sheet(grouped, measure, choices(measure, _QUESTION, grouped)[0])
    rows = group_levels(sheet)
    if chosen:
        rows += [row for row in scores_at_k(sheet, chosen, reference="") if row["n_problems"]]
    frame = frame_of(rows)
    return frame[(frame["dataset"] != POOLED)].reset_index(drop=True)


def usual_ks(about: pd.DataFrame) -> list[int]:
    """Return 1 and the number of samples that most problems of a model have, if that is more than one."""
    cells = about.groupby(["dataset", "problem_id", "model", "condition"]).size()
    usual = int(cells.median()) if len(cells) else 1
    return [1, usual] if usual > 1 else []
