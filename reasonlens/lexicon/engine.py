"""Find the entries of a machine in a stretch of text, in whole arrays at a time.

Passes: tokens to codes, by the number that their first letters make, and by a walk of the word trie for
the few that may be longer words; entries of one word; phrases, only from tokens that
open one. Entries of one word never overlap each other within a category, so overlaps are looked for only
where a phrase stands.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reasonlens.lexicon.compile import canonical_gap
from reasonlens.lexicon.machine import Flags, Ints, Machine
from reasonlens.lexicon.spelling import ROOT, SETTLED
from reasonlens.text import words
from reasonlens.text.words import AnyCodes, Tokens

__all__ = ["BORDER", "Found", "find"]

BORDER = "\n\n"
"""Stands between two texts that are searched together: nothing matches across a blank line."""

_LINE_FEED, _SPACE, _HYPHEN, _CURLY = map(ord, "\n -\u2019")


@dataclass(frozen=True, slots=True)
class Found:
    """All places where an entry fits, overlaps included.

    Attributes
    ----------
    start, end, entry
        Half-open places and entries.
    alone
        Whether nothing of the machine can overlap this hit within its category.
    """

    start: Ints
    end: Ints
    entry: Ints
    alone: Flags


_Several = tuple[Ints, Ints, Ints, Ints, Ints]
"""Hits of phrases: first token, last token, start, end, entry."""


@dataclass(frozen=True, slots=True)
class _Text:
    """Characters, tokens, and the code of each token, with one more 0 after the last."""

    codes: AnyCodes
    tokens: Tokens
    code: Ints


def find(machine: Machine, codes: AnyCodes, tokens: Tokens) -> Found:
    """Return every place where an entry fits.

    Parameters
    ----------
    machine
        The compiled entries.
    codes
        The text: several texts with `BORDER` before the first, between them and after the last.
    tokens
        Its tokens.
    """
    text = _Text(codes, tokens, _read(machine, codes, tokens))
    single, entry = machine.singles.expand(text.code)
    first, last, start, end, more = _phrases(machine, text)
    alone = np.zeros(len(single) + len(more), np.bool_)
    alone[: len(single)] = ~_covered(len(tokens.starts), first, last)[single]
    return Found(
        np.concatenate([tokens.starts.take(single), start]),
        np.concatenate([tokens.ends.take(single), end]),
        np.concatenate([entry, more]),
        alone,
    )


def _covered(n_tokens: int, first: Ints, last: Ints) -> Flags:
    """Tell which tokens lie within a phrase."""
    covered = np.zeros(n_tokens, np.bool_)
    sizes = last - first + 1
    shift = np.repeat(first - np.cumsum(sizes) + sizes, sizes)
    covered[shift + np.arange(len(shift))] = True
    return covered


def _read(machine: Machine, codes: AnyCodes, tokens: Tokens) -> Ints:
    """Return the code of each token, 0 for tokens that are no word of any entry, and a last 0."""
    code, walking, node = machine.spelling.read(codes, tokens)
    code[walking] = _walk(machine, codes, tokens, walking, node)
    if machine.latex == "skip":
        code[np.flatnonzero(tokens.is_command)] = 0
    return np.append(code, 0)


def _walk(machine: Machine, codes: AnyCodes, tokens: Tokens, which: Ints, node: Ints) -> Ints:
    """Return the codes of some tokens, letter by letter from the nodes where they stand."""
    flat, (nodes, width) = machine.step.ravel(), machine.step.shape
    code = np.zeros(len(which), np.int64)
    index, at, last = np.arange(len(which)), tokens.starts.take(which), tokens.ends.take(which)
    at[node != ROOT] += SETTLED
    while len(index):
        new = flat.take(node * width + machine.alphabet.take(codes.take(at)))
        stuck = np.flatnonzero((new == 0) & machine.prefixed.take(node))
        code[index.take(stuck)] = node.take(stuck) + nodes
        at = at + 1
        alive = new != 0
        over = np.flatnonzero(alive & (at == last))
        code[index.take(over)] = new.take(over)
        on = np.flatnonzero(alive & (at != last))
        index, node, at, last = index.take(on), new.take(on), at.take(on), last.take(on)
    code[~machine.known.take(code)] = 0
    return code


def _phrases(machine: Machine, text: _Text) -> _Several:
    """Return the entries of several words and those with literal text around them."""
    first, node = machine.checked.expand(text.code)
    rows = [_literal_ends(machine, text, first, first, node)]
    first, node = machine.openers.expand(text.code)
    last = first
    while len(node):
        first, last, node = _advance(machine, text, first, last, node)
        which, entry = machine.ends.expand(node)
        a, b = first.take(which), last.take(which)
        rows.append((a, b, text.tokens.starts.take(a), text.tokens.ends.take(b), entry))
        if len(machine.literals):
            rows.append(_literal_ends(machine, text, first, last, node))
        on = machine.goes_on.take(node)
        first, last, node = first[on], last[on], node[on]
    a, b, start, end, entry = (np.concatenate(column) for column in zip(*rows, strict=True))
    return a, b, start, end, entry


def _advance(machine: Machine, text: _Text, first: Ints, last: Ints, node: Ints) -> tuple[Ints, Ints, Ints]:
    """Follow the phrases at `node` by one word; return those that go on."""
    which, word = machine.inner.expand(text.code.take(last + 1))
    pair = node.take(which) * machine.n_words + word
    known = np.flatnonzero(machine.pairs.find(pair))
    which, pair = which.take(known), pair.take(known)
    last = last.take(which) + 1
    gap = _gaps(machine, text.codes, text.tokens.ends.take(last - 1), text.tokens.starts.take(last))
    place = machine.triple_place.find(pair * len(machine.gaps) + gap)
    fits = np.flatnonzero((place > 0) & (gap >= 0))
    return first.take(which.take(fits)), last.take(fits), machine.triple_next.take(place.take(fits) - 1)


def _gaps(machine: Machine, codes: AnyCodes, start: Ints, end: Ints) -> Ints:
    """Return the number of the gap between each two neighbors, -1 if no entry has such a gap."""
    size = end - start
    gap = np.where(size == 0, machine.gaps[""], -1)
    char = codes.take(start)
    gap[(size == 1) & (char == _SPACE)] = machine.gaps[" "]
    gap[(size == 1) & (char == _HYPHEN)] = machine.gaps["-"]
    known: dict[bytes, int] = {}
    for i in np.flatnonzero(gap < 0).tolist():
        raw = codes[start[i] : end[i]].astype(np.uint32).tobytes()
        if raw not in known:
            found = canonical_gap(raw.decode("utf-32-le"), sensitive=machine.sensitive)
            known[raw] = -1 if found is None else machine.gaps.get(found, -1)
        gap[i] = known[raw]
    return gap


def _literal_ends(machine: Machine, text: _Text, first: Ints, last: Ints, node: Ints) -> _Several:
    """Return the entries that end at `node` and whose literal text stands around the tokens."""
    which, number = machine.literal_ends.expand(node)
    first, last = first.take(which), last.take(which)
    start, end = text.tokens.starts.take(first), text.tokens.ends.take(last)
    if not len(number):
        return first, last, start, end, number
    word_before = text.tokens.ends.take(first - 1, mode="clip")  # literal text lies outside words
    before = np.where(first > 0, word_before, 0)
    kinds = machine.literal_kind[number]
    fits = np.zeros(len(number), np.bool_)
    for kind in np.unique(kinds).tolist():
        head, tail = machine.literals[kind]
        here = np.flatnonzero(kinds == kind)
        fore = _literal(machine, text.codes, head[::-1], start[here] - 1, -1) + 1
        aft = _literal(machine, text.codes, tail, end[here], 1)
        good = (fore >= before[here]) & (aft >= 0)
        start[here], end[here], fits[here] = fore, aft, good
    return first[fits], last[fits], start[fits], end[fits], machine.literal_entry[number[fits]]


def _literal(machine: Machine, codes: AnyCodes, wanted: str, at: Ints, step: int) -> Ints:
    """Return where `wanted`, read from `at` in the direction of `step`, is over; -2 if it is not there.

    The blank line around every text keeps the search inside it.
    """
    at = at.copy()
    for char in wanted:
        going = np.flatnonzero(at >= 0)
        if char == " ":
            at[going] = _after_spaces(codes, at[going], step)
            continue
        here = codes.take(at[going])
        same = here == ord(char)
        if char == "'":
            same |= here == _CURLY
        elif not machine.sensitive:
            same |= words.lower_table().take(here) == ord(char)
        at[going] = np.where(same, at[going] + step, -2)
    return at


def _after_spaces(codes: AnyCodes, at: Ints, step: int) -> Ints:
    """Return the place after the white space at `at`, -2 if there is none or a blank line in it."""
    solid = np.flatnonzero(words.look_up(words.classes(), codes) != words.SPACE)
    feeds = np.flatnonzero(codes == _LINE_FEED)
    if step > 0:
        after = np.append(solid, len(codes))[np.searchsorted(solid, at)]
        lines = np.searchsorted(feeds, after) - np.searchsorted(feeds, at)
    else:
        after = np.append(-1, solid)[np.searchsorted(solid, at, side="right")]
        lines = np.searchsorted(feeds, at, side="right") - np.searchsorted(feeds, after, side="right")
    return np.where((after == at) | (lines > 1), -2, after)
