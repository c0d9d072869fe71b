"""What a model writes instead of banned words: how far others of their category take over."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reasonlens.core.study import Study
from reasonlens.stats.arrays import Floats
from reasonlens.stats.bootstrap import multinomial_weights
from reasonlens.workflow.ban_arms import Design, Planned

__all__ = ["compensation"]

_DRAWS = 4000


def compensation(study: Study, frame: pd.DataFrame, arms: Sequence[Planned], design: Design) -> pd.DataFrame:
    """Return CR = (rate of the others under the ban - at baseline) / rate of the banned at baseline."""
    counts = study.read("counts", columns=["trace_id", "lexicon", "category", "entry", "n"]).to_pandas()
    counts = counts[counts["lexicon"].astype("str") == design.lexicon]
    banned = {word.lower() for word in design.words}
    counts["banned"] = counts["entry"].astype("str").str.lower().isin(banned)
    two = frame[frame["condition"].isin(["baseline", "target"])]
    if not any(arm.role == "target" for arm in arms) or two["condition"].nunique() < 2:
        return pd.DataFrame()
    joined = counts.merge(two[["trace_id", "problem_id", "condition"]], on="trace_id")
    words = two.groupby(["problem_id", "condition"])["length/words"].sum().unstack().dropna()
    rows = []
    for category, mine in joined.groupby(joined["category"].astype("str")):
        if not mine["banned"].any():
            continue
        hits = mine.groupby(["problem_id", "condition", "banned"])["n"].sum().unstack([1, 2], fill_value=0)
        hits = hits.reindex(words.index, fill_value=0)

        def column(condition: str, is_banned: bool, hits: pd.DataFrame = hits) -> Floats:
            key = (condition, is_banned)
            return hits[key].to_numpy(np.float64) if key in hits.columns else np.zeros(len(hits))

        sums = np.stack(
            [
                column("target", False),
                words["target"].to_numpy(np.float64),
                column("baseline", False),
                words["baseline"].to_numpy(np.float64),
                column("baseline", True),
            ]
        )
        rows.append({"category": str(category), **_ratio(sums, design.seed)})
    return pd.DataFrame(rows)


def _ratio(sums: Floats, seed: int) -> dict[str, float]:
    def ratio(
        totals: Floats,
    ) -> Floats:
        others, words, others_before, words_before, banned = totals
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray((others / words - others_before / words_before) / (banned / words_before))

    draws = ratio(sums @ multinomial_weights(sums.shape[1], _DRAWS, seed).T)
    known = draws[np.isfinite(draws)]
    low, high = np.quantile(known, [0.025, 0.975]) if len(known) > 0.95 * _DRAWS else (np.nan, np.nan)
    rates = 1000 * sums.sum(axis=1)[[4, 2, 0]] / sums.sum(axis=1)[[3, 3, 1]]
    return {
        "banned_before": float(rates[0]),
        "others_before": float(rates[1]),
        "others_under_ban": float(rates[2]),
        "ratio": float(ratio(sums.sum(axis=1))),
        "low": float(low),
        "high": float(high),
    }
