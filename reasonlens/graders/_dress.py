r"""What LaTeX and prose put around an answer, taken off: dollar signs, spacing, text commands, names.

`undressed` keeps the white space that formulas need (``\pi r`` is not ``\pir``).
"""

from __future__ import annotations

import re

__all__ = ["undressed", "without_name", "without_text"]

_SYMBOLS = (
    (("−", "-"), ("–", "-"), ("×", r"\times "), ("·", r"\cdot "), ("÷", "/"), ("°", r"^\circ"), ("′", "'")),
    (("π", r"\pi "), ("θ", r"\theta "), ("ω", r"\omega "), ("λ", r"\lambda "), ("∞", r"\infty ")),
    (("≤", r"\le "), ("≥", r"\ge "), ("±", r"\pm "), ("∪", r"\cup "), ("∈", r"\in ")),
    (("²", "^2"), ("³", "^3"), ("½", "1/2"), ("“", '"'), ("”", '"'), ("’", "'"), ("‘", "'")),
    (("\u2009", " "), ("\u202f", " "), ("\xa0", " ")),
)
_CHARACTERS = str.maketrans({sign: command for row in _SYMBOLS for sign, command in row})
_ROOT = re.compile(r"√\s*(?:\(([^()]*)\)|(\d+|[A-Za-z]))")
_GROUPS = re.compile(r"(?<=\d)(?:\\[,!; ]|\{,\}|,\\!|[ ~])+(?=\d{3}(?!\d))")
_SPACING = re.compile(
    r"(?<!\\)\\(?:[,;:! ]|(?:quad|qquad|displaystyle|limits|big|Big|bigg|Bigg)(?![A-Za-z]))|~"
)
_SIDED = re.compile(r"\\(?:left|right)(?![A-Za-z])\.?")
_BRACKETS = (
    ("\\langle", "("),
    ("\\rangle", ")"),
    ("\\lbrace", "\\{"),
    ("\\rbrace", "\\}"),
    ("\\lbrack", "["),
    ("\\rbrack", "]"),
    ("\\varnothing", "\\emptyset"),
)
_CHOICE = re.compile(
    r"\A\\(?:text|textbf|mathrm|mathbf)\s*\{\s*\(?[A-E][).]\s*\}\s*(?:\\[ ,;]|\s)*(?=[^\s.])"
)
_OF_ANGLE = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)(?![A-Za-z])")
_ANGLE = re.compile(r"(\d+(?:\.\d+)?)\s*\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![A-Za-z]))")
_FRACTIONS = re.compile(r"\\[dtc]frac(?![A-Za-z])")
_SHORT_FRACTION = re.compile(r"\\frac\s*(\d)\s*(\d)")
_HALF_FRACTION = re.compile(r"\\frac\s*(?:(\d)\s*\{([^{}]*)\}|\{([^{}]*)\}\s*(\d))")
_TEXT = re.compile(
    r"\\(?:text|textbf|textit|textrm|mathrm|mbox|mathbf|boldsymbol|operatorname)\s*\{([^{}]*)\}"
)
_NAMED = re.compile(r"[A-Za-z](?:_\{?\w+\}?)?(?:\s*\([A-Za-z]\))?\s*=(?!=)")
_MEMBER = re.compile(r"[A-Za-z](?:_\{?\w+\}?)?\s*\\in(?![A-Za-z])\s*(?=[\[(\\{])")
_CONDITION = re.compile(
    r"[,;]?(?:\\quad|\\qquad|\\[,; ]|\s){0,9}(?:\\text\s*\{\s*,?\s*(?:for|where|when|if)\b.*"
    r"|,\s*[A-Za-z]\s*\\in\s*\\mathbb\s*\{?[ZNRQC]\}?[^,]{0,12})\Z",
    re.DOTALL,
)
_PI = re.compile(r"(?<![\\A-Za-z])pi(?![A-Za-z])")
_ORDINAL = re.compile(
    r"(?<=\d)\s*(?:\^\s*\{?\s*)?(?:\\(?:text|mathrm|textrm)\s*\{\s*)?(?:th|st|nd|rd)\b\s*\}?\s*\}?"
)
_MONEY = re.compile(r"\\?\$|[€£](?=\s?\d)|(?<=\d)\s?[€£]")
_QUOTES = re.compile(r"\A\"([^\"]*)\"\Z")
_DOUBLED = re.compile(r"\\\\(?=[A-Za-z])")
_MODULE = re.compile(r"\b(?:np|numpy|math|sympy|sp)\.(?=[a-z])")
_CALLED = re.compile(r"(?<![\\A-Za-z])(arcsin|arccos|arctan|sin|cos|tan|sqrt|exp|log|ln|pi)(?![A-Za-z])")


def undressed(text: str) -> str:
    r"""Return an answer without what is only dress; white space inside stays.

    Examples
    --------
    >>> [undressed(x) for x in (r"$\dfrac12$", "x = 5.", r"64,\!800", r"\left(1, 2\right)", "6th")]
    ['\\frac{1}{2}', 'x = 5', '64800', '(1, 2)', '6']
    """
    text = _MONEY.sub("", text.translate(_CHARACTERS)).strip()
    text = _PI.sub(r"\\pi ", text)
    text = _ROOT.sub(lambda m: rf"\sqrt{{{m[1] or m[2]}}}", text)
    for opened, closed in (("\\(", "\\)"), ("\\[", "\\]")):
        text = text.removeprefix(opened).removesuffix(closed).strip()
    if "matrix" not in text and "array" not in text and "cases" not in text:
        text = _DOUBLED.sub(r"\\", text)
    text = _CHOICE.sub("", text)
    if _OF_ANGLE.search(text) and "=" not in text:  # the sine of 30 degrees is not that of 30
        text = _ANGLE.sub(r"\\frac{\1\\pi}{180}", text)
    text = _GROUPS.sub("", text)
    text = _CONDITION.sub("", text)
    text = _SIDED.sub("", _SPACING.sub(" ", text))
    for command, sign in _BRACKETS:
        text = text.replace(command, sign)
    text = _SHORT_FRACTION.sub(r"\\frac{\1}{\2}", _FRACTIONS.sub(r"\\frac", text))
    text = _HALF_FRACTION.sub(lambda m: rf"\frac{{{m[1] or m[3]}}}{{{m[2] or m[4]}}}", text)
    text = _CALLED.sub(r"\\\1", _MODULE.sub("", text)) if _MODULE.search(text) else text
    text = text.strip().rstrip(".,;").strip()
    text = _QUOTES.sub(r"\1", text)
    member = _MEMBER.match(text)
    text = text[member.end() :] if member else text
    return _ORDINAL.sub("", text).strip()


def without_name(text: str) -> str:
    """Return the value of an undressed answer that names one.

    Examples
    --------
    >>> without_name("x = 5"), without_name("f(x)=x, f(x)=-x")
    ('5', 'f(x)=x, f(x)=-x')
    """
    named = _NAMED.match(text)
    return text[named.end() :].strip() if named and "=" not in text[named.end() :] else text


def without_text(text: str) -> str:
    r"""Return an answer whose text commands are the words in them."""
    return _TEXT.sub(r"\1", text)
