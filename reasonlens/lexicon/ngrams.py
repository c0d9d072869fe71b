"""Words and the phrases of up to three of them that a text holds, for finding what is not on a list.

The word rule is that of `reasonlens.text.words`, with what is no language left out. A *term word*

1. is a word of that rule (so no LaTeX command and no number), lower-cased by its table, ``’`` as ``'``;
2. has no digit and no ``_`` (``x_1``, ``2x`` and ``begin_of_thought`` are names);
3. is not a single letter, which in mathematics is a variable, except ``a`` and ``I`` and the letters of
   scripts other than Latin and Greek;
4. is not a tag such as ``<think>`` or ``</think>``.

Two term words are *linked*, and make a phrase, if nothing stands between them but white space without
a blank line, one comma and white space, or one hyphen; in scripts without spaces, if nothing at all
does. The phrase keeps the comma and the hyphen ("wait, but" is not "wait but"); any white space is one
space in it, as in the entry of a lexicon. So no phrase crosses the end of a sentence, a blank line,
a formula, a number or a text.

A *sentence opener* is a term word, alone or with the one or two linked to it, that is the first token
of a sentence. A sentence begins with the text, after a line break, and after ``. ! ? …`` and white
space (not asked for after ``。！？``), whatever signs stand between ("- **Wait**" opens with "wait").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from reasonlens.text.words import NUMBER, SPACE, SPACELESS, UNDERSCORE, classes, lower_table, tokenize

__all__ = ["LINKS", "LONGEST", "Words", "words_of"]

LONGEST = 3
"""Words of the longest phrase."""

LINKS = ("", " ", ", ", "-", "")
"""What stands between two linked words, by `Words.link`; 0 is no link, 4 is nothing at all."""

_FREE, _SPACE, _COMMA, _HYPHEN, _DIRECT = range(5)
_BETWEEN = np.array([10, 10], np.uint32)  # between two texts: a blank line, which ends everything
_BLANK, _BREAK, _STOP, _FULL, _ODD, _OPEN, _CLOSE = (1 << bit for bit in range(7))
_SIGNS = {_BREAK: "\n", _STOP: ".!?…", _FULL: "。！？", _OPEN: "<|/", _CLOSE: ">|"}
_ALPHABETS = ((0, 0x400), (0x2100, 0x2150), (0x1D400, 0x1D800))  # Latin, Greek and letters of formulas

Codes = npt.NDArray[np.uint32]
Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Bits = npt.NDArray[np.uint8]
Links = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Words:
    """The term words of several texts in their order; one item per word, except where said.

    Attributes
    ----------
    codes
        The lower-cased code points of all texts; `starts` and `ends` are half-open places in it.
    text
        The index of the text.
    link
        How the word is linked to the one before it, an index of `LINKS`.
    opens
        Whether the word is the first token of a sentence.
    n_words
        Per text: words of `reasonlens.text.words`, the denominator of every rate per word.
    """

    codes: Codes
    starts: Places
    ends: Places
    text: Places
    link: npt.NDArray[np.uint8]
    opens: Flags
    n_words: Places

    def __len__(self) -> int:
        return len(self.starts)

    def strings(self, places: Places) -> list[str]:
        """Return the words at `places` (indices of words)."""
        if not len(places):
            return []
        starts, sizes = self.starts[places], (self.ends - self.starts)[places]
        # gather the words with a space after each, then let str.split cut them
        ends = np.cumsum(sizes + 1)
        source = np.repeat(starts - (ends - sizes - 1), sizes + 1) + np.arange(ends[-1])
        gathered = self.codes.take(source, mode="clip")
        gathered[ends - 1] = ord(" ")
        return gathered.tobytes().decode("utf-32-le", "surrogatepass").split(" ")[:-1]


def words_of(texts: Sequence[str]) -> Words:
    """Find the term words of `texts`.

    Examples
    --------
    >>> found = words_of(["Wait, let me\\nsee. So $x$ is"])
    >>> found.strings(np.arange(len(found)))
    ['wait', 'let', 'me', 'see', 'so', 'is']
    >>> [LINKS[link] for link in found.link], found.opens.tolist()
    (['', ', ', ' ', ' ', '', ''], [True, False, False, True, True, False])
    """
    raw, borders = _joined(texts)
    found = tokenize(raw)
    text = np.searchsorted(borders, found.starts, side="right") - 1
    n_words = np.bincount(text[found.is_word], minlength=len(texts)).astype(np.int64)
    bits = _bits().take(raw)
    term = found.is_word & _plain(raw, bits, found.starts, found.ends)
    # the end of the token before each one, or the start of its text
    before = np.concatenate([[0], found.ends])[: len(found.starts)]
    first = before < borders[text]
    first[:1] = True
    before[first] = borders[text[first]]
    link, opens = _relations(raw, bits, before, found.starts)
    link[first] = _FREE
    link[1:][~term[:-1]] = _FREE
    opens[first] = True
    lower = lower_table().take(raw)
    lower[lower == ord("’")] = ord("'")
    return Words(lower, found.starts[term], found.ends[term], text[term], link[term], opens[term], n_words)


def _joined(texts: Sequence[str]) -> tuple[Codes, Places]:
    """Return all code points, a blank line after every text, and where each text starts."""
    pieces: list[Codes] = []
    for text in texts:
        pieces.append(np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32))
        pieces.append(_BETWEEN)
    sizes = np.array([len(text) + len(_BETWEEN) for text in texts], np.int64)
    borders = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)[: len(texts)]
    return np.concatenate(pieces or [_BETWEEN]), borders


@cache
def _bits() -> Bits:
    """What matters about each code point between and in words, one bit each."""
    kinds = classes()
    bits = np.zeros(len(kinds), np.uint8)
    bits[kinds == SPACE] = _BLANK
    bits[(kinds == NUMBER) | (kinds == UNDERSCORE)] = _ODD
    for bit, signs in _SIGNS.items():
        bits[[ord(sign) for sign in signs]] |= np.uint8(bit)
    return bits


def _plain(codes: Codes, bits: Bits, starts: Places, ends: Places) -> Flags:
    """Tell which words are language (rules 2 to 4 above)."""
    plain = np.ones(len(starts), np.bool_)
    odd = np.flatnonzero(bits & _ODD)
    inside = np.searchsorted(starts, odd, side="right") - 1
    odd, inside = odd[inside >= 0], inside[inside >= 0]
    plain[inside[odd < ends[inside]]] = False
    one = np.flatnonzero(ends - starts == 1)
    letter = codes.take(starts[one])
    name = classes().take(letter) != SPACELESS
    name &= (letter != ord("a")) & (letter != ord("I"))
    name &= np.logical_or.reduce([(letter >= low) & (letter < high) for low, high in _ALPHABETS])
    plain[one[name]] = False
    tag = (bits.take(starts - 1, mode="clip") & _OPEN != 0) & (bits.take(ends) & _CLOSE != 0)
    plain[tag & (starts > 0)] = False
    return plain


def _relations(codes: Codes, bits: Bits, before: Places, starts: Places) -> tuple[Links, Flags]:
    """Return how each token is linked to the one before it, and whether it opens a sentence."""
    size = starts - before
    link = np.full(len(starts), _FREE, np.uint8)
    between = bits.take(before, mode="clip")
    single = size == 1
    link[single & (between & _BLANK != 0)] = _SPACE
    link[single & (codes.take(before, mode="clip") == ord("-"))] = _HYPHEN
    link[size == 0] = _DIRECT
    opens = single & (between & (_BREAK | _FULL) != 0)
    wide = np.flatnonzero(size > 1)
    if len(wide):
        link[wide], opens[wide] = _wide(codes, bits, before[wide], size[wide])
    return link, opens


def _wide(codes: Codes, bits: Bits, before: Places, size: Places) -> tuple[Links, Flags]:
    """Do the same for tokens with two or more characters before them, gathered one after another."""
    ends = np.cumsum(size)
    offsets = ends - size
    place = np.arange(ends[-1])
    held = bits.take(np.repeat(before - offsets, size) + place)
    blank = held & _BLANK != 0
    solid = np.add.reduceat(~blank, offsets, dtype=np.int64)
    breaks = np.add.reduceat(held & _BREAK != 0, offsets, dtype=np.int64)
    link = np.full(len(size), _FREE, np.uint8)
    link[(solid == 0) & (breaks < 2)] = _SPACE
    link[(solid == 1) & (breaks < 2) & (codes.take(before) == ord(","))] = _COMMA
    # the first stop and the last space: some space follows some stop
    stop = np.minimum.reduceat(np.where(held & _STOP != 0, place, ends[-1]), offsets)
    space = np.maximum.reduceat(np.where(blank, place, -1), offsets)
    full = np.bitwise_or.reduceat(held, offsets) & _FULL != 0
    return link, (breaks > 0) | full | (space > stop)
