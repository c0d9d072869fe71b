"""Reward functions with the signature of TRL: ``f(prompts, completions, **columns) -> list[float | None]``.

>>> from reasonlens.distill.rewards import format_reward
>>> format_reward(prompts=["P"], completions=["<think>Wait.</think><answer>4</answer>"])
[1.0]

The columns are those of a prepared set: ``gold``, ``problem``, ``teacher_text``. TRL leaves a reward of
``None`` out; but where several rewards are summed it adds nothing for it, which is the same as 0.
`missing_as_mean` therefore puts the mean of the other completions of the prompt in its place: it then moves
no advantage.
"""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from reasonlens.distill.reward_parts import (
    WEIGHTS,
    Grader,
    StructureScorer,
    format_of,
    plain_grader,
    tags_of,
    text_of,
)

__all__ = [
    "WEIGHTS",
    "accuracy_reward",
    "format_reward",
    "make_accuracy_reward",
    "make_structure_reward",
    "missing_as_mean",
    "tag_count_reward",
]

Reward = Callable[..., list[float | None]]


def format_reward(prompts: Sequence[Any], completions: Sequence[Any], **_: Any) -> list[float | None]:
    """Return 1 for each completion that is ``<think>..</think><answer>..</answer>``, else 0."""
    return [format_of(text_of(completion)) for completion in completions]


def tag_count_reward(prompts: Sequence[Any], completions: Sequence[Any], **_: Any) -> list[float | None]:
    """Return for each completion a quarter per tag that stands exactly once."""
    return [tags_of(text_of(completion)) for completion in completions]


def make_accuracy_reward(grade: Grader) -> Reward:
    """Return the reward for right answers by `grade`; it reads the column ``gold``."""

    def accuracy_reward(
        prompts: Sequence[Any], completions: Sequence[Any], gold: Sequence[str | None], **_: Any
    ) -> list[float | None]:
        return _checked(grade([text_of(c) for c in completions], gold))

    return accuracy_reward


accuracy_reward = make_accuracy_reward(plain_grader)
"""Right answers, compared as texts and numbers."""


def make_structure_reward(score: StructureScorer) -> Reward:
    """Return the reward for structure by `score`; it reads the columns ``problem`` and ``teacher_text``.

    What the scorer leaves missing stays missing.
    """

    def structure_reward(
        prompts: Sequence[Any],
        completions: Sequence[Any],
        problem: Sequence[str],
        teacher_text: Sequence[str],
        **_: Any,
    ) -> list[float | None]:
        return _checked(score(problem, teacher_text, [text_of(c) for c in completions]))

    return structure_reward


def missing_as_mean(reward: Reward, name: str) -> Reward:
    """Return `reward` with its missing values replaced by the mean of the same prompt, and logged.

    Where all of a prompt are missing they stay so: TRL then adds nothing to any of them, which moves no
    advantage either. The share of missing values is logged as ``NAME/missing``, the mean of the others as
    ``NAME/observed``.
    """

    @functools.wraps(reward)
    def filled(prompts: Sequence[Any], completions: Sequence[Any], **columns: Any) -> list[float | None]:
        found = reward(prompts=prompts, completions=completions, **columns)
        known = [value for value in found if value is not None]
        log = columns.get("log_metric")
        if log is not None:
            log(f"{name}/missing", 1 - len(known) / len(found) if found else math.nan)
            if known:
                log(f"{name}/observed", sum(known) / len(known))
        groups: dict[str, list[float]] = defaultdict(list)
        for prompt, value in zip(prompts, found, strict=True):
            if value is not None:
                groups[str(prompt)].append(value)
        means = {prompt: sum(values) / len(values) for prompt, values in groups.items()}
        return [means.get(str(p)) if v is None else v for p, v in zip(prompts, found, strict=True)]

    return filled


def _checked(values: Sequence[float | None]) -> list[float | None]:
    """Return numbers as they are and NaN as missing."""
    return [None if value is None or math.isnan(value) else float(value) for value in values]
