"""Long texts in pieces that overlap, cut between sentences; nothing is left out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from reasonlens.judges import sentences_of

__all__ = ["OVERLAP", "pieces"]

OVERLAP = 0.15
"""Share of a piece that repeats the end of the one before."""


def pieces(text: str, longest: int, starts: Sequence[int] | None = None) -> list[tuple[int, int]]:
    """Return places that cover `text`, none longer than `longest` characters.

    Parameters
    ----------
    text
        The text.
    longest
        Most characters of a piece.
    starts
        Where it may be cut; ``None``: where sentences start. A sentence that is itself too long is
        cut anywhere, with the same overlap.

    Examples
    --------
    >>> pieces("One two. Three four. Five six.", 21)
    [(0, 21), (9, 30)]
    """
    if len(text) <= longest:
        return [(0, len(text))]
    overlap = max(1, int(longest * OVERLAP))
    places = [start for start, _ in sentences_of(text)] if starts is None else starts
    cuts = _fine(sorted({0, *(p for p in places if 0 < p < len(text)), len(text)}), longest, overlap)
    found: list[tuple[int, int]] = []
    at, last = 0, len(cuts) - 1
    while True:
        end = at + 1
        while end < last and cuts[end + 1] - cuts[at] <= longest:
            end += 1
        found.append((cuts[at], cuts[end]))
        if end == last:
            return found
        at = _back(cuts, at, end, longest, overlap)


def _fine(cuts: list[int], longest: int, overlap: int) -> list[int]:
    """Add cuts inside sentences that are longer than a piece."""
    found = [cuts[0]]
    for low, high in pairwise(cuts):
        found += [*range(low + overlap, high, overlap), high] if high - low > longest else [high]
    return found


def _back(cuts: list[int], at: int, end: int, longest: int, overlap: int) -> int:
    """Return where the piece after ``cuts[at:end]`` starts: as far back as the overlap allows.

    One sentence is repeated even if it is longer than the overlap, unless the next piece would then not
    get beyond this one.
    """
    back = end - 1
    while back - 1 > at and cuts[end] - cuts[back - 1] <= overlap:
        back -= 1
    while back < end and (back <= at or cuts[end + 1] - cuts[back] > longest):
        back += 1
    return back
