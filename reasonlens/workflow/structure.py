"""Structure of reasoning in a study: steps, pairs of students and teachers, and what they say."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.stats.group_contrasts import corrected, frame_of
from reasonlens.structure import Decomposition
from reasonlens.structure.decompose import Decomposer
from reasonlens.structure.match import LexicalMatcher, Matcher
from reasonlens.workflow.structure_agreement import rows_of_agreement
from reasonlens.workflow.structure_chosen import Account, Chosen, about_traces, choose, roles
from reasonlens.workflow.structure_followed import CHANCE, curves, differences, scores
from reasonlens.workflow.structure_outcomes import at_k, outcomes
from reasonlens.workflow.structure_pairs import chance_pairs, chosen_pairs
from reasonlens.workflow.structure_patterns import diversity, gaps, kinds, steps_frame, to_teachers
from reasonlens.workflow.structure_rows import Source
from reasonlens.workflow.structure_steps import folder_of, plans_of

__all__ = ["Structure", "structure_rates"]

_TEST = ("quantity", "matcher", "teacher", "group", "reference", "dataset", "kind", "following", "at")


@dataclass(frozen=True, slots=True)
class Structure:
    """The answer.

    Attributes
    ----------
    rows
        Rows of the table ``structure_rates``.
    pairs
        Rows of the table ``structure`` with ``teacher``, ``student`` and ``correct``.
    teachers, students
        The models on both sides.
    notes
        What could not be said, and why.
    """

    rows: pd.DataFrame
    pairs: pd.DataFrame
    teachers: tuple[str, ...]
    students: tuple[str, ...]
    notes: tuple[str, ...]


def structure_rates(
    study: Study,
    decomposer: Decomposer,
    matcher: Matcher,
    chosen: Chosen,
    *,
    level: float = 0.95,
    correction: str = "holm",
) -> Structure:
    """Estimate all that the steps and pairs of a study say, and keep the rows.

    Parameters
    ----------
    study
        With steps and pairs (`decompose_study`, `compare_study`).
    decomposer, matcher, chosen
        As they were made.
    level
        Confidence level.
    correction
        ``"holm"`` or ``"bh"``.

    Raises
    ------
    InputError
        If no trace has steps.

    Notes
    -----
    With no model on one side there is nothing to follow: only what models do by themselves is estimated.
    """
    about = choose(study, chosen, Account())
    teachers, students = roles(about_traces(study), chosen)
    pairs = chosen_pairs(study, chosen)
    ids = set(about.loc[about["model"].isin([*teachers, *students]), "trace_id"])
    plans = plans_of(study, decomposer.name, ids)
    plain = Source(decomposer.name, "", level)
    frame = steps_frame(about[about["trace_id"].isin(ids)], plans)
    rows = kinds(plain, frame) + diversity(plain, frame) + rows_of_agreement(study, plain)
    whole = pairs
    if not pairs.empty:
        whole = _with_numbers(study, pairs, about, decomposer, matcher)
        source = Source(decomposer.name, matcher.name, level)
        rows += scores(source, whole) + curves(source, whole) + differences(source, whole)
        if isinstance(matcher, LexicalMatcher):  # a model would have to be paid for what is not there
            other = _chance(pairs, plans, matcher)
            if not other.empty:
                rows += scores(source, other, CHANCE) + curves(source, other, more=CHANCE)
        rows += outcomes(source, whole) + at_k(source, whole)
        rows += to_teachers(plain, frame, pairs) + gaps(plain, frame, teachers, students)
    if not rows:
        raise InputError(f"no trace of {study.path} has steps by {decomposer.name}: {_instead(plans)}")
    table = frame_of(rows, "structure_rates")
    for quantity in table["quantity"].unique():  # each question is a family of its own
        mine = table["quantity"] == quantity
        table = corrected(table, mine, _TEST, correction, f"{quantity}, ")
    data = pa.Table.from_pandas(table, preserve_index=False)
    name = f"{folder_of(decomposer.name)}--{folder_of(matcher.name)}"
    details = {"command": "structure", "steps": decomposer.digest, "questions": matcher.digest}
    study.write("structure_rates", name, data, details=details)
    return Structure(table, whole, tuple(teachers), tuple(students), tuple(_notes(whole, frame)))


def _instead(plans: dict[str, Decomposition]) -> str:
    """Return what became of traces without steps, with the commonest reason."""
    states = Counter(plan.status for plan in plans.values())
    reasons = Counter(plan.problem for plan in plans.values() if plan.problem)
    why = f" ({reasons.most_common(1)[0][0]})" if reasons else ""
    again = ",".join(sorted(set(states) & {"failed", "unparsed", "refused"}))
    said = ", ".join(f"{n:,} {status}" for status, n in states.most_common()) or "none was decomposed"
    return said + why + (f"; ask again with --retry {again}" if again else "")


def _with_numbers(
    study: Study, pairs: pd.DataFrame, about: pd.DataFrame, decomposer: Decomposer, matcher: Matcher
) -> pd.DataFrame:
    where = folder_of(decomposer.name), folder_of(matcher.name)
    stored = study.read("structure", *where).to_pandas().drop(columns=["problem_id", "dataset"])
    stored["status"] = stored["status"].astype("str")
    found = pairs.merge(stored, on=["teacher_id", "student_id"])
    return found.assign(correct=found["student_id"].map(about.set_index("trace_id")["correct"]).astype(float))


def _chance(pairs: pd.DataFrame, plans: dict[str, Decomposition], matcher: Matcher) -> pd.DataFrame:
    """Return pairs with a teacher's trace of another problem, and what they are worth."""
    other = chance_pairs(pairs)
    ids = zip(other["teacher_id"], other["student_id"], strict=True)
    usable = [plans[a].status == plans[b].status == "ok" for a, b in ids]
    other = other[usable].reset_index(drop=True)
    both = [
        (plans[a].steps, plans[b].steps)
        for a, b in zip(other["teacher_id"], other["student_id"], strict=True)
    ]
    found = [(one.followed, one.aligned) for one in matcher.compare(both)]
    kept = [(f, a) for f, a in found if f is not None]
    return other.assign(
        status="ok",
        n_teacher=[f.n_teacher for f, _ in kept],
        n_student=[f.n_student for f, _ in kept],
        n_matched=[f.n_matched for f, _ in kept],
        reward=[f.reward for f, _ in kept],
        reward_normalized=[f.normalized for f, _ in kept],
        reward_aligned=[a for _, a in kept],
    )


def _notes(pairs: pd.DataFrame, frame: pd.DataFrame) -> list[str]:
    notes = []
    if pairs.empty:
        return ["No model is a teacher, or none is a student: who follows whom is not asked (see --teacher)."]
    known = pairs[pairs["correct"].notna()]
    if known.empty:
        notes.append(
            "No student's response is known to be right or wrong (see `reasonlens grade`): nothing on that."
        )
    else:
        mixed = known.groupby(["student", "dataset", "problem_id"])["correct"].nunique().max() > 1
        if not mixed:
            notes.append(
                "No problem has right and wrong responses of one student (as with one sample each); "
                "only all students together can be compared within problems, which also tells models apart."
            )
    if frame.groupby(["model", "dataset", "problem_id"]).size().max() < 2:
        notes.append("No model has several samples of a problem: nothing on diversity within a model.")
    failed = pairs.loc[pairs["status"] != "ok", "status"].value_counts()
    for status, n in failed.items():
        notes.append(
            f"{n:,} of {len(pairs):,} pairs have no score ({status}); the published code gives these 0."
        )
    return notes
