"""Entries of the word rule to a `Machine`: a trie of words, then a trie of phrases over words.

All entries that agree on case and LaTeX go into one machine, whatever lexicon they come from, so
that counting several lexicons costs little more than counting one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reasonlens.core.errors import DefinitionError
from reasonlens.lexicon.lists import Lists
from reasonlens.lexicon.lookup import Lookup
from reasonlens.lexicon.machine import Machine
from reasonlens.lexicon.spelling import ROOT, Spelling
from reasonlens.text import words

__all__ = ["Item", "Parsed", "canonical_gap", "compile_items", "fold", "parse", "parse_all"]

_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Item:
    """One entry to compile: its parts, its number, its category, its place among entries of equal span."""

    parsed: Parsed
    entry: int
    category: int
    rank: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """An entry taken apart.

    Attributes
    ----------
    pieces
        Each word in compared form, and whether it is a prefix.
    gaps
        What stands between the words, in compared form.
    head, tail
        What stands before the first and after the last word and must be there literally.
    """

    pieces: tuple[tuple[str, bool], ...]
    gaps: tuple[str, ...]
    head: str
    tail: str

    @property
    def specificity(self) -> tuple[int, int]:
        """Sorts the more specific of two entries first: fewer prefixes, then more characters."""
        stars = sum(prefix for _, prefix in self.pieces)
        parts = [*(text for text, _ in self.pieces), *self.gaps, self.head, self.tail]
        return stars, -sum(map(len, parts))


def fold(text: str, *, sensitive: bool) -> str:
    """Return `text` as the engine compares it: straight apostrophes, lower case unless `sensitive`."""
    plain = text.replace("\u2019", "'")
    if sensitive:
        return plain
    lower = words.lower_table().take(words.codepoints(plain))
    return lower.tobytes().decode("utf-32-le", "surrogatepass")


def canonical_gap(gap: str, *, sensitive: bool) -> str | None:
    """Return a gap between two words of a text as gaps are compared: white space is one space.

    ``None`` if it has white space with a blank line, which nothing spans.
    """
    if any(run.count("\n") > 1 for run in _SPACES.findall(gap)):
        return None
    return _SPACES.sub(" ", fold(gap, sensitive=sensitive))


def parse(text: str, *, sensitive: bool) -> Parsed:
    """Take an entry apart; see `parse_all`.

    Examples
    --------
    >>> parse("Not good*!", sensitive=False)
    Parsed(pieces=(('not', False), ('good', True)), gaps=(' ',), head='', tail='!')
    """
    return parse_all([text], sensitive=sensitive)[0]


def parse_all(texts: Sequence[str], *, sensitive: bool) -> list[Parsed]:
    """Take entries apart, many at a time.

    Raises
    ------
    DefinitionError
        If one has no word in it.
    """
    lines = [_SPACES.sub(" ", fold(text, sensitive=sensitive)).strip() for text in texts]
    found = words.tokenize(words.codepoints("\n".join(lines)))
    spans = list(zip(found.starts.tolist(), found.ends.tolist(), strict=True))
    parsed, low, at = [], 0, 0
    for text, line in zip(texts, lines, strict=True):
        high = at
        while high < len(spans) and spans[high][0] < low + len(line):
            high += 1
        if high == at:
            raise DefinitionError(
                f"the entry {text!r} has no word in it, so whole words cannot match it; "
                "use match = 'substring' in a lexicon of its own"
            )
        parsed.append(_parsed(line, [(start - low, end - low) for start, end in spans[at:high]]))
        low, at = low + len(line) + 1, high
    return parsed


def _parsed(line: str, spans: Sequence[tuple[int, int]]) -> Parsed:
    pieces, borders = [], [0]
    for start, end in spans:
        prefix = line[end : end + 1] == "*"
        pieces.append((line[start:end], prefix))
        borders += [start, end + prefix]
    between = [line[a:b] for a, b in zip(borders[::2], [*borders[1::2], len(line)], strict=True)]
    return Parsed(tuple(pieces), tuple(between[1:-1]), between[0], between[-1])


def compile_items(items: Iterable[Item], *, sensitive: bool, latex: str) -> Machine:
    """Compile entries of the word rule."""
    builder = _Builder(sensitive)
    for item in sorted(items, key=lambda item: item.rank):
        builder.add(item)
    return builder.machine(latex)


class _Builder:
    """Grows both tries; entries come in order of rank, so the first of several is the one to take."""

    def __init__(self, sensitive: bool) -> None:
        self._sensitive = sensitive
        self._letters: dict[str, int] = {}
        self._trie: list[dict[int, int]] = [{}, {}]  # the dead node, the root
        self._words: dict[tuple[int, bool], int] = {}  # (node, prefix) -> word
        self._phrases: list[dict[tuple[int, int], int]] = [{}]  # (gap, word) -> node; gap -1 opens
        self._ends: list[list[Item]] = [[]]
        self._literal_ends: list[list[int]] = [[]]
        self._literal_entries: list[tuple[int, int]] = []  # entry, kind
        self._literals: dict[tuple[str, str], int] = {}
        self._gaps: dict[str, int] = {"": 0, " ": 1, "-": 2}

    def add(self, item: Item) -> None:
        parsed = item.parsed
        node = 0
        for (text, prefix), gap in zip(parsed.pieces, ("", *parsed.gaps), strict=True):
            number = self._gaps.setdefault(gap, len(self._gaps)) if node else -1
            node = self._follow(node, number, self._word(text, prefix))
        around = (parsed.head, parsed.tail)
        if any(around):
            kind = self._literals.setdefault(around, len(self._literals))
            self._literal_ends[node].append(len(self._literal_entries))
            self._literal_entries.append((item.entry, kind))
        else:
            self._ends[node].append(item)

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
            self._literal_ends.append([])
            self._phrases[node][gap, word] = len(self._phrases) - 1
        return self._phrases[node][gap, word]

    def machine(self, latex: str) -> Machine:
        meanings = self._meanings()
        opened = [[self._phrases[0][-1, w] for w in ws if (-1, w) in self._phrases[0]] for ws in meanings]
        steps = self._steps()
        inner = {word for edges in self._phrases[1:] for _, word in edges}
        triples = np.array([key for key, _ in steps], np.int64)
        alphabet, step = self._alphabet(), self._step()
        known = np.array([bool(ws) for ws in meanings])
        prefixed = known[len(self._trie) :]
        return Machine(
            sensitive=self._sensitive,
            latex=latex,
            alphabet=alphabet,
            step=step,
            prefixed=prefixed,
            known=known,
            spelling=Spelling.of(alphabet, step, known, {node for node, prefix in self._words if prefix}),
            singles=Lists.of([self._singles(nodes) for nodes in opened]),
            openers=Lists.of([[p for p in nodes if self._phrases[p]] for nodes in opened]),
            checked=Lists.of([[p for p in nodes if self._literal_ends[p]] for nodes in opened]),
            inner=Lists.of([[w for w in ws if w in inner] for ws in meanings]),
            pairs=Lookup.of(sorted({key // len(self._gaps) for key, _ in steps})),  # np.unique loads np.ma
            triples=triples,
            triple_next=np.array([to for _, to in steps], np.int64),
            triple_place=Lookup.of(triples.tolist()),
            ends=Lists.of([[item.entry for item in _one_each(items)] for items in self._ends]),
            literal_ends=Lists.of(self._literal_ends),
            literal_entry=np.array([entry for entry, _ in self._literal_entries], np.int64),
            literal_kind=np.array([kind for _, kind in self._literal_entries], np.int64),
            literals=tuple(self._literals),
            goes_on=np.array([bool(edges) for edges in self._phrases]),
            gaps=self._gaps,
            n_words=len(self._words),
        )

    def _step(self) -> npt.NDArray[np.int32]:
        step = np.zeros((len(self._trie), len(self._letters) + 1), np.int32)
        for node, edges in enumerate(self._trie):
            for letter, to in edges.items():
                step[node, letter] = to
        return step

    def _steps(self) -> list[tuple[int, int]]:
        n, g = len(self._words), len(self._gaps)
        return sorted(
            ((node * n + word) * g + gap, to)
            for node, edges in enumerate(self._phrases)
            if node
            for (gap, word), to in edges.items()
        )

    def _meanings(self) -> list[list[int]]:
        """Return for each code the words that it is: itself and every prefix of it."""
        prefixes: list[list[int]] = [[] for _ in self._trie]
        for node, edges in enumerate(self._trie):  # children have larger numbers than their parents
            own = self._words.get((node, True))
            if own is not None:
                prefixes[node] = [own, *prefixes[node]]
            for to in edges.values():
                prefixes[to] = prefixes[node]
        exact = [self._words.get((node, False)) for node in range(len(self._trie))]
        ended = [[*([] if w is None else [w]), *prefixes[node]] for node, w in enumerate(exact)]
        return [*ended, *prefixes]

    def _singles(self, nodes: Sequence[int]) -> list[int]:
        items = sorted((item for node in nodes for item in self._ends[node]), key=lambda item: item.rank)
        return [item.entry for item in _one_each(items)]

    def _alphabet(self) -> npt.NDArray[np.uint16]:
        table = np.zeros(0x110000, np.uint16)
        for char, letter in self._letters.items():
            table[ord(char)] = letter
        if not self._sensitive:
            table[words.capitals()[:, 0]] = table[words.capitals()[:, 1]]
        table[0x2019] = table[ord("'")]
        return table


def _one_each(items: Iterable[Item]) -> list[Item]:
    """Return the first item of each category: the others have the same span and come after it."""
    chosen: dict[int, Item] = {}
    for item in items:
        chosen.setdefault(item.category, item)
    return list(chosen.values())
