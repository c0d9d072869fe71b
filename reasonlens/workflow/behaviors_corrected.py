"""Shares of responses with a behavior, corrected for the errors of the judge by labels of people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from reasonlens.core.study import Study
from reasonlens.stats.group_contrasts import row_of
from reasonlens.stats.measured import Sheet
from reasonlens.stats.prevalence import post_stratified
from reasonlens.workflow.behaviors_measures import per_trace
from reasonlens.workflow.behaviors_store import found_labels
from reasonlens.workflow.measures import Source
from reasonlens.workflow.run import Plan

__all__ = ["CORRECTED", "corrected_levels", "gold_of", "labelled"]

CORRECTED = "share, corrected"
"""The quantity of corrected rows in the table ``comparisons``."""

_HUMAN = "human-"  # begins the folder of a judge who is a person


def labelled(study: Study, text: str, behavior: str) -> list[str]:
    """Return the folders of the people who labelled a behavior."""
    return [
        judge for judge, name in found_labels(study, text) if name == behavior and judge.startswith(_HUMAN)
    ]


def gold_of(behaviors: Sequence[str]) -> Source:
    """Return columns ``gold/BEHAVIOR``: what people say of each trace, NaN where nobody or they differ."""

    def columns(study: Study, plan: Plan, part: str, traces: pd.DataFrame) -> pd.DataFrame:
        made = {}
        for behavior in behaviors:
            said = [
                per_trace(study, plan.text, judge, behavior)["present"].reindex(traces["trace_id"]).to_numpy()
                for judge in labelled(study, plan.text, behavior)
            ]
            made[f"gold/{behavior}"] = _agreed(said, len(traces))
        return pd.DataFrame(made, index=traces.index)

    return Source("gold", lambda plan: (), columns)


def _agreed(said: Sequence[Any], n: int) -> Any:
    """Return the majority of several people; a tie is undefined."""
    if not said:
        return np.full(n, np.nan)
    votes = np.vstack(said).astype(np.float64)
    count = np.sum(~np.isnan(votes), axis=0)
    share = np.divide(np.nansum(votes, axis=0), count, out=np.full(n, np.nan), where=count > 0)
    gold = np.where(share > 0.5, 1.0, 0.0)
    return np.where(np.isnan(share) | (share == 0.5), np.nan, gold)


def corrected_levels(sheet: Sheet, behavior: str, *, level: float = 0.95) -> list[dict[str, Any]]:
    """Return the corrected share of every group that has labels, per data set and for all together."""
    numbers = sheet.grouped.traces.numbers[f"gold/{behavior}"].to_numpy(dtype=np.float64)
    rows = []
    for scope in sheet.grouped.scopes:
        here = sheet.grouped.of_scope(scope)
        for group in sheet.grouped.names:
            mine = sheet.of_group(group, here)
            gold = numbers[sheet.rows[mine]]
            if len(mine) and not np.isnan(gold).all():
                problem = sheet.grouped.problem[sheet.rows[mine]]
                found = post_stratified(sheet.top[mine], gold, problem, level=level)
                rows.append(row_of(sheet, CORRECTED, scope, group, found, found.estimand))
    return rows
