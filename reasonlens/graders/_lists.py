"""Lists, tuples and intervals of numbers, compared exactly; all else is left to algebra.

What the gold is decides: ``(1, 2)`` and ``[1, 2)`` are ordered and keep their brackets, ``{1, 2}`` and
``1, 2`` are sets. Parentheses around a list where the gold has none, and none around a point, make no
difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from reasonlens.graders._plain import fraction, read

__all__ = ["items_of", "same_list"]

_AND = re.compile(r",?\s*\\text\{\s*,?\s*(?:and|or)\s*,?\s*\}\s*|,?\s+(?:and|or)\s+|;")
_OPENED, _CLOSED = "([{", ")]}"
_MOST = 2000


def items_of(text: str) -> tuple[str, list[str], str]:
    r"""Return the opening bracket, the items and the closing bracket of an answer.

    Examples
    --------
    >>> items_of("(1, (2, 3)]"), items_of(r"\{1, 2\}"), items_of(r"1 \text{ and } 2")
    (('(', ['1', '(2, 3)'], ']'), ('{', ['1', '2'], '}'), ('', ['1', '2'], ''))
    """
    text = _AND.sub(", ", text).replace("\\{", "{").replace("\\}", "}").strip()
    opened = closed = ""
    if text and text[0] in _OPENED and text[-1] in _CLOSED and _matching(text) == len(text) - 1:
        opened, closed, text = text[0], text[-1], text[1:-1]
    return opened, [item.strip() for item in _split(text)], closed


def _matching(text: str) -> int:
    """Return where the bracket that opens `text` closes (brackets of any kind, as intervals have)."""
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign in _OPENED) - (sign in _CLOSED)
        if not depth:
            return place
    return -1


def _split(text: str) -> Iterator[str]:
    depth = start = 0
    for place, sign in enumerate(text):
        depth += (sign in _OPENED) - (sign in _CLOSED)
        if sign == "," and depth == 0:
            yield text[start:place]
            start = place + 1
    yield text[start:]


def same_list(answer: str, gold: str) -> bool | None:
    """Tell whether two undressed lists of numbers are the same, or ``None`` if one is no list of numbers.

    Examples
    --------
    >>> same_list("(2, 1)", "(1, 2)"), same_list("2, 1", "1, 2"), same_list("[1, 2)", "[1, 2]")
    (False, True, False)
    >>> same_list("(1, 2)", "1, 2"), same_list("1, 2", "(1, 2)"), same_list("x, 2", "1, 2")
    (True, True, None)
    """
    (left, mine, right), (opened, theirs, closed) = items_of(answer), items_of(gold)
    if len(theirs) < 2 or len(mine) < 2 or len(mine) > _MOST:
        return None
    a, b = _values(mine), _values(theirs)
    if a is None or b is None:
        return None
    if opened in ("", "{"):
        unordered = left in ("", "{", opened) or (not opened and (left, right) == ("(", ")"))
        return unordered and set(a) == set(b)
    bare_point = not left and (opened, closed) == ("(", ")")
    return a == b and (bare_point or (left, right) == (opened, closed))


def _values(items: list[str]) -> list[Fraction] | None:
    values = [fraction(read(item).text) for item in items]
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else None
