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

    A text of which a piece has no answer has none: a count without that piece would be too low. Where one
    piece is present, quotes of those that are not are no evidence.
    """
    bad = [piece for piece in pieces if piece.verdict not in (*ANSWERS, "unclear")]
    present = [piece for piece in pieces if piece.verdict == "present"]
    quotes = _union([quote for piece in present or pieces for quote in piece.quotes])
    kept = distinct(quotes)
    label = Label(
        behavior,
        "absent",
        quotes=tuple(quotes),
        n_unverified=sum(q.found not in COUNTED for q in quotes),
        rationale=_joined(p.why for p in pieces if len(pieces) == 1 or p.verdict == "present"),
        problem=_joined(p.problem for p in pieces),
        cost=sum(p.cost for p in pieces),
        end=end,
    )
    if bad:
        where = f"{len(bad)} of {len(pieces)} pieces: " if len(pieces) > 1 else ""
        problem = where + _joined(p.problem for p in bad)
        return replace(label, verdict=min((p.verdict for p in bad), key=_ORDER.index), problem=problem)
    unclear = sum(p.verdict == "unclear" for p in pieces)
    if kept and present:
        less = f"{unclear} of {len(pieces)} pieces unclear: there may be more" if unclear else ""
        return replace(label, verdict="present", count=len(kept), problem=_more(less, label.problem))
    if present:
        return replace(label, verdict="unclear", problem=_more(_no_evidence(quotes), label.problem))
    if unclear:
        return replace(label, verdict="unclear", problem=label.problem or "the judge calls it unclear")
    return replace(label, problem=_more("called absent, with quotes" if kept else "", label.problem))


def sentence_labels(behavior: str, pieces: Sequence[Piece], sentences: Spans, text: str) -> list[Label]:
    """Return one label per sentence; a sentence that a piece names, and calls present, is present."""
    share = sum(p.cost for p in pieces) / max(1, len(sentences))
    settled = [_settled(piece) for piece in pieces]
    found = []
    for number, (start, end) in enumerate(sentences):
        mine = [p for p in settled if number in p.asked]
        label = Label(behavior, "absent", start=start, end=end, cost=share)
        bad = [p for p in mine if p.verdict not in ANSWERS]
        if any(number in p.sentences for p in mine if p.verdict == "present"):
            quote = Quote(start, end, text[start:end], "exact")
            label = replace(label, verdict="present", count=1, quotes=(quote,))
        elif bad or not mine:
            verdict = min((p.verdict for p in bad), key=_ORDER.index, default="failed")
            why = _joined(p.problem for p in bad) or ("the judge calls it unclear" if bad else "")
            label = replace(label, verdict=verdict, problem=why)
        found.append(label)
    if found:  # what concerns the whole text is said once
        odd = any(p.verdict == "absent" and p.sentences for p in pieces)
        found[0] = replace(
            found[0],
            n_unverified=sum(p.strange for p in pieces),
            rationale=_joined(p.why for p in pieces),
            problem=_more("called absent, with sentences" if odd else "", found[0].problem),
        )
    return found


def _settled(piece: Piece) -> Piece:
    """Take "present" without a sentence for what it is without a quote: no answer."""
    if piece.verdict != "present" or piece.sentences:
        return piece
    return replace(piece, verdict="unclear", problem=_more("no sentence is named", piece.problem))


def _no_evidence(quotes: Sequence[Quote]) -> str:
    if any(quote.found == "rejected" for quote in quotes):
        return "no quote counts: too short, from the rules, or words to the judge"
    return "no quote is in the text"


def _union(quotes: list[Quote]) -> list[Quote]:
    """Drop what was quoted twice: the same place, or a passage inside another that is no instance of its own.

    Of two passages inside a third each may be an instance; then all are kept, and two are counted.
    """
    places = list({(q.start, q.end): q for q in reversed(quotes) if q.found in COUNTED}.values())
    places.sort(key=lambda q: (q.start, -q.end))
    outer: list[Quote] = []
    for quote in places:
        if not outer or outer[-1].end < quote.end:
            outer.append(quote)
    kept = outer if len(distinct(outer)) == len(distinct(places)) else places
    return [*kept, *dict.fromkeys(q for q in quotes if q.found not in COUNTED)]


def _joined(texts: Iterable[str]) -> str:
    pieces = [text for text in dict.fromkeys(texts) if text]
    return " / ".join(pieces)[:_LONGEST]


def _more(first: str, rest: str) -> str:
    return "; ".join(text for text in (first, rest) if text)
