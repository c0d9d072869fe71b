"""Whole words at once: the first eight letters of a token are one number, which a table knows or not.

Most tokens are settled so. The few that may be a longer word, or begin with a prefix, go on through the
word trie letter by letter.
"""

from __future__ import annotations

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
class Spelling:
    """The words of a machine as numbers: a letter per byte, from the lowest up.

    Attributes
    ----------
    letters
        Code point to letter, shape (0x110000,); 0 for characters of no entry.
    known
        The numbers of words, and of the first eight letters of longer ones.
    meaning
        For each place in `known`, the code of the word; for a longer word ``-node``, where the walk
        starts: after seven letters, or at the root. 0 for place 0.
    prefixes
        For each two first letters (the second one times 256), whether a prefix may begin so;
        ``None`` if there are no prefixes.
    """

    letters: _Letters
    known: Lookup
    meaning: Ints
    prefixes: Flags | None

    @classmethod
    def of(
        cls, alphabet: npt.NDArray[np.uint16], step: npt.NDArray[np.int32], known: Flags, prefixed: Flags
    ) -> Spelling:
        """Spell the words of the trie `step`; see `reasonlens.lexicon.machine.Machine`."""
        meaning: dict[int, int] = {}
        prefixes = np.zeros((256, 256), np.bool_)
        number, depth, rare = [2**64 - 1] * len(step), [0] * len(step), [False] * len(step)
        for node, letter in zip(*(place.tolist() for place in np.nonzero(step)), strict=True):
            to, at = int(step[node, letter]), depth[node]
            depth[to], number[to], rare[to] = at + 1, number[node], rare[node]
            if at >= _WIDTH:
                continue
            number[to] -= (_OVER - min(letter, _RARE)) << (8 * at)
            rare[to] |= letter >= _RARE
            if rare[to]:
                meaning[number[to]] = -ROOT
            elif at == SETTLED:
                meaning[number[to]] = -node
            elif known[to]:
                meaning[number[to]] = to
            if prefixed[to]:
                first, second = number[to] & 255, number[to] >> 8 & 255
                prefixes[second if at else slice(None), first] = True
        return cls(
            np.minimum(alphabet, _RARE).astype(np.uint8),
            Lookup.of(list(meaning)),
            np.array([0, *meaning.values()], np.int64),
            prefixes.ravel() if prefixes.any() else None,
        )

    def read(self, codes: AnyCodes, tokens: Tokens) -> tuple[Ints, Ints, Ints]:
        """Return the code of each token, and which tokens have to walk from which node to get theirs."""
        numbers = self._numbers(codes, tokens)
        code = self.meaning.take(self.known.find(numbers))
        walking = np.flatnonzero(code < 0)
        node = -code.take(walking)
        code[walking] = 0
        if self.prefixes is not None:
            prefixed = np.flatnonzero(self.prefixes.take((numbers & np.uint64(0xFFFF)).view(np.int64)))
            walking = np.concatenate([walking, prefixed])
            node = np.concatenate([node, np.full(len(prefixed), ROOT)])
        return code, walking, node

    def _numbers(self, codes: AnyCodes, tokens: Tokens) -> _Numbers:
        """Read the first eight letters of each token out of two aligned numbers; `_OVER` after the last."""
        letters = np.append(words.look_up(self.letters, codes), np.zeros(2 * _WIDTH, np.uint8))
        eights: _Numbers = letters[: len(letters) // _WIDTH * _WIDTH].view("<u8")
        place, bit = tokens.starts >> 3, ((tokens.starts & 7) << 3).view(np.uint64)
        low, high = eights.take(place) >> bit, eights.take(place + 1) << (np.uint64(63) - bit) << np.uint64(1)
        return low | high | _AFTER.take(tokens.ends - tokens.starts, mode="clip")
