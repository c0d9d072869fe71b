"""How well two verdicts on the same units agree: coefficients, error rates, and how these differ by group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from reasonlens.core.tables import MODEL_KINDS
from reasonlens.judges import ANSWERS
from reasonlens.stats.agreement_limits import agreement, judge_quality
from reasonlens.stats.arrays import Floats, cluster_sums
from reasonlens.stats.contrast import contrast_of_sums
from reasonlens.stats.estimate import LIKE, Codes, Estimate

__all__ = ["ALL", "agreement_rows"]

ALL = "(all)"
"""The group of all units together."""

_COEFFICIENTS = ("percent", "cohen", "ac1")
_RATES = {
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "positive_value": "PPV",
    "negative_value": "NPV",
}
_FEWEST = 5  # problems on a side, below which a difference of errors says nothing
_MOST_COUNTS = 50  # different counts that alpha takes


def agreement_rows(pairs: pd.DataFrame, by: str, *, gold: bool, level: float) -> Iterator[dict[str, Any]]:
    """Yield rows of the table ``agreement``, but for who was compared.

    Parameters
    ----------
    pairs
        A row per unit with both verdicts, its groups and its problem.
    by
        Errors are also given for each group of this column.
    gold
        Whether the second verdict counts as right.
    level
        Confidence level.
    """
    for (behavior, unit), part in pairs.groupby(["behavior", "unit"], sort=False):
        about = {"behavior": behavior, "unit": unit}
        yield from _of(part, {**about, "by": "", "group": ALL}, by, gold, level)
        groups = _ordered(part[by].unique())
        for group in groups if len(groups) > 1 else []:
            mine = part[part[by] == group]
            yield from _of(mine, {**about, "by": by, "group": group}, by, gold, level)
        for group in groups[1:] if gold else []:
            yield from _differential(part, about, by, group, groups[0], level)


def _ordered(groups: Iterable[str]) -> list[str]:
    """Return model kinds in their order, then what else there is."""
    rank = {kind: place for place, kind in enumerate(MODEL_KINDS)}
    return sorted(groups, key=lambda name: (rank.get(name, len(rank)), name))


def _of(
    part: pd.DataFrame, about: dict[str, Any], by: str, gold: bool, level: float
) -> Iterator[dict[str, Any]]:
    a, b = part["verdict_a"], part["verdict_b"]
    answered = (a.isin(ANSWERS) & b.isin(ANSWERS)).to_numpy()
    said = (a == "present").to_numpy(dtype=np.float64)[answered]
    true = (b == "present").to_numpy(dtype=np.float64)[answered]
    problem = part["problem"].to_numpy(dtype=np.int64)[answered]
    pair = np.column_stack([said, true])
    cells = {
        "both": int(np.sum((said == 1) & (true == 1))),
        "only_judge": int(np.sum((said == 1) & (true == 0))),
        "only_against": int(np.sum((said == 0) & (true == 1))),
        "neither": int(np.sum((said == 0) & (true == 0))),
        "unanswered": int(np.sum(~answered)),
    }
    shared = {**about, "reference": "", **cells}
    for name in _COEFFICIENTS:
        e = agreement(pair, name, problem, categories=(0, 1), level=level)
        yield {**shared, "quantity": name, **_numbers(e)}
    if gold and len(said):
        quality = judge_quality(said, true, problem, level)
        for field, name in _RATES.items():
            yield {**shared, "quantity": name, **_numbers(getattr(quality, field))}
    if about["unit"] == "trace":
        counts = part[["count_a", "count_b"]].to_numpy(dtype=np.float64)[answered]
        counted = (counts.max(axis=0, initial=0) > 1).all()  # a person who gave verdicts only says 1
        if counted and len(np.unique(counts)) <= _MOST_COUNTS:
            e = agreement(counts, "alpha-interval", problem, level=level)
            yield {**shared, "quantity": "alpha of counts", **_numbers(e)}


def _differential(
    part: pd.DataFrame, about: dict[str, Any], by: str, group: str, reference: str, level: float
) -> Iterator[dict[str, Any]]:
    """Difference of an error rate between two groups: where it is not 0, a comparison of them is off."""
    kept = part["verdict_a"].isin(ANSWERS) & part["verdict_b"].isin(ANSWERS)
    rows = part[kept & part[by].isin([group, reference])]
    agree = (rows["verdict_a"] == rows["verdict_b"]).to_numpy(dtype=np.float64)
    mine = (rows[by] == group).to_numpy()
    true = (rows["verdict_b"] == "present").to_numpy()
    where = np.unique(rows["problem"].to_numpy(dtype=np.int64), return_inverse=True)[1]
    for name, kept_here in (("sensitivity", true), ("specificity", ~true)):
        sides = [kept_here & mine, kept_here & ~mine]
        sizes: list[Floats] = [side.astype(np.float64) for side in sides]
        e = _difference([agree * size for size in sizes], sizes, where, level)
        yield {
            **about,
            "by": by,
            "group": group,
            "reference": reference,
            **dict.fromkeys(("both", "only_judge", "only_against", "neither", "unanswered"), 0),
            "quantity": name,
            **_numbers(e),
        }


def _difference(hits: list[Floats], sizes: list[Floats], where: Codes, level: float) -> Estimate:
    a, n_a, b, n_b = (cluster_sums(x, where) for pair in zip(hits, sizes, strict=True) for x in pair)
    n, fewest = int(sum(s.sum() for s in sizes)), min(np.count_nonzero(n_a), np.count_nonzero(n_b))
    if fewest < _FEWEST:
        why = f"only {fewest} problems on a side: no difference is shown"
        return Estimate(np.nan, np.nan, np.nan, level, why, len(n_a), n)
    found = contrast_of_sums(a, n_a, b, n_b, paired=False, shares=True, level=level, n=n)
    e = found.difference
    return Estimate(e.value, e.low, e.high, level, e.method, e.n_clusters, n, LIKE, e.p_value)


def _numbers(e: Estimate) -> dict[str, Any]:
    return {
        "value": e.value,
        "low": e.low,
        "high": e.high,
        "level": e.level,
        "p_value": e.p_value,
        "method": e.method,
        "n_problems": e.n_problems,
        "n_units": e.n,
    }
