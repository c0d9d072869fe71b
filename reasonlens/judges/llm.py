"""A language model as judge: any OpenAI-compatible server, several behaviors per question.

Each question holds the rules, then one text (or a piece of a long one) between markers; the answer is
JSON of a fixed form with quotes, which are looked up in the text. Every answer that was paid for is in the
journal, so the same question is never paid twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasonlens.calls import Answer, Endpoint, Request, Sampling
from reasonlens.core.errors import InputError
from reasonlens.core.manifest import digest_of
from reasonlens.judges import Codebook, Label, Settings, Spans
from reasonlens.judges._injection import addressed
from reasonlens.judges._merge import Piece
from reasonlens.judges._prompt import PROTOCOL, rubric
from reasonlens.judges._questions import Question, Shape, questions
from reasonlens.judges._quotes import TextQuotes
from reasonlens.judges._reading import empty_labels, labels_of, pieces_of
from reasonlens.judges._receipts import wire_of

if TYPE_CHECKING:
    from reasonlens.calls.ask import Limits, Progress
    from reasonlens.calls.journal import Journal

__all__ = ["JUDGING", "LONGEST", "MOST", "TITLE", "LlmJudge", "Spent", "make"]

TITLE = "a language model on any OpenAI-compatible server; quotes are checked against the text"

LONGEST = 240_000
"""Characters of a text that are asked for at once: about 80,000 tokens of mathematics."""

MOST = 20
"""Quotes per behavior and question."""


JUDGING = Sampling(max_tokens=4000)
"""Greedy, with room for the quotes of several behaviors."""


@dataclass(slots=True)
class _Pending:
    """A text whose answers are not all there yet."""

    left: int
    pieces: dict[str, list[Piece]] = field(default_factory=dict)


@dataclass(slots=True)
class Spent:
    """US dollars; NaN if the price is not known."""

    dollars: float = 0.0


@dataclass(frozen=True, slots=True)
class LlmJudge:
    """A model behind an endpoint, asked through a journal.

    Parameters
    ----------
    endpoint, sampling
        Where, whom and how.
    journal
        File with the answers that were paid for.
    limits
        Concurrency, timeout, cap on cost; ``None``: the usual ones.
    longest
        Characters of a text that are asked for at once; longer ones are asked in overlapping pieces.
    most
        Quotes per behavior and question.
    progress
        Called as answers come.
    collected
        Gives answers that were obtained in another way (the Batch API) instead of asking.
    spent
        What this judge has cost so far.
    """

    endpoint: Endpoint
    sampling: Sampling
    journal: Path
    limits: Limits | None = None
    longest: int = LONGEST
    most: int = MOST
    progress: Callable[[Progress], None] = lambda _: None
    collected: Callable[[Iterator[Request], Journal], Iterator[tuple[int, Answer]]] | None = None
    spent: Spent = field(default_factory=Spent)

    @property
    def name(self) -> str:
        """The model."""
        return self.endpoint.model

    @property
    def key(self) -> str:
        """Digest of the protocol, the endpoint, the sampling and the cutting."""
        where = [self.endpoint.base_url.rstrip("/"), self.endpoint.model, self.endpoint.form]
        return digest_of([PROTOCOL, where, asdict(self.sampling), self.longest, self.most])

    def refuses(self, behavior: Codebook) -> str:
        """A language model can be asked for any behavior."""
        return ""

    def requests(
        self,
        texts: Sequence[str],
        behaviors: Sequence[Codebook],
        *,
        sentences: Sequence[Spans] | None = None,
        repeat: int = 0,
    ) -> Iterator[Request]:
        """Yield what `judge` would ask, without asking it."""
        for place, text in enumerate(texts):
            given = None if sentences is None else sentences[place]
            for question in questions(place, text, behaviors, given, repeat, self._shape):
                yield question.request

    def judge(
        self,
        texts: Sequence[str],
        behaviors: Sequence[Codebook],
        *,
        sentences: Sequence[Spans] | None = None,
        repeat: int = 0,
        done: Callable[[int], None] = lambda _: None,
    ) -> Iterator[list[Label]]:
        """Yield the labels of each text in order (see `reasonlens.judges.Judge`)."""
        units = [None if sentences is None else sentences[i] for i in range(len(texts))]
        asked: list[Question] = []
        pending: dict[int, _Pending] = {}
        ready: dict[int, list[Label]] = {}
        finders: dict[int, TextQuotes] = {}
        rules = rubric(behaviors)

        def requests() -> Iterator[Request]:
            for place, text in enumerate(texts):
                several = list(questions(place, text, behaviors, units[place], repeat, self._shape))
                pending[place] = _Pending(len(several))
                asked.extend(several)
                yield from (question.request for question in several)

        following = 0
        for index, answer in self._ask(requests()):
            question = asked[index]
            place = question.text
            finder = finders.get(place) or TextQuotes(texts[place], rules, addressed(texts[place]))
            finders[place] = finder
            for name, piece in pieces_of(question, answer, finder, self.most).items():
                pending[place].pieces.setdefault(name, []).append(piece)
            pending[place].left -= 1
            if not pending[place].left:
                found = pending.pop(place).pieces
                ready[place] = labels_of(
                    texts[place], behaviors, found, units[place], finders.pop(place).banned
                )
                done(1)
            while following < len(texts) and (following in ready or not texts[following].strip()):
                yield ready.pop(following, []) or empty_labels(texts[following], behaviors, units[following])
                following += 1
        for place in range(following, len(texts)):  # what no question was asked of
            yield ready.pop(place, []) or empty_labels(texts[place], behaviors, units[place])

    @property
    def _shape(self) -> Shape:
        return Shape(self.longest, self.most, bounded=not self.endpoint.is_openai)

    def _ask(self, requests: Iterator[Request]) -> Iterator[tuple[int, Answer]]:
        from reasonlens.calls.ask import Limits, asked
        from reasonlens.calls.journal import Journal

        limits, before = self.limits or Limits(), self.spent.dollars
        if limits.max_cost is not None:  # the limit is for all calls of this judge together
            limits = replace(limits, max_cost=max(0.0, limits.max_cost - before))

        def heard(progress: Progress) -> None:
            self.spent.dollars = before + progress.cost
            self.progress(progress)

        with Journal(self.journal) as journal:
            if self.collected is not None:
                yield from self.collected(requests, journal)
                return
            wire = wire_of(self.endpoint, self.sampling)
            yield from asked(requests, self.endpoint, wire, journal, limits=limits, progress=heard)


def make(settings: Settings) -> LlmJudge:
    """Return the judge that `settings` describe.

    ``options`` may hold ``base_url``, ``key_env``, ``form``, ``insecure``, ``sampling``, ``limits``,
    ``longest``, ``most`` and ``progress``.

    Raises
    ------
    InputError
        If there is no journal or a number is too small.
    """
    options: dict[str, Any] = dict(settings.options)
    if settings.journal is None:
        raise InputError("the judge 'llm' keeps what was paid for in a journal; name a --study")
    endpoint = Endpoint()
    server = [name for name in ("base_url", "key_env", "form", "insecure") if name in options]
    changed: dict[str, Any] = {name: value for name in server if (value := options.pop(name))}
    if settings.model:
        changed["model"] = settings.model
    for name, least in (("longest", 1000), ("most", 1)):
        if options.get(name) is not None and options[name] < least:
            raise InputError(f"{name} is {options[name]}; it must be at least {least}")
    known = {name: value for name, value in options.items() if value is not None}
    sampling = known.pop("sampling", None) or JUDGING
    return LlmJudge(replace(endpoint, **changed), sampling, settings.journal, **known)
