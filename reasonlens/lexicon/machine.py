"""Compiled entries: the tables that the engine walks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reasonlens.lexicon.lists import Flags, Ints, Lists
from reasonlens.lexicon.lookup import Lookup
from reasonlens.lexicon.spelling import Spelling

__all__ = ["Flags", "Ints", "Lists", "Machine"]


@dataclass(frozen=True, slots=True)
class Machine:
    """Entries of the word rule that agree on case and LaTeX, in tables.

    A token whose walk through the word trie ends in node v has the code v; one whose walk dies in
    node v has the code v + (number of nodes). Words and phrase nodes are numbered from 0.

    Attributes
    ----------
    alphabet
        Code point to letter, shape (0x110000,); 0 for characters of no entry. Folds case.
    step
        Word trie, shape (nodes, letters): the next node, or 0.
    prefixed
        For each node, whether a prefix ends there or before.
    known
        For each code, whether it is any word.
    spelling
        The words as numbers.
    singles
        For each code, the entries of one word that it is, at most one per category.
    openers
        For each code, the phrase nodes that it opens and that go on.
    checked
        For each code, the phrase nodes where an entry with literal text around it ends.
    inner
        For each code, the words that it is, of those that follow another in some phrase.
    pairs
        Keys ``node * n_words + word`` of all steps of the phrase trie.
    triples, triple_next
        Sorted keys ``(node * n_words + word) * len(gaps) + gap``, and the next phrase node.
    triple_place
        The same keys, to be looked up.
    ends
        For each phrase node, the entries that end there and have no literal text around.
    literal_ends
        For each phrase node, the numbers of the literal ends there.
    literal_entry, literal_kind
        For each literal end, its entry and the number of its (head, tail).
    literals
        Each (head, tail): text that must stand right before and right after; " " is white space.
    goes_on
        For each phrase node, whether a phrase goes on from it.
    gaps
        Every gap between two words of an entry, to its number.
    """

    sensitive: bool
    latex: str
    alphabet: npt.NDArray[np.uint16]
    step: npt.NDArray[np.int32]
    prefixed: Flags
    known: Flags
    spelling: Spelling
    singles: Lists
    openers: Lists
    checked: Lists
    inner: Lists
    pairs: Lookup
    triples: Ints
    triple_next: Ints
    triple_place: Lookup
    ends: Lists
    literal_ends: Lists
    literal_entry: Ints
    literal_kind: Ints
    literals: tuple[tuple[str, str], ...]
    goes_on: Flags
    gaps: dict[str, int]
    n_words: int
