"""Steps from a language model: one question per trace, kept in a journal, read by the parser of tags."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasonlens.calls import Answer, Endpoint, Request, Sampling
from reasonlens.core.manifest import digest_of
from reasonlens.structure import Decomposition
from reasonlens.structure.codebook import DecomposeBook, decompose_book
from reasonlens.structure.decompose import Item, domain_of
from reasonlens.structure.places import placed
from reasonlens.structure.tags import parse

if TYPE_CHECKING:
    from reasonlens.calls.ask import Limits, Progress

__all__ = ["SAMPLING", "Asking", "LlmDecomposer"]

SAMPLING = Sampling(max_tokens=10_000)
"""Greedy, and the published limit of the reply."""


@dataclass(slots=True)
class Asking:
    """Where, how and within which limits questions are asked, and what they have cost.

    Parameters
    ----------
    endpoint
        Server and model.
    journal
        File with the answers that were paid for.
    limits
        Concurrency, timeout, cap on cost; ``None``: the usual ones.
    progress
        Called as answers come.
    spent
        US dollars so far; NaN if the price is not known. The cap is for all questions together.
    plain
        Send no temperature, top_p or seed: some models refuse them.
    """

    endpoint: Endpoint
    journal: Path
    limits: Limits | None = None
    progress: Callable[[Progress], None] = lambda _: None
    spent: float = 0.0
    plain: bool = False

    def drawn(self, usual: Sampling) -> Sampling:
        """Return how answers are drawn: as usual, or as the server does."""
        return replace(usual, temperature=None, top_p=None, seed=None) if self.plain else usual

    def key(self, usual: Sampling) -> list[Any]:
        """Return what decides on the answers, beside the questions."""
        return [self.endpoint.base_url, self.endpoint.model, asdict(self.drawn(usual))]

    def ask(
        self,
        requests: Iterator[Request],
        sampling: Sampling,
        parse_text: Callable[[str], object] | None = None,
    ) -> Iterator[tuple[int, Answer]]:
        """Yield place and answer as answers come.

        Raises
        ------
        CostLimitError
            If the cap is reached.
        """
        from reasonlens.calls.ask import Limits, ask
        from reasonlens.calls.journal import Journal

        limits, before = self.limits or Limits(), self.spent
        if limits.max_cost is not None:
            limits = replace(limits, max_cost=max(0.0, limits.max_cost - before))

        def heard(progress: Progress) -> None:
            self.spent = before + progress.cost
            self.progress(progress)

        with Journal(self.journal) as journal:
            yield from ask(
                requests,
                self.endpoint,
                self.drawn(sampling),
                journal,
                parse=parse_text,
                limits=limits,
                progress=heard,
            )


@dataclass(frozen=True, slots=True)
class LlmDecomposer:
    """A model that is asked for the steps of each trace.

    Parameters
    ----------
    asking
        Where and how.
    domain
        One of `reasonlens.structure.decompose.DOMAINS`; default: by the name of the benchmark.
    """

    asking: Asking
    domain: str | None = None
    book: DecomposeBook = field(default_factory=decompose_book)

    @property
    def name(self) -> str:
        """The model."""
        return f"llm:{self.asking.endpoint.model}"

    @property
    def version(self) -> str:
        """Version of the codebook."""
        return self.book.version

    @property
    def digest(self) -> str:
        """Digest of the codebook, the endpoint and the sampling."""
        return digest_of([self.book.digest, *self.asking.key(SAMPLING), self.domain])

    def requests(self, items: Sequence[Item]) -> Iterator[Request]:
        """Yield what `decompose` would ask, without asking it."""
        for item in items:
            if item.text.strip():
                yield self._request(item)

    def decompose(
        self, items: Sequence[Item], done: Callable[[int], None] = lambda _: None
    ) -> Iterator[Decomposition]:
        """Yield the steps of each text, in order."""
        filled = [i for i, item in enumerate(items) if item.text.strip()]
        ready = {
            i: Decomposition((), "empty", "the text is empty") for i in range(len(items)) if i not in filled
        }
        done(len(ready))
        following = 0
        for place, answer in self.asking.ask(self.requests(items), SAMPLING, _has_steps):
            i = filled[place]
            ready[i] = _decomposition(items[i].text, answer)
            done(1)
            while following in ready:
                yield ready.pop(following)
                following += 1
        while following in ready:
            yield ready.pop(following)
            following += 1

    def _request(self, item: Item) -> Request:
        mark = digest_of(item.text, 6)  # a trace cannot know it
        problem = item.problem.strip() or "(not given)"
        user = (
            f"Problem:\n{problem}\n\nReasoning, between the markers {mark}:\n"
            f"<<<{mark}\n{item.text}\n{mark}>>>\n\nWrite the steps."
        )
        system = self.book.systems[self.domain or domain_of(item.dataset)]
        return Request((("system", system), ("user", user)), salt=f"decompose-{self.book.digest}")


def _has_steps(text: str) -> str:
    """Refuse a reply without any step, so that it is asked for again."""
    found = parse(text)
    if not found.steps:
        raise ValueError(found.problem)
    return text


def _decomposition(text: str, answer: Answer) -> Decomposition:
    cost = float("nan") if answer.cost is None else answer.cost
    if answer.state != "ok" or answer.text is None:
        return Decomposition((), answer.state, answer.problem, cost)
    found = parse(answer.text)
    return Decomposition(tuple(placed(text, found.steps)), found.status, found.problem, cost)
