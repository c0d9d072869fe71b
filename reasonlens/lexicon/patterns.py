"""spaCy ``Matcher`` patterns: the second entry type, for what literals cannot say.

Only lexicons that have patterns load spaCy (a blank English pipeline: nothing is downloaded).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from reasonlens.core.errors import DefinitionError, MissingExtraError
from reasonlens.lexicon.model import Lexicon

__all__ = ["PatternFinder"]

_WINDOW = 500_000  # characters that spaCy gets at a time
_REACH = 10_000  # characters more on both sides; in a longer text no pattern may be longer


@cache
def _pipeline() -> Any:
    try:
        import spacy
    except ImportError as error:
        raise MissingExtraError("spacy", "spacy", "a lexicon with patterns") from error
    nlp = spacy.blank("en")
    nlp.max_length = 2**62  # the limit is meant for parsers; the tokenizer alone is linear
    return nlp


_RUN = re.compile(r"\S{500}(?=\S)")


@dataclass(frozen=True, slots=True)
class _Window:
    """Hits that start in [start, stop) are looked for in [low, high)."""

    row: int
    low: int
    start: int
    stop: int
    high: int


class PatternFinder:
    """Finds the patterns of one lexicon.

    Parameters
    ----------
    lexicon
        Its patterns, all categories in their order, are numbered from 0.

    Raises
    ------
    MissingExtraError
        If spaCy is not installed.
    DefinitionError
        If spaCy does not accept a pattern.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._nlp = _pipeline()
        from spacy.matcher import Matcher

        self._matcher = Matcher(self._nlp.vocab, validate=True)
        self._number: dict[int, int] = {}
        patterns = [pattern for category in lexicon.categories for pattern in category.patterns]
        for number, pattern in enumerate(patterns):
            key = str(number)
            try:
                self._matcher.add(key, [[dict(token) for token in pattern.tokens]])
            except ValueError as error:
                raise DefinitionError(
                    f"{lexicon.path or lexicon.name}: pattern {pattern.name!r}: spaCy does not accept it: "
                    f"{error}"
                ) from error
            self._number[self._nlp.vocab.strings[key]] = number

    def __call__(self, texts: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
        """Yield row, start, end and number of the pattern of every hit, overlaps included."""
        for windows in _batches(texts):
            found: list[tuple[int, int, int, int]] = []
            with self._nlp.memory_zone():  # frees what spaCy remembers of the texts
                for window in windows:
                    found += self._search(window, texts[window.row][window.low : window.high])
            yield from found

    def _search(self, window: _Window, text: str) -> Iterator[tuple[int, int, int, int]]:
        text, added = _with_breaks(text)
        doc = self._nlp.make_doc(text)
        for key, first, last in self._matcher(doc):
            start = window.low + _original(doc[first].idx, added)
            if first < last and window.start <= start < window.stop:
                end = window.low + _original(doc[last - 1].idx + len(doc[last - 1]), added)
                yield window.row, start, end, self._number[key]


def _with_breaks(text: str) -> tuple[str, list[int]]:
    """Return `text` with a space after every 500 characters without one, and where these are.

    The time of spaCy's tokenizer is quadratic in the length of such a run (of dots, for instance).
    """
    ends = [found.end() for found in _RUN.finditer(text)]
    if not ends:
        return text, ends
    borders = [0, *ends, len(text)]
    broken = " ".join(text[a:b] for a, b in pairwise(borders))
    return broken, [end + number for number, end in enumerate(ends)]


def _original(place: int, added: list[int]) -> int:
    return place - bisect_left(added, place)


def _batches(texts: Sequence[str]) -> Iterator[list[_Window]]:
    batch: list[_Window] = []
    size = 0
    for row, text in enumerate(texts):
        for window in _windows(row, text):
            batch.append(window)
            size += window.high - window.low
            if size >= _WINDOW:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


def _windows(row: int, text: str) -> Iterator[_Window]:
    """Cut a long text at white space, with more text on both sides."""
    start = 0
    while start < len(text):
        stop = _after_space(text, start + _WINDOW)
        low = min(start, _after_space(text, start - _REACH)) if start else 0
        yield _Window(row, low, start, stop, _after_space(text, stop + _REACH))
        start = stop


def _after_space(text: str, at: int) -> int:
    """Return the first place after `at` that follows a single white space, or the end."""
    if at >= len(text):
        return len(text)
    places = [place for char in (" ", "\n") if (place := text.find(char, at, at + _REACH // 2)) >= 0]
    return min(places) + 1 if places else at
