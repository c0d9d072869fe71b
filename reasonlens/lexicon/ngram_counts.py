"""Exact counts of the phrases that occur in many problems, in memory that does not grow with the text.

Most phrases occur in one problem only, and keeping them all is what fills memory. So there are two
passes. The first numbers the words, writes the numbers to a temporary file, and keeps for each of
2^24 hash buckets an upper bound of the number of problems that any phrase in it occurs in. The second
reads the numbers and counts, by their words, the phrases whose bucket reaches the limit. A collision
of hashes only lets a phrase through, and the limit is applied again to the exact numbers: the result
has every phrase that occurs in at least `fewest` problems, with its exact counts, and no other.

Memory: 64 MB of buckets, the distinct words, and the nonzero counts of what is reported.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import IO, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from reasonlens.core.errors import InputError
from reasonlens.lexicon.ngram_sums import Sums, Tally, distinct
from reasonlens.lexicon.ngrams import LINKS, LONGEST, words_of

__all__ = ["Counter", "Counts", "Numbered", "numbered"]

_BUCKETS = 24  # bits
_LINK_BITS, _ID_BITS = 3, 29
_LINK_MASK = (1 << _LINK_BITS) - 1
_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, about 2^64 over the golden ratio

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]
Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of every phrase that occurs in enough problems.

    Attributes
    ----------
    terms
        The phrases, by size, then by code points: whatever the order of the texts was.
    sizes
        Their number of words, shape (number of terms,).
    phrases, openers
        Their counts anywhere, and as openers of a sentence (of those that open sentences in
        enough problems).
    """

    terms: list[str]
    sizes: Ints
    phrases: Tally
    openers: Tally


class Numbered(NamedTuple):
    """The words of some texts as numbers of a list of their own, in the order of first use.

    ``ids`` and ``marks`` (link to the word before, and whether the word opens a sentence) have one item per
    word that can be part of a phrase, ``lengths`` counts them per text; ``n_words`` and ``n_sentences`` count
    all words and the word-opened sentences of each text.
    """

    words: list[str]
    ids: Words
    marks: Bytes
    lengths: Ints
    n_words: Ints
    n_sentences: Ints


def numbered(texts: Sequence[str]) -> Numbered:
    """Find the words of `texts` and number them: all that a `Counter` needs to know of the texts.

    Examples
    --------
    >>> found = numbered(["Wait, no. Wait"])
    >>> found.words, found.ids.tolist(), found.n_sentences.tolist()
    (['wait', 'no'], [0, 1, 0], [2])
    """
    words = words_of(texts)
    strings = words.strings(np.arange(len(words)))
    own = _Numbers()
    ids = np.fromiter(map(own.__getitem__, strings), np.int32, len(strings))
    marks = (words.link | (words.opens.astype(np.uint8) << _LINK_BITS)).astype(np.uint8)
    lengths = np.bincount(words.text, minlength=len(texts)).astype(np.int64)
    sentences = np.bincount(words.text[words.opens], minlength=len(texts)).astype(np.int64)
    return Numbered(list(own), ids, marks, lengths, words.n_words, sentences)


