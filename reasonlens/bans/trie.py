"""The tokens of a vocabulary as a trie over their bytes, in arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Trie", "trie_of"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Trie:
    """Tokens in the order of their bytes (*rows*), and their prefixes (*nodes*) level by level.

    Attributes
    ----------
    ids
        The token of each row; tokens without bytes have none.
    byte
        The last byte of each node.
    levels
        The nodes of level d, prefixes of d + 1 bytes, are ``levels[d]`` up to ``levels[d + 1]``.
    parent
        The node before; -1 for level 0.
    child
        The children of node v are ``child[v]`` up to ``child[v + 1]``.
    row
        The rows that start with node v are ``row[v, 0]`` up to ``row[v, 1]``; those that end there
        come first, up to ``row[v, 2]``.
    """

    ids: Ints
    byte: npt.NDArray[np.uint8]
    levels: Ints
    parent: Ints
    child: Ints
    row: Ints


def trie_of(tokens: Sequence[bytes]) -> Trie:
    """Return the trie of `tokens`.

    Examples
    --------
    >>> trie = trie_of([b"b", b"ab", b"", b"a"])
    >>> trie.ids.tolist(), bytes(trie.byte), trie.parent.tolist()
    ([3, 1, 0], b'abb', [-1, -1, 0])
    """
    order = sorted((number for number, token in enumerate(tokens) if token), key=tokens.__getitem__)
    ids = np.array(order, np.int64)
    size = np.array([len(tokens[number]) for number in order], np.int64)
    data = np.frombuffer(b"".join(tokens[number] for number in order), np.uint8)
    start = np.cumsum(size) - size
    parents, bytes_, rows, levels = [], [], [], [0]
    node = np.full(len(order), -1, np.int64)
    here = np.arange(len(order))
    depth = 0
    while len(here):
        byte = data[start[here] + depth]
        before = node[here]
        fresh = np.ones(len(here), np.bool_)
        fresh[1:] = (byte[1:] != byte[:-1]) | (before[1:] != before[:-1])
        at = np.flatnonzero(fresh)
        node[here] = levels[-1] + np.cumsum(fresh) - 1
        last = np.append(at[1:], len(here)) - 1
        ended = np.add.reduceat(size[here] == depth + 1, at)
        low = here[at]
        rows.append(np.stack([low, here[last] + 1, low + ended], axis=1))
        parents.append(before[at])
        bytes_.append(byte[at])
        levels.append(levels[-1] + len(at))
        depth += 1
        here = here[size[here] > depth]
    parent = np.concatenate(parents) if parents else np.zeros(0, np.int64)
    return Trie(
        ids,
        np.concatenate(bytes_) if bytes_ else np.zeros(0, np.uint8),
        np.array(levels, np.int64),
        parent,
        np.searchsorted(parent, np.arange(levels[-1] + 1)),
        np.concatenate(rows) if rows else np.zeros((0, 3), np.int64),
    )
