"""Whether two steps match by the words they share: a baseline that needs no model.

Texts become bags of words and numbers, weighted by how few steps of the two traces have them (TF-IDF with
``ln((1 + N) / (1 + n)) + 1``), and match if the cosine of the angle between them is large enough. Words that
every step of a problem has therefore count little, but a paraphrase in other words does not match, and a step
about the same things with another aim does.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from reasonlens.structure import Step
from reasonlens.structure.reward import HALF

__all__ = ["STOP", "Lexical", "cosine", "terms"]

_TERM = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
_NUMBER = re.compile(r"-?\d+(?:[.,]\d{3})*(?:\.\d+)?")

STOP = frozenset(
    [
        *(
            "a",
            "an",
            "and",
            "are",
            "as",
            "at",
            "be",
            "but",
            "by",
            "can",
            "could",
            "do",
            "does",
            "for",
            "from",
        ),
        *(
            "had",
            "has",
            "have",
            "he",
            "her",
            "here",
            "hmm",
            "his",
            "i",
            "if",
            "in",
            "is",
            "it",
            "its",
            "just",
        ),
        *("let", "lets", "maybe", "me", "my", "need", "no", "not", "now", "of", "ok", "okay", "on", "or"),
        *("also", "our", "s", "she", "should", "so", "some", "t", "than", "that", "the", "their", "them"),
        *(
            "then",
            "there",
            "these",
            "they",
            "this",
            "to",
            "wait",
            "was",
            "we",
            "well",
            "were",
            "what",
            "when",
        ),
        *("where", "which", "will", "with", "would", "yes", "you"),
    ]
)
"""Words that say nothing of what a step is about."""

Vector = Mapping[str, float]


def terms(text: str) -> Counter[str]:
    """Return the words and numbers of a text that say what it is about.

    Examples
    --------
    >>> sorted(terms("So the cost is 1,250 dollars, and the dollars..."))
    ['1,250', 'cost', 'dollars']
    """
    return Counter(t for t in _TERM.findall(text.casefold()) if t not in STOP)


def cosine(a: Vector, b: Vector) -> float:
    """Return the cosine of the angle between two bags; 0 if either is empty."""
    if len(b) < len(a):
        a, b = b, a
    product = sum(value * b[term] for term, value in a.items() if term in b)
    norms = math.sqrt(sum(v * v for v in a.values())) * math.sqrt(sum(v * v for v in b.values()))
    return product / norms if norms else 0.0


def numbers(text: str) -> set[str]:
    """Return the numbers of a text, without thousands separators and trailing zeros.

    Examples
    --------
    >>> sorted(numbers("1,250.0 - 3 = 1247."))
    ['1247', '1250', '3']
    """
    found = (n.replace(",", "") for n in _NUMBER.findall(text))
    return {n.rstrip("0").rstrip(".") if "." in n else n for n in (m.lstrip("-") for m in found)}


@dataclass(frozen=True, slots=True)
class Lexical:
    """Matches steps by shared words (see the module documentation).

    Parameters
    ----------
    threshold
        Smallest cosine of a match of meta-reasoning or questions.
    """

    threshold: float = 0.3
    _weights: dict[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its identity in the column ``matcher``."""
        return "lexical@1"

    def fitted(self, *plans: Sequence[Step]) -> Lexical:
        """Return a matcher with the weights of the words in these plans."""
        bags = [set(terms(_about(step))) for plan in plans for step in plan]
        counts = Counter(term for bag in bags for term in bag)
        weights = {t: math.log((1 + len(bags)) / (1 + n)) + 1 for t, n in counts.items()}
        return Lexical(self.threshold, weights)

    def meta(self, teacher: Step, student: Step) -> str:
        """Reply by the words of reason and question."""
        return self._reply(_about(teacher), _about(student))

    def query(self, teacher: Step, student: Step) -> str:
        """Reply by the words of the questions; two without any match."""
        if not teacher.query and not student.query:
            return "yes"
        return self._reply(teacher.query, student.query)

    def answer(self, teacher: Step, student: Step) -> str:
        """Reply by the last number that the answers give, or by their words if either has none."""
        mine, other = _NUMBER.findall(teacher.answer), _NUMBER.findall(student.answer)
        if mine and other:
            return "yes" if numbers(mine[-1]) == numbers(other[-1]) else "no"
        if not teacher.answer and not student.answer:
            return "yes"
        return self._reply(teacher.answer, student.answer)

    def table(self, teacher: Sequence[Step], student: Sequence[Step]) -> npt.NDArray[np.float64]:
        """Return what every pair of steps is worth, shape (n_teacher, n_student)."""
        mine = [self._vector(_about(step)) for step in teacher]
        other = [self._vector(_about(step)) for step in student]
        found = np.zeros((len(mine), len(other)))
        for i, a in enumerate(mine):
            for j, b in enumerate(other):
                if cosine(a, b) >= self.threshold:
                    halves = (self.query(teacher[i], student[j]), self.answer(teacher[i], student[j]))
                    found[i, j] = HALF ** sum("no" in reply for reply in halves)
        return found

    def _reply(self, a: str, b: str) -> str:
        return "yes" if cosine(self._vector(a), self._vector(b)) >= self.threshold else "no"

    def _vector(self, text: str) -> Vector:
        return {t: n * self._weights.get(t, 1.0) for t, n in terms(text).items()}


def _about(step: Step) -> str:
    return f"{step.meta} {step.query}" if step.query not in step.meta else step.meta
