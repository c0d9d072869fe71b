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
import zlib

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
# Pieces cost ten times what deflate costs. No published text below the limits deflates to more than
# 0.22 of its size with its digits equal, so the margin also covers other builds of zlib.
_SUSPICIOUS = 0.28
_NUMBER = re.compile(r"\d+")
_DIGITS_EQUAL = bytes.maketrans(b"123456789", b"000000000")


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
    if _may_repeat(text[-_TAIL:]) and (
        tail_variety(text) < _VARIETY or tail_variety(text, numbers=False) < _FRAME_VARIETY
    ):
        return True
    return len(text) >= _LONG and repeated_share(text) >= _REPEATED


def _may_repeat(tail: str) -> bool:
    raw = tail.encode("utf-8", "surrogatepass").translate(_DIGITS_EQUAL)
    return len(zlib.compress(raw, 1)) < _SUSPICIOUS * len(raw)


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
    return len({tail[at : at + _PIECE] for at in range(places)}) / places


def repeated_share(text: str) -> float:
    """Return the share of `text` that stands in lines (or sentences) that occurred before.

    Only units of 20 characters or more count, weighted by length; 0 if there is none.
    """
    lined = text.count("\n") * 1_000 >= len(text)
    units = [unit for unit in text.split("\n" if lined else ". ") if len(unit) >= _UNIT]
    total = sum(map(len, units))
    return 1 - sum(map(len, set(units))) / total if total else 0.0
