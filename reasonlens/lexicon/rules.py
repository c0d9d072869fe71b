"""Rules of published lists that are not whole words: substring, regular expression, segment.

Each repeats what its authors' code does, so that published numbers can be repeated; see
`reasonlens.lexicon.model.Rule`. Places are characters of the original text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from reasonlens.lexicon.model import Lexicon

__all__ = ["Found", "finder"]

Found = tuple[int, int, int, int]
"""Row, start, end and number of the entry within its lexicon."""

_Place = tuple[int, int, int]


def finder(lexicon: Lexicon) -> Callable[[Sequence[str]], Iterator[Found]] | None:
    """Return a function from texts to their hits, or ``None`` for the word rule.

    Examples
    --------
    >>> from reasonlens.lexicon.model import Category, Entry, Rule
    >>> plain = Category("c", "c", (Entry("wait"),))
    >>> find = finder(Lexicon("x", "1", "", "user", "", "", Rule("substring"), (plain,), "", None))
    >>> list(find(["no", "Await"]))
    [(1, 1, 5, 0)]
    """
    entries = [(e.text, e.at) for c in lexicon.categories for e in c.entries]
    sensitive = lexicon.rule.case == "sensitive"
    if lexicon.rule.match == "substring":
        return partial(_in_each, partial(_substrings, [text for text, _ in entries], sensitive))
    if lexicon.rule.match == "regex":
        flags = re.NOFLAG if sensitive else re.IGNORECASE
        return partial(_in_each, partial(_patterns, [re.compile(text, flags) for text, _ in entries]))
    if lexicon.rule.match == "segment":
        return partial(_in_each, partial(_segments, entries, sensitive))
    return None


def _in_each(find: Callable[[str], Iterator[_Place]], texts: Sequence[str]) -> Iterator[Found]:
    for row, text in enumerate(texts):
        for place in find(text):
            yield row, *place


def _lowered(text: str, sensitive: bool) -> tuple[str, list[int] | None]:
    """Return the text in lower case and, where that changed its length, each character's origin."""
    if sensitive:
        return text, None
    lower = text.lower()
    if len(lower) == len(text):
        return lower, None
    origin: list[int] = []
    for place, char in enumerate(text):
        origin += [place] * len(char.lower())
    return lower, origin


def _substrings(entries: list[str], sensitive: bool, text: str) -> Iterator[_Place]:
    lower, origin = _lowered(text, sensitive)
    for number, entry in enumerate(entries):
        wanted = entry if sensitive else entry.lower()
        at = lower.find(wanted)
        while at >= 0:
            end = at + len(wanted)
            yield (at, end, number) if origin is None else (origin[at], origin[end - 1] + 1, number)
            at = lower.find(wanted, end)


def _patterns(entries: list[re.Pattern[str]], text: str) -> Iterator[_Place]:
    for number, entry in enumerate(entries):
        for match in entry.finditer(text):
            yield match.start(), match.end(), number


def _segments(entries: list[tuple[str, str]], sensitive: bool, text: str) -> Iterator[_Place]:
    wanted = [(entry if sensitive else entry.lower(), where) for entry, where in entries]
    at = 0
    for piece in text.split("\n\n"):
        body = piece.lstrip()
        start, at = at + len(piece) - len(body), at + len(piece) + 2
        plain = body if sensitive else body.lower()
        for number, (entry, where) in enumerate(wanted):
            if plain.startswith(entry) if where == "start" else entry in plain:
                yield start, start + len(body.rstrip()), number
                break
