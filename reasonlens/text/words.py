"""The word rule: what a word is, the same for matching and for every denominator.

1. A *token* is a maximal run of letters, numbers, ``_``, and marks that follow one of these.
2. An apostrophe (``'`` or ``’``) between two letters joins them: "let's" is one token.
3. Han, kana, Thai, Lao, Khmer and Burmese are written without spaces: each letter is a token.
4. A token right after a backslash is a LaTeX command.
5. A *word* is a token with at least one letter that is no LaTeX command: numbers are no words.

The classes of characters come from a table that ships with the package (Unicode's general
categories and scripts of one version), so that results do not depend on the Python version.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "APOSTROPHE",
    "LETTER",
    "MARK",
    "NUMBER",
    "OTHER",
    "SPACE",
    "SPACELESS",
    "UNDERSCORE",
    "AnyCodes",
    "Tokens",
    "capitals",
    "classes",
    "codepoints",
    "count_words",
    "look_up",
    "lower_table",
    "narrow_codepoints",
    "tokenize",
]

OTHER, LETTER, MARK, NUMBER, UNDERSCORE, SPACELESS, APOSTROPHE, SPACE = range(8)
_FILE = Path(__file__).with_name("word_table.bin")
_SIZE = 0x110000
_BACKSLASH = ord("\\")

Codes = npt.NDArray[np.uint32]
AnyCodes = npt.NDArray[np.unsignedinteger[Any]]
Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a text: half-open places of characters, and what each token is.

    All four arrays have one item per token, in the order of the text.
    """

    starts: Places
    ends: Places
    is_word: Flags
    is_command: Flags


@cache
def _tables() -> tuple[npt.NDArray[np.uint8], Codes, Codes]:
    raw = zlib.decompress(_FILE.read_bytes(), bufsize=2 * _SIZE)
    kinds = np.frombuffer(raw, np.uint8, _SIZE)
    lower = np.arange(_SIZE, dtype=np.uint32)
    pairs = np.frombuffer(raw, "<u4", offset=_SIZE).reshape(-1, 2)
    lower[pairs[:, 0]] = pairs[:, 1]
    lower.setflags(write=False)
    return kinds, lower, pairs


def classes() -> npt.NDArray[np.uint8]:
    """Return the class of every code point, shape (0x110000,)."""
    return _tables()[0]


def lower_table() -> Codes:
    """Return the simple lower-case mapping of every code point, shape (0x110000,).

    One character to one character: a text keeps its length, and offsets stay valid.
    """
    return _tables()[1]


def capitals() -> Codes:
    """Return each code point that `lower_table` changes, and what it becomes, shape (n, 2)."""
    return _tables()[2]


def codepoints(text: str) -> Codes:
    """Return the code points of `text`, shape (len(text),)."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def narrow_codepoints(text: str) -> AnyCodes:
    """Return the code points of `text` as bytes if it is ASCII, else as `codepoints` does."""
    return np.frombuffer(text.encode("ascii"), np.uint8) if text.isascii() else codepoints(text)


def look_up(table: npt.NDArray[np.uint8], codes: AnyCodes) -> npt.NDArray[np.uint8]:
    """Return what `table`, of one byte per code point, has for each of `codes`."""
    if codes.dtype == np.uint8:
        return np.frombuffer(codes.tobytes().translate(table[:256].tobytes()), np.uint8)
    return table.take(codes)


# What `tokenize` asks about a character, one bit each.
_CORE, _MARK, _LETTERED, _JOINED, _LETTER, _APOSTROPHE, _SINGLE = (1 << bit for bit in range(7))
_BITS = {
    LETTER: _CORE | _LETTERED | _JOINED | _LETTER,
    MARK: _MARK | _JOINED,
    NUMBER: _CORE,
    UNDERSCORE: _CORE,
    SPACELESS: _LETTERED | _SINGLE,
    APOSTROPHE: _APOSTROPHE,
}

Bits = npt.NDArray[np.uint8]


@cache
def _bits() -> Bits:
    of_class = np.array([_BITS.get(kind, 0) for kind in range(8)], np.uint8)
    return of_class[classes()]


def tokenize(codes: AnyCodes) -> Tokens:
    """Find the tokens of a text given as code points.

    Examples
    --------
    >>> found = tokenize(codepoints("let's go, 2x"))
    >>> list(zip(found.starts.tolist(), found.ends.tolist()))
    [(0, 5), (6, 8), (10, 12)]
    """
    bits = look_up(_bits(), codes)
    seen = int(np.bitwise_or.reduce(bits)) if len(bits) else 0
    starts, ends = _runs(bits, has_marks=bool(seen & _MARK))
    if seen & _SINGLE:
        single = np.flatnonzero((bits & _SINGLE) != 0)
        starts = np.concatenate([starts, single])
        ends = np.concatenate([ends, single + 1])
        order = np.argsort(starts, kind="stable")
        starts, ends = starts[order], ends[order]
    command = codes.take(starts - 1, mode="clip") == _BACKSLASH
    if len(starts) and starts[0] == 0:
        command[0] = False
    return Tokens(starts, ends, _lettered(bits, starts, ends) & ~command, command)


def _runs(bits: Bits, *, has_marks: bool) -> tuple[Places, Places]:
    inside = (bits & (_CORE | _MARK)) != 0
    at = np.flatnonzero((bits & _APOSTROPHE) != 0)
    at = at[(at > 0) & (at < len(bits) - 1)]
    inside[at] = (bits[at - 1] & _JOINED != 0) & (bits[at + 1] & _LETTER != 0)
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    if len(bits) and inside[0]:
        edges = np.concatenate([[0], edges])
    if len(edges) % 2:
        edges = np.append(edges, len(bits))
    starts, ends = edges[0::2].copy(), edges[1::2].copy()
    marks = np.flatnonzero((bits.take(starts) & _MARK) != 0) if has_marks and len(starts) else starts[:0]
    if not len(marks):
        return starts, ends
    core = np.append(
        np.flatnonzero((bits & _CORE) != 0), len(bits)
    )  # marks alone are no token and start none
    starts[marks] = core[np.searchsorted(core, starts[marks])]
    keep = starts < ends
    return starts[keep], ends[keep]


def _lettered(bits: Bits, starts: Places, ends: Places) -> Flags:
    """Tell which tokens have a letter: most start or end with one, longer ones are searched."""
    if not len(starts):
        return np.zeros(0, np.bool_)
    lettered: Flags = ((bits.take(starts) | bits.take(ends - 1)) & _LETTERED) != 0
    rest = np.flatnonzero(~lettered & (ends - starts > 2))
    if len(rest):
        sizes = ends[rest] - starts[rest]
        first = np.cumsum(sizes) - sizes
        inside = np.repeat(starts[rest] - first, sizes) + np.arange(first[-1] + sizes[-1])
        lettered[rest] = (np.bitwise_or.reduceat(bits.take(inside), first) & _LETTERED) != 0
    return lettered


def count_words(text: str, latex: str = "skip") -> int:
    """Return the number of words of `text`; with ``latex="count"`` LaTeX commands are words too.

    Examples
    --------
    >>> count_words("Wait, 2 times 3 is 3\\\\times 2."), count_words("等等wait")
    (4, 3)
    """
    codes = codepoints(text)
    found = tokenize(codes)
    if latex == "skip":
        return int(np.count_nonzero(found.is_word))
    return int(np.count_nonzero(_lettered(_bits().take(codes), found.starts, found.ends)))
