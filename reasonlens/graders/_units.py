r"""Units at the end of an answer: taken off, and kept to see whether two answers name different ones.

A unit is text after a number or a closing bracket (``12\text{ cm}``, ``5 \text{ m} \cdot \text{s}^{-1}``,
``9 boys``), a degree sign or a percent sign. A word that is mathematics ("pi", "or", "mod") is none, and
"5 million" is a number. Single letters in formulas are variables, never units: ``3m`` is not 3.
"""

from __future__ import annotations

import re

__all__ = ["clash", "split_unit"]

_PIECE = r"\\(?:text|textrm|mathrm|mbox|textbf|rm)\s*\{[^{}]{0,60}\}(?:\s*\^\s*(?:\{\s*-?\d+\s*\}|\d))?"
_RATIO = rf"\\[dt]?frac\s*\{{\s*(?:{_PIECE}\s*){{1,4}}\}}\s*\{{\s*(?:{_PIECE}\s*){{1,4}}\}}"
_JOIN = r"\s*(?:\\cdot|\\times|/|\\[,;:! ]|~|\*|-)?\s*"
_IN_TEXT = re.compile(
    rf"(?:(?<=[\d}})\].])|(?<=\\pi)|(?<=\\pi ))(?P<unit>(?:{_JOIN}(?:{_PIECE}|{_RATIO})){{1,8}})\s*\Z"
)
_SIGN = re.compile(
    r"(?<=[\d})\].])\s*(?P<unit>\^\s*\{?\s*\\circ\s*\}?|\\degree|°|\\?%)\s*(?P<scale>[CFK]|\\text\{[CFK]\})?\s*\Z"
)
_SHORT = r"mm|cm|km|nm|ms|ml|mg|kg|lb|oz|ft|in|yd|mi|hr|am|pm|[ap]\.m|AM|PM|[AP]\.M|m/s"
_WORDS = re.compile(
    rf"(?:(?<=[\d)}}])|(?<=\\pi))(?P<unit>[ ~]+(?:[A-Za-z]{{3,20}}|{_SHORT})\.?"
    r"(?:\^\{?[23]\}?)?(?:[ /-]+(?:[A-Za-z]{1,20}|\d(?=[ /-]))(?:\^\{?[23]\}?)?){0,6})\.?\s*\Z"
)
_COMMANDS = re.compile(r"\\(?:text|textrm|mathrm|mbox|textbf|rm|[dt]?frac|cdot|times|[,;:! ])|[{}~*]")
_NOT_UNITS = frozenset(
    [
        *(
            "pi",
            "sqrt",
            "or",
            "and",
            "mod",
            "if",
            "where",
            "for",
            "when",
            "with",
            "is",
            "are",
            "not",
            "in",
            "from",
        ),
        *(
            "to",
            "than",
            "i",
            "e",
            "ln",
            "log",
            "sin",
            "cos",
            "tan",
            "exp",
            "infinity",
            "inf",
            "x",
            "y",
            "z",
            "n",
        ),
        *("million", "billion", "trillion", "thousand", "hundred"),
    ]
)
_KINDS = (
    # of one kind, in another size each: what is written between two bars is the same unit
    "mm millimeter|cm centimeter|m meter metre|km kilometer|in inch inche|ft foot feet|yd yard|mi mile",
    "ms millisecond|s sec second|min minute|h hr hour|d day|wk week|month|yr year",
    "mg milligram|g gram|kg kilogram|lb pound|oz ounce|ton tonne",
    "ml milliliter|l liter litre|gal gallon",
    "deg degree °|rad radian",
    "am a.m|pm p.m",
    "cent|dollar usd",
)
_KNOWN = {
    name: (kind, size)
    for kind, units in enumerate(_KINDS)
    for size, names in enumerate(units.split("|"))
    for name in names.split()
}

_POWERED = re.compile(
    r"(?:(?P<before>square|sq\.?|cubic|cu\.?) )?(?P<word>[a-z.]+)(?: ?\^ ?(?P<power>[23]))?"
)


def split_unit(text: str) -> tuple[str, str]:
    r"""Return an answer without the unit at its end, and the unit.

    Examples
    --------
    >>> [split_unit(x) for x in (r"12\text{ cm}", r"5 \mathrm{J}\cdot\mathrm{m}^{-2}", "9 boys", "3m")]
    [('12', 'cm'), ('5', 'j m ^ -2'), ('9', 'boys'), ('3m', '')]
    """
    for pattern in (_SIGN, _IN_TEXT, _WORDS):
        found = pattern.search(text)
        if found:
            unit = _name(found["unit"])
            words = re.findall(r"[A-Za-z]+", unit)
            if not _NOT_UNITS.intersection(words) and text[: found.start()].strip():
                return text[: found.start()].strip(), unit
    return text, ""


def _name(unit: str) -> str:
    if "circ" in unit or "°" in unit or unit.strip() == "\\degree":
        return "°"
    if "%" in unit:
        return "%"
    return " ".join(_COMMANDS.sub(" ", unit).split()).casefold().rstrip(".")


def clash(left: str, right: str) -> bool:
    """Tell whether two units are known and different: a centimeter is no meter, and no square centimeter.

    Examples
    --------
    >>> clash("cm", "m"), clash("cm", "centimeters"), clash("boys", "girls"), clash("cm", "")
    (True, False, False, False)
    >>> clash("cm ^ 2", "square meters"), clash("cm ^ 2", "cm^3"), clash("sq cm", "cm^2")
    (True, True, False)
    """
    a, b = _known(left), _known(right)
    return a is not None and b is not None and a[0] == b[0] and a != b


def _known(unit: str) -> tuple[int, int, int] | None:
    """Return kind, size and power of a unit, or ``None``."""
    powered = _POWERED.fullmatch(unit)
    word, power = unit, 1
    if powered:
        word = powered["word"]
        before = {"sq": 2, "cu": 3}.get((powered["before"] or "")[:2], 1)
        power = int(powered["power"] or before)
    found = _KNOWN.get(word) or _KNOWN.get(word.removesuffix("s"))
    return (*found, power) if found else None
