"""Students against teachers on the problems that they share: the table ``structure``.

::

    STUDY/structure/DECOMPOSER/MATCHER/PART.parquet      PART: that of the student's traces

A pair is compared once; the manifest says with which steps and questions (digests), and once these change the
pair counts as missing. A pair of which either side has no steps is a row with its own status and no numbers:
the published program would give it a reward of 0, which says something about a tool and not about a student.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from reasonlens.core.study import Study
from reasonlens.core.tables import table
from reasonlens.structure import Decomposition
from reasonlens.structure.decompose import Decomposer
from reasonlens.structure.match import Compared, Matcher
from reasonlens.workflow.structure_chosen import Account, Chosen, about_traces, choose, roles
from reasonlens.workflow.structure_steps import folder_of, plans_of

__all__ = ["Pairing", "chance_pairs", "chosen_pairs", "compare_study", "outstanding", "pairs_of"]

_KEY = ["teacher_id", "student_id"]
_AT_ONCE = 2000


@dataclass(slots=True)
class Pairing:
    """What a run met and did, in pairs; ``states`` counts the statuses of all."""

    pairs: int = 0
    done: int = 0
    kept: int = 0
    states: dict[str, int] = field(default_factory=dict)


def pairs_of(
    frame: pd.DataFrame, teachers: Sequence[str], students: Sequence[str], samples: int
) -> pd.DataFrame:
    """Return ``teacher_id student_id dataset problem_id teacher student part``, one row per pair.

    No trace is paired with itself, so a model may be on both sides if it has several samples.
    """
    order = frame.sort_values(["model", "dataset", "problem_id", "sample", "trace_id"])
    on = ["dataset", "problem_id"]
    mine = order[order["model"].isin(teachers)]
    mine = mine[mine.groupby(["model", *on]).cumcount() < samples]
    mine = mine[[*on, "trace_id", "model"]].rename(columns={"trace_id": "teacher_id", "model": "teacher"})
    other = order[order["model"].isin(students)]
    other = other[[*on, "trace_id", "model", "part"]].rename(
        columns={"trace_id": "student_id", "model": "student"}
    )
    found = mine.merge(other, on=on)
    found = found[found["teacher_id"] != found["student_id"]]
    return found.sort_values(["teacher", "student", "dataset", "problem_id", *_KEY]).reset_index(drop=True)


def chance_pairs(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the same students, each with the teacher's trace of the next problem of its benchmark.

    How far these are "followed" is what a matcher sees in steps that have nothing to do with each other.
    """
    moved = []
    for _, mine in pairs.groupby(["teacher", "student", "dataset"], sort=False):
        teachers = mine.drop_duplicates("problem_id").set_index("problem_id")["teacher_id"]
        if len(teachers) > 1:
            following = dict(zip(teachers.index, [*teachers[1:], teachers.iloc[0]], strict=True))
            moved.append(mine.assign(teacher_id=mine["problem_id"].map(following)))
    return pd.concat(moved, ignore_index=True) if moved else pairs.head(0)


def chosen_pairs(study: Study, chosen: Chosen) -> pd.DataFrame:
    """Return the pairs of a study; none if a side has no model.

    Raises
    ------
    InputError
        If both sides have models, but no problem is shared.
    """
    frame = choose(study, chosen, Account())
    return pairs_of(frame, *roles(about_traces(study), chosen), chosen.teacher_samples)


