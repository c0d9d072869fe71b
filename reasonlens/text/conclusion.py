"""The number that the last sentence of a text states, where nothing is marked as its answer.

Only for texts that came to their end: the last number of a text that was cut off is no answer.
"""

from __future__ import annotations

import re

from reasonlens.text.segments import segments

__all__ = ["end_of", "number_at_end"]

_TAIL = 4000  # characters: the last sentences are among them
_REMARKS = 3  # "I think that's the answer." says nothing; this many such sentences are passed over
_WORDS_AFTER = 6  # a number that more words follow is not what the sentence ends on

_TOKENS = re.compile(r"(?:<\|[^<>|\s]{1,40}\|>|</?(?:s|answer|solution)>|\s)+\Z")
_ENDED = re.compile(r"[.!?)\]$*}]$")
_NUMBER = r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?"
_COUNTED = re.compile(rf"(?<![\w.^_{{/])\\?[$€£]?(?P<number>{_NUMBER})(?![\w/^])")
_REMARK = re.compile(
    r"\W*(?:so|and|yes|again|overall|okay|ok)?\W*(?:"
    r"(?:I\s+(?:think|believe|hope|am|feel)|I['’](?:m|ve))\b.{0,80}\b(?:answers?|it|results?|correct|right|confident|"
    r"sure|helps?|helpful|good|done|this|solution|enough)"
    r"|(?:the\s+|that['’]s\s+the\s+|it['’]s\s+the\s+)?same\s+(?:answer|result)"
    r"|(?:this|that|which|it|everything)\s+(?:also\s+|all\s+)?(?:matches|confirms|checks|makes|seems|looks|adds)\b.{0,60}"
    r")\W*",
    re.IGNORECASE | re.DOTALL,
)
_OPENS = re.compile(
    r"\W*(?:therefore|thus|hence|so|consequently|in\s+conclusion|in\s+total|finally|overall|this\s+means|"
    r"the\s+(?:answer|total|result|remainder|value|number|sum))\b",
    re.IGNORECASE,
)
_STATED = re.compile(
    r"(?:\b(?:is|are|was|be|equals?|costs?|spends?|total\s+of)|=)\s+"
    r"(?:(?:indeed|exactly|only|about|approximately|simply|just|equal\s+to|a\s+total\s+of)\s+){0,2}"
    rf"(?:\\?[$€£*(]|\\\(){{0,4}}\s?(?P<number>{_NUMBER})(?![\w/^]|\.\d)(?P<after>[^\d]{{0,80}})\Z"
)


def end_of(text: str) -> int:
    """Return where a text ends, without white space and the tokens by which a model stops."""
    tail = text[-_TAIL:]
    found = _TOKENS.search(tail)
    return len(text) - (len(tail) - found.start() if found else 0)


def number_at_end(text: str) -> tuple[int, int] | None:
    """Return where the number stands that the last sentence states, or ``None``.

    The sentence states a number if it has one only (after its last ``=``), or if it draws the conclusion
    ("Therefore", "So", "In total" ...) and ends on "is" and a number with at most six words after it. Closing
    remarks without a number ("I think that's the answer.") are passed over.

    Examples
    --------
    >>> for said in ("7 + 10 = 17. So she has **14** left.", "Thus, of 20, the number of odd ones is 10.",
    ...              "Then x = 5. I think that's the answer.", "She has 3 or 4 left."):
    ...     place = number_at_end(said)
    ...     print(said[slice(*place)] if place else None)
    14
    10
    5
    None
    """
    end = end_of(text)
    begin = max(0, end - _TAIL)
    tail = text[begin:end]
    if not tail or not _ENDED.search(tail):
        return None
    parts = segments(tail)
    for _ in range(_REMARKS):
        if len(parts) > 1 and _passed_over(parts[-1].content(tail)):
            parts = parts[:-1]
    last = parts[-1]
    place = _only(tail, last.start, last.content_end) or _stated(
        tail[last.start : last.content_end], last.start
    )
    return (place[0] + begin, place[1] + begin) if place else None


def _passed_over(sentence: str) -> bool:
    return not any(char.isdigit() for char in sentence) and bool(_REMARK.fullmatch(sentence))


def _only(text: str, start: int, end: int) -> tuple[int, int] | None:
    start = max(start, text.rfind("=", start, end) + 1)
    found = list(_COUNTED.finditer(text, start, end))
    if len({match["number"].replace(",", "") for match in found}) != 1:
        return None
    return found[-1].span("number")


def _stated(sentence: str, start: int) -> tuple[int, int] | None:
    if not _OPENS.match(sentence):
        return None
    found = _STATED.search(sentence)
    if not found or len(found["after"].split()) > _WORDS_AFTER:
        return None
    return start + found.start("number"), start + found.end("number")
