"""Whole words at once: the first eight letters of a token are one number, which a table knows or not.

Most tokens are settled so, and with fewer letters of theirs those that begin with a prefix. The few that may
be a longer word go on through the word trie letter by letter.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reasonlens.lexicon.lists import Flags, Ints
from reasonlens.lexicon.lookup import Lookup
from reasonlens.text import words
from reasonlens.text.words import AnyCodes, Tokens

__all__ = ["ROOT", "SETTLED", "Spelling"]

ROOT = 1
"""Of the word trie; node 0 is the dead one."""

SETTLED = 7
"""The most letters of a word that is known from its number alone: the eighth byte says that it is over."""

_WIDTH = SETTLED + 1
_OVER = 255  # stands after the last letter
_RARE = 254  # stands for all letters that have no number of their own

_AFTER = np.array([2**64 - 2 ** (8 * size) for size in range(_WIDTH + 1)], np.uint64)
"""For 0 to 8 letters, the bytes that come after."""

_Letters = npt.NDArray[np.uint8]
_Numbers = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Numbered:
    """Numbers and what they mean.

    Attributes
    ----------
    known
        The numbers.
    meaning
        For each place in `known`, the code of the token; or ``-node``, where the walk starts: after seven
        letters, or at the root. 0 for place 0.
    """

    known: Lookup
    meaning: Ints

    @classmethod
    def of(cls, meaning: Mapping[int, int]) -> Numbered:
        """Index `meaning` by its keys."""
        return cls(Lookup.of(list(meaning)), np.array([0, *meaning.values()], np.int64))

    def find(self, numbers: _Numbers) -> Ints:
        """Return what each number means, 0 if nothing."""
        return self.meaning.take(self.known.find(numbers))


@dataclass(frozen=True, slots=True)
class Spelling:
    """The words of a machine as numbers: a letter per byte, from the lowest up.

    Attributes
    ----------
    letters
        Code point to letter, shape (0x110000,); 0 for characters of no entry.
    words
        Words, and the first eight letters of longer ones.
    prefixes
        Prefixes of up to seven letters.
    sizes
        How many letters they have, the longest first.
    openings
        For each two first letters (the second one times 256), whether one of the prefixes may begin so.
    """

    letters: _Letters
    words: Numbered
    prefixes: Numbered
    sizes: tuple[int, ...]
    openings: Flags

    @classmethod
    def of(
        cls,
        alphabet: npt.NDArray[np.uint16],
        step: npt.NDArray[np.int32],
        known: Flags,
        ends: Collection[int],
    ) -> Spelling:
        """Spell the words of the trie `step` (see `reasonlens.lexicon.machine.Machine`).

        Parameters
        ----------
        ends
            The nodes where a prefix ends.
        """
        whole: dict[int, int] = {}
        prefixes: dict[int, int] = {}
        sizes, openings = set(), np.zeros((256, 256), np.bool_)
        number, depth, rare = [2**64 - 1] * len(step), [0] * len(step), [False] * len(step)
        for node, letter in zip(*(place.tolist() for place in np.nonzero(step)), strict=True):
            to, at = int(step[node, letter]), depth[node]
            depth[to], number[to], rare[to] = at + 1, number[node], rare[node]
            if at >= _WIDTH:
                continue
            number[to] -= (_OVER - min(letter, _RARE)) << (8 * at)
            rare[to] |= letter >= _RARE
            if rare[to] or at == SETTLED:
                whole[number[to]] = -ROOT if rare[to] else -node
            elif known[to]:
                whole[number[to]] = to
            if to in ends and at < SETTLED:
                prefixes[number[to]] = -ROOT if rare[to] else to + len(step)
                sizes.add(at + 1)
                openings[number[to] >> 8 & 255 if at else slice(None), number[to] & 255] = True
        return cls(
            np.minimum(alphabet, _RARE).astype(np.uint8),
            Numbered.of(whole),
            Numbered.of(prefixes),
            tuple(sorted(sizes, reverse=True)),
            openings.ravel(),
        )

    def read(self, codes: AnyCodes, tokens: Tokens) -> tuple[Ints, Ints, Ints]:
        """Return the code of each token, and which tokens have to walk from which node to get theirs."""
        numbers = self._numbers(codes, tokens)
        code = self.words.find(numbers)
        if self.sizes:
            opening = self.openings.take((numbers & np.uint64(0xFFFF)).view(np.int64))
            left = np.flatnonzero((code == 0) & opening)
            for size in self.sizes:
                code[left] = found = self.prefixes.find(numbers.take(left) | _AFTER[size])
                left = left[found == 0]
        walking = np.flatnonzero(code < 0)
        node = -code.take(walking)
        code[walking] = 0
        return code, walking, node

    def _numbers(self, codes: AnyCodes, tokens: Tokens) -> _Numbers:
        """Read the first eight letters of each token out of two aligned numbers; `_OVER` after the last."""
        letters = np.append(words.look_up(self.letters, codes), np.zeros(2 * _WIDTH, np.uint8))
        eights: _Numbers = letters[: len(letters) // _WIDTH * _WIDTH].view("<u8")
        place, bit = tokens.starts >> 3, ((tokens.starts & 7) << 3).view(np.uint64)
        low, high = eights.take(place) >> bit, eights.take(place + 1) << (np.uint64(63) - bit) << np.uint64(1)
        return low | high | _AFTER.take(tokens.ends - tokens.starts, mode="clip")
