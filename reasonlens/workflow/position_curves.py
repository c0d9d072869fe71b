"""Rates of categories along the responses: rows of the ``positions`` table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reasonlens.stats.arrays import cluster_sums, ratio_of_sums
from reasonlens.stats.estimate import LIKE
from reasonlens.stats.word_bins import Bins
from reasonlens.workflow.placed_groups import Question, Side, excluded

__all__ = ["UNIT", "curve_rows", "fineness"]

UNIT = "per 1,000 words"

_JOINED = 4
_FEW_WORDS = 500


def fineness(sides: Sequence[Side], bins: Bins) -> int:
    """Return how many relative bins are joined into one: 1, or 4 where they hold few words.

    Joined are bins of which half of the groups have less than 500 words in each.
    """
    words = [float(side.n_words.sum()) / bins.relative for side in sides if len(side.n_words)]
    few = bool(words) and float(np.median(words)) < _FEW_WORDS
    return _JOINED if few and bins.relative % _JOINED == 0 else 1


def curve_rows(
    side: Side, categories: Sequence[tuple[str, str]], question: Question, text: str, joined: int = 1
) -> list[dict[str, Any]]:
    """Estimate the rate of every category in every bin that a response of `side` reaches.

    A rate is hits over words, both of the bin alone, with the interval of
    `reasonlens.stats.arrays.ratio_of_sums`; ``n_traces`` are the responses with a word in the bin, so
    that an absolute bin says how many were still running.

    Parameters
    ----------
    joined
        How many relative bins make one (see `fineness`).
    """
    bins, (_, problem) = question.bins, np.unique(side.problem, return_inverse=True)
    out, why = excluded([side])
    relative = [range(first, first + joined) for first in range(0, bins.relative, joined)]
    absolute = [range(number, number + 1) for number in range(bins.relative, bins.size)]
    rows: list[dict[str, Any]] = []
    for place, numbers in [*enumerate(relative), *enumerate(absolute)]:
        words = np.sum([bins.words(side.n_words, number) for number in numbers], axis=0)
        running = int(np.count_nonzero(words))
        if not running:
            continue
        sizes = cluster_sums(words, problem.reshape(-1))
        for of, (lexicon, category) in enumerate(categories):
            hits = side.hits[:, of, numbers.start : numbers.stop].sum(axis=1)
            found = ratio_of_sums(hits, sizes, level=question.level, n=running)
            rows.append(
                {
                    "lexicon": lexicon,
                    "category": category,
                    "part": text,
                    "dataset": side.dataset,
                    "group": side.group,
                    "without": side.without,
                    "scale": bins.scale(numbers.start),
                    "bin": place,
                    "start": bins.limits(numbers.start)[0],
                    "end": bins.limits(numbers.stop - 1)[1],
                    "value": found.value,
                    "low": found.low,
                    "high": found.high,
                    "level": found.level,
                    "unit": UNIT,
                    "method": found.method,
                    "estimand": LIKE,
                    "n_problems": found.n_clusters,
                    "n_traces": running,
                    "hits": int(hits.sum()),
                    "words": int(sizes.sum()),
                    "excluded": out,
                    "excluded_why": why,
                    "n_looping": side.n_looping,
                }
            )
    return rows
