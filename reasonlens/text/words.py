"""The word rule: what a word is, the same for matching and for every denominator.

1. A *token* is a maximal run of letters, numbers, ``_``, and marks that follow one of these; an
   apostrophe (``'`` or ``’``) joins two letters ("let's" is one token).
2. Han, kana, Thai, Lao, Khmer and Burmese are written without spaces: each letter is a token.
3. A token right after a backslash is a LaTeX command.
4. A *word* is a token with at least one letter that is no LaTeX command: numbers are no words.

The classes of characters come from a table that ships with the package (Unicode's general
categories and scripts of one version), so that results do not depend on the Python version.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

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
    "Tokens",
    "classes",
    "codepoints",
    "count_words",
    "lower_table",
    "tokenize",
]

OTHER, LETTER, MARK, NUMBER, UNDERSCORE, SPACELESS, APOSTROPHE, SPACE = range(8)
_SIZE = 0x110000
_BACKSLASH = ord("\\")

Codes = npt.NDArray[np.uint32]
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
def _tables() -> tuple[npt.NDArray[np.uint8], Codes]:
    packed = resources.files("reasonlens.text").joinpath("word_table.bin").read_bytes()
    raw = zlib.decompress(packed)
    kinds = np.frombuffer(raw, np.uint8, _SIZE)
    lower = np.arange(_SIZE, dtype=np.uint32)
    pairs = np.frombuffer(raw, "<u4", offset=_SIZE).reshape(-1, 2)
    lower[pairs[:, 0]] = pairs[:, 1]
    lower.setflags(write=False)
    return kinds, lower


def classes() -> npt.NDArray[np.uint8]:
    """Return the class of every code point, shape (0x110000,)."""
    return _tables()[0]


def lower_table() -> Codes:
    """Return the simple lower-case mapping of every code point, shape (0x110000,).

    One character to one character: a text keeps its length, and offsets stay valid.
    """
    return _tables()[1]


def codepoints(text: str) -> Codes:
    """Return the code points of `text`, shape (len(text),)."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _flags(*kinds: int) -> Flags:
    table = np.zeros(8, np.bool_)
    table[list(kinds)] = True
    return table


_CORE = _flags(LETTER, NUMBER, UNDERSCORE)
_RUN = _flags(LETTER, NUMBER, UNDERSCORE, MARK)
_JOINED = _flags(LETTER, MARK)
_LETTERS = _flags(LETTER, SPACELESS)


def tokenize(codes: Codes) -> Tokens:
    """Find the tokens of a text given as code points.

    Examples
    --------
    >>> found = tokenize(codepoints("let's go, 2x"))
    >>> list(zip(found.starts.tolist(), found.ends.tolist()))
    [(0, 5), (6, 8), (10, 12)]
    """
    kinds = classes()[codes]
    run = _RUN[kinds]
    _join_apostrophes(kinds, run)
    edges = np.diff(run.view(np.int8), prepend=np.int8(0), append=np.int8(0))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    starts, ends = _without_leading_marks(kinds, starts, ends)
    single = np.flatnonzero(kinds == SPACELESS)
    if len(single):
        starts = np.concatenate([starts, single])
        ends = np.concatenate([ends, single + 1])
        order = np.argsort(starts, kind="stable")
        starts, ends = starts[order], ends[order]
    if not len(starts):
        none = np.zeros(0, np.bool_)
        return Tokens(starts, ends, none, none)
    before = codes[np.maximum(starts - 1, 0)] == _BACKSLASH
    command = before & (starts > 0)
    lettered = np.logical_or.reduceat(_LETTERS[kinds], starts)
    return Tokens(starts, ends, lettered & ~command, command)


def _join_apostrophes(kinds: npt.NDArray[np.uint8], run: Flags) -> None:
    at = np.flatnonzero(kinds == APOSTROPHE)
    at = at[(at > 0) & (at < len(kinds) - 1)]
    joined = _JOINED[kinds[at - 1]] & (kinds[at + 1] == LETTER)
    run[at[joined]] = True


def _without_leading_marks(
    kinds: npt.NDArray[np.uint8], starts: Places, ends: Places
) -> tuple[Places, Places]:
    """Move the start of a run to its first letter, number or ``_``; a run of marks is no token."""
    wrong = np.flatnonzero(kinds[starts] == MARK)
    if not len(wrong):
        return starts, ends
    core = np.flatnonzero(_CORE[kinds])
    first = np.append(core, len(kinds))[np.searchsorted(core, starts[wrong])]
    starts = starts.copy()
    starts[wrong] = first
    keep = starts < ends
    return starts[keep], ends[keep]


def count_words(text: str, latex: str = "skip") -> int:
    """Return the number of words of `text`; with ``latex="count"`` LaTeX commands are words too.

    Examples
    --------
    >>> count_words("Wait, 2 times 3 is 3\\\\times 2."), count_words("等等wait")
    (4, 3)
    """
    codes = codepoints(text)
    found = tokenize(codes)
    if latex == "skip" or not len(found.starts):
        return int(found.is_word.sum())
    lettered = np.logical_or.reduceat(_LETTERS[classes()[codes]], found.starts)
    return int(lettered.sum())
