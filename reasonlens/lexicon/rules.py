"""Rules of published lists that are not whole words: substring, regular expression, segment.

Each repeats what its authors' code does, so that published numbers can be repeated; see
`reasonlens.lexicon.model.Rule`. Places are characters of the original text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from reasonlens.lexicon.model import Lexicon

__all__ = ["Found", "finder"]

Found = tuple[int, int, int]
"""Start, end and number of the entry within its lexicon."""


def finder(lexicon: Lexicon) -> Callable[[str], Iterator[Found]] | None:
    """Return a function from a text to its hits, or ``None`` for the word rule."""
    entries = [(e.text, e.at) for c in lexicon.categories for e in c.entries]
    sensitive = lexicon.rule.case == "sensitive"
    if lexicon.rule.match == "substring":
        return partial(_substrings, [text for text, _ in entries], sensitive)
    if lexicon.rule.match == "regex":
        flags = 0 if sensitive else re.IGNORECASE
        return partial(_patterns, [re.compile(text, flags) for text, _ in entries])
    if lexicon.rule.match == "segment":
        return partial(_segments, entries, sensitive)
    return None


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
    origin.append(len(text))
    if len(origin) != len(lower) + 1:  # a final sigma, or the like
        return "".join(char.lower() for char in text), origin
    return lower, origin


def _substrings(entries: list[str], sensitive: bool, text: str) -> Iterator[Found]:
    lower, origin = _lowered(text, sensitive)
    for number, entry in enumerate(entries):
        wanted = entry if sensitive else entry.lower()
        at = lower.find(wanted)
        while at >= 0:
            end = at + len(wanted)
            yield (at, end, number) if origin is None else (origin[at], origin[end - 1] + 1, number)
            at = lower.find(wanted, end)


def _patterns(entries: list[re.Pattern[str]], text: str) -> Iterator[Found]:
    for number, entry in enumerate(entries):
        for match in entry.finditer(text):
            yield match.start(), match.end(), number


def _segments(entries: list[tuple[str, str]], sensitive: bool, text: str) -> Iterator[Found]:
    at = 0
    for piece in text.split("\n\n"):
        start = at + len(piece) - len(piece.lstrip())
        body = piece.strip()
        at += len(piece) + 2
        if not body:
            continue
        plain = body if sensitive else body.lower()
        for number, (entry, where) in enumerate(entries):
            wanted = entry if sensitive else entry.lower()
            if plain.startswith(wanted) if where == "start" else wanted in plain:
                yield start, start + len(body), number
                break
