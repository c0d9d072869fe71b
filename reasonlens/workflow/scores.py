"""pass@k, avg@k and maj@k where a model answers a problem several times."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.stats.group_contrasts import corrected, frame_of
from reasonlens.stats.measured import Grouped, Sheet
from reasonlens.stats.scores_at_k import ANSWER, scores_at_k
from reasonlens.workflow import measures
from reasonlens.workflow.answers import answer_columns
from reasonlens.workflow.compare import Comparison, Question, choices, details
from reasonlens.workflow.run import Plan

__all__ = ["score"]

_TEST = ("measure", "quantity", "by", "group", "reference", "dataset")
_ANSWERS = measures.Source(ANSWER, lambda plan: [], answer_columns)


def score(study: Study, plan: Plan, question: Question, ks: Sequence[int]) -> Comparison:
    """Score every group at each k, and keep the rows in the study.

    Parameters
    ----------
    study, plan, question
        As in `reasonlens.workflow.compare.compare`; the measure is ``accuracy``.
    ks
        Numbers of tries.

    Raises
    ------
    InputError
        If correctness is unknown, or no problem has as many samples of a model as the largest k.
    """
    grouped = Grouped(measures.load(study, plan, question.dataset, [_ANSWERS]), question.by)
    (measure,) = measures.named(["accuracy"], plan)
    if not grouped.traces.numbers[measure.numerator].notna().any():
        raise InputError(f"the study {study.path} does not say of any trace whether it is right")
    reference = grouped.reference(question.reference)
    rows = []
    for picked in choices(measure, question, grouped):
        sheet = Sheet(grouped, measure, picked)
        rows += scores_at_k(sheet, ks, reference=reference, estimand=question.estimand, level=question.level)
    frame = frame_of(rows)
    frame = corrected(
        frame, (frame["reference"] != "") & (frame["without"] == ""), _TEST, question.correction
    )
    if not (frame["n_problems"] > 0).any():
        traces = grouped.traces.about
        most = int(traces.groupby(["dataset", "problem_id", "model", "condition"]).size().max())
        raise InputError(
            f"no problem has {max(ks)} graded responses of one model (the most is {most}); name smaller --k"
        )
    notes = []
    if not frame["quantity"].str.startswith("maj@").any():
        notes.append("maj@k: left out, most right responses mark no answer (or their text was not kept)")
    data = pa.Table.from_pandas(frame, preserve_index=False)
    about = details("compare --k", plan, question) | {"k": list(ks)}
    study.write("comparisons", f"scores-{question.by}", data, details=about)
    return Comparison(frame, reference, tuple(notes))
