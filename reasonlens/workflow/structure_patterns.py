"""Which kinds of steps a model takes, in which order, and how much its samples differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from reasonlens.core.tables import POOLED
from reasonlens.stats.arrays import mean, share_of_sums
from reasonlens.stats.means import mean_of_problems, paired_difference
from reasonlens.structure import KINDS, Decomposition
from reasonlens.structure.diversity import BEGIN, END, distance, distances, effective_patterns, transitions
from reasonlens.workflow.structure_rows import Source, codes, scopes, within

__all__ = ["diversity", "gaps", "kinds", "steps_frame", "to_teachers"]

_MOST = 16  # samples of a problem that are compared with each other


def steps_frame(about: pd.DataFrame, plans: dict[str, Decomposition]) -> pd.DataFrame:
    """Return one row per trace with steps: what it is, ``pattern``, ``n_steps`` and a column per kind."""
    frame = about[about["trace_id"].map(lambda i: i in plans and plans[i].status == "ok").astype(bool)].copy()
    frame["pattern"] = [[step.kind or "other" for step in plans[i].steps] for i in frame["trace_id"]]
    frame["n_steps"] = frame["pattern"].map(len)
    for kind in KINDS:
        frame[kind] = frame["pattern"].map(lambda pattern, kind=kind: pattern.count(kind))
    return frame.reset_index(drop=True)


def kinds(source: Source, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return steps per trace, the share of each kind, and the share of transitions from each kind."""
    rows = []
    for model, mine in frame.groupby("model", sort=True):
        for dataset, here in scopes(mine):
            found = mean(here["n_steps"].to_numpy(dtype=float), codes(here), source.level)
            rows.append(
                source.row(
                    "steps", within(found, 0, np.inf), dataset, unit="steps per trace", group=str(model)
                )
            )
            total = _by_problem(here, here["n_steps"])
            for kind in KINDS:
                part = _by_problem(here, here[kind])
                one = share_of_sums(part, total, level=source.level)
                rows.append(
                    source.row(
                        "share of steps", one, dataset, unit="share of steps", kind=kind, group=str(model)
                    )
                )
            if dataset == POOLED or here["dataset"].nunique() == frame["dataset"].nunique():
                rows += _transitions(source, here, dataset, str(model))
    return rows


def _by_problem(frame: pd.DataFrame, values: pd.Series[Any]) -> np.ndarray[Any, Any]:
    return np.bincount(codes(frame), weights=values.to_numpy(dtype=float))


def _transitions(source: Source, here: pd.DataFrame, dataset: str, model: str) -> list[dict[str, Any]]:
    where = codes(here)
    counts = [transitions(pattern) for pattern in here["pattern"]]
    names = [BEGIN, *KINDS, END]
    table = np.zeros((int(where.max()) + 1, len(names), len(names)))
    for problem, mine in zip(where, counts, strict=True):
        for (a, b), n in mine.items():
            if a in names and b in names:
                table[problem, names.index(a), names.index(b)] += n
    rows = []
    for i, a in enumerate(names[:-1]):
        total = table[:, i].sum(axis=1)
        if not total.sum():
            continue
        for j, b in enumerate(names[1:], start=1):
            one = share_of_sums(table[:, i, j], total, level=source.level)
            rows.append(
                source.row("transition", one, dataset, unit="share", group=model, kind=a, following=b)
            )
    return rows


def diversity(source: Source, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return how much the samples of one problem differ, for models with several.

    ``distance between samples`` is the mean over pairs of the normalized edit distance of their kinds of
    steps; ``effective patterns`` is that of `reasonlens.structure.diversity`. It grows with
    the number of samples, so all models get the same one: the most that every problem of every model with
    several samples has, but 16.
    """
    size = frame.groupby(["model", "dataset", "problem_id"]).size()
    several = size[size > 1]
    if several.empty:
        return []
    n = min(int(several.min()), _MOST)
    rows = []
    for model, mine in frame.groupby("model", sort=True):
        for dataset, here in scopes(mine):
            tables = [
                distances(list(of.sort_values(["sample", "trace_id"])["pattern"])[:n])
                for _, of in here.groupby(["dataset", "problem_id"], sort=True)
                if len(of) >= n
            ]
            if not tables:
                continue
            left = here.groupby(["dataset", "problem_id"]).ngroups - len(tables)
            why = f"problems with fewer than {n} samples: {left}" if left else ""
            between = np.array([t.sum() / (n * (n - 1)) for t in tables])
            many = np.array([effective_patterns(t) for t in tables])
            traces = n * len(tables)
            one = within(mean_of_problems(between, level=source.level, n=traces))
            two = within(mean_of_problems(many, level=source.level, n=traces), 1.0, n)
            unit = f"effective patterns of {n} samples"
            numbers = (("distance between samples", one, "edit distance"), ("effective patterns", two, unit))
            rows += [
                source.row(q, x, dataset, unit=u, group=str(model), at=n, excluded=left, why=why)
                for q, x, u in numbers
            ]
    return rows


def to_teachers(source: Source, frame: pd.DataFrame, pairs: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the mean distance of patterns of students and teachers, ``distance to teacher``."""
    pattern = frame.set_index("trace_id")["pattern"]
    known = pairs[pairs["teacher_id"].isin(pattern.index) & pairs["student_id"].isin(pattern.index)].copy()
    ids = zip(known["teacher_id"], known["student_id"], strict=True)
    known["distance"] = [distance(pattern[a], pattern[b]) for a, b in ids]
    rows = []
    for (teacher, student), mine in known.groupby(["teacher", "student"], sort=True):
        for dataset, here in scopes(mine):
            found = within(mean(here["distance"].to_numpy(), codes(here), source.level))
            one, two = str(teacher), str(student)
            rows.append(
                source.row(
                    "distance to teacher", found, dataset, unit="edit distance", teacher=one, group=two
                )
            )
    return rows


def gaps(
    source: Source, frame: pd.DataFrame, teachers: list[str], students: list[str]
) -> list[dict[str, Any]]:
    """Return student minus teacher on shared problems: steps per trace, and the share of each kind."""
    rows = []
    shares = frame.assign(**{kind: frame[kind] / frame["n_steps"] for kind in KINDS})
    measured = {"steps": "", **{kind: kind for kind in KINDS}}
    for dataset, here in scopes(shares):
        for name, kind in measured.items():
            table = here.pivot_table(
                index=["dataset", "problem_id"],
                columns="model",
                values="n_steps" if name == "steps" else kind,
                aggfunc="mean",
            )
            for teacher in teachers:
                for student in students:
                    if student == teacher or not {student, teacher} <= set(table.columns):
                        continue
                    both = table[[student, teacher]].dropna()
                    if both.empty:
                        continue
                    found = paired_difference(both[student], both[teacher], level=source.level)
                    quantity = "steps" if name == "steps" else "share of steps"
                    unit = "difference of steps" if name == "steps" else "difference of shares"
                    rows.append(
                        source.row(
                            quantity, found, dataset, unit=unit, group=student, reference=teacher, kind=kind
                        )
                    )
    return rows
