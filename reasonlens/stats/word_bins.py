"""Bins along a response: shares of its words (relative) and numbers of words (absolute).

A relative place says nothing of length (0.5 is word 80 of one response and word 4,000 of another),
an absolute one nothing of how far the response still goes, so both are kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reasonlens.core.errors import StatisticsError

__all__ = ["ABSOLUTE", "RELATIVE", "Bins"]

RELATIVE, ABSOLUTE = "relative", "absolute"

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bins:
    """How responses are cut up.

    Word i (from 0) of a response of N words lies in the relative bin ``floor(relative * i / N)`` and
    in the absolute bin whose edges enclose i. The last absolute bin has no end.

    Parameters
    ----------
    relative
        Number of relative bins, each the same share of the words.
    edges
        Starts of the absolute bins, in words: ascending, the first is 0.
    """

    relative: int = 20
    edges: tuple[int, ...] = (0, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)

    def __post_init__(self) -> None:
        if self.relative < 1:
            raise StatisticsError(f"there must be at least 1 relative bin, got {self.relative}")
        steps = np.diff(np.array(self.edges, np.int64))
        if not self.edges or self.edges[0] != 0 or np.any(steps <= 0):
            raise StatisticsError(f"the edges of absolute bins must ascend from 0, got {list(self.edges)}")

    @property
    def size(self) -> int:
        """Number of all bins: the relative ones come first."""
        return self.relative + len(self.edges)

    def of(self, word: Ints, n_words: Ints) -> tuple[Ints, Ints]:
        """Return the relative and the absolute bin (numbered after the relative ones) of words.

        Parameters
        ----------
        word
            Words before each, less than `n_words`, shape (n,).
        n_words
            Words of the response that each stands in, shape (n,).

        Examples
        --------
        >>> relative, absolute = Bins(4, (0, 100)).of(np.array([0, 5, 150]), np.array([10, 10, 200]))
        >>> relative.tolist(), absolute.tolist()
        ([0, 2, 3], [4, 4, 5])
        """
        absolute = np.searchsorted(np.array(self.edges, np.int64), word, side="right") - 1
        return self.relative * word // np.maximum(n_words, 1), self.relative + absolute

    def words(self, n_words: Ints, number: int) -> Ints:
        """Return how many words of each response lie in the bin `number`, shape (n,).

        Examples
        --------
        >>> bins = Bins(4, (0, 100))
        >>> [bins.words(np.array([10]), number).item() for number in range(4)]  # 0-2, 3-4, 5-7, 8-9
        [3, 2, 3, 2]
        >>> bins.words(np.array([10, 150]), 4).tolist(), bins.words(np.array([10, 150]), 5).tolist()
        ([10, 100], [0, 50])
        """
        if number < self.relative:
            first = -(-number * n_words // self.relative)
            after = -(-(number + 1) * n_words // self.relative)
            return after - first
        start, end = self.limits(number)
        inside: Ints = np.clip(n_words - int(start), 0, None)
        return inside if np.isinf(end) else np.minimum(inside, int(end - start))

    def scale(self, number: int) -> str:
        """Return ``"relative"`` or ``"absolute"``."""
        return RELATIVE if number < self.relative else ABSOLUTE

    def limits(self, number: int) -> tuple[float, float]:
        """Return start and end of a bin: shares of the words, or words (the last end is infinite)."""
        if number < self.relative:
            return number / self.relative, (number + 1) / self.relative
        place = number - self.relative
        end = float(self.edges[place + 1]) if place + 1 < len(self.edges) else np.inf
        return float(self.edges[place]), end
