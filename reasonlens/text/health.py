"""What is wrong with a trace: cut off, empty, without reasoning, or looping.

Nothing is dropped here: flags let an analysis say what it leaves out and what that changes.

Degenerate repetition has three signs, and one of them is enough. They were set on 13,769 published
traces of six kinds, and the texts on both sides of each limit were read.

- *The tail repeats.* Of the 8-character pieces at all places of the last 2,000 characters, fewer
  than 30% are distinct. A loop with period p has about p / 2000; ordinary reasoning has 50% to
  95%, and no published teacher trace is below 50%. Few traces lie near the limit.
- *The tail counts.* With every number replaced by 0, fewer than 10% are distinct: one short frame
  with other numbers in it ("36 is not prime, 37 is ..."), for about a page. A list that ends
  within about half a page is not flagged.
- *The whole repeats.* In a text of 4,000 characters or more, half of it (in lines, or sentences
  where there are hardly any lines) is a verbatim copy of something earlier. This finds loops of
  several thousand characters that no tail shows.

Texts under 1,000 characters are too short to tell.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from reasonlens.text.words import codepoints

__all__ = ["flags", "is_looping", "repeated_share", "tail_variety"]

_CUT = frozenset(
    {"length", "max_tokens", "max_length", "max_new_tokens", "max_output_tokens", "model_length"}
    | {"token_limit", "incomplete", "content_filter", "abort", "aborted", "cancelled", "timeout"}
)
_UNKNOWN = frozenset({"", "none", "null", "nan", "unknown"})

_TAIL = 2_000
_PIECE = 8
_SHORTEST = 1_000
_VARIETY = 0.30
_FRAME_VARIETY = 0.10
_LONG = 4_000
_REPEATED = 0.50
_UNIT = 20
_NUMBER = re.compile(r"\d+")
_OTHER_DIGIT = re.compile(r"[^\D0-9]")
_SLOTS = 2**13
_SPREAD, _TO_SLOT = np.uint64(0x9E3779B97F4A7C15), np.uint64(64 - 13)  # 2^64 over the golden ratio: Knuth 6.4

Letters = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
Keys = npt.NDArray[np.uint64]


def flags(
    *,
    reasoning: str,
    answer: str,
    response: str,
    finish: str | None,
    rule: str,
    closed: bool,
    withheld: bool = False,
) -> list[str]:
    """Return the flags of a trace in the order of `reasonlens.core.tables.HEALTH`; ``[]`` is ok.

    Parameters
    ----------
    reasoning, answer, response
        The text of the trace and its parts.
    finish
        Why generation ended, as the file says; ``None`` if it does not say.
    rule, closed
        From `reasonlens.text.think.split`.
    withheld
        The file says that there was reasoning and does not give it.

    Notes
    -----
    ``truncated``: the file says that a limit (or a filter, or an abort) ended the output. If it
    says nothing, only a thought that was opened and never closed shows a cut (with separate
    fields: a thought without an answer), and not even that if it ends in a boxed answer. A text
    without markers cannot be told then, so the flag is a lower bound.
    ``no_reasoning``: there is text, and none of it is reasoning, or the reasoning was withheld.
    """
    found = []
    text = response if response.strip() else f"{reasoning}\n{answer}"
    empty = not text.strip()
    unanswered = rule == "fields" and bool(reasoning.strip()) and not answer.strip()
    if _is_cut(finish, text, closed and not unanswered):
        found.append("truncated")
    if empty:
        found.append("empty")
    if withheld or (not empty and not reasoning.strip()):
        found.append("no_reasoning")
    if is_looping(text) or (len(reasoning) > len(text) and is_looping(reasoning)):
        found.append("looping")
    return found


def _is_cut(finish: str | None, text: str, closed: bool) -> bool:
    state = (finish or "").strip().casefold()
    if state in _UNKNOWN:
        return not closed and not _ends_in_box(text)
    return state in _CUT


def _ends_in_box(text: str) -> bool:
    """Tell whether `text` ends in a complete boxed answer, apart from a closing remark of a few words."""
    end = text[-300:].rstrip()
    at = end.rfind("\\boxed{")
    depth = 0
    for place in range(max(at, 0) + 6 if at >= 0 else len(end), len(end)):
        depth += {"{": 1, "}": -1}.get(end[place], 0)
        if depth == 0:
            return len(end) - place <= 30
    return False


def is_looping(text: str) -> bool:
    """Tell whether `text` has fallen into degenerate repetition (see the module documentation).

    Examples
    --------
    >>> is_looping("So we try again. " * 100)
    True
    """
    if len(text) < _SHORTEST:
        return False
    if not _plainly_varied(text[-_TAIL:]) and (
        tail_variety(text) < _VARIETY or tail_variety(text, numbers=False) < _FRAME_VARIETY
    ):
        return True
    return len(text) >= _LONG and repeated_share(text) >= _REPEATED


def tail_variety(text: str, *, numbers: bool = True) -> float:
    """Return the share of distinct 8-character pieces in the last 2,000 characters (1 if too short).

    With ``numbers=False`` every number counts as 0.
    """
    tail = text[-_TAIL:]
    if not numbers:
        tail = _NUMBER.sub("0", tail)
    places = len(tail) - _PIECE + 1
    if places < 1:
        return 1.0
    return len(_unique(_keys(_letters(tail)))) / places


def _plainly_varied(tail: str) -> bool:
    """Tell whether half of the pieces suffice to see that neither sign of the tail is there.

    All numbers here are lower bounds: of each character one byte is compared, pieces may share a slot,
    and pieces without a digit are the same when numbers become 0. This settles nearly all texts, in a
    third of the time.
    """
    if tail.isascii():
        letters = np.frombuffer(tail.encode("ascii"), np.uint8)
    elif _OTHER_DIGIT.search(tail):
        return False
    else:
        letters = codepoints(tail).astype(np.uint8)
    places = len(letters) - _PIECE + 1
    slots = _every_second(letters) * _SPREAD >> _TO_SLOT
    slot = slots.view(np.int64)
    taken = np.zeros(_SLOTS, np.bool_)
    taken[slot] = True
    if np.count_nonzero(taken) < _VARIETY * places:
        return False
    taken[slot[_every_second(letters - np.uint8(ord("0")) < 10) != 0]] = False
    return int(np.count_nonzero(taken)) >= _FRAME_VARIETY * places


def _every_second(letters: npt.NDArray[Any]) -> Keys:
    """Return the piece of eight bytes at every second place as one number."""
    return np.ndarray(((len(letters) - _PIECE) // 2 + 1,), np.uint64, letters, 0, (2,))


def _letters(text: str) -> Letters:
    """Return one small number per character, equal where characters are equal."""
    try:
        return np.frombuffer(text.encode("latin-1"), np.uint8)
    except UnicodeEncodeError:
        found, letters = np.unique(codepoints(text), return_inverse=True)
        return letters.astype(np.uint8) if len(found) <= 256 else letters.astype(np.uint16)


def _keys(letters: Letters) -> Keys:
    """Return one number for the piece at each place, equal where pieces are equal."""
    if letters.itemsize == 1:
        return np.ndarray((len(letters) - _PIECE + 1,), np.uint64, letters, 0, (1,))
    half = _PIECE // 2
    fours = np.ndarray((len(letters) - half + 1,), np.uint64, letters, 0, (2,))
    number = np.unique(fours, return_inverse=True)[1].astype(np.uint64)
    return number[:-half] * np.uint64(len(number)) + number[half:]


def _unique(keys: Keys) -> Keys:
    """Return the distinct keys (`numpy.unique` takes twice the time on so few)."""
    ordered = keys.copy()
    ordered.sort()
    new = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return ordered[new]


def repeated_share(text: str) -> float:
    """Return the share of `text` that stands in lines (or sentences) that occurred before.

    Only units of 20 characters or more count, weighted by length; 0 if there is none.
    """
    lined = text.count("\n") * 1_000 >= len(text)
    units = [unit for unit in text.split("\n" if lined else ". ") if len(unit) >= _UNIT]
    total = sum(map(len, units))
    return 1 - sum(map(len, set(units))) / total if total else 0.0
