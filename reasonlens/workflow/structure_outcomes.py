"""Structure and being right: within problems, and pass@k beside the best structure of k samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from reasonlens.stats.arrays import mean
from reasonlens.stats.association import within_difference, within_problem_auc
from reasonlens.stats.means import mean_of_problems
from reasonlens.stats.sampling import pass_at_k
from reasonlens.structure.best_of_k import best_of_k
from reasonlens.workflow.structure_followed import SCORES
from reasonlens.workflow.structure_rows import Source, codes, scopes, within

__all__ = ["ALL_STUDENTS", "at_k", "outcomes"]

ALL_STUDENTS = "(all students)"
"""All students together: right and wrong responses to a problem may then be of different models."""

_USED = ("reward_normalized", "reward_aligned")


def outcomes(source: Source, pairs: pd.DataFrame) -> list[dict[str, Any]]:
    """Return how structure goes with being right.

    For each student and for `ALL_STUDENTS`: the means of right and of wrong responses (``NAME if right``,
    ``NAME if wrong``), which also tell problems apart, and within problems ``NAME, AUC`` (chance that a right
    response follows further than a wrong one to the same problem) and ``NAME, right minus wrong``.

    Parameters
    ----------
    pairs
        Rows of the table ``structure`` with ``teacher``, ``student`` and ``correct`` (0, 1 or NaN).
    """
    rows: list[dict[str, Any]] = []
    known = pairs[(pairs["status"] == "ok") & pairs["correct"].notna()]
    for teacher, mine in known.groupby("teacher", sort=True):
        groups = [(str(name), of) for name, of in mine.groupby("student", sort=True)]
        if len(groups) > 1:
            groups.append((ALL_STUDENTS, mine))
        for student, of in groups:
            for dataset, here in scopes(of):
                for name in _USED:
                    usable = here[here[name].notna()]
                    if not usable.empty:
                        rows += _one(source, usable, name, dataset, str(teacher), student)
    return rows


def _one(
    source: Source, here: pd.DataFrame, name: str, dataset: str, teacher: str, student: str
) -> list[dict[str, Any]]:
    values, right = here[name].to_numpy(dtype=float), here["correct"].to_numpy(dtype=float)
    where = codes(here)
    found = []
    for said, flag in (("right", 1.0), ("wrong", 0.0)):
        at = right == flag
        if at.any():
            level = within(mean(values[at], np.unique(where[at], return_inverse=True)[1], source.level))
            found.append((f"{name} if {said}", level, SCORES[name]))
    auc = within(within_problem_auc(values, right, where, source.level))
    found.append((f"{name}, AUC", auc, "chance"))
    difference = within_difference(values, right, where, source.level)
    found.append((f"{name}, right minus wrong", difference, f"difference of {SCORES[name]}"))
    return [
        source.row(quantity, one, dataset, unit=unit, teacher=teacher, group=student)
        for quantity, one, unit in found
    ]


def at_k(source: Source, pairs: pd.DataFrame) -> list[dict[str, Any]]:
    """Return ``pass@k`` and the expected best structure of k samples, for students with several samples.

    Only problems with several samples count; k goes in powers of two up to the fewest that one of them has.
    """
    rows = []
    known = pairs[(pairs["status"] == "ok") & pairs["correct"].notna()]
    for (teacher, student), mine in known.groupby(["teacher", "student"], sort=True):
        for dataset, here in scopes(mine):
            every = [of for _, of in here.groupby(["dataset", "problem_id"], sort=True)]
            problems = [of for of in every if of["student_id"].nunique() > 1]
            least = min((of["student_id"].nunique() for of in problems), default=0)
            ks = [2**i for i in range(least.bit_length())]
            left = len(every) - len(problems)
            why = f"problems with one sample: {left}" if left else ""
            for k in ks:
                for name, values in _at(problems, k).items():
                    if np.isnan(values).any():
                        continue
                    found = within(mean_of_problems(values, level=source.level, n=sum(map(len, problems))))
                    unit = "share solved" if name == "pass@k" else SCORES[name.removesuffix("@k")]
                    one, two = str(teacher), str(student)
                    rows.append(
                        source.row(
                            name,
                            found,
                            dataset,
                            unit=unit,
                            teacher=one,
                            group=two,
                            at=k,
                            excluded=left,
                            why=why,
                        )
                    )
    return rows


def _at(problems: list[pd.DataFrame], k: int) -> dict[str, np.ndarray[Any, Any]]:
    first = [of.drop_duplicates("student_id") for of in problems]  # of several teachers' samples, one
    n = np.array([len(of) for of in first])
    right = np.array([int(of["correct"].sum()) for of in first])
    best = {f"{name}@k": np.array([best_of_k(of[name], k) for of in first]) for name in _USED}
    return {"pass@k": pass_at_k(n, right, k), **best}