def compare_study(
    study: Study,
    decomposer: Decomposer,
    matcher: Matcher,
    chosen: Chosen,
    *,
    begin: Callable[[int], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> Pairing:
    """Compare the pairs that are missing and write them; return what was done.

    Raises
    ------
    InputError
        If there are no pairs, or nothing is decomposed.
    """
    with study.locked():
        pairs = chosen_pairs(study, chosen)
        if pairs.empty:
            return Pairing()
        plans = plans_of(study, decomposer.name, {*pairs["teacher_id"], *pairs["student_id"]})
        account = Pairing(len(pairs))
        lacking = {str(p): _lacking(study, decomposer, matcher, str(p), m) for p, m in pairs.groupby("part")}
        begin(sum(map(len, lacking.values())))
        for part, mine in lacking.items():
            for start in range(0, len(mine), _AT_ONCE):
                some = mine.iloc[start : start + _AT_ONCE]
                rows = _compared(some, plans, decomposer, matcher, progress)
                _save(study, decomposer, matcher, part, rows)
                account.done += len(some)
        account.kept = account.pairs - account.done
        stored = study.read(
            "structure", *_folders(decomposer, matcher), columns=[*_KEY, "status"]
        ).to_pandas()
        status = pairs[_KEY].merge(stored)["status"].astype("str")
        account.states = {str(s): int(n) for s, n in status.value_counts().items()}
    return account


def outstanding(
    study: Study, decomposer: Decomposer, matcher: Matcher, chosen: Chosen
) -> list[tuple[Decomposition, Decomposition]]:
    """Return the plans of the pairs that have not been compared yet."""
    pairs = chosen_pairs(study, chosen)
    plans = plans_of(study, decomposer.name, {*pairs["teacher_id"], *pairs["student_id"]})
    lacking = [_lacking(study, decomposer, matcher, str(part), mine) for part, mine in pairs.groupby("part")]
    return [
        (plans[a], plans[b])
        for some in lacking
        for a, b in some[_KEY].itertuples(index=False, name=None)
        if a in plans and b in plans
    ]


def _folders(decomposer: Decomposer, matcher: Matcher) -> tuple[str, str]:
    return folder_of(decomposer.name), folder_of(matcher.name)


def _stored(study: Study, decomposer: Decomposer, matcher: Matcher, part: str) -> pa.Table | None:
    where = _folders(decomposer, matcher)
    if not study.has("structure", part, *where):
        return None
    made = study.manifest_of("structure", part, *where)
    if (made.get("steps"), made.get("questions")) != (decomposer.digest, matcher.digest):
        return None
    return pq.read_table(study.part_path("structure", part, *where))


def _lacking(
    study: Study, decomposer: Decomposer, matcher: Matcher, part: str, pairs: pd.DataFrame
) -> pd.DataFrame:
    """Return the pairs of a part without a result; one that failed is tried again."""
    stored = _stored(study, decomposer, matcher, part)
    if stored is None:
        return pairs
    frame = stored.select([*_KEY, "status"]).to_pandas()
    have = set(frame.loc[frame["status"].astype("str") == "ok", _KEY].itertuples(index=False, name=None))
    mine = pairs[_KEY].itertuples(index=False, name=None)
    return pairs[[pair not in have for pair in mine]]


def _compared(
    pairs: pd.DataFrame,
    plans: dict[str, Decomposition],
    decomposer: Decomposer,
    matcher: Matcher,
    progress: Callable[[int], None],
) -> pa.Table:
    rows = pairs.to_dict("records")
    status = [_status(plans, row["teacher_id"], row["student_id"]) for row in rows]
    usable = [row for row, state in zip(rows, status, strict=True) if state == "ok"]
    progress(len(rows) - len(usable))
    both = [(plans[row["teacher_id"]].steps, plans[row["student_id"]].steps) for row in usable]
    results = iter(list(matcher.compare(both, progress)))
    made = []
    for row, state in zip(rows, status, strict=True):
        about = {name: row[name] for name in ("teacher_id", "student_id", "problem_id", "dataset")}
        about |= {"decomposer": decomposer.name, "matcher": matcher.name}
        made.append({**about, **_numbers(state, next(results) if state == "ok" else Compared(None))})
    return pa.Table.from_pylist(made, schema=table("structure").schema)


def _status(plans: dict[str, Decomposition], teacher: str, student: str) -> str:
    for role, trace_id in (("teacher", teacher), ("student", student)):
        state = plans[trace_id].status if trace_id in plans else "failed"
        if state != "ok":
            return f"{role} {state}"
    return "ok"


def _numbers(state: str, found: Compared) -> dict[str, object]:
    nan = float("nan")
    if found.followed is None:
        whole = {"reward": nan, "reward_normalized": nan, "reward_aligned": nan}
        none = dict.fromkeys(("n_teacher", "n_student", "n_matched", "exit_step"))
        return {"status": "match failed" if state == "ok" else state, **none, **whole}
    one = found.followed
    return {
        "status": "ok",
        "n_teacher": one.n_teacher,
        "n_student": one.n_student,
        "n_matched": one.n_matched,
        "exit_step": one.exit_step,
        "reward": one.reward,
        "reward_normalized": one.normalized,
        "reward_aligned": found.aligned,
    }


def _save(study: Study, decomposer: Decomposer, matcher: Matcher, part: str, rows: pa.Table) -> None:
    old = _stored(study, decomposer, matcher, part)
    if old is not None:
        new = set(rows.select(_KEY).to_pandas().itertuples(index=False, name=None))
        pairs = old.select(_KEY).to_pandas().itertuples(index=False, name=None)
        kept = old.cast(rows.schema).filter(pa.array([pair not in new for pair in pairs], pa.bool_()))
        rows = pa.concat_tables([kept, rows])
    details = {"command": "structure", "steps": decomposer.digest, "questions": matcher.digest}
    study.write("structure", part, rows, *_folders(decomposer, matcher), details=details)
