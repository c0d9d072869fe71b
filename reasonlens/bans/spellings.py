"""In how many ways a vocabulary can spell a word."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from functools import cache

from reasonlens.bans.folding import variants
from reasonlens.bans.static import plain
from reasonlens.bans.vocabulary import Vocabulary

__all__ = ["Spellings"]


class Spellings:
    """The tokens that are pieces of some words, and the sequences that they make.

    A spelling is a sequence of tokens whose text is the word in any case, with one character of white
    space before it or none, and one where a phrase has a space.

    Parameters
    ----------
    vocabulary
        The tokens.
    words
        The words that will be asked for.
    """

    def __init__(self, vocabulary: Vocabulary, words: Sequence[str]) -> None:
        letters = {folded(char) for word in words for char in plain(word)} | {" "}
        longest = max((len(plain(word)) for word in words), default=0) + 1
        self._ids: dict[str, list[int]] = {}
        for number, data in enumerate(vocabulary.tokens):
            if not data or len(data) > 4 * longest:
                continue
            text = "".join(map(folded, data.decode("utf-8", "replace")))
            if len(text) <= longest and letters.issuperset(text):
                self._ids.setdefault(text, []).append(number)

    def count(self, word: str, without: Collection[int] = ()) -> int:
        """Return the number of spellings of `word` that use none of the tokens `without`.

        Examples
        --------
        >>> vocabulary = Vocabulary((b"wa", b" wa", b"it", b"wait", b"IT"), {})
        >>> found = Spellings(vocabulary, ["wait"])
        >>> found.count("wait"), found.count("wait", without=[3])
        (5, 4)
        """
        banned = frozenset(without)
        return sum(self._ways(text, banned) for text in self._texts(word))

    def _texts(self, word: str) -> tuple[str, str]:
        text = "".join(map(folded, plain(word)))
        return text, " " + text

    def _ways(self, text: str, banned: frozenset[int]) -> int:
        ways = [1] + [0] * len(text)
        for end in range(1, len(text) + 1):
            for start in range(end):
                if text[:end] == " ":
                    continue  # a space of its own before the word is no part of a spelling
                free = sum(i not in banned for i in self._ids.get(text[start:end], ()))
                ways[end] += ways[start] * free
        return ways[-1]

    def shortest(self, word: str, n: int = 6) -> list[tuple[int, ...]]:
        """Return the first spellings by number of tokens."""
        found: list[tuple[int, ...]] = []
        for pieces in range(1, len(word) + 2):
            for text in self._texts(word):
                found += itertools.islice(self._of_length(text, pieces), n - len(found))
            if len(found) >= n:
                break
        return found[:n]

    def _of_length(self, text: str, pieces: int) -> list[tuple[int, ...]]:
        if pieces == 1:
            return [(number,) for number in self._ids.get(text, ())]
        found = []
        for end in range(1, len(text)):
            heads = self._ids.get(text[:end], ()) if text[:end] != " " else ()
            if heads:
                tails = self._of_length(text[end:], pieces - 1)
                found += [(head, *tail) for head in heads for tail in tails]
        return found


@cache
def folded(char: str) -> str:
    """Return one character that stands for all variants of `char`."""
    return " " if char.isspace() else chr(min(variants(char)))
