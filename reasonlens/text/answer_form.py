"""Whether an answer is an integer."""

from __future__ import annotations

import re

__all__ = ["INTEGER", "NONE", "OTHER", "form"]

INTEGER, OTHER, NONE = "integer", "other", "none"

_DRESS = re.compile(
    r"\\(?:left|right|displaystyle|,|;|:|!| |quad|qquad)|\\[()\[\]]|[$*`\u2009\u202f\xa0]|\.$"
)
_UNIT = re.compile(r"(?:\\(?:text|mathrm|mbox|textbf)\s*\{[^{}]*\}|\^\s*\{?\\circ\}?|°|\\?%|\\degree)\s*$")
_WORD_UNIT = re.compile(r"(?<=\d) +[A-Za-z]{3,}(?: [A-Za-z]+)*$")
_SIDE = re.compile(
    r"(?:[A-Za-z](?:_\{?\w+\}?)?(?:\([^()]*\))?)?|(?:[\d\s+\-*/^.()]|,(?=\d{3})|\\times|\\cdot)+"
)
_WRAP = re.compile(r"^\\(?:text|mathrm|mbox|textbf|mathbf)\s*\{([^{}]*)\}$")
_LONGEST = 300  # characters of an answer whose form is looked at
_INTEGER = re.compile(r"[+-]?(?:\d{1,3}(?:(?:,|\{,\})\d{3})+|\d+)(?:\.0*)?")


def form(answer: str | None) -> str:
    """Tell whether an answer is an integer, something else, or absent.

    Thousands separators, a unit, a degree or percent sign, dollar signs, ``x =`` and a
    calculation before ``=`` do not count;
    ``2.0`` is an integer, ``0.5``, ``1/2`` and ``2^{10}`` are not.

    Examples
    --------
    >>> [form(x) for x in ("1,024", "$12$", "90^\\\\circ", "0.5", "(C)", "")]
    ['integer', 'integer', 'integer', 'other', 'other', 'none']
    """
    if answer and len(answer) > _LONGEST:
        return OTHER
    text = _DRESS.sub(" ", (answer or "").replace("\\$", "")).strip()
    if not text:
        return NONE
    left, equals, right = text.rpartition("=")
    if equals and right.strip() and all(_SIDE.fullmatch(side.strip()) for side in left.split("=")):
        text = right.strip()
    wrapped = _WRAP.match(text)
    if wrapped:
        text = wrapped[1].strip()
    plain = _WORD_UNIT.sub("", _UNIT.sub("", text).strip()) or text
    return INTEGER if _INTEGER.fullmatch(plain.replace(" ", "")) else OTHER
