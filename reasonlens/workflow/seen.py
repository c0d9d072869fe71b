"""The trace ids met so far, compact enough for tens of millions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

__all__ = ["Seen"]

_BYTES = 12  # of the id of a trace
_Ids = npt.NDArray[np.bytes_]


class Seen:
    """A growing set of ids in sorted runs, merged so that each is about twice the next.

    An id of 24 hexadecimal digits takes 12 bytes, and as much again while runs are merged: a tenth of a
    Python set. Any other id is kept as its BLAKE2b digest of 12 bytes.

    Examples
    --------
    >>> seen = Seen()
    >>> seen.add(["b", "a"]).tolist(), seen.add(["b", "c"]).tolist()
    ([False, False], [True, False])
    >>> seen.add(["d", "d"]).tolist()
    [False, True]
    """

    def __init__(self) -> None:
        self._runs: list[_Ids] = []

    def __len__(self) -> int:
        return sum(len(run) for run in self._runs)

    def add(self, ids: Iterable[str]) -> npt.NDArray[np.bool_]:
        """Add `ids` and return, in their order, which were in it by then."""
        new = np.array([_packed(each) for each in ids], dtype=f"S{_BYTES}")
        known = np.ones(len(new), dtype=np.bool_)
        known[np.unique(new, return_index=True)[1]] = False
        for run in self._runs:
            at = np.searchsorted(run, new)
            at[at == len(run)] = 0
            known |= run[at] == new
        fresh = np.unique(new[~known])
        if len(fresh):
            self._runs.append(fresh)
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            last = self._runs.pop()
            self._runs[-1] = np.concatenate([self._runs[-1], last])
            self._runs[-1].sort()  # in place: a sorted copy would take as much again
        return known


def _packed(name: str) -> bytes:
    """Return an id as 12 bytes: with one length for all, zeros at the end, which NumPy drops, do no harm."""
    try:
        data = bytes.fromhex(name)
    except ValueError:
        data = b""
    return data if len(data) == _BYTES else hashlib.blake2b(name.encode(), digest_size=_BYTES).digest()
