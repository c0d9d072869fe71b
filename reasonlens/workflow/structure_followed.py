"""How far students follow their teachers: scores, curves over depth, and differences of students."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from reasonlens.stats.arrays import Interval, mean, share
from reasonlens.stats.estimate import Estimate
from reasonlens.stats.means import paired_difference
from reasonlens.workflow.structure_rows import Source, codes, scopes, within

__all__ = ["CHANCE", "FEWEST", "SCORES", "curves", "differences", "scores"]

SCORES = {
    "reward_normalized": "published reward per step of the teacher",
    "reward_aligned": "aligned reward per step of the teacher",
    "reward": "published reward",
    "n_matched": "steps before the early exit",
}
"""Columns of the pairs and their units."""

CHANCE = ", another problem"
"""Added to a quantity: the teacher's trace is of another problem, so this is what a match is worth."""

FEWEST = 10
"""Pairs at a depth, below which no rate is given."""

_BOUNDED = ("reward_normalized", "reward_aligned")


def scores(source: Source, pairs: pd.DataFrame, more: str = "") -> list[dict[str, Any]]:
    """Return the mean of every score, by teacher, student and data set.

    Parameters
    ----------
    pairs
        Rows of the table ``structure`` with the columns ``teacher`` and ``student``.
    more
        Added to the names of the quantities.
    """
    rows = []
    for (teacher, student), mine in pairs.groupby(["teacher", "student"], sort=True):
        for dataset, here in scopes(mine):
            usable = here[here["status"] == "ok"]
            why = "; ".join(f"{s}: {n}" for s, n in here["status"].value_counts().items() if s != "ok")
            for name, unit in SCORES.items():
                known = usable[usable[name].notna()]
                if known.empty:
                    continue
                found = mean(known[name].to_numpy(dtype=float), codes(known), source.level)
                found = within(found, 0.0, 1.0 if name in _BOUNDED else np.inf)
                rows.append(
                    source.row(
                        f"{name}{more}",
                        found,
                        dataset,
                        unit=unit,
                        teacher=str(teacher),
                        group=str(student),
                        excluded=len(here) - len(known),
                        why=why,
                    )
                )
    return rows


def curves(source: Source, pairs: pd.DataFrame, deepest: int = 30, more: str = "") -> list[dict[str, Any]]:
    """Return two curves over the depth of steps.

    ``match rate``: of the pairs that follow up to depth d - 1 and where both sides have a step d, the share
    that match there. ``still followed``: of the pairs whose teacher has a step d, the share that follow up to
    and with it (without early exit, and with a student who goes that far).
    """
    rows = []
    usable = pairs[pairs["status"] == "ok"]
    for (teacher, student), mine in usable.groupby(["teacher", "student"], sort=True):
        for dataset, here in scopes(mine):
            for depth in range(1, deepest + 1):
                matched, shorter = here["n_matched"], here[["n_teacher", "n_student"]].min(axis=1)
                reached = here[(matched >= depth - 1) & (shorter >= depth)]
                able = here[here["n_teacher"] >= depth]
                for name, of in (("match rate", reached), ("still followed", able)):
                    if len(of) < FEWEST:
                        continue
                    hit = (of["n_matched"] >= depth).to_numpy(dtype=float)
                    rows.append(
                        source.row(
                            f"{name}{more}",
                            share(hit, codes(of), source.level),
                            dataset,
                            unit="share of pairs",
                            teacher=str(teacher),
                            group=str(student),
                            at=depth,
                        )
                    )
    return rows


def differences(source: Source, pairs: pd.DataFrame) -> list[dict[str, Any]]:
    """Return paired differences of the students to the first, on the problems that both have."""
    rows = []
    usable = pairs[pairs["status"] == "ok"]
    for teacher, mine in usable.groupby("teacher", sort=True):
        for dataset, here in scopes(mine):
            for name in _BOUNDED:
                table = here.pivot_table(
                    index=["dataset", "problem_id"], columns="student", values=name, aggfunc="mean"
                )
                first, *others = list(table.columns) or [""]
                for other in others:
                    both = table[[other, first]].dropna()
                    found = _difference(both[other], both[first], source.level)
                    rows.append(
                        source.row(
                            name,
                            found,
                            dataset,
                            unit=f"difference of {SCORES[name]}",
                            teacher=str(teacher),
                            group=str(other),
                            reference=str(first),
                        )
                    )
    return rows


def _difference(a: pd.Series[float], b: pd.Series[float], level: float) -> Interval:
    if a.empty:
        nan = float("nan")
        return Estimate(nan, nan, nan, level, "undefined: no shared problem", 0, 0)
    return paired_difference(a.to_numpy(), b.to_numpy(), level=level)
