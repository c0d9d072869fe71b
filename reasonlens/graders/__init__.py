"""From a final answer and the gold answer to a verdict. One module of this folder is one grader.

A grader module holds ``TITLE``, ``VERSION`` (raise it when a verdict may change) and
``grade(pairs, limits) -> list[Grade]``. Verdicts are those of `GRADE_VERDICTS`: an answer that cannot be
compared in time is *ungradable*, never wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reasonlens.graders._plain import fraction, plain
from reasonlens.text.answers import answer_of

__all__ = ["Grade", "Grader", "Limits", "Pair", "fraction", "pair_of", "plain", "unanswered"]

_ANSWER_TAIL = 4_000  # characters: a statement of the answer stands near the end


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for one comparison, the share by which a number may differ from the gold, bytes of memory
    for one process, and how many processes."""

    seconds: float = 5.0
    tolerance: float = 0.0
    memory: int = 2 * 2**30
    jobs: int = 1


@dataclass(frozen=True, slots=True)
class Pair:
    """What is graded: the answer found (with the method), the gold, and the end of the text.

    Attributes
    ----------
    answer
        The text of the final answer, or ``None`` if the response marks none.
    method
        How it was found (`reasonlens.text.answers.METHODS`), or empty.
    gold
        The right answer, or ``None``.
    truncated
        Whether the response was cut off.
    tail
        The end of the response, for graders with rules of their own (letters of a choice).
    problem
        The statement, where choices may stand.
    """

    answer: str | None
    method: str
    gold: str | None
    truncated: bool = False
    tail: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Grade:
    """A verdict with the answer that it is about, how that was found, and why, where that is not plain."""

    verdict: str
    extracted: str | None = None
    method: str = ""
    why: str = ""


class Grader(Protocol):
    """What a module of this folder offers."""

    TITLE: str
    VERSION: str

    def grade(self, pairs: Sequence[Pair], limits: Limits) -> list[Grade]:
        """Return one grade per pair, in order."""


def pair_of(response: str, answer: str, gold: str | None, *, truncated: bool, problem: str = "") -> Pair:
    """Return what a trace gives to grade: the answer of its answer part, else of the whole response.

    Examples
    --------
    >>> pair_of("I think \\\\boxed{3}. No: \\\\boxed{4}.", "", "4", truncated=False).answer
    '4'
    """
    found = answer_of(response, answer, truncated=truncated)
    tail = (answer if answer.strip() else response)[-_ANSWER_TAIL:]
    return Pair(found.text if found else None, found.method if found else "", gold, truncated, tail, problem)


def unanswered(pair: Pair) -> Grade | None:
    """Return the verdict on a pair that has nothing to compare, or ``None``."""
    if pair.gold is None or not pair.gold.strip():
        return Grade("no_gold", pair.answer, pair.method)
    if pair.answer is None:
        return Grade("truncated" if pair.truncated else "no_answer")
    return None
