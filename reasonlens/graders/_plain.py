r"""Answers in a plain form, and what is plainly the same: strings and exact numbers, no algebra.

The plain form drops from both sides alike what `_dress` and `_units` name. The rules with their reasons are
in ``docs/grading.md``, and each has a test of its name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from reasonlens.graders._dress import undressed, without_name, without_text
from reasonlens.graders._units import clash, split_unit

__all__ = ["LONGEST", "Plain", "fraction", "plain", "read", "same"]

LONGEST = 2000
"""Characters of an answer that is looked at; a longer one is compared as it stands."""

_SCRIPT = re.compile(r"([_^])\{(\w)\}")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
_MIXED = re.compile(r"([+-]?)(\d+)(?:\\frac\{(\d+)\}\{(\d+)\}| (\d+)/(\d+))")
_POWER = re.compile(r"(?:([+-]?\d+(?:\.\d*)?)(?:\\times|\\cdot|\*|x))?10\^(?:\{|\()?([+-]?\d{1,3})[})]?")
_E = re.compile(r"([+-]?\d+(?:\.\d*)?)[eE]([+-]?\d{1,3})")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")
_RATIO = re.compile(r"([+-]?)\\?frac\{([+-]?[\d.]+)\}\{([+-]?[\d.]+)\}|([+-]?[\d.]+)/([+-]?[\d.]+)")
_REPEATING = re.compile(r"([+-]?)(\d*)\.(\d*)\\(?:overline|bar)\{?(\d{1,40})\}?")
_SCALED = re.compile(r"([+-]?\d+(?:\.\d*)?)(thousand|million|billion|trillion)")
_BASE = re.compile(r"([0-9A-Fa-f]{1,100})_\{?(\d{1,2})\}?")
_TIME = re.compile(r"(\d{1,2}):(\d\d)")
_PROSE = re.compile(r"(?<![A-Za-z])[A-Za-z]{2,30} +[A-Za-z]{2,}")
_SPACED_NUMBERS = re.compile(r"(?<=\d)\s+(?=\d)")
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SPELLED = {
    **dict(zip(("zero", "one", "two", "three", "four", "five", "six", "seven"), "01234567", strict=True)),
    **dict(zip(("eight", "nine", "ten", "eleven", "twelve"), ("8", "9", "10", "11", "12"), strict=True)),
}
_DIGITS = 400  # digits and signs of a number that is read exactly


@dataclass(frozen=True, slots=True)
class Plain:
    """An answer without its dress: for comparing (`text`, without white space), for algebra (`formula`, and
    `whole` with the name before "="), and the unit that was taken off."""

    text: str
    unit: str = ""
    formula: str = ""
    whole: str = ""


def read(answer: str) -> Plain:
    r"""Return an answer in plain form.

    Examples
    --------
    >>> read(r"$x = 2 \pi \text{ cm}$")
    Plain(text='2\\pi', unit='cm', formula='2 \\pi', whole='x = 2 \\pi')
    """
    return (
        _read(answer) if len(answer) <= LONGEST else Plain(answer.strip(), "", answer.strip(), answer.strip())
    )


@lru_cache(maxsize=65536)
def _read(answer: str) -> Plain:
    whole, unit = split_unit(undressed(answer))
    formula = without_name(whole)
    text = _SCRIPT.sub(r"\1\2", without_text(formula)).strip()
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    text = _SPELLED.get(text.casefold(), text)
    kept = " " if _PROSE.search(text) or _SPACED_NUMBERS.search(text) else ""
    return Plain(kept.join(text.split()), unit, " ".join(formula.split()), " ".join(whole.split()))


def plain(answer: str) -> str:
    r"""Return the text of the plain form.

    Examples
    --------
    >>> [plain(x) for x in (r"$\dfrac12$", r"12\text{ cm}", r"x = 5", "1,024", r"90^\circ", "3 apples.")]
    ['\\frac{1}{2}', '12', '5', '1024', '90', '3']
    """
    return read(answer).text


@lru_cache(maxsize=65536)
def fraction(text: str) -> Fraction | None:
    r"""Return the exact value of a plain integer, decimal or ratio, or ``None``.

    Examples
    --------
    >>> [fraction(plain(x)) for x in ("0.50", r"-\frac{3}{4}", r"1\frac{4}{5}", "5 million", "x+1", "2^3")]
    [Fraction(1, 2), Fraction(-3, 4), Fraction(9, 5), Fraction(5000000, 1), None, None]
    """
    if len(text) > _DIGITS:
        return None
    if _NUMBER.fullmatch(text):
        return Fraction(text)
    joined = text.replace(" ", "")
    power = _E.fullmatch(joined) or _POWER.fullmatch(joined)
    if power:
        return Fraction(power[1] or 1) * Fraction(10) ** int(power[2])
    scaled = _SCALED.fullmatch(joined)
    if scaled:
        return Fraction(scaled[1]) * _SCALES[scaled[2]]
    mixed = _MIXED.fullmatch(text)
    if mixed:
        sign, whole, *parts = mixed.groups()
        top, bottom = (int(part) for part in parts if part is not None)
        value = int(whole) + Fraction(top, bottom) if bottom and top < bottom else None
        return -value if value is not None and sign == "-" else value
    repeating = _REPEATING.fullmatch(joined)
    if repeating:
        return _repeating(*repeating.groups())
    ratio = _RATIO.fullmatch(text)
    return _ratio(ratio) if ratio else None


def _repeating(sign: str, whole: str, before: str, repeated: str) -> Fraction:
    tail = Fraction(int(repeated), 10 ** len(repeated) - 1)
    value = (int((whole + before) or 0) + tail) / Fraction(10 ** len(before))
    return -value if sign == "-" else value


def _ratio(ratio: re.Match[str]) -> Fraction | None:
    sign, top, bottom, left, right = ratio.groups()
    pieces = (top, bottom) if top is not None else (left, right)
    if not all(_NUMBER.fullmatch(piece) for piece in pieces):
        return None
    numerator, denominator = (Fraction(piece) for piece in pieces)
    if not denominator:
        return None
    return (-numerator if sign == "-" else numerator) / denominator


def same(answer: str, gold: str, tolerance: float = 0.0) -> bool | None:
    """Tell whether two answers are plainly the same (or different), or ``None`` if that needs algebra.

    Two numbers are the same if they are exactly equal, or differ by at most `tolerance` of the gold.

    Examples
    --------
    >>> same("2.0", "2"), same("0.5", r"\\frac{1}{2}"), same("3", "4"), same("x+1", "1+x")
    (True, True, False, None)
    >>> same("5 km", "5 cm"), same("50%", "0.5"), same("50", "50%"), same("50", "0.5")
    (False, True, True, False)
    """
    a, b = read(answer), read(gold)
    if clash(a.unit, b.unit):
        return False
    if a.text == b.text and a.text:
        return True
    left, right = fraction(a.text), fraction(b.text)
    if left is not None and right is not None:
        return _close(left, right, tolerance) or (
            (a.unit == "%") != (b.unit == "%") and _close(_share(left, a), _share(right, b), tolerance)
        )
    base, time = _in_base(a.text, b.text), _at_time(a, b)
    if base is not None or time is not None:
        return base if time is None else time
    if a.text.casefold() == b.text.casefold() and a.text.isalpha() and len(a.text) > 1:
        return True
    if a.text and _loose(a.text) == _loose(b.text):
        return True
    return None


def _share(value: Fraction, read_as: Plain) -> Fraction:
    return value / 100 if read_as.unit == "%" else value


def _close(left: Fraction, right: Fraction, tolerance: float) -> bool:
    return left == right or abs(left - right) <= Fraction(tolerance) * abs(right)


def _in_base(answer: str, gold: str) -> bool | None:
    """Compare numbers of which one names its base; two that name one must name the same."""
    mine, theirs = _BASE.fullmatch(answer), _BASE.fullmatch(gold)
    if not theirs or not (mine or answer.isalnum()):
        return None
    digits, base = (mine[1], mine[2]) if mine else (answer, theirs[2])
    return (digits.upper().lstrip("0"), base) == (theirs[1].upper().lstrip("0"), theirs[2])


def _at_time(answer: Plain, gold: Plain) -> bool | None:
    """Compare times of the day, also with a gold that is the hour alone."""
    mine, theirs = _TIME.fullmatch(answer.text), _TIME.fullmatch(gold.text)
    if not mine or not (theirs or gold.text.isdecimal()):
        return None
    wanted = (int(theirs[1]), theirs[2]) if theirs else (int(gold.text), "00")
    return (int(mine[1]), mine[2]) == wanted


def _loose(text: str) -> str:
    """Return a letter without parentheses, and a matrix without line breaks: some golds lost theirs."""
    if "matrix" in text:
        return text.replace("\\\\", "")
    return text[1:-1] if len(text) == 3 and text[0] == "(" and text[-1] == ")" and text[1].isupper() else text
