"""Keywords against judged behaviors: which behaviors have no keyword, and which keywords no behavior.

Long responses have nearly every keyword and nearly every behavior, so whether both are in a response says
little. What is counted here is whether they are in the same *place*: a keyword inside a quote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.lexicon.definition import Lexicon
from reasonlens.stats.arrays import Interval, cluster_sums, share_of_sums
from reasonlens.workflow.agree_labels import judges_of, labels_of, with_groups
from reasonlens.workflow.agree_places import places

__all__ = ["CrossTab", "cross_tab"]


@dataclass(frozen=True, slots=True)
class CrossTab:
    """The answer.

    Attributes
    ----------
    judge
        Whose labels.
    behaviors
        A row per behavior and category, and per behavior with ``(any)`` category: ``quotes`` and the share of
        them with a keyword (``value low high``), responses with ``both``, ``only_behavior``,
        ``only_keyword``, ``neither``.
    keywords
        A row per category and behavior, and per category with ``(any)`` behavior: ``hits`` and the share of
        them inside a quote (``value low high``), ``expected`` (share of the text that is quoted), ``lift``.
    entries
        A row per entry: hits, and how many are in a quote of any behavior.
    responses
        Responses that were judged.
    """

    judge: str
    behaviors: pd.DataFrame
    keywords: pd.DataFrame
    entries: pd.DataFrame
    responses: int


def cross_tab(
    study: Study,
    lexicons: Sequence[Lexicon],
    *,
    judge: str | None = None,
    behaviors: Sequence[str] = (),
    text: str = "response",
    level: float = 0.95,
) -> CrossTab:
    """Cross the hits of lexicons with the quotes of a judge on the same responses.

    Parameters
    ----------
    study
        The study with texts and labels.
    lexicons
        Whose keywords.
    judge
        Whose labels; ``None``: the only judge there is.
    behaviors, text, level
        Only these; the text that was judged; confidence level.

    Raises
    ------
    InputError
        If there are no labels, several judges and none named, or no texts.
    """
    frame = labels_of(study, text, behaviors)
    known = judges_of(frame)
    if judge is None and len(known) > 1:
        raise InputError(f"which judge? Name one with --judge: {', '.join(known)}")
    judge = judge or known[0]
    if judge not in known:
        raise InputError(f"{judge} has no labels; there are labels of {', '.join(known)}")
    names = list(frame.loc[frame["judge"] == judge, "behavior"].unique())
    per = pd.DataFrame(places(study, lexicons, judge, names, text))
    if per.empty:
        raise InputError(f"{judge} gave no answer on any response")
    per = with_groups(study, per)
    hits = per[per["kind"] == "hits"]
    return CrossTab(
        judge,
        _behaviors(per[per["kind"] == "quotes"], level),
        _keywords(hits[hits["entry"] == ""], level),
        _entries(hits[hits["entry"] != ""]),
        int(per["trace_id"].nunique()),
    )


def _behaviors(rows: pd.DataFrame, level: float) -> pd.DataFrame:
    made = []
    for (behavior, category), part in rows.groupby(["behavior", "category"], sort=False):
        shown, hit = part["n"] > 0, part["hit"].astype(bool)
        e = _share(part, level)
        made.append(
            {
                "behavior": behavior,
                "category": category,
                "quotes": int(part["n"].sum()),
                "value": e.value,
                "low": e.low,
                "high": e.high,
                "both": int((shown & hit).sum()),
                "only_behavior": int((shown & ~hit).sum()),
                "only_keyword": int((~shown & hit).sum()),
                "neither": int((~shown & ~hit).sum()),
            }
        )
    return pd.DataFrame(made)


def _keywords(rows: pd.DataFrame, level: float) -> pd.DataFrame:
    made = []
    for (category, behavior), part in rows.groupby(["category", "behavior"], sort=False):
        e, n = _share(part, level), int(part["n"].sum())
        expected = float(part["expected"].sum()) / n if n else np.nan
        made.append(
            {
                "category": category,
                "behavior": behavior,
                "hits": n,
                "value": e.value,
                "low": e.low,
                "high": e.high,
                "expected": expected,
                "lift": e.value / expected if expected else np.nan,
            }
        )
    return pd.DataFrame(made)


def _entries(rows: pd.DataFrame) -> pd.DataFrame:
    if rows.empty:
        return pd.DataFrame(columns=["category", "entry", "hits", "inside", "share"])
    found = rows.groupby(["category", "entry"], sort=False).agg(hits=("n", "sum"), inside=("of", "sum"))
    found = found.reset_index().astype({"hits": "int64", "inside": "int64"})
    found["share"] = found["inside"] / found["hits"]
    return found.sort_values(["hits", "category", "entry"], ascending=[False, True, True], ignore_index=True)


def _share(part: pd.DataFrame, level: float) -> Interval:
    where = np.unique(part["problem"].to_numpy(dtype=np.int64), return_inverse=True)[1]
    of, n = (cluster_sums(part[name].to_numpy(dtype=np.float64), where) for name in ("of", "n"))
    return share_of_sums(of, n, level=level)
