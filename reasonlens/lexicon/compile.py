"""Lexicons to the tables that the engine walks: a trie of words, then a trie of phrases.

All entries that agree on case and LaTeX are compiled into one `Machine`, whatever lexicon they
come from, so that counting several lexicons costs little more than counting one.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reasonlens.core.errors import DefinitionError
from reasonlens.text import words

__all__ = ["Item", "Lists", "Machine", "PhraseEnd", "canonical_gap", "compile_items", "fold"]

DEAD, ROOT = 0, 1
_SPACES = re.compile(r"\s+")
_BLANK_LINE = "\0\0"  # equal to no gap of an entry

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Item:
    """One entry to compile: its text, its number, and the number of its category."""

    text: str
    entry: int
    category: int


@dataclass(frozen=True, slots=True)
class PhraseEnd:
    """An entry that ends at a node of the phrase trie; ``head`` and ``tail`` must be there literally."""

    entry: int
    category: int
    head: str
    tail: str


@dataclass(frozen=True, slots=True)
class Lists:
    """Ragged lists in two arrays: list i is ``values[starts[i]:starts[i + 1]]``."""

    starts: Ints
    values: Ints

    @classmethod
    def of(cls, lists: Sequence[Sequence[int]]) -> Lists:
        """Pack `lists`."""
        starts = np.zeros(len(lists) + 1, np.int64)
        np.cumsum([len(x) for x in lists], out=starts[1:])
        return cls(starts, np.array([v for x in lists for v in x], np.int64))

    def expand(self, which: Ints) -> tuple[Ints, Ints]:
        """Return, for the lists numbered `which`, the place in `which` and the value of each item."""
        low, sizes = self.starts[which], self.starts[which + 1] - self.starts[which]
        place = np.repeat(np.arange(len(which)), sizes)
        within = np.arange(len(place)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return place, self.values[np.repeat(low, sizes) + within]


@dataclass(frozen=True, slots=True)
class Machine:
    """Compiled entries.

    A token that ends in node v of the word trie has the code v; one whose walk dies in node v has
    the code v + (number of nodes). Words and phrase nodes are numbered from 0.

    Attributes
    ----------
    alphabet
        Code point to letter, shape (0x110000,); 0 for characters of no entry. Folds case.
    step
        Word trie, shape (nodes, letters): the next node, or 0.
    code_words
        For each code, the words that it is.
    code_single
        For each code, the entries of one word that it is, at most one per category.
    code_open
        For each code, the phrase nodes that it opens and that go on.
    code_checked
        For each code, the phrase nodes where an entry ends that has literal text around it.
    pairs, triples, triple_next
        Sorted keys node * W + word, and (node * W + word) * G + gap with the next phrase node.
    ends
        For each phrase node, the entries that end there.
    goes_on
        For each phrase node, whether a phrase goes on from it.
    gaps
        Every gap between two words of an entry, to its number.
    entry_category
        Entry to category, as far as this machine has them.
    """

    sensitive: bool
    latex: str
    alphabet: npt.NDArray[np.uint16]
    step: npt.NDArray[np.int32]
    code_words: Lists
    code_single: Lists
    code_open: Lists
    code_checked: Lists
    pairs: Ints
    triples: Ints
    triple_next: Ints
    ends: list[list[PhraseEnd]]
    goes_on: npt.NDArray[np.bool_]
    gaps: dict[str, int]
    n_words: int


def fold(text: str, *, sensitive: bool) -> str:
    """Return `text` as the engine compares it: straight apostrophes, lower case unless `sensitive`."""
    plain = text.replace("\u2019", "'")
    if sensitive:
        return plain
    lower = words.lower_table()
    return "".join(chr(lower[ord(char)]) for char in plain)


def canonical_gap(gap: str, *, sensitive: bool) -> str:
    """Return what stands between two words in the form in which gaps are compared.

    White space without a blank line is one space; a blank line equals nothing.
    """
    folded = fold(gap, sensitive=sensitive)
    return _SPACES.sub(lambda m: _BLANK_LINE if m.group().count("\n") > 1 else " ", folded)


def compile_items(items: Iterable[Item], *, sensitive: bool, latex: str) -> Machine:
    """Compile entries of the word rule.

    Raises
    ------
    DefinitionError
        If an entry has no word in it.
    """
    builder = _Builder(sensitive)
    for item in items:
        builder.add(item)
    return builder.machine(latex)


class _Builder:
    def __init__(self, sensitive: bool) -> None:
        self._sensitive = sensitive
        self._letters: dict[str, int] = {}
        self._trie: list[dict[int, int]] = [{}, {}]  # DEAD, ROOT
        self._words: dict[tuple[int, bool], int] = {}  # (node, prefix) -> word
        self._phrases: list[dict[tuple[int, int], int]] = [{}]  # root
        self._ends: list[list[PhraseEnd]] = [[]]
        self._gaps: dict[str, int] = {"": 0, " ": 1, "-": 2}

    def add(self, item: Item) -> None:
        pieces, gaps, head, tail = self._parse(item)
        node = 0
        for (text, prefix), gap in zip(pieces, ["", *gaps], strict=True):
            number = self._gaps.setdefault(gap, len(self._gaps)) if node else -1
            node = self._follow(node, number, self._word(text, prefix))
        self._ends[node].append(PhraseEnd(item.entry, item.category, head, tail))

    def _parse(self, item: Item) -> tuple[list[tuple[str, bool]], list[str], str, str]:
        text = fold(item.text, sensitive=self._sensitive)
        found = words.tokenize(words.codepoints(text))
        spans = list(zip(found.starts.tolist(), found.ends.tolist(), strict=True))
        if not spans:
            raise DefinitionError(f"the entry {item.text!r} has no word in it, so it cannot match")
        pieces, borders = [], []
        for start, end in spans:
            prefix = text[end : end + 1] == "*"
            pieces.append((text[start:end], prefix))
            borders.append((start, end + prefix))
        between = [text[a[1] : b[0]] for a, b in itertools.pairwise(borders)]
        gaps = [canonical_gap(gap, sensitive=self._sensitive) for gap in between]
        return pieces, gaps, text[: borders[0][0]], text[borders[-1][1] :]

    def _word(self, text: str, prefix: bool) -> int:
        node = ROOT
        for char in text:
            letter = self._letters.setdefault(char, len(self._letters) + 1)
            if letter not in self._trie[node]:
                self._trie.append({})
                self._trie[node][letter] = len(self._trie) - 1
            node = self._trie[node][letter]
        return self._words.setdefault((node, prefix), len(self._words))

    def _follow(self, node: int, gap: int, word: int) -> int:
        if (gap, word) not in self._phrases[node]:
            self._phrases.append({})
            self._ends.append([])
            self._phrases[node][gap, word] = len(self._phrases) - 1
        return self._phrases[node][gap, word]

    def machine(self, latex: str) -> Machine:
        step = np.zeros((len(self._trie), len(self._letters) + 1), np.int32)
        for node, edges in enumerate(self._trie):
            for letter, to in edges.items():
                step[node, letter] = to
        meanings = self._meanings()
        root = self._phrases[0]
        opened = [[root[-1, w] for w in found if (-1, w) in root] for found in meanings]
        checked = [[p for p in nodes if any(map(_checked, self._ends[p]))] for nodes in opened]
        n, g = len(self._words), len(self._gaps)
        steps = sorted(
            ((node * n + word) * g + gap, to)
            for node, edges in enumerate(self._phrases)
            if node
            for (gap, word), to in edges.items()
        )
        triples = np.array([key for key, _ in steps], np.int64)
        return Machine(
            sensitive=self._sensitive,
            latex=latex,
            alphabet=self._alphabet(),
            step=step,
            code_words=Lists.of(meanings),
            code_single=Lists.of([self._singles(nodes) for nodes in opened]),
            code_open=Lists.of([[p for p in nodes if self._phrases[p]] for nodes in opened]),
            code_checked=Lists.of(checked),
            pairs=np.unique(triples // g) if len(triples) else triples,
            triples=triples,
            triple_next=np.array([to for _, to in steps], np.int64),
            ends=self._ends,
            goes_on=np.array([bool(edges) for edges in self._phrases]),
            gaps=self._gaps,
            n_words=n,
        )

    def _meanings(self) -> list[list[int]]:
        """Return for each code the words that it is: itself first, then prefixes, longest first."""
        prefixes: list[list[int]] = [[] for _ in self._trie]
        for node, edges in enumerate(self._trie):  # children have larger numbers than their parents
            own = self._words.get((node, True))
            if own is not None:
                prefixes[node] = [own, *prefixes[node]]
            for to in edges.values():
                prefixes[to] = list(prefixes[node])
        exact = [self._words.get((node, False)) for node in range(len(self._trie))]
        ended = [[*([] if w is None else [w]), *prefixes[node]] for node, w in enumerate(exact)]
        return [*ended, *prefixes]

    def _singles(self, nodes: Sequence[int]) -> list[int]:
        chosen: dict[int, int] = {}
        for node in nodes:
            for end in self._ends[node]:
                if not _checked(end):
                    chosen.setdefault(end.category, end.entry)
        return list(chosen.values())

    def _alphabet(self) -> npt.NDArray[np.uint16]:
        table = np.zeros(0x110000, np.uint16)
        lower = words.lower_table()
        for char, letter in self._letters.items():
            if self._sensitive:
                table[ord(char)] = letter
            else:
                table[lower == ord(char)] = letter
            if char == "'":
                table[0x2019] = letter
        return table


def _checked(end: PhraseEnd) -> bool:
    return bool(end.head or end.tail)
