"""The lexicon category of a phrase that was found in data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from reasonlens.lexicon.count import match_table
from reasonlens.lexicon.definition import Lexicon

__all__ = ["Place", "categories_of"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a phrase stands in a lexicon: the entry that it is or holds; empty if it holds none."""

    lexicon: str = ""
    category: str = ""
    entry: str = ""


def categories_of(terms: Sequence[str], lexicons: Sequence[Lexicon]) -> list[Place]:
    """Find the entry of each of `terms`, by the lexicon's own rule.

    Of several entries in a phrase the longest hit counts, then the first in the phrase; of several
    lexicons the first that has one.

    Examples
    --------
    >>> from reasonlens.lexicon.definition import from_option
    >>> [p.entry for p in categories_of(["wait, let me", "sum"], [from_option("w=wait,hold on")])]
    ['wait', '']
    """
    rank = {lexicon.name: place for place, lexicon in enumerate(lexicons)}
    best: dict[int, tuple[tuple[int, int, int], Place]] = {}
    traces = pa.table({"trace_id": [str(i) for i in range(len(terms))], "response": list(terms)})
    for hit in match_table(traces, lexicons).to_pylist() if len(terms) and rank else ():
        place = Place(hit["lexicon"], hit["category"], hit["entry"])
        order = (rank[place.lexicon], hit["start"] - hit["end"], hit["start"])
        number = int(hit["trace_id"])
        if number not in best or order < best[number][0]:
            best[number] = order, place
    return [best[i][1] if i in best else Place() for i in range(len(terms))]
