"""spaCy ``Matcher`` patterns: the second entry type, for what literals cannot say.

Only lexicons that have patterns load spaCy (a blank English pipeline: nothing is downloaded).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from reasonlens.core.errors import DefinitionError, MissingExtraError
from reasonlens.lexicon.model import Lexicon

__all__ = ["PatternFinder"]

_PIECE = 100_000  # characters that spaCy gets at a time; longer texts are cut at blank lines


@cache
def _pipeline() -> Any:
    try:
        import spacy
    except ImportError as error:
        raise MissingExtraError("spacy", "spacy", "a lexicon with patterns") from error
    return spacy.blank("en")


class PatternFinder:
    """Finds the patterns of one lexicon: text in, (start, end, number of the pattern) out."""

    def __init__(self, lexicon: Lexicon) -> None:
        nlp = _pipeline()
        from spacy.matcher import Matcher

        self._nlp = nlp
        self._matcher = Matcher(nlp.vocab, validate=True)
        self._number: dict[int, int] = {}
        patterns = [pattern for category in lexicon.categories for pattern in category.patterns]
        for number, pattern in enumerate(patterns):
            key = f"{number}"
            try:
                self._matcher.add(key, [[dict(token) for token in pattern.tokens]])
            except ValueError as error:
                raise DefinitionError(
                    f"lexicon {lexicon.name!r}, pattern {pattern.name!r}: spaCy does not accept it ({error})"
                ) from error
            self._number[nlp.vocab.strings[key]] = number

    def __call__(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Yield the hits of all patterns, overlaps included."""
        for at, piece in _pieces(text):
            doc = self._nlp.make_doc(piece)
            for key, first, last in self._matcher(doc):
                span = doc[first:last]
                if span.end_char > span.start_char:
                    yield at + span.start_char, at + span.end_char, self._number[key]


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Cut a text after blank lines into pieces of about `_PIECE` characters."""
    start = 0
    while len(text) - start > _PIECE:
        cut = text.find("\n\n", start + _PIECE)
        if cut < 0:
            break
        yield start, text[start : cut + 2]
        start = cut + 2
    yield start, text[start:]
