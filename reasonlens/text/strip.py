"""Take markers out of a text so that what is left still reads."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reasonlens.text.edits import Control, Edit, Span, applied
from reasonlens.text.segments import Segment, segments

__all__ = ["INITIAL_ONLY", "strip"]

INITIAL_ONLY = frozenset({"but", "so", "and", "or", "yet", "then", "though", "because", "since"})
"""Conjunctions: taken out at the start of a sentence only, as they hold a sentence together inside it."""

_JOIN = re.compile(r"[\s,.…—–-]*\Z")
_LEAD = re.compile(r"(?:[-*•+]\s+|\(?\w{1,3}[.)]\s+|[\"“'(*_]){0,6}\Z")
_LEAD_SIZE = 20
_AFTER = re.compile(r"(?:\s*(?:,|\.\.\.|…|—|–|:|\s-(?=\s)))?\s*")
_NOTHING = re.compile(r"[^\w$\\]*\Z")
_WORD_BEFORE = re.compile(r"([\w']{1,10})\s{1,20}\Z")


def strip(text: str, spans: Sequence[Span]) -> Control:
    """Take markers out, with the commas that set them off; what then opens a sentence is capitalized.

    A sentence that is nothing but markers goes as a whole. Conjunctions (`INITIAL_ONLY`) inside a
    sentence stay, and are listed as kept.

    Parameters
    ----------
    spans
        The places of the markers, half-open, without overlap.

    Examples
    --------
    >>> strip("Wait, it is, perhaps, 2. Hmm. So maybe 3.", [(0, 4), (13, 20), (25, 28), (33, 38)]).text
    'It is 2. So 3.'
    """
    edits: list[Edit] = []
    kept: list[Span] = []
    rest = sorted(spans, reverse=True)
    for segment in segments(text):
        inside: list[Span] = []
        while rest and rest[-1][0] < segment.content_end:
            span = rest.pop()
            (inside if span[0] >= segment.start and span[1] <= segment.content_end else kept).append(span)
        for run in _runs(text, inside):
            words = {text[start:end].casefold() for start, end in run}
            lead = run[0][0] - segment.start
            initial = lead <= _LEAD_SIZE and _LEAD.fullmatch(text, segment.start, run[0][0]) is not None
            if not initial and words & INITIAL_ONLY:
                kept += run
                continue
            edit = _cut(text, segment, run[0][0], run[-1][1], initial)
            if edits and edits[-1].end > edit.start:
                kept += run
                continue
            edits.append(edit)
    return applied("strip", text, edits, kept)


def _runs(text: str, spans: Sequence[Span]) -> list[list[Span]]:
    """Group markers that only commas, dots, dashes and spaces part ("Wait, hold on")."""
    runs: list[list[Span]] = []
    for span in spans:
        if runs and _JOIN.fullmatch(text[runs[-1][-1][1] : span[0]]):
            runs[-1].append(span)
        else:
            runs.append([span])
    return runs


def _cut(text: str, segment: Segment, start: int, end: int, initial: bool) -> Edit:
    if initial:
        if _NOTHING.fullmatch(text, end, segment.content_end):
            return Edit(segment.start, segment.end, text[segment.start : segment.end], "")
        match = _AFTER.match(text, end, segment.content_end)
        until = match.end() if match else end
        first = text[until : until + 1]
        if text[start : start + 1].isupper() and first.islower() and len(first.upper()) == 1:
            return Edit(start, until + 1, text[start : until + 1], first.upper())
        return Edit(start, until, text[start:until], "")
    left = _left_of_space(text, start, segment.start)
    before, after = text[left - 1 : left], text[end : end + 1]
    if before == "," and (after == "," or _NOTHING.fullmatch(text, end, segment.content_end)):
        return Edit(left - 1, end + (after == ","), text[left - 1 : end + (after == ",")], "")
    previous = _WORD_BEFORE.search(text, max(segment.start, start - 30), start)
    if after == "," and previous and previous[1].casefold() in INITIAL_ONLY | {"oh", "no", "well"}:
        end += 1
    if before == "(" and after == ")":
        left, end = _left_of_space(text, left - 1, segment.start), end + 1
    return Edit(left, end, text[left:end], "")


def _left_of_space(text: str, at: int, start: int) -> int:
    while at > start and text[at - 1].isspace():
        at -= 1
    return at
