"""Two or three responses to one problem side by side: which paragraphs say the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

__all__ = ["aligned", "paragraphs"]

_BLANK = re.compile(r"\n[^\S\n]*\n\s*")
_WORD = re.compile(r"\w+")
_MOST = 120  # paragraphs a side; longer responses are aligned in longer stretches
_LEAST = 0.2  # shared words (Jaccard) below which two paragraphs are not the same step

Span = tuple[int, int]


def paragraphs(text: str, most: int = _MOST) -> list[Span]:
    """Return the places of at most `most` paragraphs that cover `text`.

    Examples
    --------
    >>> paragraphs("One.\\n\\nTwo.")
    [(0, 6), (6, 10)]
    """
    cuts = sorted({0, *(m.end() for m in _BLANK.finditer(text)), len(text)})
    spans = list(pairwise(cuts)) or [(0, len(text))]
    if len(spans) <= most:
        return spans
    edges = [cuts[round(i * (len(cuts) - 1) / most)] for i in range(most + 1)]
    return [span for span in pairwise(edges) if span[0] < span[1]]


def aligned(texts: Sequence[str]) -> list[tuple[Span | None, ...]]:
    """Return rows of paragraphs of two or three texts, the alike ones in one row.

    The first text is aligned with each other one: the order-keeping pairing with the largest sum of
    shared words (Jaccard index of the sets of words; Needleman and Wunsch 1970,
    doi:10.1016/0022-2836(70)90057-4), where pairs that share too little stay apart.

    Returns
    -------
    list of tuple
        One tuple per row with a place in each text, or ``None``.
    """
    spans = [paragraphs(text) for text in texts]
    rows: list[list[Span | None]] = [[span] + [None] * (len(texts) - 1) for span in spans[0]]
    at = list(range(len(rows)))  # where the paragraphs of the first text stand in rows
    for side in range(1, len(texts)):
        pairs = _pairs(_bags(texts[0], spans[0]), _bags(texts[side], spans[side]))
        mate = {right: left for left, right in pairs}
        place = 0
        for j, span in enumerate(spans[side]):
            if j in mate:
                place = at[mate[j]]
                rows[place][side] = span
                place += 1
                continue
            if place < len(rows) and rows[place][0] is None and rows[place][side] is None:
                rows[place][side] = span  # beside what another text has in this gap
            else:
                rows.insert(place, [span if k == side else None for k in range(len(texts))])
                at = [a + (a >= place) for a in at]
            place += 1
    return [tuple(row) for row in rows]


def _bags(text: str, spans: Sequence[Span]) -> list[frozenset[str]]:
    return [frozenset(w.lower() for w in _WORD.findall(text, a, b)) for a, b in spans]


def _pairs(left: Sequence[frozenset[str]], right: Sequence[frozenset[str]]) -> list[tuple[int, int]]:
    likeness = np.array([[_jaccard(a, b) for b in right] for a in left]).reshape(len(left), len(right))
    likeness[likeness < _LEAST] = 0.0
    best = _best(likeness)
    i, j, pairs = len(left), len(right), []
    while i and j:
        if likeness[i - 1, j - 1] and best[i, j] == best[i - 1, j - 1] + likeness[i - 1, j - 1]:
            pairs.append((i - 1, j - 1))
            i, j = i - 1, j - 1
        elif best[i, j] == best[i - 1, j]:
            i -= 1
        else:
            j -= 1
    return pairs[::-1]


def _best(likeness: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    best = np.zeros((likeness.shape[0] + 1, likeness.shape[1] + 1))
    for i in range(1, best.shape[0]):
        for j in range(1, best.shape[1]):
            best[i, j] = max(best[i - 1, j], best[i, j - 1], best[i - 1, j - 1] + likeness[i - 1, j - 1])
    return best


def _jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b) if a and b else 0.0
