"""What a matcher is: pairs of plans in, how far each was followed out; and the one that asks a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Protocol

import numpy as np

from reasonlens.calls import Request, Sampling
from reasonlens.core.manifest import digest_of
from reasonlens.structure import Step
from reasonlens.structure.codebook import MatchBook, match_book
from reasonlens.structure.lexical import Lexical
from reasonlens.structure.llm import Asking
from reasonlens.structure.reward import HALF, Followed, aligned, differs, follow, matches

__all__ = ["SHORT", "Compared", "LexicalMatcher", "LlmMatcher", "Matcher", "Pair"]

Pair = tuple[Sequence[Step], Sequence[Step]]
"""Steps of a teacher and of a student."""

SHORT = Sampling(max_tokens=16)
"""Greedy; yes or no needs no more."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One pair of plans.

    Parameters
    ----------
    followed
        How far the student followed, or ``None`` if a question has no answer.
    aligned
        `reasonlens.structure.reward.aligned`; NaN if it was not asked for.
    problem
        Why there is no answer.
    """

    followed: Followed | None
    aligned: float = float("nan")
    problem: str = ""


class Matcher(Protocol):
    """Compares pairs of plans."""

    @property
    def name(self) -> str:
        """Its identity in the column ``matcher``."""
        ...

    @property
    def digest(self) -> str:
        """A digest of all that determines its answers beside the steps."""
        ...

    def compare(
        self, pairs: Sequence[Pair], done: Callable[[int], None] = lambda _: None
    ) -> Iterator[Compared]:
        """Yield one `Compared` per pair, in order."""
        ...


@dataclass(frozen=True, slots=True)
class LexicalMatcher:
    """Shared words (`reasonlens.structure.lexical`), weighted anew for each pair."""

    threshold: float = 0.3

    @property
    def name(self) -> str:
        """Its identity."""
        return Lexical().name if self.threshold == Lexical().threshold else f"lexical@1:{self.threshold:g}"

    @property
    def digest(self) -> str:
        """Digest of name and threshold."""
        return digest_of([Lexical().name, self.threshold])

    def compare(
        self, pairs: Sequence[Pair], done: Callable[[int], None] = lambda _: None
    ) -> Iterator[Compared]:
        """Yield one `Compared` per pair, in order."""
        for teacher, student in pairs:
            match = Lexical(self.threshold).fitted(teacher, student)
            yield Compared(follow(teacher, student, match), aligned(match.table(teacher, student)))
            done(1)


@dataclass(slots=True)
class _Walk:
    """A pair on its way down."""

    pair: Pair
    worth: list[float] = field(default_factory=list)
    problem: str = ""
    over: bool = False


@dataclass(frozen=True, slots=True)
class LlmMatcher:
    """A model that is asked yes or no, step by step for all pairs at once, so that nothing is asked in vain.

    Parameters
    ----------
    asking
        Where and how.
    whole
        Ask about all pairs of steps too, for the aligned score: n_teacher times n_student questions more.
    """

    asking: Asking
    whole: bool = False
    book: MatchBook = field(default_factory=match_book)

    @property
    def name(self) -> str:
        """The model."""
        return f"llm:{self.asking.endpoint.model}"

    @property
    def digest(self) -> str:
        """Digest of the questions, the endpoint and the sampling."""
        return digest_of([self.book.digest, *self.asking.key(SHORT), self.whole])

    def requests(self, pairs: Sequence[Pair]) -> Iterator[Request]:
        """Yield all that `compare` might ask: what comes after an early exit will not be."""
        for teacher, student in pairs:
            steps = product(teacher, student) if self.whole else zip(teacher, student, strict=False)
            for one, other in steps:
                for part in ("meta", "query", "answer"):
                    yield self._request(part, getattr(one, part), getattr(other, part))

    def compare(
        self, pairs: Sequence[Pair], done: Callable[[int], None] = lambda _: None
    ) -> Iterator[Compared]:
        """Yield one `Compared` per pair, in order."""
        walks = [_Walk(pair) for pair in pairs]
        depth = 0
        while going := [w for w in walks if not w.over]:
            for walk in going:
                walk.over = depth >= min(map(len, walk.pair))
            going = [w for w in going if not w.over]
            self._one_depth(going, depth)
            depth += 1
        for walk in walks:
            yield self._compared(walk)
            done(1)

    def _one_depth(self, going: Sequence[_Walk], depth: int) -> None:
        steps = [(w.pair[0][depth], w.pair[1][depth]) for w in going]
        for walk, (value, problem) in zip(going, self._worth(steps), strict=True):
            walk.worth.append(value)
            walk.problem = problem
            walk.over = bool(problem) or not value

    def _worth(self, steps: Sequence[tuple[Step, Step]]) -> list[tuple[float, str]]:
        """Return what pairs of steps are worth, or why that is not known."""
        replies = self._replies("meta", [(a.meta, b.meta) for a, b in steps])
        found = [(1.0 if matches(text) else 0.0, problem) for text, problem in replies]
        alive = [i for i, (value, problem) in enumerate(found) if value and not problem]
        for part in ("query", "answer"):
            texts = [(getattr(steps[i][0], part), getattr(steps[i][1], part)) for i in alive]
            for i, (text, problem) in zip(alive, self._replies(part, texts), strict=True):
                value, before = found[i]
                found[i] = (value * HALF if differs(text) else value, before or problem)
        return found

    def _replies(self, part: str, texts: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return reply and problem for each pair of texts."""
        found = [("", "not asked")] * len(texts)
        asked = (self._request(part, teacher, student) for teacher, student in texts)
        for i, answer in self.asking.ask(asked, SHORT) if texts else ():
            usable = answer.state == "ok" and answer.text is not None
            found[i] = (answer.text or "", "" if usable else f"{answer.state}: {answer.problem}")
        return found

    def _request(self, part: str, teacher: str, student: str) -> Request:
        user = f"Item 1:\n{teacher or '(nothing)'}\n\nItem 2:\n{student or '(nothing)'}"
        return Request(
            (("system", self.book.questions[part]), ("user", user)), salt=f"match-{self.book.digest}"
        )

    def _compared(self, walk: _Walk) -> Compared:
        if walk.problem:
            return Compared(None, problem=walk.problem)
        teacher, student = walk.pair
        short = min(len(teacher), len(student))
        worth = tuple(walk.worth + [0.0] * (short - len(walk.worth)))
        followed = Followed(worth, len(teacher), len(student))
        if not self.whole:
            return Compared(followed)
        cells = list(product(teacher, student))
        found = self._worth(cells)
        if problem := next((p for _, p in found if p), ""):
            return Compared(followed, problem=problem)
        table = np.array([value for value, _ in found]).reshape(len(teacher), len(student))
        return Compared(followed, aligned(table))