class Counter:
    """Count phrases of texts that come batch by batch.

    Parameters
    ----------
    fewest
        A phrase is reported if it occurs in at least so many problems.
    longest
        Words of the longest phrase, 1 to 3.

    Examples
    --------
    >>> with Counter(fewest=2, longest=2) as counter:
    ...     _ = counter.add(["Wait, no. Wait", "wait. Go on"], problem=[0, 1], cell=[0, 1])
    ...     found = counter.result()
    >>> found.terms, found.phrases.hits.tolist(), found.openers.present.tolist()
    (['wait'], [2, 1], [1, 1])
    """

    def __init__(self, fewest: int, longest: int = LONGEST) -> None:
        if fewest < 1 or not 1 <= longest <= LONGEST:
            raise InputError(
                f"phrases of 1 to {LONGEST} words in at least 1 problem, not {longest}, {fewest}"
            )
        self._fewest, self._longest = fewest, longest
        self._ids = _Numbers()
        self._bound = np.zeros(1 << _BUCKETS, np.int32)
        self._problem_of: dict[int, int] = {}  # of a cell
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="reasonlens-")  # noqa: SIM115 - closed by exit
        self._batches = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, texts: Sequence[str], problem: npt.ArrayLike, cell: npt.ArrayLike) -> tuple[Ints, Ints]:
        """Take a batch of texts; return the words and the word-opened sentences of each.

        Parameters
        ----------
        texts
            The texts.
        problem
            The problem of each, as a number; shape (number of texts,).
        cell
            Where the counts of each text go, as a number below 2^31; a cell is part of one problem.
        """
        return self.take(numbered(texts), problem, cell)

    def take(self, batch: Numbered, problem: npt.ArrayLike, cell: npt.ArrayLike) -> tuple[Ints, Ints]:
        """Do as `add` does with texts whose words were numbered before, perhaps in another process."""
        problems, cells = np.asarray(problem, np.int64), np.asarray(cell, np.int64)
        self._problem_of.update(zip(cells.tolist(), problems.tolist(), strict=True))
        known = np.fromiter(map(self._ids.__getitem__, batch.words), np.int32, len(batch.words))
        ids = known[batch.ids]
        for array in (cells, batch.lengths, ids, batch.marks):
            np.save(self._file, array, allow_pickle=False)
        self._batches += 1
        of_word = np.repeat(problems, batch.lengths)
        for first, key in _hashes(ids, batch.marks & np.uint8(_LINK_MASK), self._longest):
            self._raise_bounds(key, of_word[first])
        return batch.n_words, batch.n_sentences

    def result(self) -> Counts:
        """Return the counts of everything that was added."""
        terms = _Terms()
        sums = Sums(), Sums()
        self._file.seek(0)
        for _ in range(self._batches):
            cells, lengths, ids, marks = (np.load(self._file, allow_pickle=False) for _ in range(4))
            text = np.repeat(np.arange(len(lengths)), lengths)
            for first, term in self._candidates(ids, marks & _LINK_MASK, terms):
                opens = marks[first] > _LINK_MASK
                sums[0].add(term, text[first], cells)
                sums[1].add(term[opens], text[first[opens]], cells)
        phrases, openers = (self._enough(each.total()) for each in sums)
        kept = distinct(phrases.term.copy())
        strings, sizes = terms.strings(list(self._ids), kept)
        order = sorted(range(len(kept)), key=lambda i: (sizes[i], strings[i]))
        place = np.full(len(terms) + 1, -1, np.int64)
        place[kept[order]] = np.arange(len(kept))
        return Counts(
            [strings[i] for i in order],
            sizes[order],
            _renumbered(phrases, place),
            _renumbered(openers, place),
        )

    def _candidates(self, ids: Words, link: Bytes, terms: _Terms) -> Iterator[tuple[Ints, Ints]]:
        """Yield the places and terms of the phrases that may be in enough problems, shortest first."""
        before = np.full(len(ids), -1, np.int64)  # the term of one word less that starts here
        for size, (first, key) in enumerate(_hashes(ids, link, self._longest), start=1):
            first = first[self._bound[_bucket(key)] >= self._fewest]
            if size > 1:
                first = first[before[first] >= 0]
            last = first + size - 1
            linked = link[last] if size > 1 else np.zeros(len(first), np.uint8)
            term = terms.numbers(before[first], linked, ids[last])
            yield first, term
            before = np.full(len(ids), -1, np.int64)
            before[first] = term

    def _enough(self, tally: Tally) -> Tally:
        """Leave out the terms that occur in too few problems."""
        if not len(tally.cell):
            return tally
        problem_of = np.zeros(max(self._problem_of) + 1, np.int64)
        problem_of[list(self._problem_of)] = list(self._problem_of.values())
        span = int(problem_of.max()) + 1
        pairs = distinct(tally.term * span + problem_of[tally.cell])
        n = np.bincount(pairs // span, minlength=int(tally.term.max()) + 1)
        keep = n[tally.term] >= self._fewest
        return Tally(tally.cell[keep], tally.term[keep], tally.hits[keep], tally.present[keep])

    def _raise_bounds(self, key: Keys, problem: Ints) -> None:
        """Add 1 to the bucket of each phrase, once for each run of texts of one problem."""
        buckets = _bucket(key)
        edges = np.flatnonzero(np.diff(problem, prepend=-1, append=-1))
        for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            self._bound[buckets[start:end]] += 1  # a bucket that is there twice gets 1, too


class _Numbers(dict[str, int]):
    """Words by number, in the order of their first use."""

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        return number


class _Terms(dict[int, int]):
    """Phrases by number. The key of one is the phrase of one word less, the link, and the last word."""

    def __missing__(self, key: int) -> int:
        number = self[key] = len(self)
        return number

    def numbers(self, shorter: Ints, link: Bytes, word: Words) -> Ints:
        """Return the numbers of phrases, new ones included; `shorter` is -1 for a single word."""
        keys = ((shorter + 1) << _LINK_BITS | link.astype(np.int64)) << _ID_BITS | word.astype(np.int64)
        return np.fromiter(map(self.__getitem__, keys.tolist()), np.int64, len(keys))

    def strings(self, words: Sequence[str], wanted: Ints) -> tuple[list[str], Ints]:
        """Return the phrases with the numbers `wanted`, and their sizes."""
        keys, strings, sizes = list(self), [], []
        for number in wanted.tolist():
            text, size, key = "", 0, keys[number]
            while True:
                key, word = key >> _ID_BITS, key & ((1 << _ID_BITS) - 1)
                text, size = f"{LINKS[key & _LINK_MASK]}{words[word]}{text}", size + 1
                if key <= _LINK_MASK:
                    break
                key = keys[(key >> _LINK_BITS) - 1]
            strings.append(text)
            sizes.append(size)
        return strings, np.array(sizes, np.int64)


def _hashes(ids: Words, link: Bytes, longest: int) -> Iterator[tuple[Ints, Keys]]:
    """Yield, for 1, 2, ... words, where phrases of that size start and their hashes."""
    first = np.arange(len(ids))
    key = _mixed(ids.astype(np.uint64))
    yield first, key
    for size in range(2, longest + 1):
        last = first + size - 1
        goes_on = np.flatnonzero((last < len(ids)) & (link.take(last, mode="clip") > 0))
        first, last = first[goes_on], last[goes_on]
        added = ids[last].astype(np.uint64) << np.uint64(_LINK_BITS) | link[last].astype(np.uint64)
        key = _mixed(key[goes_on] + added)
        yield first, key


def _mixed(key: Keys) -> Keys:
    mixed = (key + np.uint64(1)) * _MIX
    result: Keys = mixed ^ (mixed >> np.uint64(29))
    return result


def _bucket(key: Keys) -> Ints:
    return (key * _MIX >> np.uint64(64 - _BUCKETS)).astype(np.int64)


def _renumbered(tally: Tally, place: Ints) -> Tally:
    term = place[tally.term]
    order = np.lexsort((term, tally.cell))
    return Tally(tally.cell[order], term[order], tally.hits[order], tally.present[order])
