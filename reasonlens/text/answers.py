"""The final answer of a response, how it was found, and whether it is an integer.

Only what a response marks as its answer counts, in this order: the last box, the last ``<answer>`` element,
and the last "the answer is", "Answer:" or "####". The last number of a text is no answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from reasonlens.text.segments import segments

__all__ = ["INTEGER", "METHODS", "NONE", "OTHER", "FinalAnswer", "conclusion", "final_answer", "form"]

INTEGER, OTHER, NONE = "integer", "other", "none"

METHODS = ("boxed", "element", "phrase", "conclusion")
"""How an answer was found: in a box, in an ``<answer>`` element, after words that announce it, or as the one
number of the last sentence (only of a text that was not cut off)."""

_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_ELEMENT = re.compile(r"<answer>(?P<inside>(?:(?!</?answer>).){1,20000})</answer>", re.DOTALL)
_SAID = re.compile(
    r"(?:answer[ \t]{0,4}\*{0,4}[ \t]{0,4}(?:is|:|=)[ \t]{0,4}:?|^####)[ \t*]{0,8}(?=(?P<said>[^\n]{1,200}))",
    re.IGNORECASE | re.MULTILINE,
)
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_END = re.compile(r"[.,;](?:\s|\*|$)|<|\s(?:because|since|which|so|and|but|for|when|if)\b", re.IGNORECASE)
_DRESS = re.compile(
    r"\\(?:left|right|displaystyle|,|;|:|!| |quad|qquad)|\\[()\[\]]|[$*`\u2009\u202f\xa0]|\.$"
)
_UNIT = re.compile(r"(?:\\(?:text|mathrm|mbox|textbf)\s*\{[^{}]*\}|\^\s*\{?\\circ\}?|°|\\?%|\\degree)\s*$")
_WORD_UNIT = re.compile(r"(?<=\d) +[A-Za-z]{3,}(?: [A-Za-z]+)*$")
_SIDE = re.compile(
    r"(?:[A-Za-z](?:_\{?\w+\}?)?(?:\([^()]*\))?)?|(?:[\d\s+\-*/^.()]|,(?=\d{3})|\\times|\\cdot)+"
)
_WRAP = re.compile(r"^\\(?:text|mathrm|mbox|textbf|mathbf)\s*\{([^{}]*)\}$")
_BOLD = re.compile(r"\*\*([^*\n]{1,40})\*\*")
_WORDS = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
_FORMULA = re.compile(r"\$(?!\d[\d,.]*[\s.,;])[^$\n]+\$|\\\((?:(?!\\\)).)+\\\)")
_ENDED = re.compile(r"[.!?)\]$*}]$")
_COUNTED = re.compile(
    r"(?<![\w.^_{/])\\?[$€£]?(?P<number>-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?)(?![\w/^])"
)
_LONGEST = 300  # characters of an answer whose form is looked at
_SENTENCE = 3  # an answer of more words is a sentence, and its form says nothing
_INTEGER = re.compile(r"[+-]?(?:\d{1,3}(?:(?:,|\{,\})\d{3})+|\d+)(?:\.0*)?")


@dataclass(frozen=True, slots=True)
class FinalAnswer:
    """The text of a final answer, where it stands, how it was found (`METHODS`), and whether it is a box
    with nothing in it, or one that the text does not close."""

    text: str
    start: int
    end: int
    empty_box: bool = False
    method: str = "boxed"
    closed: bool = True


@lru_cache(maxsize=8)  # several signatures ask for the same text
def final_answer(response: str) -> FinalAnswer | None:
    """Return the last marked answer of `response`, or ``None``.

    The last box goes before an element, and that before anything said in words; an empty box
    (or one that was never closed and has nothing in it) is an answer without text.

    Examples
    --------
    >>> final_answer("So \\\\boxed{\\\\frac{1}{2}}.").text, final_answer("The answer is 12.").text
    ('\\\\frac{1}{2}', '12')
    """
    boxes = list(_BOX.finditer(response))
    if boxes:
        start = boxes[-1].end()
        end = _closing(response, start)
        inside = response[start:end].strip()
        closed = end < len(response)
        at = min(end + 1, len(response))
        return FinalAnswer(inside, boxes[-1].start(), at, closed and not inside, closed=closed)
    elements = list(_ELEMENT.finditer(response))
    if elements and elements[-1]["inside"].strip():
        last = elements[-1]
        return FinalAnswer(last["inside"].strip(), last.start(), last.end(), method="element")
    for last in reversed(list(_SAID.finditer(response))):
        text = _said(last["said"])
        if text:
            return FinalAnswer(text, last.start(), last.end("said"), method="phrase")
    return None


def conclusion(response: str) -> FinalAnswer | None:
    """Return the one number of the last sentence, or ``None``.

    Only for texts that came to their end: the last number of a text that was cut off is no answer. A
    sentence that ends in a calculation gives its result.

    Examples
    --------
    >>> conclusion("7 + 10 = 17. So she has **14** lollipops left.").text
    '14'
    >>> conclusion("She has 3 or 4 left.") is None
    True
    """
    text = response.rstrip()
    if not text or not _ENDED.search(text):
        return None
    last = segments(text)[-1]
    start = max(last.start, text.rfind("=", last.start, last.content_end) + 1)
    found = list(_COUNTED.finditer(text, start, last.content_end))
    if len({match["number"].replace(",", "") for match in found}) != 1:
        return None
    return FinalAnswer(found[-1]["number"], found[-1].start(), found[-1].end(), method="conclusion")


def _said(said: str) -> str:
    """Return the answer in what follows "the answer is"; empty if that is a sentence."""
    formula = _FORMULA.match(said)
    if formula:
        return formula.group().strip()
    cut = _END.search(said)
    text = (said[: cut.start()] if cut else said).strip()
    if len(_WORDS.findall(text)) <= _SENTENCE:
        return text
    bold = _BOLD.search(said)
    return bold[1].strip() if bold else ""


def _closing(text: str, start: int) -> int:
    """Return where the brace that was open before `start` closes, or the end of the text."""
    depth = 1
    for match in _BRACE.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(match.group(), 0)
        if not depth:
            return match.start()
    return len(text)


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
