"""Where a quote that a judge gives stands in the text: exact, normalized, fuzzy, or nowhere.

Offsets are Python characters of the text as it is. A quote that was altered in white space, quotation
marks, dashes, compatibility characters or the backslash of ``\\times`` is ``normalized``; one that agrees
to 90 of 100 with a passage of about its length is ``fuzzy`` (partial ratio of `rapidfuzz`). What is too
short to be evidence, what repeats the rubric and what speaks to the judge is ``rejected``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from reasonlens.core.errors import MissingExtraError
from reasonlens.judges import Quote, Spans

__all__ = ["COUNTED", "FUZZY", "TextQuotes", "distinct", "normalized"]

COUNTED = ("exact", "normalized", "fuzzy")
"""What counts as evidence."""

FUZZY = 90.0
"""Smallest partial ratio, of 100."""

_LONGEST_RATIO = 1.25  # of a fuzzy passage to its quote, and the other way round
_SHORTEST_FUZZY = 12  # characters: below, nearly anything is near something
_SHORTEST = 6  # letters and digits
_RUBRIC = 25  # characters of the rubric that a trace does not repeat by chance
_SAME = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′`´", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", ""),
    }
)
_WORD = re.compile(r"\w")
_UNESCAPED = {"\x08": "\\b", "\x0c": "\\f", "\t": "\\t", "\r": "\\r", "\n": "\\n"}
_CONTROL = re.compile(r"[\x08\x0c]")
_COMMANDS = (re.compile(r"[\t\r](?=[a-z])"), re.compile(r"[\t\r\n](?=[a-z])"))


def normalized(text: str) -> tuple[str, list[int]]:
    """Return a form in which small alterations vanish, and for each of its characters its place in `text`.

    Examples
    --------
    >>> normalized("a\\n\\n“b” — c")[0]
    'a "b" - c'
    """
    out: list[str] = []
    places: list[int] = []
    blank = True
    for place, char in enumerate(text):
        if char.isspace():
            if not blank:
                out.append(" ")
                places.append(place)
            blank = True
            continue
        same = (
            char if char.isascii() and char != "`" else unicodedata.normalize("NFKD", char.translate(_SAME))
        )
        for piece in same.translate(_SAME):
            if not piece.isspace():
                out.append(piece)
                places.append(place)
                blank = False
    if out and blank:
        out.pop()
        places.pop()
    return "".join(out), places


@dataclass(slots=True)
class TextQuotes:
    """Finds quotes in one text.

    Parameters
    ----------
    text
        The text.
    rubric
        What the judge was told; its words are no evidence.
    banned
        Places of the text that speak to the judge.
    """

    text: str
    rubric: str = ""
    banned: Spans = ()
    _plain: tuple[str, list[int]] | None = field(default=None, init=False)
    _rules: str | None = field(default=None, init=False)

    def find_all(self, quotes: Sequence[str], within: tuple[int, int] | None = None) -> list[Quote]:
        """Return a `Quote` for each of `quotes`; equal ones get different places as long as there are any.

        Parameters
        ----------
        quotes
            What the judge wrote.
        within
            The piece of the text that the judge has seen; a quote is sought nowhere else.
        """
        low, high = within or (0, len(self.text))
        taken: dict[str, int] = {}
        found = []
        for written in quotes:
            quote = self._written(written).strip()
            one = self._find(quote, taken.get(quote, low), high)
            if one.found == "missing" and quote in taken:
                one = self._find(quote, low, high)
            if one.start >= 0:
                taken[quote] = one.end
            found.append(one)
        return found

    def _written(self, quote: str) -> str:
        """Return a quote with the backslash of ``\\frac`` and ``\\binom``, lost in JSON."""
        if not _CONTROL.search(quote) or quote in self.text:
            return quote
        return _CONTROL.sub(lambda m: _UNESCAPED[m[0]], quote)

    def _find(self, quote: str, low: int, high: int) -> Quote:
        place = self._place(quote, low, high) if quote else None
        if place is None:
            return Quote(-1, -1, quote, "missing")
        start, end, found = place
        surface = self.text[start:end]
        if (
            sum(map(str.isalnum, surface)) < _SHORTEST
            or self._in_rubric(surface)
            or self._is_banned(start, end)
        ):
            found = "rejected"
        return Quote(start, end, surface, found)

    def _place(self, quote: str, low: int, high: int) -> tuple[int, int, str] | None:
        at = self.text.find(quote, low, high)
        if at >= 0:
            return at, at + len(quote), "exact"
        if self._plain is None:
            self._plain = normalized(self.text)
        plain, places = self._plain
        first, last = _slice(places, low, high)
        wanted = normalized(quote)[0]
        for form in dict.fromkeys((wanted, *(normalized(form)[0] for form in _unescaped(quote)))):
            at = plain.find(form, first, last) if form else -1
            if at >= 0:
                return places[at], places[at + len(form) - 1] + 1, "normalized"
        return self._near(wanted, plain, places, first, last)

    def _near(
        self, wanted: str, plain: str, places: list[int], first: int, last: int
    ) -> tuple[int, int, str] | None:
        if len(wanted) < _SHORTEST_FUZZY or len(wanted) > last - first:
            return None
        found = _alignment(wanted, plain[first:last])
        if found is None:
            return None
        start, end = _whole_words(plain, first + found[0], first + found[1])
        if not len(wanted) / _LONGEST_RATIO <= end - start <= len(wanted) * _LONGEST_RATIO:
            return None
        return places[start], places[end - 1] + 1, "fuzzy"

    def _in_rubric(self, surface: str) -> bool:
        if not self.rubric or len(surface) < _RUBRIC:
            return False
        if self._rules is None:
            self._rules = normalized(self.rubric)[0].casefold()
        return normalized(surface)[0].casefold() in self._rules

    def _is_banned(self, start: int, end: int) -> bool:
        return any(start < high and low < end for low, high in self.banned)


def distinct(quotes: Sequence[Quote]) -> list[Quote]:
    """Return the largest set of counted quotes of which no two overlap, in order of place.

    Examples
    --------
    >>> spans = [Quote(0, 9, ""), Quote(5, 12, ""), Quote(9, 20, ""), Quote(-1, -1, "", "missing")]
    >>> [(q.start, q.end) for q in distinct(spans)]
    [(0, 9), (9, 20)]
    """
    kept: list[Quote] = []
    for quote in sorted((q for q in quotes if q.found in COUNTED), key=lambda q: (q.end, q.start)):
        if not kept or quote.start >= kept[-1].end:
            kept.append(quote)
    return kept


def _unescaped(quote: str) -> Iterator[str]:
    r"""Yield a quote as it was before JSON read ``\times`` (or ``\neq``) with one backslash."""
    for command in _COMMANDS:
        if command.search(quote):
            yield command.sub(lambda m: _UNESCAPED[m[0]], quote)


def _slice(places: list[int], low: int, high: int) -> tuple[int, int]:
    from bisect import bisect_left

    return bisect_left(places, low), bisect_left(places, high)


def _alignment(wanted: str, text: str) -> tuple[int, int] | None:
    try:
        from rapidfuzz import fuzz
    except ImportError:
        raise MissingExtraError("rapidfuzz", "judge", "checking the quotes of a judge") from None
    found = fuzz.partial_ratio_alignment(wanted, text, score_cutoff=FUZZY)
    return None if found is None else (found.dest_start, found.dest_end)


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a passage to the words that it cuts, and leave out white space at its ends."""
    while start > 0 and _WORD.match(text[start]) and _WORD.match(text[start - 1]):
        start -= 1
    while end < len(text) and _WORD.match(text[end - 1]) and _WORD.match(text[end]):
        end += 1
    while start < end and text[start] == " ":
        start += 1
    while end > start and text[end - 1] == " ":
        end -= 1
    return start, end
