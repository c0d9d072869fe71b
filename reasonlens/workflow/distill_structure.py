"""The reward for structure: how far a completion follows the steps of the teacher's trace."""

from __future__ import annotations

from collections.abc import Sequence

from reasonlens.structure.baseline import steps_of
from reasonlens.structure.lexical import Lexical
from reasonlens.structure.reward import follow

__all__ = ["baseline"]

_END = "</think>"


def baseline(
    problems: Sequence[str], teachers: Sequence[str | None], students: Sequence[str]
) -> list[float | None]:
    """Return RLKD's reward of each completion, with the offline steps and the lexical matcher.

    Only what stands before ``</think>`` is cut into steps, as published (arXiv:2505.16142). The baseline
    understands nothing, so it can be pleased with markers alone: read it beside accuracy.

    Parameters
    ----------
    problems
        Not looked at.
    teachers, students
        Traces of the teacher and completions, one each.

    Returns
    -------
    list
        The sum over steps; ``None`` where there is no trace of a teacher.

    Examples
    --------
    >>> baseline(["p"], ["First, add 2 and 3. It is 5."], ["First, add 2 and 3. It is 5."])
    [1.0]
    """
    return [_reward(a, b) for a, b in zip(teachers, students, strict=True)]


def _reward(teacher: str | None, student: str) -> float | None:
    mine = steps_of((teacher or "").partition(_END)[0])
    if not mine:
        return None
    other = steps_of(student.partition(_END)[0])
    return follow(mine, other, Lexical().fitted(mine, other)).reward
