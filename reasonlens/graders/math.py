"""Mathematical answers: plainly equal, else equal by algebra (math-verify)."""

from __future__ import annotations

from collections.abc import Sequence

from reasonlens.graders import Grade, Limits, Pair, unanswered
from reasonlens.graders._plain import plain, same
from reasonlens.graders._workers import Workers

__all__ = ["TITLE", "VERSION", "grade"]

TITLE = (
    "mathematics: numbers and strings exactly, else algebra by math-verify in processes that can be killed"
)
VERSION = "1"

_LONGEST = 2000  # characters of an answer that algebra is tried on


def grade(pairs: Sequence[Pair], limits: Limits) -> list[Grade]:
    """Grade pairs; equal pairs of answer and gold are compared once.

    Raises
    ------
    MissingExtraError
        If algebra is needed and math-verify is not installed.
    """
    found: list[Grade | None] = [unanswered(pair) for pair in pairs]
    waiting: dict[tuple[str, str], list[int]] = {}
    for i, pair in enumerate(pairs):
        if found[i] is not None or pair.answer is None or pair.gold is None:
            continue
        equal = same(pair.answer, pair.gold, limits.tolerance)
        if equal is not None:
            found[i] = Grade("correct" if equal else "incorrect", pair.answer, pair.method, "plain")
        elif len(pair.answer) > _LONGEST or len(pair.gold) > _LONGEST:
            why = f"longer than {_LONGEST:,} characters"
            found[i] = Grade("ungradable", pair.answer[:_LONGEST], pair.method, why)
        else:
            waiting.setdefault((plain(pair.answer), plain(pair.gold)), []).append(i)
    for key, (verdict, why) in _compared(list(waiting), limits):
        for i in waiting[key]:
            found[i] = Grade(verdict, pairs[i].answer, pairs[i].method, why)
    return [grade for grade in found if grade is not None]


def _compared(
    keys: list[tuple[str, str]], limits: Limits
) -> Sequence[tuple[tuple[str, str], tuple[str, str]]]:
    if not keys:
        return []
    with Workers(limits.jobs, limits.seconds, limits.memory) as workers:
        return [(keys[i], verdict) for i, verdict in workers.run(keys)]
