"""Whether judged behaviors survive without their words: shares and counts under each ban.

``--behaviors rules`` judges all arms with the offline baseline. Any other name is a judge whose labels
the study has already (``reasonlens behaviors STUDY --judge llm``); nothing is asked here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.judges import Codebook, Settings, load_codebooks
from reasonlens.judges._cues import cue_names, load_cues
from reasonlens.judges.rules import make
from reasonlens.stats.multiplicity import benjamini_hochberg
from reasonlens.workflow.ban_arms import Design, Planned
from reasonlens.workflow.ban_effects import measured
from reasonlens.workflow.behaviors import Wanted, judge_study
from reasonlens.workflow.behaviors_measures import NO_ANSWER, PER, per_trace
from reasonlens.workflow.behaviors_store import found_labels, judge_folder

__all__ = ["OFFLINE", "banned_cues", "behavior_rows", "judged", "labels_of", "parts_of"]

OFFLINE = "rules"
"""The judge that needs no key and no model."""

_TEXT = "response"
_SHOWN = {"presence": "present", "response": "instances"}


def judged(
    study: Study,
    judge: str,
    *,
    begin: Callable[[int], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> list[tuple[str, str]]:
    """Return (judge, behavior) of the labels to compare; those of the offline judge are made if missing.

    Parameters
    ----------
    judge
        ``"rules"``, or the judge of labels that the study has.

    Raises
    ------
    InputError
        If the study has no labels of another judge.
    """
    if judge == OFFLINE:
        offline = make(Settings())
        judge_study(study, offline, Wanted(_codebooks()), begin=begin, progress=progress)
        return [(offline.name, book.name) for book in _codebooks()]
    return labels_of(study, judge)


def labels_of(study: Study, judge: str) -> list[tuple[str, str]]:
    """Return (judge, behavior) of the labels that a study has; nothing is made for the offline judge.

    Raises
    ------
    InputError
        If it has none of another judge.
    """
    if judge == OFFLINE:
        return []
    found = found_labels(study, _TEXT)
    mine = [pair for pair in found if pair[0] in (judge, judge_folder(judge))]
    if not mine:
        known = sorted({name for name, _ in found})
        has = f"it has those of {', '.join(known)}" if known else "it has none"
        raise InputError(
            f"the study {study.path} has no labels of a judge {judge!r} ({has}); judge it first with "
            f"`reasonlens behaviors {study.path} --judge ...`, or name {OFFLINE}"
        )
    return mine


def behavior_rows(
    study: Study,
    frame: pd.DataFrame,
    arms: Sequence[Planned],
    design: Design,
    pairs: Sequence[tuple[str, str]],
) -> list[dict[str, Any]]:
    """Compare presence and count of each behavior in every arm with the baseline, paired on problems.

    Parameters
    ----------
    frame
        One row per response: ``trace_id problem_id condition sample``.
    pairs
        As `judged` returns them.

    Returns
    -------
    list of dict
        Rows of the table `effects`, with measures ``JUDGE/BEHAVIOR/presence`` (share of responses) and
        ``JUDGE/BEHAVIOR/response`` (instances per response). The p values of the target are adjusted
        (Benjamini-Hochberg) over all of these.
    """
    columns = {}
    for judge, behavior in pairs:
        found = per_trace(study, _TEXT, judge, behavior).reindex(frame["trace_id"])
        for per, column in _SHOWN.items():
            columns[f"{judge}/{behavior}/{per}"] = found[column].to_numpy(np.float64)
    about = frame[["problem_id", "condition", "sample"]].reset_index(drop=True)
    whole = pd.concat([about, pd.DataFrame(columns)], axis=1)
    rows = [
        measured(whole, arm, name, design, unit=PER[name.rsplit("/", 1)[1]][4], why=NO_ANSWER)
        for arm in arms
        if arm.role != "baseline"
        for name in columns
    ]
    mine = [row for row in rows if row["role"] == "target"]
    adjusted = benjamini_hochberg(np.array([row["p_value"] for row in mine], dtype=np.float64))
    n = int(np.isfinite(adjusted).sum())
    for row, p in zip(mine, adjusted, strict=True):
        row |= {"p_adjusted": float(p), "family": f"behaviors under the ban: {n} tests (BH)"}
    return rows


def parts_of(measure: str) -> tuple[str, str, str] | None:
    """Return judge, behavior and what is counted, or ``None`` for a measure of something else.

    Examples
    --------
    >>> parts_of("rules@1/backtracking/presence"), parts_of("accuracy"), parts_of("word/so")
    (('rules@1', 'backtracking', 'presence'), None, None)
    """
    parts = measure.split("/")
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 and parts[2] in _SHOWN else None


def banned_cues(words: Sequence[str]) -> Mapping[str, list[str]]:
    """Return for each behavior of the offline judge the words that stand in its cues.

    Where these are banned the judge loses sight of the behavior, whether the model shows it or not.

    Examples
    --------
    >>> banned_cues(["perhaps", "marmalade"])["metacognitive_awareness"]
    ['perhaps']
    """
    found: dict[str, list[str]] = {}
    for behavior in cue_names():
        cues = load_cues(behavior)
        told = "\n".join((*cues.cues, *cues.shape))
        mine = [word for word in words if re.search(rf"(?<!\w){re.escape(word.lower())}(?!\w)", told)]
        if mine:
            found[behavior] = mine
    return found


def _codebooks() -> tuple[Codebook, ...]:
    return tuple(load_codebooks(cue_names()))
