"""From the answers for the pieces of a text to one label per behavior and unit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reasonlens.judges import ANSWERS, Label, Quote, Spans
from reasonlens.judges._quotes import COUNTED, distinct

__all__ = ["Piece", "sentence_labels", "trace_label"]

_LONGEST = 400  # characters of a rationale
_ORDER = ("failed", "refused", "unparsed", "unclear")


@dataclass(frozen=True, slots=True)
class Piece:
    """What became of one behavior in one piece of a text.

    Parameters
    ----------
    verdict
        One of `reasonlens.core.tables.LABEL_VERDICTS`.
    quotes
        Quotes with their places in the whole text.
    sentences
        Places in the list of all sentences that were named, and `asked`, those that were shown.
    strange
        Sentence numbers that do not exist.
    start
        Where the piece begins; answers come in any order.
    """

    verdict: str
    quotes: tuple[Quote, ...] = ()
    sentences: frozenset[int] = frozenset()
    asked: range = range(0)
    strange: int = 0
    why: str = ""
    problem: str = ""
    cost: float = math.nan
    start: int = 0


def trace_label(behavior: str, pieces: Sequence[Piece], end: int) -> Label:
    """Merge the answers for a whole text: present in any piece is present, the same span counts once.

    A text of which a piece has no answer has none: a count without that piece would be too low.
    """
    quotes = _union([quote for piece in pieces for quote in piece.quotes])
    bad = [piece for piece in pieces if piece.verdict not in (*ANSWERS, "unclear")]
    kept = distinct(quotes)
    unverified = sum(q.found not in COUNTED for q in quotes)
    label = Label(
        behavior,
        "absent",
        quotes=tuple(quotes),
        n_unverified=unverified,
        rationale=_joined(p.why for p in pieces if len(pieces) == 1 or p.verdict == "present"),
        problem=_joined(p.problem for p in pieces),
        cost=sum(p.cost for p in pieces),
        end=end,
    )
    if bad:
        where = f"{len(bad)} of {len(pieces)} pieces: " if len(pieces) > 1 else ""
        problem = where + _joined(p.problem for p in bad)
        return replace(label, verdict=min((p.verdict for p in bad), key=_ORDER.index), problem=problem)
    if any(p.verdict == "present" for p in pieces):
        if kept:
            return replace(label, verdict="present", count=len(kept))
        return replace(label, verdict="unclear", problem=_more("no quote is in the text", label.problem))
    if any(p.verdict == "unclear" for p in pieces):
        return replace(label, verdict="unclear", problem=label.problem or "the judge calls it unclear")
    if kept:
        return replace(label, problem=_more("called absent, with quotes", label.problem))
    return label


def sentence_labels(behavior: str, pieces: Sequence[Piece], sentences: Spans, text: str) -> list[Label]:
    """Return one label per sentence; a sentence that any piece names is present."""
    share = sum(p.cost for p in pieces) / max(1, len(sentences))
    strange = sum(p.strange for p in pieces)
    found = []
    for number, (start, end) in enumerate(sentences):
        mine = [p for p in pieces if number in p.asked]
        label = Label(behavior, "absent", start=start, end=end, cost=share)
        bad = [p for p in mine if p.verdict not in ANSWERS]
        if any(number in p.sentences for p in mine if p.verdict in ANSWERS):
            quote = Quote(start, end, text[start:end], "exact")
            label = replace(label, verdict="present", count=1, quotes=(quote,))
        elif bad or not mine:
            verdict = min((p.verdict for p in bad), key=_ORDER.index, default="failed")
            label = replace(label, verdict=verdict, problem=_joined(p.problem for p in bad))
        found.append(label)
    if found:  # what concerns the whole text is said once
        why = _joined(p.why for p in pieces)
        found[0] = replace(found[0], n_unverified=strange, rationale=why)
    return found


def _union(quotes: list[Quote]) -> list[Quote]:
    """Drop what two overlapping pieces both quoted: the same place, or a passage inside another."""
    kept: list[Quote] = []
    for quote in sorted((q for q in quotes if q.found in COUNTED), key=lambda q: (q.start, -q.end)):
        if not kept or kept[-1].end < quote.end:
            kept.append(quote)
    return [*kept, *dict.fromkeys(q for q in quotes if q.found not in COUNTED)]


def _joined(texts: Iterable[str]) -> str:
    pieces = [text for text in dict.fromkeys(texts) if text]
    return " / ".join(pieces)[:_LONGEST]


def _more(first: str, rest: str) -> str:
    return f"{first}; {rest}" if rest else first
