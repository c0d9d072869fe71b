"""Mathematical answers: plainly equal, else equal by algebra (math-verify)."""

from __future__ import annotations

from collections.abc import Sequence

from reasonlens.graders import Grade, Limits, Pair, unanswered
from reasonlens.graders._lists import same_list
from reasonlens.graders._plain import LONGEST, Plain, read, same
from reasonlens.graders._workers import Workers

__all__ = ["TITLE", "VERSION", "grade"]

TITLE = (
    "mathematics: numbers and strings exactly, else algebra by math-verify in processes that can be killed"
)
VERSION = "3"

_WORD = 4  # letters from which a gold is a word and no product of variables


def grade(pairs: Sequence[Pair], limits: Limits) -> list[Grade]:
    """Grade pairs; equal pairs of answer and gold are compared once.

    Raises
    ------
    MissingExtraError
        If algebra is needed and math-verify is not installed.
    """
    found: list[Grade | None] = [unanswered(pair) or _beside_the_point(pair) for pair in pairs]
    waiting: dict[tuple[str, str], list[int]] = {}
    for i, pair in enumerate(pairs):
        if found[i] is not None or pair.answer is None or pair.gold is None:
            continue
        equal = _decided(pair.answer, pair.gold, limits.tolerance)
        if equal is not None:
            found[i] = Grade("correct" if equal else "incorrect", pair.answer[:LONGEST], pair.method, "plain")
        elif len(pair.answer) > LONGEST or len(pair.gold) > LONGEST:
            why = f"longer than {LONGEST:,} characters"
            found[i] = Grade("ungradable", pair.answer[:LONGEST], pair.method, why)
        else:
            waiting.setdefault(_formulas(pair.answer, pair.gold), []).append(i)
    for key, (verdict, why) in _compared(list(waiting), limits):
        for i in waiting[key]:
            found[i] = Grade(verdict, pairs[i].answer, pairs[i].method, why)
    return [grade for grade in found if grade is not None]


def _is_word(gold: str) -> bool:
    word = read(gold).text.replace(" ", "")
    return len(word) >= _WORD and word.isalpha()


def _beside_the_point(pair: Pair) -> Grade | None:
    """Return "no answer" where a word is asked for, and only the last sentence has a number."""
    concluded = pair.method == "conclusion" and pair.gold is not None and _is_word(pair.gold)
    return Grade("no_answer", why="a number where a word is asked for") if concluded else None


def _decided(answer: str, gold: str, tolerance: float) -> bool | None:
    """Return what needs no algebra: numbers, lists of numbers, equal strings, and words."""
    equal = same(answer, gold, tolerance)
    if equal is None and len(answer) <= LONGEST:
        equal = same_list(read(answer).formula, read(gold).formula)
    return False if equal is None and _is_word(gold) else equal


def _formulas(answer: str, gold: str) -> tuple[str, str]:
    """Return what algebra compares; "y = 2x" keeps its name where the other side is an equation in y."""
    a, b = read(answer), read(gold)
    mine = a.whole if _names(a, b) else a.formula
    return mine, b.whole if _names(b, a) else b.formula


def _names(one: Plain, other: Plain) -> bool:
    named = one.whole.removesuffix(one.formula).split("=")[0].split("(")[0].strip()
    return bool(named) and "=" in other.formula and named in other.formula


def _compared(
    keys: list[tuple[str, str]], limits: Limits
) -> Sequence[tuple[tuple[str, str], tuple[str, str]]]:
    if not keys:
        return []
    with Workers(limits.jobs, limits.seconds, limits.memory) as workers:
        return [(keys[i], verdict) for i, verdict in workers.run(keys)]
