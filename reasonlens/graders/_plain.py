r"""Answers in a plain form, and as exact fractions where they are one.

What is dropped from both sides alike: dollar signs, spacing commands, ``\left`` and ``\right``, text
commands around a unit or a word, degree and percent signs, a period at the end, and ``x =`` before a value.
``\dfrac`` and ``\tfrac`` are ``\frac``. Commas between groups of three digits are separators.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

__all__ = ["fraction", "plain", "same"]

_SPACING = re.compile(
    r"(?<!\\)\\(?:[,;:! ]|quad|qquad|left|right|displaystyle|limits)(?![A-Za-z])|[$\u2009\u202f\xa0~]"
)
_FRACTIONS = re.compile(r"\\[dt]frac")
_SHORT_FRACTION = re.compile(r"\\frac(\d)(\d)")
_TEXT = re.compile(r"\\(?:text|textbf|textit|mathrm|mbox|mathbf|operatorname)\s*\{([^{}]*)\}")
_UNIT = re.compile(
    r"(?<=[\d}\]).])\s*(?:\\(?:text|mathrm|mbox|textbf)\s*\{[^{}]*\}(?:\^\{?-?\d\}?)?|\^\s*\{?\s*\\circ\s*\}?|°|\\degree|\\?%)\s*$"
)
_WORDS = re.compile(r"(?<=\d)\s+[A-Za-z]{2,}(?:[ /][A-Za-z]+)*$")
_NAMED = re.compile(r"^[A-Za-z](?:_\{?\w+\}?)?(?:\([A-Za-z]\))?\s*=(?!=)")
_THOUSANDS = re.compile(r"([+-]?[1-9]\d{0,2})((?:,\d{3})+)(\.\d+)?")
_SCRIPT = re.compile(r"([_^])\{(\w)\}")
_POWER = re.compile(r"(?:([+-]?\d+(?:\.\d*)?)(?:\\times|\\cdot|\*))?10\^\{?([+-]?\d{1,3})\}?")
_E = re.compile(r"([+-]?\d+(?:\.\d*)?)[eE]([+-]?\d{1,3})")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")
_RATIO = re.compile(r"([+-]?)\\?frac\{([+-]?\d+)\}\{([+-]?\d+)\}|([+-]?\d+)/([+-]?\d+)")
_PROSE = re.compile(r"[A-Za-z]{2,} +[A-Za-z]{2,}")
_LONGEST = 400  # digits and signs of a number that is read exactly


@lru_cache(maxsize=65536)
def plain(text: str) -> str:
    r"""Return an answer without its dress.

    Examples
    --------
    >>> [plain(x) for x in (r"$\dfrac12$", r"12\text{ cm}", r"x = 5", "1,024", r"90^\circ", "3 apples.")]
    ['\\frac{1}{2}', '12', '5', '1024', '90', '3']
    """
    text = _SPACING.sub("", text.strip().replace("\\$", "").replace("−", "-").replace("–", "-"))
    text = text.removeprefix("\\(").removesuffix("\\)").removeprefix("\\[").removesuffix("\\]").strip()
    text = _SHORT_FRACTION.sub(r"\\frac{\1}{\2}", _FRACTIONS.sub(r"\\frac", text))
    text = text.strip().rstrip(".").strip()
    text = _NAMED.sub("", text).strip()
    text = _WORDS.sub("", _UNIT.sub("", text)).strip()
    text = _SCRIPT.sub(r"\1\2", _TEXT.sub(r"\1", text.replace("{,}", "")))
    number = _THOUSANDS.fullmatch(text)
    if number:
        text = text.replace(",", "")
    return (" " if _PROSE.search(text) else "").join(text.split())


@lru_cache(maxsize=65536)
def fraction(text: str) -> Fraction | None:
    r"""Return the exact value of a plain integer, decimal or ratio, or ``None``.

    Examples
    --------
    >>> [fraction(plain(x)) for x in ("0.50", r"-\frac{3}{4}", "7/2", "1,000", "x+1", "2^3")]
    [Fraction(1, 2), Fraction(-3, 4), Fraction(7, 2), Fraction(1000, 1), None, None]
    """
    if len(text) > _LONGEST:
        return None
    if _NUMBER.fullmatch(text):
        return Fraction(text)
    power = _E.fullmatch(text) or _POWER.fullmatch(text)
    if power:
        return Fraction(power[1] or 1) * Fraction(10) ** int(power[2])
    ratio = _RATIO.fullmatch(text)
    if not ratio:
        return None
    sign, top, bottom, left, right = ratio.groups()
    numerator, denominator = (int(top), int(bottom)) if top is not None else (int(left), int(right))
    if not denominator:
        return None
    return Fraction(-numerator if sign == "-" else numerator, denominator)


def same(answer: str, gold: str, tolerance: float = 0.0) -> bool | None:
    """Tell whether two answers are plainly the same (or different), or ``None`` if that needs algebra.

    Two numbers are the same if they are exactly equal, or differ by at most `tolerance` of the gold.

    Examples
    --------
    >>> same("2.0", "2"), same("0.5", r"\\frac{1}{2}"), same("3", "4"), same("x+1", "1+x")
    (True, True, False, None)
    """
    a, b = plain(answer), plain(gold)
    if a == b and a:
        return True
    left, right = fraction(a), fraction(b)
    if left is not None and right is not None:
        return left == right or abs(left - right) <= Fraction(tolerance) * abs(right)
    if a.casefold() == b.casefold() and a.isalpha() and len(a) > 1:
        return True
    if a and _loose(a) == _loose(b):  # a gold whose line breaks between matrix rows were lost
        return True
    return None


def _loose(text: str) -> str:
    return text.replace("\\\\", "") if "matrix" in text else text
