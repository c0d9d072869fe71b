"""Find every hit of compiled entries in a stretch of text, in whole arrays at a time.

Passes: tokens; walk of the word trie (only tokens that are still alive); entries of one word;
phrases (only from tokens that open one); then, per category, leftmost-longest.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reasonlens.lexicon.compile import ROOT, Ints, Machine, canonical_gap
from reasonlens.text import words
from reasonlens.text.words import Codes, Tokens

__all__ = ["Hits", "find", "leftmost_longest"]

_LONG_GAP = 64  # characters; no gap of an entry is longer
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Hits:
    """Hits as arrays: half-open character places, entry and category."""

    start: Ints
    end: Ints
    entry: Ints
    category: Ints

    @classmethod
    def none(cls) -> Hits:
        """Return no hits."""
        empty = np.zeros(0, np.int64)
        return cls(empty, empty, empty, empty)

    def take(self, which: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Hits:
        """Return some of the hits."""
        return Hits(self.start[which], self.end[which], self.entry[which], self.category[which])

    def plus(self, other: Hits) -> Hits:
        """Return both."""
        if not len(other.start):
            return self
        pairs = ((self.start, other.start), (self.end, other.end))
        more = ((self.entry, other.entry), (self.category, other.category))
        return Hits(*(np.concatenate(pair) for pair in (*pairs, *more)))


def find(machine: Machine, codes: Codes, tokens: Tokens, categories: Ints) -> Hits:
    """Return every candidate: all places where an entry fits, overlaps included.

    Parameters
    ----------
    machine
        The compiled entries.
    codes
        The text.
    tokens
        Its tokens.
    categories
        The category of each entry.
    """
    kept = tokens.starts, tokens.ends
    place = np.arange(len(tokens.starts))
    if machine.latex == "skip" and tokens.is_command.any():
        place = np.flatnonzero(~tokens.is_command)
        kept = tokens.starts[place], tokens.ends[place]
    code = np.zeros(len(tokens.starts), np.int64)
    code[place] = _walk(machine, codes, *kept)
    at = np.flatnonzero(code)
    which, entry = machine.code_single.expand(code[at])
    single = at[which]
    hits = Hits(tokens.starts[single], tokens.ends[single], entry, categories[entry])
    return hits.plus(_phrases(machine, codes, tokens, code, at))


def _walk(machine: Machine, codes: Codes, starts: Ints, ends: Ints) -> Ints:
    """Return the code of each token, 0 for tokens that are no word of any entry."""
    result = np.zeros(len(starts), np.int64)
    flat, width = machine.step.ravel(), machine.step.shape[1]
    alphabet, nodes = machine.alphabet, machine.step.shape[0]
    prefixed = np.diff(machine.code_words.starts)[nodes:] > 0
    has_prefix = bool(prefixed.any())
    index = np.arange(len(starts))
    node = np.full(len(starts), ROOT, np.int32)
    at = starts.astype(np.int64)
    last = ends
    while len(index):
        new = flat[node * width + alphabet[codes[at]]]
        alive = new > 0
        if has_prefix:
            dead = ~alive
            stuck = dead & prefixed[node]
            result[index[stuck]] = node[stuck].astype(np.int64) + nodes
        live = np.flatnonzero(alive)
        index, node, at, last = index[live], new[live], at[live] + 1, last[live]
        ended = at == last
        if ended.any():
            result[index[ended]] = node[ended]
            going = np.flatnonzero(~ended)
            index, node, at, last = index[going], node[going], at[going], last[going]
    means = np.diff(machine.code_words.starts) > 0
    result[~means[result]] = 0
    return result


def _phrases(machine: Machine, codes: Codes, tokens: Tokens, code: Ints, at: Ints) -> Hits:
    """Return the candidates of more than one word, and those with literal text around them."""
    hits = Hits.none()
    which, node = machine.code_checked.expand(code[at])
    hits = hits.plus(_ended(machine, codes, tokens, at[which], at[which], node, checked=True))
    which, node = machine.code_open.expand(code[at])
    first = last = at[which]
    while len(node):
        following = last + 1
        inside = following < len(code)
        first, following, node = first[inside], following[inside], node[inside]
        which, word = machine.code_words.expand(code[following])
        first, following, node = first[which], following[which], node[which]
        pair = node * machine.n_words + word
        known = _member(machine.pairs, pair)
        first, following, pair = first[known], following[known], pair[known]
        gap = _gaps(machine, codes, tokens.ends[following - 1], tokens.starts[following])
        fits = gap >= 0
        first, following, pair, gap = first[fits], following[fits], pair[fits], gap[fits]
        key = pair * len(machine.gaps) + gap
        known = _member(machine.triples, key)
        first, last = first[known], following[known]
        node = machine.triple_next[np.searchsorted(machine.triples, key[known])]
        hits = hits.plus(_ended(machine, codes, tokens, first, last, node, checked=False))
        on = machine.goes_on[node]
        first, last, node = first[on], last[on], node[on]
    return hits


def _member(keys: Ints, values: Ints) -> npt.NDArray[np.bool_]:
    if not len(keys):
        return np.zeros(len(values), np.bool_)
    at = np.searchsorted(keys, values)
    at[at == len(keys)] = 0
    found: npt.NDArray[np.bool_] = keys[at] == values
    return found


def _gaps(machine: Machine, codes: Codes, start: Ints, end: Ints) -> Ints:
    """Return the number of the gap between each two neighbours, -1 if no entry has such a gap."""
    size = end - start
    gap = np.full(len(start), -1, np.int64)
    gap[size == 0] = machine.gaps[""]
    one = np.flatnonzero(size == 1)
    char = codes[start[one]]
    gap[one] = np.where(char == 32, machine.gaps[" "], np.where(char == 45, machine.gaps["-"], -1))
    rest = np.flatnonzero((size > 0) & (gap < 0))
    known: dict[bytes, int] = {}
    for i in rest.tolist():
        raw = codes[start[i] : end[i]].tobytes()
        if raw not in known:
            text = raw.decode("utf-32-le", "surrogatepass")
            known[raw] = machine.gaps.get(canonical_gap(text, sensitive=machine.sensitive), -1)
        gap[i] = known[raw]
    return gap


def _ended(
    machine: Machine, codes: Codes, tokens: Tokens, first: Ints, last: Ints, node: Ints, *, checked: bool
) -> Hits:
    """Return the entries that end at `node`; with `checked`, only those with literal text around."""
    rows = []
    for a, b, n in zip(first.tolist(), last.tolist(), node.tolist(), strict=True):
        start, end = int(tokens.starts[a]), int(tokens.ends[b])
        for found in machine.ends[n]:
            if checked and not (found.head or found.tail):
                continue
            span = _around(machine, codes, start, end, found.head, found.tail)
            if span:
                rows.append((*span, found.entry, found.category))
    return Hits(*np.array(rows, np.int64).T) if rows else Hits.none()


def _around(
    machine: Machine, codes: Codes, start: int, end: int, head: str, tail: str
) -> tuple[int, int] | None:
    """Return the span with its literal text, or ``None`` if that is not there."""
    if tail:
        after = _literal(machine, codes, tail, end, forward=True)
        if after is None:
            return None
        end = after
    if head:
        before = _literal(machine, codes, head, start, forward=False)
        if before is None:
            return None
        start = before
    return start, end


def _literal(machine: Machine, codes: Codes, wanted: str, at: int, *, forward: bool) -> int | None:
    near = codes[at : at + _LONG_GAP] if forward else codes[max(0, at - _LONG_GAP) : at]
    text = near.tobytes().decode("utf-32-le", "surrogatepass")
    for size in range(1, len(text) + 1):
        piece = text[:size] if forward else text[-size:]
        if canonical_gap(piece, sensitive=machine.sensitive) == wanted:
            return at + size if forward else at - size
    return None


def leftmost_longest(hits: Hits) -> Hits:
    """Resolve overlaps within each category: the leftmost hit, then the longest, then the first entry.

    Returns
    -------
    Hits
        Sorted by category, then place.
    """
    order = np.lexsort((hits.entry, -hits.end, hits.start, hits.category))
    hits = hits.take(order)
    n = len(hits.start)
    if n < 2:
        return hits
    far = int(hits.end.max()) + 1
    base = hits.category * far  # categories follow each other without overlap
    start, end = hits.start + base, hits.end + base
    reach = np.maximum.accumulate(end)
    free = np.ones(n, np.bool_)
    free[1:] = start[1:] >= reach[:-1]
    if free.all():
        return hits
    keep = np.ones(n, np.bool_)
    heads = np.flatnonzero(free)
    sizes = np.diff(np.append(heads, n))
    for head, size in zip(heads[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True):
        stop = 0
        for i in range(head, head + size):
            if start[i] >= stop:
                stop = end[i]
            else:
                keep[i] = False
    return hits.take(keep)


Finder = Callable[[Codes, Tokens], Hits]
"""What any other kind of entry offers: text and tokens in, candidates out."""


def codes_of(texts: list[str]) -> tuple[Codes, Ints]:
    """Join texts with a border that nothing matches across; return code points and each text's start."""
    border = "\0\n\n\0"
    starts = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(t) + len(border) for t in texts], out=starts[1:])
    return words.codepoints(border.join([*texts, ""])), starts
