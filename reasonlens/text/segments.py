"""Sentences of a reasoning trace, with exact places.

A trace is no prose: it has formulas, lists, headings and code. The rules, in this order:

1. A blank line ends a segment, whatever is open.
2. Nothing ends a segment inside a formula (``$...$``, ``$$...$$``, ``\\(...\\)``, ``\\[...\\]``) that is
   closed within 1,000 characters and before a blank line, or inside a block of code (three backticks).
3. ``.``, ``!``, ``?``, ``…`` and their runs end one if white space or the end of the text follows,
   perhaps after closing quotes, brackets, asterisks or the end of a formula; ``。``, ``！`` and ``？``
   need no white space. An ellipsis ends none before a small letter, and a period none after ``e.g.``,
   ``Fig.`` and the like, after ``etc.`` before a small letter, or in a list mark (``2. Add``). A period
   inside a number is followed by no white space, so it never counts. Initials of names do end one:
   in traces a single letter before a period is nearly always a variable.
4. A line break ends one if the line ends in ``:`` or ``;``, if the next line starts with a list mark, a
   heading, "Step 2" or a formula on its own, or if the line is itself a heading. Other line breaks
   are white space.

Segments cover the text: each runs to the start of the next, white space at the end included.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Segment", "segments"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence: ``text[start:content_end]``, and white space up to `end`, where the next starts.

    White space before the first sentence is a segment of its own, with no content.
    """

    start: int
    content_end: int
    end: int

    def content(self, text: str) -> str:
        """Return the sentence without the white space after it."""
        return text[self.start : self.content_end]


_BLANK = r"(?P<blank>(?<![^\S\n])[^\S\n]*\n(?:[^\S\n]*\n)+)"
# At most 1,000 characters: without a bound, many signs that nothing closes take quadratic time.
_FORMULA = (
    r"(?P<formula>\$\$(?:(?!\n[^\S\n]{0,20}\n).){1,1000}?\$\$"
    r"|\$(?!\s)(?:\\.|(?!\n[^\S\n]{0,20}\n)[^$\\]){1,1000}?(?<!\s)\$(?!\d)"
    r"|\\\((?:(?!\n[^\S\n]{0,20}\n).){1,1000}?\\\)|\\\[(?:(?!\n[^\S\n]{0,20}\n).){1,1000}?\\\])"
)
_CODE = r"(?P<code>```.*?```)"
_STOP = r"(?P<stop>[.!?…]+(?:[\"'”’)\]}*_`]|\$\$?|\\\)|\\\])*(?=\s|\Z)|[。！？]+[”’」』）]*)"
_LINE = r"(?P<line>(?<![^\S\n])[^\S\n]*\n)"
_SCAN = re.compile(rf"{_CODE}|{_FORMULA}|{_BLANK}|{_STOP}|{_LINE}", re.DOTALL)

_NEVER = frozenset(
    [
        *("e.g", "i.e", "cf", "vs", "viz", "ca", "eq", "eqs", "fig", "figs", "nos", "sec"),
        *("thm", "lem", "dr", "mr", "mrs", "ms", "prof", "w.r.t", "w.l.o.g", "s.t", "a.k.a", "pp"),
    ]
)
_MAYBE = frozenset(["etc", "al", "resp", "approx"])  # a sentence ends there if a capital follows
_BEFORE = re.compile(r"[^\s(\[{“\"$]*\Z")
_MARK = r"(?:[-*•+‣–][^\S\n]+|\(?\d{1,3}[.)](?=\s)|\(?[a-zA-Z]\)(?=\s)|\((?:[ivx]{1,4})\)(?=\s)|\|)"
_OPENS = re.compile(
    rf"[^\S\n]*(?:{_MARK}|\#{{1,6}}[^\S\n]|\*\*|(?:Step|Case|Part|Option)[^\S\n]+\w{{1,4}}\b|\\\[|\$\$|```)"
)
_LIST_MARK = re.compile(
    r"(?:\A|\n)[^\S\n]*(?:[-*•+]\s+)?(?:\#{1,6}[^\S\n]+)?(?:\*\*)?\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})\Z"
)
_HEADING = re.compile(r"[^\S\n]*(?:\#{1,6}[^\S\n].*|\*\*[^*\n]+\*\*:?)\Z")


def segments(text: str) -> list[Segment]:
    """Return the sentences of `text` in order (see the module documentation).

    Examples
    --------
    >>> text = "Let x = 2.5. Wait, no.\\n\\n1. Add $a. b$ to it"
    >>> [s.content(text) for s in segments(text)]
    ['Let x = 2.5.', 'Wait, no.', '1. Add $a. b$ to it']
    """
    found: list[Segment] = []
    start = 0
    for end in [*_ends(text), len(text)]:
        piece = text[start:end]
        if not piece:
            continue
        content = start + len(piece.rstrip())
        if content == start and found:  # white space alone belongs to the sentence before it
            found[-1] = Segment(found[-1].start, found[-1].content_end, end)
        else:
            lead = len(piece) - len(piece.lstrip())
            if lead and content > start:
                found.append(Segment(start, start, start + lead))
            found.append(Segment(start + lead if content > start else start, content, end))
        start = end
    return found


def _ends(text: str) -> Iterator[int]:
    """Yield where each segment but the last ends, white space after it included; may repeat."""
    since = 0
    for match in _SCAN.finditer(text):
        kind, at = match.lastgroup, match.end()
        if kind == "stop" and not _is_end(text, match):
            continue
        if kind == "line" and not _breaks(text, since, match.start(), at):
            continue
        if kind in ("code", "formula"):
            continue
        end = at
        while end < len(text) and text[end].isspace():
            end += 1
        if text[since:end].strip() and end < len(text):
            since = end
            yield end


def _is_end(text: str, match: re.Match[str]) -> bool:
    """Tell whether a stop ends a sentence, and is not part of an abbreviation or a list mark."""
    if match.group()[:2] == ".." or match.group()[0] == "…":
        return not _next(text, match.end()).islower()
    if match.group()[0] != ".":
        return True
    at = match.start()
    if _LIST_MARK.search(text, max(0, at - 24), at) and _at_line_start(text, at):
        return False
    found = _BEFORE.search(text, max(0, at - 24), at)
    word = found.group().casefold() if found else ""
    return word not in _NEVER and not (word in _MAYBE and _next(text, match.end()).islower())


def _next(text: str, at: int) -> str:
    """Return the first character from `at` on that is no white space."""
    while at < len(text) and text[at].isspace():
        at += 1
    return text[at : at + 1]


def _at_line_start(text: str, at: int) -> bool:
    return len(text[text.rfind("\n", 0, at) + 1 : at].strip(" \t-*•+#(")) <= 4


def _breaks(text: str, since: int, before: int, after: int) -> bool:
    """Tell whether the line break between `before` and `after` ends a segment."""
    line = text[max(since, text.rfind("\n", 0, before) + 1) : before]
    return (
        line.rstrip().endswith((":", ";"))
        or _OPENS.match(text, after) is not None
        or _HEADING.match(line) is not None
    )
