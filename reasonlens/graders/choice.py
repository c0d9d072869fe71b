"""Multiple choice: the letter that a response ends on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reasonlens.graders import Grade, Limits, Pair, plain

__all__ = ["TITLE", "VERSION", "grade", "letter"]

TITLE = "multiple choice: a boxed letter, a line that announces one, or a lone letter at the end"
VERSION = "3"

_TAIL = 4000
_L = r"[A-J]"
_AFTER = r"(?![A-Za-z0-9'’])"
_NOT_I = r"(?!I\s+[a-z])"  # "I think" is no option
_OPENED = r"(?:\\[(\[]|[\s*_$(\[{])*(?:\\(?:text|textbf|mathrm|mathbf)\s*\{)?[\s*_(]*"
_LETTER = rf"{_OPENED}{_NOT_I}(?P<letter>{_L}){_AFTER}"
_IN_BOX = rf"{_OPENED}(?:(?i:option|choice|answer)[\s*_]+)?\(?(?P<letter>"
_ALONE = re.compile(rf"{_IN_BOX}{_L}|[a-j])(?:\\[)\]]|[\s)}}\]*_.$:])*")
_WITH_TEXT = re.compile(rf"{_IN_BOX}{_L})[).:]\s*\}}?(?:\s|~|\\[ ,;]|\\q?quad)+\S.*", re.DOTALL)
_BOX = re.compile(r"\\boxed\s*\{(?P<inside>(?:[^{}]|\{[^{}]*\})*)\}")
_LINE = re.compile(rf"(?i)(?<![A-Za-z])answer[\s*_]*[:：][\s*_]*(?-i:{_LETTER})")
_SAID = re.compile(
    rf"(?i)\b(?:answer|option|choice)\b(?:\s+(?:is|should\s+be|must\s+be|would\s+be|seems\s+to\s+be))[\s*_:]*(?:option\s+|choice\s+)?(?-i:{_LETTER})"
)
_SMALL = re.compile(r"(?im)\banswer(?:[\s*_]*:[\s*_]*|\s+is\s+(?=\())\(?(?P<letter>[a-j])\)?[\s*_.]*$")
_RIGHT = re.compile(
    rf"(?i)(?:\((?-i:(?P<letter>{_L}))\)|\b(?:option|choice|answer)\s+(?-i:(?P<named>{_L})))\s+is\s+(?:the\s+)?(?:correct|right)\b"
)
_LAST = re.compile(rf"(?:^|[\s(*])(?P<letter>{_L})[)\s.*$]*\Z")
_OPTION = re.compile(rf"(?m)^[\s*_(]*(?P<letter>{_L})[).:]\s*(?P<text>.+?)\s*$")


def letter(text: str, problem: str = "", answer: str = "") -> tuple[str, str] | None:
    r"""Return the letter of the final choice and how it was found, or ``None``.

    In this order: the last box that holds a letter alone (or a letter and the text of its option), `answer`
    (what an ``<answer>`` element holds) if that is a letter, the last line "Answer: X", the last "the answer
    is X", the last "(X) is correct", a lone letter at the very end, and a box that holds the text of an
    option of the problem.

    Examples
    --------
    >>> letter(r"... so \boxed{\text{C}}"), letter("Answer: (B)"), letter("The answer is D.")
    (('C', 'boxed'), ('B', 'line'), ('D', 'phrase'))
    >>> letter("I think it is unclear") is None
    True
    """
    tail = text[-_TAIL:].rstrip()
    boxes = [match["inside"] for match in _BOX.finditer(tail)]
    for inside in reversed(boxes):
        found = _ALONE.fullmatch(inside) or _WITH_TEXT.fullmatch(inside)
        if found:
            return found["letter"].upper(), "boxed"
    element = _ALONE.fullmatch(answer)
    if element:
        return element["letter"].upper(), "element"
    for pattern, method in ((_LINE, "line"), (_SAID, "phrase"), (_SMALL, "line"), (_RIGHT, "phrase")):
        matches = list(pattern.finditer(tail))
        if matches:
            return next(found for found in matches[-1].groups() if found).upper(), method
    lone = _LAST.search(tail)
    if lone and len(tail.rsplit("\n", 1)[-1].strip("*$()[]. ")) == 1:
        return lone["letter"], "last"
    return _by_text(boxes, problem)


def _by_text(boxes: Sequence[str], problem: str) -> tuple[str, str] | None:
    if not boxes or not problem:
        return None
    said = plain(boxes[-1]).casefold()
    named = {m["letter"] for m in _OPTION.finditer(problem) if plain(m["text"]).casefold() == said}
    return (named.pop(), "option text") if len(named) == 1 else None


def grade(pairs: Sequence[Pair], limits: Limits) -> list[Grade]:
    """Grade pairs whose gold is a letter; any other gold is ungradable."""
    return [_grade(pair) for pair in pairs]


def _grade(pair: Pair) -> Grade:
    gold = (pair.gold or "").strip().strip("()").rstrip(".")
    if not gold:
        return Grade("no_gold", pair.answer, pair.method)
    if not re.fullmatch(_L, gold):
        return Grade(
            "ungradable", pair.answer, pair.method, f"the gold {gold[:40]!r} is no letter from A to J"
        )
    element = (pair.answer or "") if pair.method == "element" else ""
    found = letter(pair.tail or pair.answer or "", pair.problem, element)
    if found is None or (
        pair.truncated and found[1] not in ("boxed", "element")
    ):  # words of an unfinished text are no answer
        return Grade("truncated" if pair.truncated else "no_answer")
    return Grade("correct" if found[0] == gold else "incorrect", *found)
