"""What reinforcement learning needs from the graders, and from whatever scores structure."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import cast

from reasonlens.core import registry
from reasonlens.core.errors import InputError
from reasonlens.distill.reward_parts import StructureScorer
from reasonlens.graders import Limits, pair_of
from reasonlens.workflow import distill_structure
from reasonlens.workflow.grade import grader_for

__all__ = ["BASELINE", "GRADED", "NONE", "grade", "scorer_of"]

BASELINE, NONE = "baseline", "none"
"""The scorer of structure that needs no model, and none at all."""

GRADED = {"correct": 1.0, "incorrect": 0.0, "no_answer": 0.0, "truncated": 0.0}
"""The reward for a verdict; any other (ungradable, no gold) is missing."""


def grade(responses: Sequence[str], golds: Sequence[str | None]) -> list[float | None]:
    """Return what the graders of ``reasonlens grade`` say: 1, 0, or ``None`` for what cannot be compared.

    The grader is picked by the gold answer. Different pairs are graded once.
    """
    pairs = [pair_of(text, "", gold, truncated=False) for text, gold in zip(responses, golds, strict=True)]
    names = [grader_for(gold) for gold in golds]
    found = {}
    for name in dict.fromkeys(names):
        mine = list(dict.fromkeys(p for p, n in zip(pairs, names, strict=True) if n == name))
        module = registry.load("reasonlens.graders", name)
        for pair, given in zip(mine, module.grade(mine, Limits()), strict=True):
            found[name, pair] = GRADED.get(given.verdict)
    return [found[key] for key in zip(names, pairs, strict=True)]


def scorer_of(place: str | None) -> StructureScorer | None:
    """Return the scorer that is named: `BASELINE`, ``package.module:name``, or ``None`` for `NONE`.

    Raises
    ------
    InputError
        If there is none.
    """
    if place is None or place == NONE:
        return None
    if place == BASELINE:
        return distill_structure.baseline
    module, mark, name = place.partition(":")
    try:
        found = getattr(importlib.import_module(module), name) if mark else None
    except (ImportError, AttributeError) as error:
        raise InputError(f"--structure {place}: {error}") from error
    if not callable(found):
        raise InputError(
            f"--structure {place} is neither baseline, none nor MODULE:FUNCTION (my_rewards:score)"
        )
    return cast("StructureScorer", found)
