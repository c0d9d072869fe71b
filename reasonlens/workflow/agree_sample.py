"""A sheet for people to label: a random sample of traces, with room for verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study

__all__ = ["Sheet", "sample_sheet"]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows to fill in, and how many traces there were to draw from."""

    rows: pd.DataFrame
    drawn: int
    total: int


def sample_sheet(
    study: Study, behaviors: Sequence[str], n: int, *, text: str = "response", seed: int = 0
) -> Sheet:
    """Draw traces at random, as many of each kind as of any other, and return one row per behavior.

    Verdicts of judges are not shown, so that they do not sway the person.

    Raises
    ------
    InputError
        If the study keeps no texts, or only empty ones.
    """
    about = ["trace_id", "model_kind", "problem", text]
    traces = study.traces(about)
    if traces[text].isna().all():
        raise InputError(f"the study {study.path} keeps no {text}; read the files again with --study")
    traces = traces[traces[text].fillna("").str.strip() != ""]
    if traces.empty:
        raise InputError(f"every {text} in the study {study.path} is empty; there is nothing to label")
    rng = np.random.default_rng(seed)
    traces = traces.iloc[rng.permutation(len(traces))]
    turn = traces.groupby(traces["model_kind"].fillna(""), sort=False).cumcount()
    drawn = traces.iloc[np.argsort(turn.to_numpy(), kind="stable")[:n]]
    frames = [
        pd.DataFrame(
            {
                "trace_id": drawn["trace_id"],
                "behavior": behavior,
                "verdict": "",
                "quotes": "",
                "rationale": "",
                "problem": drawn["problem"],
                text: drawn[text],
            }
        )
        for behavior in behaviors
    ]
    rows = pd.concat(frames).sort_values("trace_id", kind="stable").reset_index(drop=True)
    return Sheet(rows, len(drawn), len(traces))
