"""Which answers a ban turns: samples that were right and are wrong under it, and the other way round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from reasonlens.stats.permutation import mcnemar_test
from reasonlens.workflow.ban_arms import Planned
from reasonlens.workflow.ban_effects import ALL, pairs

__all__ = ["flips"]


def flips(frame: pd.DataFrame, arms: Sequence[Planned], model: str) -> pd.DataFrame:
    """Return rows of the table `flips`: per arm and problem, and per arm over all problems.

    Parameters
    ----------
    frame
        One row per response: ``problem_id condition sample accuracy`` (NaN without a verdict).

    Returns
    -------
    pandas.DataFrame
        ``n_pairs`` samples with a verdict on both sides; ``p_value`` is McNemar's exact test of them
        (binomial on the pairs that differ). Over all problems it is about these problems alone: that no
        answer to any of them changes for a reason. The repeat has other seeds, so its samples are no pairs
        and it has no p.
    """
    rows = []
    for arm in arms:
        if arm.role == "baseline":
            continue
        both = pairs(frame, arm.condition, "accuracy")
        known = both.dropna()
        left = (both.isna().any(axis=1)).groupby(level="problem_id").sum()
        groups = [(ALL, known), *known.groupby("problem_id")] if len(known) else []
        for problem, mine in groups:
            out = int(left.sum() if problem == ALL else left[problem])
            rows.append(_row(arm, str(problem), mine, out))
    return pd.DataFrame(rows).assign(model=model) if rows else pd.DataFrame()


def _row(arm: Planned, problem: str, mine: pd.DataFrame, left: int) -> dict[str, Any]:
    under, before = (mine[side].to_numpy(np.float64) for side in ("arm", "baseline"))
    return {
        "arm": arm.name,
        "role": arm.role,
        "problem_id": problem,
        "n_pairs": len(mine),
        "baseline": float(before.mean()),
        "right_to_wrong": int((before > under).sum()),
        "wrong_to_right": int((under > before).sum()),
        "p_value": np.nan if arm.role == "repeat" else mcnemar_test(under, before).p_value,
        "excluded": left,
        "excluded_why": f"no verdict: {left}" if left else "",
    }
