"""Where the steps that somebody wrote stand in the text: verbatim, or by the best monotone alignment.

A step with a quote begins where the quote stands (white space and case aside): ``exact``. One whose quote
was altered, or that has none, is aligned with a sentence: the score of a step and a sentence is the partial
ratio of the quote (at least `NEAR`) or, without a quote, the token-set ratio of question and answer with
that sentence and the next (at least `LIKE`; both of rapidfuzz). Of all assignments that keep the order of
the steps, the one with the largest sum is taken; what is left is ``unplaced``. A step ends where the next
one begins.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from reasonlens.core.errors import MissingExtraError
from reasonlens.structure import Step
from reasonlens.text.segments import segments

__all__ = ["LIKE", "NEAR", "placed"]

NEAR = 85.0
"""Smallest partial ratio, of 100, of a quote that was altered."""

LIKE = 60.0
"""Smallest token-set ratio, of 100, of question and answer with a sentence."""

_EXACT = 1000.0  # more than any sum of scores of other places could gain
_SHORTEST = 8  # characters of a quote: below, nearly anything is near it

Scores = npt.NDArray[np.float64]


def placed(text: str, steps: Sequence[Step]) -> list[Step]:
    """Return the steps with their places in `text`.

    Raises
    ------
    MissingExtraError
        If rapidfuzz is needed and not installed.

    Examples
    --------
    >>> found = placed("First add 2 and 3. Then double it.", [Step("a", quote="then  double"), Step("b")])
    >>> [(s.start, s.end, s.place) for s in found]
    [(19, 34, 'exact'), (-1, -1, 'unplaced')]
    """
    sentences = [s for s in segments(text) if s.content_end > s.start]
    starts = np.array([s.start for s in sentences], dtype=np.int64)
    exact: list[dict[int, int]] = []
    scores = np.zeros((len(steps), len(sentences)))
    for i, step in enumerate(steps):
        hits = _verbatim(text, step.quote)
        found = {int(np.searchsorted(starts, at, side="right")) - 1: at for at in reversed(hits)}
        exact.append({j: at for j, at in found.items() if j >= 0})
        for j in exact[-1]:
            scores[i, j] = _EXACT
    if sentences and any(not found for found in exact):
        _add_near(scores, text, [s.content(text) for s in sentences], steps, exact)
    chosen = _assign(scores)
    begun: list[tuple[int, str]] = []
    for i, j in enumerate(chosen):
        if j < 0:
            begun.append((-1, "unplaced"))
        else:
            begun.append((exact[i][j], "exact") if j in exact[i] else (int(starts[j]), "aligned"))
    return _with_ends(text, steps, begun)


def _verbatim(text: str, quote: str) -> list[int]:
    """Return where a quote stands, white space and case aside."""
    words = quote.strip(" \"'“”…").removesuffix("...").split()
    if not words:
        return []
    pattern = re.compile(r"\s+".join(map(re.escape, words)), re.IGNORECASE)
    return [match.start() for match in pattern.finditer(text)]


def _add_near(
    scores: Scores, text: str, sentences: list[str], steps: Sequence[Step], exact: list[dict[int, int]]
) -> None:
    try:
        from rapidfuzz import fuzz, process
    except ImportError as error:
        raise MissingExtraError("rapidfuzz", "judge", "placing steps that are not verbatim") from error
    longer = [f"{a} {b}" for a, b in zip(sentences, [*sentences[1:], ""], strict=True)]
    for i, step in enumerate(steps):
        if exact[i]:
            continue
        if len(step.quote) >= _SHORTEST:
            ratio, wanted, least, where = fuzz.partial_ratio, step.quote, NEAR, sentences
        else:
            ratio, wanted, least, where = fuzz.token_set_ratio, f"{step.query} {step.answer}", LIKE, longer
        if wanted.strip():
            scores[i] = process.cdist([wanted.casefold()], [w.casefold() for w in where], scorer=ratio)[0]
            # a sentence much shorter than the quote is near a part of it
            if ratio is fuzz.partial_ratio:
                scores[i, [len(w) < len(wanted) / 2 for w in where]] = 0
            scores[i, scores[i] < least] = 0


def _assign(scores: Scores) -> list[int]:
    """Return for each step its sentence (-1: none), in order, with the largest sum; several may share one."""
    n, m = scores.shape
    best = np.zeros((n + 1, m + 1))
    for i in range(n):
        # best[i + 1, j + 1]: steps up to i in sentences up to j
        best[i + 1, 1:] = np.maximum.accumulate(np.maximum(best[i, 1:], best[i, 1:] + scores[i]))
    found = [-1] * n
    j = m
    for i in reversed(range(n)):
        while j > 0 and best[i + 1, j] == best[i + 1, j - 1]:
            j -= 1
        if j > 0 and scores[i, j - 1] > 0 and best[i + 1, j] == best[i, j] + scores[i, j - 1]:
            found[i] = j - 1
    return found


def _with_ends(text: str, steps: Sequence[Step], begun: Sequence[tuple[int, str]]) -> list[Step]:
    result: list[Step] = []
    end = len(text)
    for step, (start, place) in zip(reversed(steps), reversed(begun), strict=True):
        if start < 0 or start >= end:
            result.append(replace(step, start=-1, end=-1, place="unplaced"))
        else:
            result.append(replace(step, start=start, end=end, place=place))
            end = start
    return result[::-1]
