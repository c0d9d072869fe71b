"""Leaks: banned words that stand in finished texts all the same, found without the automaton.

A regular expression per entry, with the lexicon's table of word characters and Python's case folding:
it shares no code with what forbids tokens, so that a mistake there shows here. What the lexicon
would count is a leak, and so is a word with an apostrophe or a mark right after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from reasonlens.bans.ban import Ban
from reasonlens.text import words

__all__ = ["Audit", "Leak", "audit"]

_CONTEXT = 40  # characters shown on both sides of a leak


@dataclass(frozen=True, slots=True)
class Leak:
    """A banned word in a text: which text (counted from 0), which entry, where, and around it."""

    text: int
    word: str
    start: int
    end: int
    context: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found in the texts of one ban.

    Attributes
    ----------
    n_texts, n_missing
        How many texts were read, and how many there were not.
    leaks
        Number of leaks of each text that was read; missing texts have -1.
    by_word
        Number of leaks of each banned word, the leaking ones only.
    examples
        The first leaks.
    """

    n_texts: int
    n_missing: int
    leaks: tuple[int, ...]
    by_word: dict[str, int]
    examples: tuple[Leak, ...]

    @property
    def n_leaks(self) -> int:
        """Number of leaks in all."""
        return sum(self.by_word.values())

    @property
    def n_leaking(self) -> int:
        """Number of texts with a leak."""
        return sum(n > 0 for n in self.leaks)

    @property
    def rate(self) -> float:
        """Share of texts with a leak; NaN if there is no text."""
        return self.n_leaking / self.n_texts if self.n_texts else float("nan")

    def line(self) -> str:
        """Return the finding as one line.

        Examples
        --------
        >>> audit(["Wait, no", "await"], Ban(["wait"])).line()
        'LEAKS: 1 banned word stands in 1 of 2 texts (wait 1)'
        """
        missing = f"; {self.n_missing} missing" if self.n_missing else ""
        if not self.n_leaks:
            return f"no leak in {self.n_texts} text{'s' * (self.n_texts != 1)}{missing}"
        most = sorted(self.by_word.items(), key=lambda pair: -pair[1])
        listed = ", ".join(f"{word} {n}" for word, n in most[:5]) + (", ..." if len(most) > 5 else "")
        what = "banned word stands" if self.n_leaks == 1 else "banned words stand"
        return f"LEAKS: {self.n_leaks} {what} in {self.n_leaking} of {self.n_texts} texts ({listed}){missing}"


def audit(texts: Iterable[str | None], ban: Ban, *, examples: int = 20) -> Audit:
    """Search finished texts for what was banned.

    Parameters
    ----------
    texts
        The responses under the ban; None where there is none.
    ban
        The ban. Phases are not looked at: give the part of the text for which it held.
    examples
        How many leaks to keep with their places.
    """
    counts: list[int] = []
    by_word: dict[str, int] = {}
    kept: list[Leak] = []
    for number, text in enumerate(texts):
        if text is None:
            counts.append(-1)
            continue
        low = _low(text)
        found = [
            (match.start(), match.end(), word)
            for word in ban.words
            if _sign(word) in low
            for match in pattern(word, ban.match, ban.latex).finditer(text)
        ]
        counts.append(len(found))
        for start, end, word in sorted(found):
            by_word[word] = by_word.get(word, 0) + 1
            if len(kept) < examples:
                around = text[max(0, start - _CONTEXT) : end + _CONTEXT]
                kept.append(Leak(number, word, start, end, around))
    missing = counts.count(-1)
    return Audit(len(counts) - missing, missing, tuple(counts), by_word, tuple(kept))


def _low(text: str) -> str:
    """Return a text in lower case, with the letters that Python takes for an i, s or k as these."""
    if not text.isascii():
        for letter, plain in zip("\u0130\u0131\u017f\u212a", "iisk", strict=True):
            text = text.replace(letter, plain)
    return text.lower()


@lru_cache(maxsize=1024)
def _sign(entry: str) -> str:
    """Return the longest part of an entry that a text must have in lower case, to search few texts."""
    return max(re.findall("[a-z]+", entry.lower(), re.ASCII), key=len, default="")


@lru_cache(maxsize=1024)
def pattern(entry: str, match: str = "word", latex: str = "count") -> re.Pattern[str]:
    """Return an entry as a regular expression."""
    core, gaps = _core(), r"\s+"
    text = " ".join(entry.split())
    if match == "substring":
        return re.compile(f"(?i:{gaps.join(map(_literal, text.split()))})")
    pieces = re.split(r"(?<=[^\s\W])\*|(?<=[\u0300-\u036f])\*", text)
    rest = f"(?:[{core}]|['\u2019]|[^\x00-\x7f\\s])*"
    body = rest.join(gaps.join(_literal(part) for part in piece.split(" ")) for piece in pieces)
    if len(pieces) > 1 and not pieces[-1]:
        body = body[: -len(rest)]
    right = f"(?![{core}])" if pieces[-1] and _ends_in_word(text, core) else ""
    if not re.match(f"[{core}]", text):
        return re.compile(f"(?i:{body}){right}")
    spared = r"(?<!\\.)" if latex == "skip" else ""
    left = f"(?<![{core}].){spared}"  # looked at after the first letter: few places have that
    return re.compile(f"(?i:{body[0]}){left}(?i:{body[1:]}){right}", re.DOTALL)


def _ends_in_word(text: str, core: str) -> bool:
    return bool(re.search(f"[{core}]$", text)) or words.classes()[ord(text[-1])] == words.MARK


def _literal(text: str) -> str:
    return re.sub("['\u2019]", "['\u2019]", re.escape(text))


@cache
def _core() -> str:
    """Return the word characters of scripts with spaces, as the inside of a character class."""
    core = np.isin(words.classes(), (words.LETTER, words.NUMBER, words.UNDERSCORE))
    edges = np.flatnonzero(np.diff(core.astype(np.int8), prepend=0, append=0))
    ranges = zip(edges[::2].tolist(), (edges[1::2] - 1).tolist(), strict=True)
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges)
