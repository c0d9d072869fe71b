"""The matching rules, every entry tried at every place. Slow, and written to be read.

`hits` is the word rule; `substring_counts`, `regex_counts` and `segment_counts` are the rules of
published lists. Only the table of character classes is shared with the package.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from reasonlens.lexicon.model import Category, Rule
from reasonlens.text import words
from tests.oracles.words_oracle import kind, lower, tokens

__all__ = ["Hit", "Word", "hits", "prepare", "regex_counts", "segment_counts", "substring_counts"]


class Hit(NamedTuple):
    """A hit: category and entry (numbers in file order, entries counted through), half-open place."""

    category: int
    entry: int
    start: int
    end: int


class Word(NamedTuple):
    """A word of an entry, in compared form; with `prefix` any token that starts so fits."""

    text: str
    prefix: bool


class Prepared(NamedTuple):
    """An entry as a list of words and of single characters (" " is any white space)."""

    category: int
    entry: int
    elements: list[Word | str]
    rank: tuple[int, int, int]


def _compared(text: str, rule: Rule) -> str:
    return text.replace("\u2019", "'") if rule.case == "sensitive" else lower(text)


def prepare(categories: Sequence[Category], rule: Rule) -> dict[str, list[Prepared]]:
    """Return all entries, sorted by the token they start with ("" for prefixes, else a character)."""
    found: dict[str, list[Prepared]] = {}
    number = 0
    for place, category in enumerate(categories):
        for entry in category.entries:
            elements = _elements(entry.text.strip(), rule)
            stars = sum(isinstance(e, Word) and e.prefix for e in elements)
            size = sum(len(e.text) if isinstance(e, Word) else len(e) for e in elements)
            first = elements[0]
            key = first if isinstance(first, str) else "" if first.prefix else first.text
            found.setdefault(key, []).append(Prepared(place, number, elements, (stars, -size, number)))
            number += 1
        number += len(category.patterns)
    return found


def _elements(text: str, rule: Rule) -> list[Word | str]:
    made: list[Word | str] = []
    at = 0
    for start, end, _, _ in tokens(text):
        made += _characters(text[at:start], rule)
        prefix = text[end : end + 1] == "*"
        made.append(Word(_compared(text[start:end], rule), prefix))
        at = end + prefix
    return made + _characters(text[at:], rule)


def _characters(text: str, rule: Rule) -> list[Word | str]:
    made: list[Word | str] = []
    for char in _compared(text, rule):
        if kind(char) != words.SPACE:
            made.append(char)
        elif not made or made[-1] != " ":
            made.append(" ")
    return made


def hits(text: str, prepared: dict[str, list[Prepared]], rule: Rule) -> list[Hit]:
    """Return the hits of the word rule, sorted."""
    compared = _compared(text, rule)
    found_tokens = tokens(text)
    ends = {t.start: t.end for t in found_tokens if rule.latex == "count" or not t.command}
    outside = set(range(len(text))) - {place for t in found_tokens for place in range(t.start, t.end)}
    candidates: dict[int, list[tuple[int, int, tuple[int, int, int], int]]] = {}
    for start in range(len(text)):
        possible: list[Prepared] = []
        if start in ends:
            possible = prepared.get(compared[start : ends[start]], []) + prepared.get("", [])
        else:
            possible = prepared.get(compared[start], [])
        for entry in possible:
            end = _end(compared, ends, outside, entry.elements, start)
            if end is not None:
                candidates.setdefault(entry.category, []).append((start, -end, entry.rank, entry.entry))
    found = []
    for category, several in candidates.items():
        free = 0
        for start, minus_end, _, number in sorted(several):
            if start >= free:
                found.append(Hit(category, number, start, -minus_end))
                free = -minus_end
    return sorted(found)


def _end(
    compared: str, ends: dict[int, int], outside: set[int], elements: list[Word | str], at: int
) -> int | None:
    """Return where an entry that starts at `at` ends, or ``None`` if it does not fit there."""
    for element in elements:
        if isinstance(element, Word):
            if at not in ends:
                return None
            token = compared[at : ends[at]]
            if not (token.startswith(element.text) if element.prefix else token == element.text):
                return None
            at = ends[at]
        elif element == " ":
            end = at
            while end < len(compared) and kind(compared[end]) == words.SPACE:
                end += 1
            if end == at or compared.count("\n", at, end) > 1:
                return None
            at = end
        else:
            if compared[at : at + 1] != element or at not in outside:
                return None
            at += 1
    return at


def substring_counts(text: str, entries: Sequence[str], rule: Rule) -> list[int]:
    """Count as the published scripts do."""
    if rule.case == "sensitive":
        return [text.count(entry) for entry in entries]
    return [text.lower().count(entry.lower()) for entry in entries]


def regex_counts(text: str, entries: Sequence[str], rule: Rule) -> list[int]:
    """Count as the published scripts do."""
    flags = re.NOFLAG if rule.case == "sensitive" else re.IGNORECASE
    return [len(re.findall(entry, text, flags)) for entry in entries]


def segment_counts(text: str, entries: Sequence[tuple[str, str]], rule: Rule) -> list[int]:
    """Count the segments of which each entry (text, place) is the first that fits."""
    counts = [0] * len(entries)
    for piece in text.split("\n\n"):
        segment = piece.lstrip() if rule.case == "sensitive" else piece.lstrip().lower()
        for number, (entry, at) in enumerate(entries):
            wanted = entry if rule.case == "sensitive" else entry.lower()
            if segment.startswith(wanted) if at == "start" else wanted in segment:
                counts[number] += 1
                break
    return counts
