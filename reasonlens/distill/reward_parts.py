"""What a completion earns, one text at a time. Missing (``None``) is not the same as nothing (0).

``format`` and ``tag_count`` are those of RLKD (arXiv 2505.16142): the whole completion is
``<think>..</think><answer>..</answer>``, 0 or 1; and a quarter for each of the four tags that stands once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Protocol

from reasonlens.text.answers import answer_of
from reasonlens.text.problems import normalize

__all__ = ["TAGS", "WEIGHTS", "Grader", "StructureScorer", "format_of", "plain_grader", "tags_of", "text_of"]

WEIGHTS = {"accuracy": 15.0, "format": 10.0, "tag_count": 10.0, "structure": 15.0}
"""The published weights."""

TAGS = ("<think>", "</think>", "<answer>", "</answer>")

_FORMAT = re.compile(r"\s*<think>.*?</think>\s*<answer>.*?</answer>\s*", re.DOTALL)


class Grader(Protocol):
    """Says of each response whether it is right: 1, 0, or ``None`` where that cannot be told."""

    def __call__(self, responses: Sequence[str], golds: Sequence[str | None]) -> Sequence[float | None]:
        """Return one verdict per response."""


class StructureScorer(Protocol):
    """Says how far the reasoning of a student follows a teacher's; ``None`` where the judge failed."""

    def __call__(
        self, problems: Sequence[str], teachers: Sequence[str], students: Sequence[str]
    ) -> Sequence[float | None]:
        """Return one score per student text."""


def text_of(completion: Any) -> str:
    """Return the text of a completion as TRL gives it: a text, or a list of turns.

    Examples
    --------
    >>> text_of([{"role": "assistant", "content": "4"}])
    '4'
    """
    if isinstance(completion, str):
        return completion
    return "".join(str(turn.get("content") or "") for turn in completion)


def format_of(text: str) -> float:
    """Return 1 if a completion is one reasoning and one answer in their tags, else 0."""
    return float(bool(_FORMAT.fullmatch(text)))


def tags_of(text: str) -> float:
    """Return a quarter for each tag that stands exactly once.

    Examples
    --------
    >>> tags_of("<think>Wait.</think> 4"), tags_of("<think><think>")
    (0.5, 0.0)
    """
    return sum(text.count(tag) == 1 for tag in TAGS) / len(TAGS)


def plain_grader(responses: Sequence[str], golds: Sequence[str | None]) -> list[float | None]:
    """Compare final answers as texts and as numbers; ``None`` without a gold answer.

    The graders of ``reasonlens grade`` know algebra; ``reasonlens distill rl`` uses them.
    """
    pairs = zip(responses, golds, strict=True)
    return [None if not (gold or "").strip() else _same(text, str(gold)) for text, gold in pairs]


def _same(response: str, gold: str) -> float:
    found = answer_of(response)
    if found is None:
        return 0.0
    if normalize(found.text) == normalize(gold):
        return 1.0
    mine, theirs = _number(found.text), _number(gold)
    return float(not math.isnan(mine) and mine == theirs)


def _number(text: str) -> float:
    try:
        return float(text.strip().strip("$").replace(",", ""))
    except ValueError:
        return math.nan
