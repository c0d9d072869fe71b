"""The same rewards with the signature of verl: this file is its ``custom_reward_function.path``.

::

    python -m verl.trainer.main_ppo custom_reward_function.path=.../reasonlens/distill/verl_rewards.py \\
        custom_reward_function.name=compute_score
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from reasonlens.distill.reward_parts import (
    WEIGHTS,
    Grader,
    StructureScorer,
    format_of,
    plain_grader,
    tags_of,
)

__all__ = ["compute_score"]


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str | None,
    extra_info: Mapping[str, Any] | None = None,
    *,
    grade: Grader = plain_grader,
    structure: StructureScorer | None = None,
    weights: Mapping[str, float] = WEIGHTS,
    **_: Any,
) -> dict[str, float]:
    """Return ``score``, the weighted sum, and each reward by itself (verl logs them apart).

    Parameters
    ----------
    data_source
        The name of the benchmark; not used.
    extra_info
        ``problem`` and ``teacher_text``, for `structure`.
    grade, structure, weights
        As in `reasonlens.distill.rewards`.

    Notes
    -----
    verl cannot leave a reward out, so one that is missing (NaN beside the score) takes the mean of the
    others by their weights: the score is the weighted mean of what is known, times the sum of all weights.
    """
    told = extra_info or {}
    parts: dict[str, float | None] = {
        "accuracy": grade([solution_str], [ground_truth])[0],
        "format": format_of(solution_str),
        "tag_count": tags_of(solution_str),
    }
    if structure is not None:
        pair = (str(told.get("problem", "")), str(told.get("teacher_text", "")))
        parts["structure"] = structure([pair[0]], [pair[1]], [solution_str])[0]
    known = {n: v for n, v in parts.items() if v is not None and not math.isnan(v)}
    all_weights = sum(weights.get(name, 0.0) for name in parts)
    known_weights = sum(weights.get(name, 0.0) for name in known)
    total = sum(weights.get(name, 0.0) * value for name, value in known.items())
    score = total / known_weights * all_weights if known_weights else 0.0
    return {"score": score, **{name: known.get(name, math.nan) for name in parts}}
