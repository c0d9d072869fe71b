"""An automaton over bytes and the trie of a vocabulary to `Tables`, in whole arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reasonlens.bans.automaton import Automaton
from reasonlens.bans.tables import Tables
from reasonlens.bans.trie import Trie, trie_of
from reasonlens.bans.vocabulary import Vocabulary

__all__ = ["compile_tables"]

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def compile_tables(
    automaton: Automaton, vocabulary: Vocabulary, policy: str = "complete", release: Sequence[str] = ()
) -> Tables:
    """Return the tables of a ban for one vocabulary.

    Parameters
    ----------
    automaton
        The banned items.
    vocabulary
        The tokens.
    policy
        See `reasonlens.bans.tables.POLICIES`.
    release
        A special token with one of these texts in it ends the ban.
    """
    releasing = [n for n, text in vocabulary.special.items() if any(mark in text for mark in release)]
    return _Compiler(automaton, vocabulary, policy == "complete", releasing).tables()


@dataclass(frozen=True, slots=True)
class _Run:
    """The trie walked from one state: the state at each node, and whether an item was shown."""

    state: npt.NDArray[np.int32]
    hit: Flags


class _Compiler:
    def __init__(
        self, automaton: Automaton, vocabulary: Vocabulary, complete: bool, releasing: list[int]
    ) -> None:
        self._automaton, self._complete, self._releasing = automaton, complete, releasing
        self._trie = trie_of(vocabulary.tokens)
        self._n_tokens = max(1, len(vocabulary))
        self._special = np.array(sorted(vocabulary.special), np.int64)
        self._columns = automaton.byte_class[self._trie.byte]
        self._row_node = _node_of_row(self._trie)
        none = np.zeros(len(automaton.settle), np.bool_)
        self._end = automaton.settle if complete else np.arange(len(none))
        self._stands = automaton.pending if complete else none
        self._number: dict[int, int] = {}  # state of the automaton -> state of the tables
        self._order: list[int] = []
        self._rows: dict[int, Ints] = {}
        self._forbidden: dict[int, Ints] = {}
        self._exceptions: list[tuple[Ints, Ints, Ints]] = []

    def tables(self) -> Tables:
        automaton = self._automaton
        self._add(np.array([0, automaton.border[0]]))
        self._add(np.array([automaton.released]))
        done = 0
        while done < len(self._order):
            fresh = np.array(self._order[done:])
            done = len(self._order)
            self._add(automaton.border[fresh])
            for plain in np.unique(automaton.plain[fresh]):
                self._walk(int(plain), fresh[automaton.plain[fresh] == plain])
        return self._packed()

    def _add(self, states: Ints) -> None:
        for state in np.unique(states).tolist():
            if state not in self._number:
                self._number[state] = len(self._order)
                self._order.append(state)

    def _walk(self, plain: int, states: Ints) -> None:
        run = self._run(plain)
        shown = run.hit | self._stands[run.state]
        base = self._trie.ids[shown[self._row_node]]
        if plain not in self._rows:
            row = np.full(self._n_tokens, -1, np.int64)
            row[self._trie.ids] = self._end[run.state[self._row_node]]
            row[self._releasing] = self._automaton.released
            self._rows[plain] = row
            self._add(row[row >= 0])
        others = states[states != plain]
        if len(others):
            self._differences(others, run)
        for state in states.tolist():
            more = self._forbidden.get(state, np.zeros(0, np.int64))
            if not self._complete and self._automaton.pending[state]:
                more = np.concatenate([more, self._special])  # the text may not end here
            self._forbidden[state] = np.union1d(base, more)

    def _run(self, start: int) -> _Run:
        automaton, trie = self._automaton, self._trie
        state = np.full(len(trie.byte), start, np.int32)
        hit = np.zeros(len(trie.byte), np.bool_)
        for low, high in zip(trie.levels[:-1], trie.levels[1:], strict=True):
            before = state[trie.parent[low:high]] if low else state[low:high]
            column = self._columns[low:high]
            hit[low:high] = automaton.hit[before, column]
            state[low:high] = automaton.step[before, column]  # last: at level 0 it is what was before
            if low:
                hit[low:high] |= hit[trie.parent[low:high]]
        return _Run(state, hit)

    def _differences(self, states: Ints, run: _Run) -> None:
        """Follow the tokens from `states` for as long as they lead elsewhere than from the plain state."""
        automaton, trie = self._automaton, self._trie
        first = np.arange(trie.levels[1]) if len(trie.levels) > 1 else np.zeros(0, np.int64)
        which = np.repeat(np.arange(len(states)), len(first))
        node = np.tile(first, len(states))
        before, hit = states[which], np.zeros(len(which), np.bool_)
        found: list[tuple[Ints, Ints]] = []  # state, row: forbidden
        while len(node):
            column = self._columns[node]
            hit = hit | automaton.hit[before, column]
            here = automaton.step[before, column].astype(np.int64)
            same = here == run.state[node]
            over = np.flatnonzero(same & hit & ~run.hit[node])  # all that starts so is forbidden
            found.append(_expand(which[over], trie.row[node[over], 0], trie.row[node[over], 1]))
            on = np.flatnonzero(~same)
            which, node, here, hit = which[on], node[on], here[on], hit[on]
            stands = np.flatnonzero(hit | self._stands[here])
            found.append(_expand(which[stands], trie.row[node[stands], 0], trie.row[node[stands], 2]))
            self._except(states, which, node, here, run)
            inner, child = _expand(np.arange(len(node)), trie.child[node], trie.child[node + 1])
            which, node, before, hit = which[inner], child, here[inner], hit[inner]
        owner = np.concatenate([owner for owner, _ in found])
        token = trie.ids[np.concatenate([row for _, row in found])]
        for place in np.unique(owner).tolist():
            self._forbidden[int(states[place])] = np.unique(token[owner == place])

    def _except(self, states: Ints, which: Ints, node: Ints, here: Ints, run: _Run) -> None:
        to = self._end[here]
        away = np.flatnonzero(to != self._end[run.state[node]])
        owner, row = _expand(away, self._trie.row[node[away], 0], self._trie.row[node[away], 2])
        if len(owner):
            self._exceptions.append((states[which[owner]], self._trie.ids[row], to[owner]))
            self._add(to[owner])

    def _packed(self) -> Tables:
        number = np.full(len(self._end) + 1, -1, np.int64)  # the last stays -1, for tokens without bytes
        number[self._order] = np.arange(len(self._order))
        plains = sorted(self._rows, key=self._number.__getitem__)
        row_number = {plain: n for n, plain in enumerate(plains)}
        none = np.zeros(0, np.int64)
        parts = zip(*self._exceptions, strict=True) if self._exceptions else ([none], [none], [none])
        state, token, to = (np.concatenate(list(column)) for column in parts)
        keys = number[state] * self._n_tokens + token
        order = np.argsort(keys)
        lists: dict[bytes, int] = {}
        kept: list[Ints] = []
        list_of = []
        for found in (self._forbidden[s] for s in self._order):
            if found.tobytes() not in lists:
                lists[found.tobytes()] = len(kept)
                kept.append(found)
            list_of.append(lists[found.tobytes()])
        return Tables(
            self._n_tokens,
            int(number[self._automaton.released]),
            np.stack([number[self._rows[plain]] for plain in plains]).astype(np.int32),
            np.array([row_number[int(self._automaton.plain[s])] for s in self._order], np.int32),
            keys[order],
            number[to[order]].astype(np.int32),
            number[self._automaton.border[self._order]].astype(np.int32),
            np.array(list_of, np.int32),
            np.cumsum([0, *map(len, kept)]),
            np.concatenate(kept).astype(np.int32),
        )


def _node_of_row(trie: Trie) -> Ints:
    """Return the node at which each row ends."""
    node = np.zeros(len(trie.ids), np.int64)
    which, row = _expand(np.arange(len(trie.byte)), trie.row[:, 0], trie.row[:, 2])
    node[row] = which
    return node


def _expand(owner: Ints, low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """Return every number of the ranges ``low`` to ``high``, each with its owner."""
    size = high - low
    shift = np.repeat(low - np.cumsum(size) + size, size)
    return np.repeat(owner, size), shift + np.arange(len(shift))
