"""Does a training problem stand in a benchmark? By its id, or by a run of words that both have.

Thirteen words in a row is the length that Brown et al. 2020 (arXiv 2005.14165, appendix C) use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from reasonlens.distill.shingles import ngrams

__all__ = ["NGRAM", "Benchmarks", "Hit"]

NGRAM = 13


@dataclass(frozen=True, slots=True)
class Hit:
    """A training problem found in a benchmark: which one, which problem of it, and what both have."""

    benchmark: str
    problem_id: str
    how: str
    shared: str = ""


@dataclass(slots=True)
class Benchmarks:
    """The problems of benchmarks, ready to be looked up.

    Parameters
    ----------
    n
        Words in a row. A statement of fewer words is found by its id only: two short texts share all
        their words by chance.
    """

    n: int = NGRAM
    _ids: dict[str, str] = field(default_factory=dict)
    _grams: dict[bytes, tuple[str, str]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The benchmarks that were added, in order."""
        return list(dict.fromkeys(self._ids.values()))

    def add(self, benchmark: str, problems: Iterable[tuple[str, str]]) -> None:
        """Add (problem id, statement) pairs of a benchmark."""
        for problem_id, statement in problems:
            self._ids.setdefault(problem_id, benchmark)
            for gram in self._of(statement):
                self._grams.setdefault(_key(gram), (benchmark, problem_id))

    def find(self, problem_id: str, statement: str) -> Hit | None:
        """Return where a training problem stands, or ``None``."""
        if problem_id in self._ids:
            return Hit(self._ids[problem_id], problem_id, "problem id")
        for gram in sorted(self._of(statement)):
            found = self._grams.get(_key(gram))
            if found:
                return Hit(*found, "words", gram)
        return None

    def _of(self, statement: str) -> set[str]:
        return {gram for gram in ngrams(statement, self.n) if gram.count(" ") == self.n - 1}


def _key(gram: str) -> bytes:
    return hashlib.blake2b(gram.encode("utf-8", "surrogatepass"), digest_size=8).digest()
