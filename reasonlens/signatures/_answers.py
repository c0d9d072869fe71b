"""The final answer of a response, and whether it is an integer.

Only what a response marks as its answer counts: a box, "the answer is", "Answer:" or "####". The last
number of a text is no answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["INTEGER", "NONE", "OTHER", "FinalAnswer", "final_answer", "form"]

INTEGER, OTHER, NONE = "integer", "other", "none"

_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
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
_LONGEST = 300  # characters of an answer whose form is looked at
_SENTENCE = 3  # an answer of more words is a sentence, and its form says nothing
_INTEGER = re.compile(r"[+-]?(?:\d{1,3}(?:(?:,|\{,\})\d{3})+|\d+)(?:\.0*)?")


@dataclass(frozen=True, slots=True)
class FinalAnswer:
    """The text of a final answer, where it stands, and whether it is an empty box."""

    text: str
    start: int
    end: int
    empty_box: bool = False


@lru_cache(maxsize=8)  # several signatures ask for the same text
def final_answer(response: str) -> FinalAnswer | None:
    """Return the last marked answer of `response`, or ``None``.

    The last box goes before anything said in words; an empty box (or one that was never closed and
    has nothing in it) is an answer without text.

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
        return FinalAnswer(inside, boxes[-1].start(), min(end + 1, len(response)), closed and not inside)
    for last in reversed(list(_SAID.finditer(response))):
        text = _said(last["said"])
        if text:
            return FinalAnswer(text, last.start(), last.end("said"))
    return None


def _said(said: str) -> str:
    """Return the answer in what follows "the answer is"; empty if that is a sentence."""
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
