"""What a decomposer is: texts in, steps out, with whatever failed as a state of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from reasonlens.structure import Decomposition

__all__ = ["DOMAINS", "Decomposer", "Item", "domain_of"]

DOMAINS = ("math", "code", "science", "puzzle")
"""The four domains of the published prompts."""

_WORDS = {
    "puzzle": ("knight", "kk", "zebra", "puzzle", "logic", "countdown", "sudoku", "bbh", "gym"),
    "code": ("code", "humaneval", "mbpp", "apps", "livecode", "leetcode", "usaco", "swe"),
    "science": ("gpqa", "physics", "chemistry", "biology", "science", "mmlu", "arc", "medqa"),
}


@dataclass(frozen=True, slots=True)
class Item:
    """A text to be decomposed, the problem that it is about, and the benchmark of that."""

    text: str
    problem: str = ""
    dataset: str = ""


class Decomposer(Protocol):
    """Turns texts into steps."""

    @property
    def name(self) -> str:
        """Its identity in the column ``decomposer``."""
        ...

    @property
    def version(self) -> str:
        """Version of its codebook or rules."""
        ...

    @property
    def digest(self) -> str:
        """A digest of all that determines its answers beside the text."""
        ...

    def decompose(
        self, items: Sequence[Item], done: Callable[[int], None] = lambda _: None
    ) -> Iterator[Decomposition]:
        """Yield the steps of each text, in order; `done` is called with numbers of texts that are done."""
        ...


def domain_of(dataset: str) -> str:
    """Return the domain of a benchmark by its name; mathematics if the name says nothing else.

    Examples
    --------
    >>> domain_of("gpqa_diamond"), domain_of("math500"), domain_of("knights_knaves_5ppl")
    ('science', 'math', 'puzzle')
    """
    name = dataset.casefold()
    if "math" in name:  # mmlu_pro_math is mathematics
        return "math"
    return next((domain for domain, words in _WORDS.items() if any(w in name for w in words)), "math")
