"""How far a student's steps follow a teacher's: RLKD's reward, a normalized one and an aligned one.

The published reward (arXiv:2505.16142; github.com/xsc1234/RLKD, commit e888cf2, ``process_item``):

1. Without any step on either side it is 0.
2. Step i of the student is compared with step i of the teacher, for ``i = 1 ... min(n_teacher, n_student)``.
   A step whose meta-reasoning does not match is worth 0, **and so are all steps after it** (early exit).
3. A step that is worth something is halved if the questions do not match, and halved if the answers do not.
4. The reward is the sum over steps. It is not divided by anything, so long plans are worth more.

A reply to "do they match?" is read as that code reads it: the meta-reasoning matches if the reply has "yes"
in it, question and answer fail to match if the reply has "no" in it (case ignored). So "not sure" halves a
step, and an empty reply does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from reasonlens.structure import Step

__all__ = ["HALF", "Followed", "Match", "aligned", "differs", "follow", "matches", "values"]

HALF = 0.5
"""What a step is multiplied by for a question, and for an answer, that does not match."""


class Match(Protocol):
    """Answers whether two texts of a step match."""

    def meta(self, teacher: Step, student: Step) -> str:
        """Reply to: are both devoted to the same problem? (meta-reasoning)."""
        ...

    def query(self, teacher: Step, student: Step) -> str:
        """Reply to: are both devoted to the same problem? (question)."""
        ...

    def answer(self, teacher: Step, student: Step) -> str:
        """Reply to: do both say the same?"""
        ...


def matches(reply: str) -> bool:
    """Tell whether a reply says that the meta-reasoning matches.

    Examples
    --------
    >>> matches("Yes. yes, yes"), matches("no"), matches("")
    (True, False, False)
    """
    return "yes" in reply.lower()


def differs(reply: str) -> bool:
    """Tell whether a reply says that a question or an answer does not match.

    Examples
    --------
    >>> differs("No"), differs("not sure"), differs("")
    (True, True, False)
    """
    return "no" in reply.lower()


@dataclass(frozen=True, slots=True)
class Followed:
    """How far one student followed one teacher.

    Parameters
    ----------
    steps
        Worth of each compared step: 1, 0.5, 0.25 or 0.
    n_teacher, n_student
        Number of steps.
    """

    steps: tuple[float, ...]
    n_teacher: int
    n_student: int

    @property
    def n_matched(self) -> int:
        """Steps before the early exit."""
        return sum(value > 0 for value in self.steps)

    @property
    def exit_step(self) -> int | None:
        """The step (from 1) at which they part, or ``None`` if they do not as far as both go."""
        return self.n_matched + 1 if self.n_matched < len(self.steps) else None

    @property
    def reward(self) -> float:
        """The published reward: the sum over steps."""
        return float(sum(self.steps))

    @property
    def normalized(self) -> float:
        """The reward per step of the teacher, between 0 and 1; NaN if the teacher has no step."""
        return self.reward / self.n_teacher if self.n_teacher else float("nan")


def follow(teacher: Sequence[Step], student: Sequence[Step], match: Match) -> Followed:
    """Compare step by step, as published; nothing is asked of a step after the early exit.

    Examples
    --------
    >>> class Same:
    ...     def meta(self, teacher, student):
    ...         return "yes" if teacher.meta == student.meta else "no"
    ...     def query(self, teacher, student):
    ...         return "yes" if teacher.query == student.query else "no"
    ...     def answer(self, teacher, student):
    ...         return "yes" if teacher.answer == student.answer else "no"
    >>> plan = [Step("a", "q1", "1"), Step("b", "q2", "2"), Step("c", "q3", "3")]
    >>> mine = [Step("a", "q1", "1"), Step("b", "q?", "2"), Step("z", "q3", "3")]
    >>> found = follow(plan, mine, Same())
    >>> found.steps, found.reward, found.exit_step
    ((1.0, 0.5, 0.0), 1.5, 3)
    """
    compared = list(zip(teacher, student, strict=False))
    worth = list(values(compared, match))
    worth += [0.0] * (len(compared) - len(worth))
    return Followed(tuple(worth), len(teacher), len(student))


def values(compared: Sequence[tuple[Step, Step]], match: Match) -> Iterator[float]:
    """Yield the worth of each pair of steps, up to and with the first that is worth nothing."""
    for mine, other in compared:
        value = worth_of(mine, other, match)
        yield value
        if not value:
            return


def worth_of(teacher: Step, student: Step, match: Match) -> float:
    """Return what one pair of steps is worth: 1, 0.5, 0.25 or 0."""
    if not matches(match.meta(teacher, student)):
        return 0.0
    value = 1.0
    if differs(match.query(teacher, student)):
        value *= HALF
    if differs(match.answer(teacher, student)):
        value *= HALF
    return value


def aligned(worth: npt.ArrayLike) -> float:
    """Return the best monotone alignment of two plans, per step of the teacher.

    ``max over i_1 < ... < i_m, j_1 < ... < j_m of sum_k worth[i_k, j_k] / n_teacher``, by dynamic
    programming: ``best[i, j] = max(best[i-1, j], best[i, j-1], best[i-1, j-1] + worth[i, j])``. Steps that
    either side has in between cost nothing, so a student who does more has more chances; read it beside
    `Followed.normalized`, which it is never below.

    Parameters
    ----------
    worth
        Worth of teacher's step i with student's step j, shape (n_teacher, n_student), not negative.

    Returns
    -------
    float
        Between 0 and 1; NaN if the teacher has no step.

    Examples
    --------
    >>> aligned([[0, 1, 0], [0, 0, 0.5]])  # the student put a step in front
    0.75
    """
    table = np.asarray(worth, dtype=np.float64)
    if not table.shape[0]:
        return float("nan")
    best = np.zeros(table.shape[1] + 1)
    for row in table:
        best = np.maximum.accumulate(np.r_[0.0, np.maximum(best[1:], best[:-1] + row)])
    return float(best[-1] / table.shape[0])
