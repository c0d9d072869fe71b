"""Answers as text: the same words, or the same set of statements."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reasonlens.graders import Grade, Limits, Pair, unanswered

__all__ = ["TITLE", "VERSION", "grade", "statements"]

TITLE = "text: the same words, or the same statements in any order"
VERSION = "2"

_MARK = re.compile(r"^[\s(]*(?:\d+[).:]|[-*•])\s*")
_BREAK = re.compile(r"\n+|;|(?=\(\d+\))|,\s*(?:and\s+)?|\.\s+|\s+and\s+(?=[A-Z])")
_DRESS = re.compile(r"[*_`$]|\\text\s*\{|\}")


def statements(text: str) -> frozenset[str]:
    """Return the statements of an answer: split at lines, commas and "and", without numbers and case.

    Examples
    --------
    >>> sorted(statements("(1) Ann is a knave\\n(2) Bob is a knight."))
    ['ann is a knave', 'bob is a knight']
    >>> sorted(statements("Bob is a knight, and Ann is a knave"))
    ['ann is a knave', 'bob is a knight']
    """
    pieces = (_MARK.sub("", piece) for piece in _BREAK.split(_DRESS.sub("", text)))
    clean = (" ".join(piece.split()).strip(" .").casefold() for piece in pieces)
    return frozenset(piece for piece in clean if piece)


def grade(pairs: Sequence[Pair], limits: Limits) -> list[Grade]:
    """Grade pairs by their text."""
    return [unanswered(pair) or _grade(pair) for pair in pairs]


def _grade(pair: Pair) -> Grade:
    equal = statements(pair.answer or "") == statements(pair.gold or "")
    return Grade("correct" if equal else "incorrect", pair.answer, pair.method)
