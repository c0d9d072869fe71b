"""Synthetic controls: a trace with markers put in, taken out, or with its sentences in another order.

They tell the effect of the rate of a word from that of the structure it stands for. Nothing is left to
the order of calls or to a library's random numbers: every choice is a hash of the seed, the trace and the
place, so a control is the same everywhere. What was changed is recorded, and `undo` takes it back.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from itertools import accumulate

from reasonlens.core.errors import InputError
from reasonlens.text.edits import Control, Edit, Span, applied, undo
from reasonlens.text.segments import segments
from reasonlens.text.strip import INITIAL_ONLY, strip

__all__ = ["Control", "Edit", "Span", "inject", "needed", "shuffle", "strip", "undo"]

_NO_COMMA = INITIAL_ONLY | {"maybe", "perhaps"}
_OPENER = re.compile(r"[A-Za-z][\w'’]*")
_NO_HOST = re.compile(r"(?:step|case|part|option|answer|question)\b|[a-zA-Z][.)]\s|```", re.IGNORECASE)
_LOWERED = frozenset(
    [
        *("some", "no", "not", "any", "many", "most", "another", "either", "neither", "every", "also"),
        *("thus", "therefore", "hence", "however", "finally", "assume", "suppose", "consider", "note"),
        *("is", "are", "can", "do", "does", "adding", "add", "same", "other", "again", "similarly"),
        *(
            "the",
            "this",
            "that",
            "these",
            "those",
            "there",
            "then",
            "a",
            "an",
            "it",
            "its",
            "we",
            "our",
            "let",
        ),
        *("let's", "so", "now", "if", "since", "because", "for", "from", "to", "in", "on", "by", "as", "but"),
        *(
            "and",
            "or",
            "after",
            "before",
            "when",
            "where",
            "which",
            "what",
            "how",
            "here",
            "first",
            "next",
            "given",
            "using",
        ),
        *(
            "with",
            "each",
            "all",
            "both",
            "one",
            "two",
            "he",
            "she",
            "they",
            "his",
            "her",
            "their",
            "my",
            "you",
        ),
        *("your",),
    ]
)
_ENDED = re.compile(r"[.!?…。！？:;)\]}\"'*$`]\Z")


def needed(n_words: int, n_hits: int, rate: float, words: float = 1.0) -> float:
    """Return how many markers of `words` words each bring a text to `rate` markers per 1,000 words.

    The solution of ``n_hits + n = rate / 1000 (n_words + n words)``; 0 if there are enough.

    Examples
    --------
    >>> needed(990, 0, 10)  # 10 markers in 1,000 words
    10.0
    """
    per_word = rate / 1000
    if per_word * words >= 1:
        raise InputError(f"{rate:g} markers of {words:g} words per 1,000 words is more than a text can hold")
    return max(0.0, (per_word * n_words - n_hits) / (1 - per_word * words))


def inject(text: str, markers: Sequence[tuple[str, float]], wanted: float, *, seed: int, key: str) -> Control:
    """Put markers at the start of sentences drawn at random.

    Each drawn sentence gets one, as in "Wait, the sum is 3": the marker capitalized, a comma
    (not after a conjunction, "maybe" or "perhaps"), and a
    small first letter if the first word is a common one ("The", "So", "Let"). Headings, steps,
    formulas and code get none.

    Parameters
    ----------
    markers
        Markers and weights.
    wanted
        How many; a fraction is rounded at random, up with its probability. At most one per sentence.
    seed, key
        What the draw depends on; the key is the trace's id.

    Examples
    --------
    >>> inject("The sum is 3.", [("wait", 1.0)], 1, seed=0, key="t").text
    'Wait, the sum is 3.'
    """
    hosts = [s for s in segments(text) if _hosts(s.content(text))]
    n = int(wanted) + (_draw(seed, key, "rounding") < wanted - int(wanted))
    order = sorted(range(len(hosts)), key=lambda i: _draw(seed, key, f"place {i}"))
    edits = []
    for i in sorted(order[:n]):
        at = hosts[i].start
        marker = _pick(markers, _draw(seed, key, f"marker {i}"))
        match = _OPENER.match(text, at)
        small = match is not None and match.group().casefold().replace("’", "'") in _LOWERED
        old = text[at] if small and text[at].isupper() else ""
        edits.append(Edit(at, at + len(old), old, f"{_opening(marker)} {old.lower()}"))
    return applied("inject", text, edits, [])


def _opening(marker: str) -> str:
    comma = "" if marker.casefold() in _NO_COMMA else ","
    return f"{marker[:1].upper()}{marker[1:]}{comma}"


def _hosts(content: str) -> bool:
    return bool(_OPENER.match(content)) and not _NO_HOST.match(content) and len(content.split()) > 1


def _pick(markers: Sequence[tuple[str, float]], draw: float) -> str:
    bounds = list(accumulate(weight for _, weight in markers))
    return next(name for (name, _), bound in zip(markers, bounds, strict=True) if draw * bounds[-1] < bound)


def shuffle(text: str, *, seed: int, key: str, keep_last: bool = True) -> Control:
    """Put the sentences into a random order; white space stays where it is, and so does the layout.

    Parameters
    ----------
    keep_last
        Leave the last sentence, which has the answer, in its place.

    Examples
    --------
    >>> shuffle("One. Two. Three. Four. So 5.", seed=2, key="t").text
    'Four. One. Three. Two. So 5.'
    """
    found = segments(text)
    moved = [i for i, s in enumerate(found) if s.content_end > s.start]
    moved = moved[:-1] if keep_last else moved
    drawn = sorted(moved, key=lambda i: _draw(seed, key, f"order {i}"))
    order = list(range(len(found)))
    for place, i in zip(moved, drawn, strict=True):
        order[place] = i
    pieces, glued = [], []
    for place, i in enumerate(order):
        content, space = found[i].content(text), text[found[place].content_end : found[place].end]
        pieces += [content, space]
        if not space and place < len(order) - 1 and content and not _ENDED.search(content):
            glued.append(place)
            pieces.append(" ")
    lengths = tuple((s.content_end - s.start, s.end - s.content_end) for s in found)
    return Control("shuffle", "".join(pieces), (), tuple(order), lengths, tuple(glued))


def _draw(seed: int, key: str, what: str) -> float:
    """Return a number in [0, 1) that depends on the arguments alone."""
    digest = hashlib.blake2b(f"{seed}\x1f{key}\x1f{what}".encode("utf-8", "surrogatepass"), digest_size=7)
    return int.from_bytes(digest.digest()) / 2**56
