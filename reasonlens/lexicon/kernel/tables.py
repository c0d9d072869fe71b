"""Compiled entries in the form that the kernel takes: strings and lists of numbers, one buffer each.

The order of the buffers is that of ``build.h``. A whole word that a token can be, or the longest prefix that
it has, has a *code*, and the lists of a code say all that it is. Codes are in the order of their classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from reasonlens.lexicon.machine import Lists, Machine
from reasonlens.text import words

__all__ = ["tables_of"]


def tables_of(machine: Machine) -> list[bytes]:
    """Return the tables of `machine`, in the kernel's order."""
    whole, prefixes = _codes(machine)
    strings = _strings(machine)
    nodes = machine.step.shape[0]
    codes = [0, *sorted({*whole, *prefixes}, key=lambda code: (_class(machine, code), code))]
    number = {code: place for place, code in enumerate(codes)}
    heads = [_points(head[::-1]) for head, _ in machine.literals]
    gaps = sorted(machine.gaps, key=machine.gaps.__getitem__)
    return [
        _numbers([machine.sensitive, machine.latex == "skip", machine.n_words, len(machine.goes_on)]),
        *_texts(strings[node] for node in whole),
        _numbers([number[code] for code in whole]),
        *_texts(strings[code - nodes] for code in prefixes),
        _numbers([number[code] for code in prefixes]),
        *_lists(_some(machine.singles, codes)),
        *_lists(_some(machine.openers, codes)),
        *_lists(_some(machine.checked, codes)),
        *_lists(_some(machine.inner, codes)),
        _edges(machine),
        *_lists(_all(machine.ends)),
        *_lists(_all(machine.literal_ends)),
        _numbers(machine.literal_entry),
        _numbers(machine.literal_kind),
        *_lists(heads),
        *_lists([_points(tail) for _, tail in machine.literals]),
        *_texts(gaps),
    ]


def _codes(machine: Machine) -> tuple[list[int], list[int]]:
    """Return the codes of the machine that are a whole word, and those that are no more than a prefix."""
    nodes = machine.step.shape[0]
    known = np.flatnonzero(machine.known)
    prefixed = [int(code) for code in known if code >= nodes]
    parents = _parents(machine)
    deepest = [
        code
        for code in prefixed
        if _meaning(machine, code) != _meaning(machine, int(parents[code - nodes]) + nodes)
    ]
    whole = [
        int(code)
        for code in known
        if code < nodes and _meaning(machine, int(code)) != _meaning(machine, int(code) + nodes)
    ]
    return whole, deepest


def _class(machine: Machine, code: int) -> int:
    """Return the place of a code among the others; ``class_of`` in ``build.c`` has the table."""
    hit, inner = machine.singles.sizes[code] > 0, machine.inner.sizes[code] > 0
    if not machine.openers.sizes[code] and not machine.checked.sizes[code]:
        return (5 if inner else 0) if hit else 6
    return (4 if inner else 1) if hit else (3 if inner else 2)


def _meaning(machine: Machine, code: int) -> tuple[tuple[int, ...], ...]:
    lists = (machine.singles, machine.openers, machine.checked, machine.inner)
    return tuple(tuple(each.values[each.starts[code] : each.starts[code + 1]].tolist()) for each in lists)


def _parents(machine: Machine) -> npt.NDArray[np.int64]:
    node, letter = np.nonzero(machine.step)
    parents = np.zeros(machine.step.shape[0], np.int64)
    parents[machine.step[node, letter]] = node
    return parents


def _strings(machine: Machine) -> list[str]:
    """Return the word that each node of the word trie spells, in compared form."""
    used = np.flatnonzero(machine.alphabet)
    same = used if machine.sensitive else used[words.lower_table()[used] == used]
    char = {int(machine.alphabet[code]): chr(code) for code in same.tolist() if code != 0x2019}
    strings = [""] * machine.step.shape[0]
    for node, letter in zip(*(place.tolist() for place in np.nonzero(machine.step)), strict=True):
        strings[machine.step[node, letter]] = strings[node] + char[letter]
    return strings


def _edges(machine: Machine) -> bytes:
    pair, gap = np.divmod(machine.triples, len(machine.gaps))
    node, word = np.divmod(pair, machine.n_words)
    return _numbers(np.stack([node, word, gap, machine.triple_next], axis=1))


def _some(lists: Lists, which: Sequence[int]) -> list[list[int]]:
    return [lists.values[lists.starts[i] : lists.starts[i + 1]].tolist() for i in which]


def _all(lists: Lists) -> list[list[int]]:
    return _some(lists, range(len(lists.sizes)))


def _points(text: str) -> list[int]:
    return [ord(char) for char in text]


def _lists(lists: Sequence[Sequence[int]]) -> tuple[bytes, bytes]:
    starts = np.concatenate([[0], np.cumsum([len(values) for values in lists])])
    return _numbers(starts), _numbers([value for values in lists for value in values])


def _texts(texts: Iterable[str]) -> tuple[bytes, bytes]:
    encoded = [text.encode() for text in texts]
    starts = np.concatenate([[0], np.cumsum([len(text) for text in encoded])])
    return _numbers(starts), b"".join(encoded)


def _numbers(values: npt.ArrayLike) -> bytes:
    return np.asarray(values).astype(np.uint32).tobytes()
