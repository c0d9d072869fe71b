"""Rows of the table ``structure_rates``, and the problems that their intervals are about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from reasonlens.core.tables import POOLED
from reasonlens.stats.arrays import Interval
from reasonlens.stats.estimate import LIKE, Estimate

__all__ = ["Source", "codes", "scopes", "within"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where numbers come from: who decomposed, and who matched ("" where nothing was matched)."""

    decomposer: str
    matcher: str = ""
    level: float = 0.95

    def row(
        self,
        quantity: str,
        found: Interval,
        dataset: str,
        *,
        unit: str,
        teacher: str = "",
        group: str = "",
        reference: str = "",
        kind: str = "",
        following: str = "",
        at: int | None = None,
        excluded: int = 0,
        why: str = "",
    ) -> dict[str, Any]:
        """Return one row."""
        more = found if isinstance(found, Estimate) else None
        return {
            "quantity": quantity,
            "decomposer": self.decomposer,
            "matcher": self.matcher,
            "teacher": teacher,
            "group": group,
            "reference": reference,
            "dataset": dataset,
            "kind": kind,
            "following": following,
            "at": at,
            "value": found.value,
            "low": found.low,
            "high": found.high,
            "level": found.level,
            "unit": unit,
            "method": found.method,
            "estimand": more.estimand if more else LIKE,
            "n_problems": found.n_clusters,
            "n_traces": found.n,
            "p_value": more.p_value if more else np.nan,
            "p_adjusted": np.nan,
            "family": "",
            "seed": more.seed if more else None,
            "excluded": excluded,
            "excluded_why": why,
        }


def scopes(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield all data sets together, if there are several, and each one."""
    names = sorted(frame["dataset"].unique())
    if len(names) > 1:
        yield POOLED, frame
    for name in names:
        yield name, frame[frame["dataset"] == name]


def codes(frame: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return a code 0, 1, ... of the problem of each row."""
    found = frame.groupby(["dataset", "problem_id"], sort=True).ngroup()
    return np.asarray(found, dtype=np.int64)


def within(found: Interval, low: float = 0.0, high: float = 1.0) -> Interval:
    """Return an interval kept between the values that are possible."""
    if np.isnan(found.low) or (found.low >= low and found.high <= high):
        return found
    limits = max(found.low, low), min(found.high, high)
    method = f"{found.method}, cut to what is possible"
    return Interval(found.value, *limits, found.level, method, found.n_clusters, found.n)
