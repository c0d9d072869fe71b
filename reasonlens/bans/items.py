"""Words and phrases to items: what the automaton looks for, character by character.

An item reads an entry as a lexicon does (docs/counting.md), and never more narrowly: what the
lexicon would count is always an item. Where the two differ the item is the wider one: white space
between words may hold a blank line, apostrophes and marks are boundaries, and after a word-inner
``*`` any non-ASCII character goes on the word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from reasonlens.bans.folding import variants
from reasonlens.core.errors import InputError
from reasonlens.text import words

__all__ = ["CHAR", "SPACES", "STAR", "Element", "Item", "items_of", "normalized"]

CHAR, SPACES, STAR = "char", "spaces", "star"

_WORD = (words.LETTER, words.NUMBER, words.UNDERSCORE)
_STARRED = (*_WORD, words.MARK, words.SPACELESS)
_RUN = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Element:
    """One step of an item: a character of `codes`, a run of white space, or the rest of a word."""

    kind: str
    codes: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Item:
    """A word or phrase to find.

    Attributes
    ----------
    text
        As it was given, with single spaces.
    elements
        What must follow each other.
    left, right
        Whether no word character may stand right before and right after.
    """

    text: str
    elements: tuple[Element, ...]
    left: bool
    right: bool


def normalized(entries: Iterable[str]) -> tuple[str, ...]:
    """Return the entries with single spaces and without repetitions, in their order.

    Raises
    ------
    InputError
        If one is empty.
    """
    found: dict[str, None] = {}
    for entry in entries:
        text = _RUN.sub(" ", entry).strip()
        if not text or text == "*":
            raise InputError(f"{entry!r} cannot be banned: it has no character; give words or phrases")
        found[text] = None
    return tuple(found)


def items_of(entries: Iterable[str], match: str = "word") -> tuple[Item, ...]:
    """Return one item per entry.

    Parameters
    ----------
    entries
        Words and phrases. A space is any run of white space; ``*`` after a word makes it a prefix.
    match
        ``"word"`` (whole words) or ``"substring"`` (anywhere, also within words; ``*`` is itself).

    Examples
    --------
    >>> item = items_of(["hold on"])[0]
    >>> len(item.elements), item.left, item.right
    (7, True, True)
    >>> items_of(["等等"])[0].left  # running Chinese has no boundaries
    False
    """
    return tuple(_item(text, match == "word") for text in normalized(entries))


def _item(text: str, whole: bool) -> Item:
    classes = words.classes()
    elements: list[Element] = []
    for before, char in zip(" " + text, text, strict=False):
        if char == " ":
            elements.append(Element(SPACES))
        elif char == "*" and whole and classes[ord(before)] in _STARRED:
            elements.append(Element(STAR))
        else:
            elements.append(Element(CHAR, variants(char)))
    open_end = elements[-1].kind == STAR
    if open_end:
        elements.pop()
    last = classes[ord(text[-1])]
    return Item(
        text,
        tuple(elements),
        left=bool(whole and classes[ord(text[0])] in _WORD),
        right=bool(whole and not open_end and last in (*_WORD, words.MARK)),
    )
