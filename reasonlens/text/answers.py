"""The final answer of a response, and how it was found.

Only what a response marks as its answer counts, in this order: the last box, the last ``<answer>`` element,
and the last "the answer is", "Answer:" or "####". The last number of a text is no answer. `final_answer` is
what a text marks last, `answer_of` what a whole response answers: signatures ask the one, graders the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from reasonlens.text.conclusion import end_of, number_at_end

__all__ = ["METHODS", "FinalAnswer", "answer_of", "final_answer", "last_box", "stated"]

METHODS = ("boxed", "element", "phrase", "conclusion")
"""How an answer was found: in a box, in an ``<answer>`` element, after words that announce it, or as the one
number of the last sentence (only of a text that was not cut off)."""

_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_ELEMENT = re.compile(r"<answer>(?P<inside>(?:(?!</?answer>).){1,20000})</answer>", re.DOTALL)
_OPEN_ELEMENT = re.compile(r"<answer>(?P<inside>[^<]{1,400})\Z")
_SAID = re.compile(
    r"(?:answer[ \t]{0,4}\*{0,4}[ \t]{0,4}(?P<how>(?:should|must|would|will)[ ]be|is|:|=)[ \t]{0,4}:?|^####)"
    r"[ \t*]{0,8}(?=(?P<said>[^\n]{1,200}))",
    re.IGNORECASE | re.MULTILINE,
)
_BELOW = re.compile(
    r"\banswer(?:[ \t]{1,4}is)?[ \t:*]{0,8}\n\s{0,8}[*]{0,2}"
    r"(?P<said>\$\$?[^$\n]{1,200}\$\$?|\\\([^\n]{1,200}\\\)|\\\[\s{0,4}[^\n]{1,200}\s{0,4}\\\]"
    r"|\\?[$€£]?-?\d[\d,]*(?:[./]\d+)?%?(?: [A-Za-z]+){0,2})[.*]{0,4}[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_END = re.compile(r"[.,;](?:\s|\*|$)|<|\s(?:because|since|which|so|and|but|for|when|if)\b", re.IGNORECASE)
_ITEM = r"(?:-?\d+(?:[./]\d+)?|\([^(),\n]{1,40},[^()\n]{1,40}\))"
_LISTED = re.compile(rf"{_ITEM}(?:, ?{_ITEM})*(?:,? (?:and|or)|,) {_ITEM}(?=[.*;]*$|[.;]\s|, respectively)")
_BOLD = re.compile(r"\*\*([^*\n]{1,40})\*\*")
_WORDS = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
_FORMULA = re.compile(r"\$(?!\d[\d,.]*[\s.,;])[^$\n]+\$|\\\((?:(?!\\\)).)+\\\)")
_NUMBERS = re.compile(r"(?<![\w.])\\?[$€£]?-?\d[\d,]*(?:\.\d+)?(?!\w)")
_ADVERB = re.compile(
    r"(?:(?:indeed|definitely|exactly|simply|just|therefore|then|thus|actually)[ ,]+)+", re.IGNORECASE
)
_NO_ANSWER = re.compile(
    r"(?:not |in |as |that |right|wrong|correct|incorrect|clear|boxed|unclear|given|found|there)\b.*|\W*|.*:"
    r"|(?:an?|the) (?:integer|number|positive|value|real|same|sum|product|smallest|largest|multiple)\b.*",
    re.IGNORECASE,
)
_LEFT_OVER = re.compile(r"(\\?[$€£]?-?\d[\d,]*(?:\.\d+)?(?: [a-z]+)?) (?:is|are|was|were|has|have|will)\b.*")
_MINUS = re.compile(r"(?:[=$(\[]|\bis)\s*[-−]\s*\\?\s*\Z")
_NAMED = re.compile(
    r"(?:[A-Z][a-z]+|It|The [a-z]+) [a-z]+"
)  # "Ann has $19 left": a sentence about one number
_BETWEEN = re.compile(
    r"(?:[\s$.,;&]|\\[()\[\],;:! ]|\\quad|\\text\{[ ,]*(?:and|or)[ ,]*\}|\b(?:and|or)\b){0,40}"
)
_JOIN = re.compile(r"[,;]|\b(?:and|or)\b")
_MOST, _LONGEST_BOX = 100, 20_000  # boxes or phrases looked at from the end, and characters in a box
_SENTENCE = 3  # an answer of more words is a sentence, and its form says nothing


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
    return _marked(response)


def _marked(text: str) -> FinalAnswer | None:
    """Return the last element, else the last answer that words announce."""
    elements = list(_ELEMENT.finditer(text))
    if elements and elements[-1]["inside"].strip():
        last = elements[-1]
        return FinalAnswer(last["inside"].strip(), last.start(), last.end(), method="element")
    below = [found for found in _BELOW.finditer(text) if "\\boxed" not in found["said"]][-1:]
    for last in islice(reversed(list(_SAID.finditer(text))), _MOST):
        if below and below[0].start("said") > last.start():
            break
        said = _said(last["said"], last["how"])
        if said:
            return FinalAnswer(said, last.start(), last.end("said"), method="phrase")
    return FinalAnswer(below[0]["said"], *below[0].span(), method="phrase") if below else None


def stated(text: str) -> FinalAnswer | None:
    """Return the last answer that a text marks and completes, or ``None``.

    Boxes that are empty, or that the text does not close, are passed over. Boxes with nothing but "and" or a
    comma between them are one answer: a list.

    Examples
    --------
    >>> stated("It is \\\\boxed{7}. Put the answer in \\\\boxed{}").text
    '7'
    >>> stated("So \\\\boxed{2} and \\\\boxed{3}.").text
    '2, 3'
    """
    boxed = _boxes(text)
    return boxed if boxed is not None else _marked(text)


def last_box(text: str) -> str | None:
    """Return what the last complete box of a text holds, or ``None``.

    Examples
    --------
    >>> last_box("so \\\\boxed{1} or rather \\\\boxed{\\\\frac{1}{2}}.")
    '\\\\frac{1}{2}'
    """
    found = _boxes(text)
    return found.text if found else None


def _boxes(text: str) -> FinalAnswer | None:
    """Return the last complete box, with the boxes that make one list with it."""
    listed: list[tuple[int, int, str]] = []
    for box in islice(reversed(list(_BOX.finditer(text))), _MOST):
        end = _closing(text, box.end(), _LONGEST_BOX)
        inside = text[box.end() : end].strip()
        if not text.startswith("}", end) or not inside:
            continue
        if listed and not _joined(text, end + 1, listed[0][0]):
            break
        minus = "-" if _MINUS.search(text, max(0, box.start() - 8), box.start()) else ""
        listed.insert(0, (box.start(), end + 1, minus + inside))
    if not listed:
        return None
    different = dict.fromkeys(inside for _, _, inside in listed)
    return FinalAnswer(", ".join(different), listed[0][0], listed[-1][1])


def _joined(text: str, start: int, end: int) -> bool:
    return bool(_BETWEEN.fullmatch(text, start, end)) and bool(_JOIN.search(text, start, end))


def answer_of(response: str, answer: str = "", *, truncated: bool = False) -> FinalAnswer | None:
    """Return the final answer of a response, or ``None``.

    Parameters
    ----------
    response
        The whole text.
    answer
        The part after the reasoning, if the two are told apart. What it marks or concludes goes before
        anything that the reasoning marks.
    truncated
        The response was cut off or loops. Then only a box or an element counts: words and numbers of an
        unfinished text are no answer.

    Returns
    -------
    FinalAnswer or None
        Its places are those in `answer` if that has the answer, else in `response`.

    Examples
    --------
    >>> answer_of("I think \\\\boxed{3}. No: \\\\boxed{4}.").text
    '4'
    >>> answer_of("First 3 + 4 = 7. So there are 19 left.").method
    'conclusion'
    >>> answer_of("The answer is 7? Let me check whether", truncated=True) is None
    True
    """
    for text in (answer, response):
        if text is answer and _is_element(answer, response):
            return FinalAnswer(answer.strip(), 0, len(answer), method="element")
        found = stated(text) if text.strip() else None
        if found is not None and (not truncated or found.method in ("boxed", "element")):
            return found
        if not truncated and text.strip():
            found = _open_element(text) or _conclusion(text)
            if found is not None:
                return found
    return None


def _is_element(answer: str, response: str) -> bool:
    """Tell whether the answer part is what an ``<answer>`` element holds, without its tags, and no box."""
    text = answer.strip()
    place = response.rfind(text) if text and "\\boxed" not in text else -1
    return place >= 0 and response[:place].rstrip().endswith("<answer>")


def _open_element(text: str) -> FinalAnswer | None:
    """Return what follows an ``<answer>`` at the very end: a stop string often takes the closing tag away."""
    end = end_of(text)
    last = _OPEN_ELEMENT.search(text, max(0, end - 500), end)
    if not last or not last["inside"].strip():
        return None
    return FinalAnswer(last["inside"].strip(), last.start(), end, method="element")


def _conclusion(text: str) -> FinalAnswer | None:
    place = number_at_end(text)
    return FinalAnswer(text[slice(*place)], *place, method="conclusion") if place else None


def _said(said: str, how: str | None) -> str:
    """Return the answer in what follows "the answer is"; empty if that is a sentence, or no answer."""
    formula = _FORMULA.match(said)
    if formula:
        return formula.group().strip()
    said = _ADVERB.sub("", said, count=1) if _ADVERB.match(said) else said
    listed = _LISTED.match(said)
    text = listed.group() if listed else said[: _end(said)].strip().removesuffix("**").strip()
    numbers = _NUMBERS.findall(text)
    if len(_WORDS.findall(text)) <= _SENTENCE:
        if len(numbers) == 1 and _NAMED.match(text):
            return str(numbers[0])
        counted = _LEFT_OVER.fullmatch(text)  # "12 pieces are left"
        text = counted[1] if counted else text
        sentence = how == ":" and not numbers and bool(_NUMBERS.search(said)) and "\\" not in text
        return "" if sentence or _NO_ANSWER.fullmatch(text) else text
    bold = _BOLD.search(said)
    return bold[1].strip() if bold else ""


def _end(said: str) -> int:
    """Return where an answer ends in what follows "the answer is": not inside of brackets that close."""
    cuts = [cut.start() for cut in _END.finditer(said)]
    depth = place = 0
    for cut in cuts:
        between = said[place:cut]
        depth += sum(between.count(sign) for sign in "([{") - sum(between.count(sign) for sign in ")]}")
        if depth <= 0:
            return cut
        place = cut
    closed = depth + sum(said.count(sign, place) for sign in "([{")
    closed -= sum(said.count(sign, place) for sign in ")]}")
    return cuts[0] if cuts and closed > 0 else len(said)


def _closing(text: str, start: int, most: int | None = None) -> int:
    """Return where the brace that was open before `start` closes, or the end of the text (or of `most`)."""
    depth, end = 1, len(text) if most is None else min(len(text), start + most)
    for match in _BRACE.finditer(text, start, end):
        depth += {"{": 1, "}": -1}.get(match.group(), 0)
        if not depth:
            return match.start()
    return end
