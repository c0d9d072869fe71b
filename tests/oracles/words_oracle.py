"""The word rule, one character at a time. Slow, and written to be read.

It shares with the package only the table of character classes, which has a test of its own.
"""

from __future__ import annotations

from typing import NamedTuple

from reasonlens.text import words

__all__ = ["Token", "kind", "lower", "tokens", "word_count"]

_KINDS = words.classes().tobytes()
_LOWER = words.lower_table().tolist()
_CORE = {words.LETTER, words.NUMBER, words.UNDERSCORE}


class Token(NamedTuple):
    """A token: half-open place, whether it has a letter, whether it is a LaTeX command."""

    start: int
    end: int
    lettered: bool
    command: bool


def kind(char: str) -> int:
    """Return the class of a character."""
    return _KINDS[ord(char)]


def lower(text: str) -> str:
    """Return `text` in lower case, one character for one character, with straight apostrophes."""
    return "".join(chr(_LOWER[ord(char)]) for char in text).replace("\u2019", "'")


def tokens(text: str) -> list[Token]:
    """Return the tokens of `text`."""
    found = []
    at = 0
    while at < len(text):
        first = kind(text[at])
        if first == words.SPACELESS:
            end = at + 1
        elif first in _CORE:
            end = _end_of_run(text, at)
        else:
            at += 1
            continue
        lettered = any(kind(char) in (words.LETTER, words.SPACELESS) for char in text[at:end])
        found.append(Token(at, end, lettered, at > 0 and text[at - 1] == "\\"))
        at = end
    return found


def _end_of_run(text: str, start: int) -> int:
    at = start + 1
    while at < len(text):
        here = kind(text[at])
        joins = (
            here == words.APOSTROPHE
            and kind(text[at - 1]) in (words.LETTER, words.MARK)
            and at + 1 < len(text)
            and kind(text[at + 1]) == words.LETTER
        )
        if not (here in _CORE or here == words.MARK or joins):
            break
        at += 1
    return at


def word_count(text: str, latex: str = "skip") -> int:
    """Return how many words `text` has."""
    return sum(token.lettered and (latex == "count" or not token.command) for token in tokens(text))
