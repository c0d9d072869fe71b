"""Code points to few classes, and UTF-8 to a small machine over bytes.

All characters that no item treats differently are one class: some tens of classes for a hundred
items. The bytes of a character are read by *nodes*, one per different set of outcomes, so that the
thousands of characters nobody asked for cost two or three nodes together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from reasonlens.bans.items import STAR, Element, Item
from reasonlens.text import words

__all__ = ["Alphabet", "Decoder", "alphabet_of", "decoder_of"]

_SIZE = 0x110000
_LATIN_END = 0x250
_WORD = (words.LETTER, words.NUMBER, words.UNDERSCORE)
_CORE, _SPACE, _STAR, _BACKSLASH = 1, 2, 4, 8

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Alphabet:
    """Classes of characters.

    Attributes
    ----------
    classes
        The class of each code point, shape (0x110000,).
    sample
        A code point of each class, shape (classes,).
    core, space, star, backslash
        What the characters of each class are, shape (classes,): word characters, white space, what
        goes on a word after ``*``, the backslash (only if commands are spared).
    other
        The class of U+FFFD, as which broken UTF-8 is read.
    """

    classes: npt.NDArray[np.uint16]
    sample: Ints
    core: npt.NDArray[np.bool_]
    space: npt.NDArray[np.bool_]
    star: npt.NDArray[np.bool_]
    backslash: npt.NDArray[np.bool_]
    other: int


def alphabet_of(items: Sequence[Item], latex: str = "count") -> Alphabet:
    """Return the classes that `items` need.

    Word characters are letters, numbers and ``_``: of ASCII and Latin only, as long as no item
    has others. That is stricter than the lexicon (a word beside a Cyrillic letter counts as
    whole), and keeps the tables small.
    """
    elements = [element for item in items for element in item.elements]
    wanted = {code for element in elements for code in element.codes}
    written = [ord(char) for item in items for char in item.text]
    wide = any(code >= _LATIN_END and words.classes()[code] in _WORD for code in written)
    starred = any(element.kind == STAR for element in elements)
    return _numbered(*_base(wide, starred, latex == "skip"), wanted, elements)


@cache
def _base(wide: bool, starred: bool, spared: bool) -> tuple[npt.NDArray[np.uint8], Ints, Ints]:
    """Return the flags of every code point, their distinct values, and a code point of each."""
    kinds = words.classes()
    flags = np.where(np.isin(kinds, _WORD), _CORE, 0).astype(np.uint8)
    if not wide:
        flags[_LATIN_END:] = 0
        flags[0x80:0xC0] = 0
    flags[kinds == words.SPACE] |= _SPACE
    if starred:
        going_on = np.arange(_SIZE) >= 0x80
        going_on[[ord("'"), *np.flatnonzero(flags[:0x80] & _CORE)]] = True
        flags[going_on & (kinds != words.SPACE)] |= _STAR
    if spared:
        flags[ord("\\")] |= _BACKSLASH
    flags.setflags(write=False)
    values, first = np.unique(flags, return_index=True)
    return flags, values.astype(np.int64), first.astype(np.int64)


def _numbered(
    flags: npt.NDArray[np.uint8], values: Ints, first: Ints, wanted: set[int], elements: Sequence[Element]
) -> Alphabet:
    of_flag = np.zeros(256, np.uint16)
    of_flag[values] = np.arange(len(values))
    classes = of_flag[flags]
    sample = first.tolist()
    marks = [int(value) for value in values]
    known: dict[tuple[frozenset[int], int], int] = {}
    group = {code: element.codes for element in elements for code in element.codes}
    for code in sorted(wanted):
        key = (group[code], int(flags[code]))
        if key not in known:
            known[key] = len(sample)
            sample.append(code)
            marks.append(key[1])
        classes[code] = known[key]
    bits = np.array(marks, np.uint8)
    at = np.array(sample, np.int64)
    core, space, star, backslash = ((bits & bit) != 0 for bit in (_CORE, _SPACE, _STAR, _BACKSLASH))
    return Alphabet(classes, at, core, space, star, backslash, int(classes[0xFFFD]))


@dataclass(frozen=True, slots=True)
class Decoder:
    """UTF-8, byte by byte. Node 0 is between characters.

    Attributes
    ----------
    klass
        The class of the character that a byte completes, shape (nodes, bytes); -1 if none.
    node
        The node after the byte, shape (nodes, bytes); -1 where a byte cannot follow: what was read
        so far is then broken (U+FFFD), and the byte is read again at node 0.
    byte_class
        Each byte's class, shape (256,); the columns above are of classes of bytes.
    """

    klass: Ints
    node: Ints
    byte_class: npt.NDArray[np.uint8]


def decoder_of(alphabet: Alphabet) -> Decoder:
    """Return the machine that reads the bytes of characters as their classes."""
    builder = _Nodes()
    packed = alphabet.classes.tobytes()
    blocks = [packed[at : at + 128] for at in range(0, len(packed), 128)]  # 64 characters of two bytes
    known = {block: builder.leaf(np.frombuffer(block, np.uint16)) for block in dict.fromkeys(blocks)}
    leaves = np.array([known[block] for block in blocks], np.int64)
    root_klass, root_node = np.full(256, -1, np.int64), np.full(256, -1, np.int64)
    root_klass[:0x80] = alphabet.classes[:0x80]
    root_klass[0x80:] = alphabet.other
    root_node[:0x80], root_node[0x80:] = 0, 0
    for lead in range(0xC2, 0xF5):
        root_klass[lead] = -1
        root_node[lead] = _lead(builder, leaves, lead)
    klass = np.stack([root_klass, *(k for k, _ in builder.rows)])
    node = np.stack([root_node, *(n for _, n in builder.rows)])
    columns = np.concatenate([klass, node])
    kept, byte_class = np.unique(columns, axis=1, return_inverse=True)
    half = len(klass)
    return Decoder(kept[:half], kept[half:], byte_class.reshape(-1).astype(np.uint8))


def _lead(builder: _Nodes, leaves: Ints, lead: int) -> int:
    if lead < 0xE0:
        return int(leaves[lead & 0x1F])
    if lead < 0xF0:
        below = leaves[(lead & 0x0F) * 64 : (lead & 0x0F) * 64 + 64].copy()
        if lead == 0xE0:
            below[:32] = -1
        if lead == 0xED:
            below[32:] = -1
        return builder.inner(below)
    middle = np.full(64, -1, np.int64)
    for second in range(64):
        start = ((lead & 0x07) * 64 + second) * 64
        if 0x400 <= start < _SIZE // 64:
            middle[second] = builder.inner(leaves[start : start + 64])
    return builder.inner(middle)


class _Nodes:
    """Nodes 1, 2, ...; equal ones are one."""

    def __init__(self) -> None:
        self.rows: list[tuple[Ints, Ints]] = []
        self._known: dict[bytes, int] = {}

    def leaf(self, classes: npt.NDArray[np.uint16]) -> int:
        return self._add(classes.astype(np.int64), np.zeros(64, np.int64))

    def inner(self, nodes: Ints) -> int:
        return self._add(np.full(64, -1, np.int64), nodes)

    def _add(self, klass: Ints, node: Ints) -> int:
        key = klass.tobytes() + node.tobytes()
        if key not in self._known:
            row_klass, row_node = np.full(256, -1, np.int64), np.full(256, -1, np.int64)
            row_klass[0x80:0xC0], row_node[0x80:0xC0] = klass, node
            self.rows.append((row_klass, row_node))
            self._known[key] = len(self.rows)
        return self._known[key]
