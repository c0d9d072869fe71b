"""Which traces of a study are decomposed and compared, and why others are not."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd
import pyarrow.parquet as pq

from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.core.study import Study
from reasonlens.core.tables import HEALTH
from reasonlens.structure import FAILED
from reasonlens.workflow.correctness import correctness

__all__ = ["ABOUT", "Account", "Chosen", "about_traces", "choose", "roles"]

ABOUT = [
    *("trace_id", "problem_id", "dataset", "model", "model_kind", "condition", "sample", "correct_source"),
    "health",
]
"""What is known of a trace beside its texts."""

_PROBLEM = ["dataset", "problem_id"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which traces are decomposed.

    Parameters
    ----------
    teachers, students
        Models; by default those of kind ``teacher``, and all others. If both sides are there, only problems
        that a teacher and a student have are taken.
    teacher_samples
        How many traces of a teacher per problem are compared (the first ones); of a student, all are.
    dataset, condition
        Only this benchmark and condition, or ``None`` for all.
    sample
        At most so many problems (those that most models have, then by their ids), or ``None`` for all.
    exclude
        Health flags of traces that are left out.
    retry
        Of `reasonlens.structure.FAILED`: what is tried again.
    """

    teachers: tuple[str, ...] = ()
    students: tuple[str, ...] = ()
    teacher_samples: int = 1
    dataset: str | None = None
    condition: str | None = None
    sample: int | None = None
    exclude: tuple[str, ...] = ("empty",)
    retry: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for flag in self.exclude:
            if flag not in HEALTH:
                raise UnknownNameError("health flag", flag, HEALTH)
        for state in self.retry:
            if state not in FAILED:
                raise UnknownNameError("state to retry", state, FAILED)


@dataclass(slots=True)
class Account:
    """What a run met and did, in traces; ``states`` counts what became of those chosen."""

    traces: int = 0
    chosen: int = 0
    done: int = 0
    kept: int = 0
    steps: int = 0
    unplaced: int = 0
    cost: float = 0.0
    left_out: dict[str, int] = field(default_factory=dict)
    states: dict[str, int] = field(default_factory=dict)


def about_traces(study: Study) -> pd.DataFrame:
    """Return what is known of every trace, with the part of the study that holds it.

    Raises
    ------
    InputError
        If there are no traces.
    """
    found = [_about(study, part) for part in study.parts("traces")]
    frame = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=[*ABOUT, "part"])
    if frame.empty:
        raise InputError(f"the study {study.path} has no traces")
    for name in ("problem_id", "dataset", "model", "model_kind", "condition"):
        frame[name] = frame[name].fillna("other" if name == "model_kind" else "")
    return frame


def _about(study: Study, part: str) -> pd.DataFrame:
    frame = pq.read_table(study.part_path("traces", part), columns=ABOUT).to_pandas()
    made: pd.DataFrame = frame.assign(part=part, correct=correctness(study, part, frame))
    return made


def choose(study: Study, chosen: Chosen, account: Account) -> pd.DataFrame:
    """Return the traces that are to have steps, and count why others are not.

    Raises
    ------
    InputError
        If none is left.
    """
    frame = about_traces(study)
    account.traces = len(frame)
    teachers, students = roles(frame, chosen)
    reasons = {
        "another model": ~frame["model"].isin([*teachers, *students]),
        "another benchmark": frame["dataset"] != (chosen.dataset or frame["dataset"]),
        "another condition": frame["condition"] != (chosen.condition or frame["condition"]),
    }
    for flag in chosen.exclude:
        reasons[flag] = frame["health"].map(lambda x, flag=flag: x is not None and flag in list(x))
    kept = pd.Series(True, index=frame.index)
    for why, out in reasons.items():
        _leave_out(account, why, int((kept & out).sum()))
        kept &= ~out.astype(bool)
    found = frame[kept]
    if teachers and students:
        shared = _problems(found, teachers).merge(_problems(found, students))
        inside = found.merge(shared, on=_PROBLEM)["trace_id"]
        _leave_out(account, "no shared problem", len(found) - len(inside))
        found = found[found["trace_id"].isin(inside)]
    if chosen.sample is not None:
        models = found.groupby(_PROBLEM)["model"].nunique().rename("n").reset_index()
        first = models.sort_values(["n", *_PROBLEM], ascending=[False, True, True]).head(chosen.sample)
        inside = found.merge(first[_PROBLEM])["trace_id"]
        _leave_out(account, "not in the sample", len(found) - len(inside))
        found = found[found["trace_id"].isin(inside)]
    if found.empty:
        why = "; ".join(f"{reason}: {n}" for reason, n in account.left_out.items())
        raise InputError(f"no trace of {study.path} is left ({why}); name other models or conditions")
    account.chosen = len(found)
    return found


def _problems(frame: pd.DataFrame, models: list[str]) -> pd.DataFrame:
    found: pd.DataFrame = frame.loc[frame["model"].isin(models), _PROBLEM].drop_duplicates()
    return found


def roles(about: pd.DataFrame, chosen: Chosen) -> tuple[list[str], list[str]]:
    """Return the models that are teachers and those that are students; either side may be empty.

    Raises
    ------
    UnknownNameError
        If a model that was named has no trace.
    """
    known = sorted(about["model"].unique())
    for name in (*chosen.teachers, *chosen.students):
        if name not in known:
            raise UnknownNameError("model of this study", name, known)
    of_kind = set(about.loc[about["model_kind"] == "teacher", "model"])
    teachers = list(chosen.teachers) or sorted(of_kind - set(chosen.students))
    students = list(chosen.students) or [m for m in known if m not in {*teachers, *of_kind}]
    return teachers, students


def _leave_out(account: Account, why: str, n: int) -> None:
    if n:
        account.left_out[why] = account.left_out.get(why, 0) + n
