"""A hash table of whole arrays: which of some known numbers each of many others is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reasonlens.lexicon.lists import Ints

__all__ = ["Lookup"]

_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio: spreads neighbors (Knuth, vol. 3, 6.4)
_LEAST_BITS, _ROOM_BITS = 10, 3  # slots: at least 1024, and 8 to 16 for each number


@dataclass(frozen=True, slots=True)
class Lookup:
    """Different numbers, each with its place, which is counted from 1.

    Attributes
    ----------
    keys
        The numbers; ``keys[0]`` stands for none.
    slots
        The place of the first number with each hash, 0 if there is none.
    following
        For each place, that of the next number with the same hash, or 0.
    shift
        How far down the hash is in the product.
    """

    keys: npt.NDArray[np.uint64]
    slots: npt.NDArray[np.int32]
    following: npt.NDArray[np.int32]
    shift: np.uint64

    @classmethod
    def of(cls, numbers: Sequence[int]) -> Lookup:
        """Index `numbers`, which are different and below 2**64."""
        bits = max(_LEAST_BITS, len(numbers).bit_length() + _ROOM_BITS)
        keys, shift = np.array([0, *numbers], np.uint64), np.uint64(64 - bits)
        slots, following = np.zeros(1 << bits, np.int32), np.zeros(len(keys), np.int32)
        for place, slot in enumerate(((keys * _MIX) >> shift).tolist()):
            if place:
                following[place], slots[slot] = slots[slot], place
        return cls(keys, slots, following, shift)

    def find(self, numbers: Ints | npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
        """Return the place of each number, 0 for those that are not there."""
        numbers = numbers.view(np.uint64)
        place = self.slots.take(((numbers * _MIX) >> self.shift).view(np.int64))
        wrong = np.flatnonzero((self.keys.take(place) != numbers) & (place != 0))
        while len(wrong):
            place[wrong] = further = self.following.take(place.take(wrong))
            wrong = wrong[(self.keys.take(further) != numbers.take(wrong)) & (further != 0)]
        return place
