"""Draw samples from a model into a study: problems x conditions x samples become `traces` rows.

Finished samples are in the study after at most a few seconds, so a run that is killed loses only
what was in flight or not yet written, and running it again draws the rest. The rows come about as
those of files do: think split, health and ids are the readers'.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reasonlens import backends
from reasonlens.backends import Backend, Completion, GenerationRequest
from reasonlens.backends._templates import Prompt
from reasonlens.core.errors import BackendError, InputError
from reasonlens.core.study import Study
from reasonlens.workflow.generate_parts import Saving, Writer, finished
from reasonlens.workflow.generate_plan import Arm, Drawn, Key, Spec, requests
from reasonlens.workflow.problem_sets import Problem, ProblemSet

__all__ = ["Arm", "Generated", "Progress", "Saving", "Spec", "connected", "generate", "prompts_of"]

_FIRST_FAILURES = 20  # if so many requests fail and none succeeds, the rest will fail as well


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands. ``kept`` samples were there before; ``seconds`` count from the first request."""

    total: int
    kept: int
    done: int
    failed: int
    tokens: int
    seconds: float

    @property
    def tokens_per_second(self) -> float:
        """Tokens drawn per second of this run; NaN before the first."""
        return self.tokens / self.seconds if self.seconds > 0 and self.tokens else float("nan")

    @property
    def seconds_left(self) -> float:
        """Seconds that the rest takes at the rate so far; NaN before the first."""
        tried = self.done + self.failed
        return self.seconds / tried * (self.total - self.kept - tried) if tried else float("nan")


@dataclass(slots=True)
class Generated:
    """What a run did, by condition; `kept` samples were in the study before."""

    study: Path
    kept: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    truncated: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    tokens: int = 0
    seconds: float = 0.0

    @property
    def n_failed(self) -> int:
        """How many requests gave no sample."""
        return sum(self.failed.values())


@contextmanager
def connected(
    name: str,
    model: str,
    problems: ProblemSet,
    options: Mapping[str, Any] | None = None,
    *,
    processors: Sequence[str] = (),
) -> Iterator[Backend]:
    """Yield the backend `name` with the model loaded, and let go of it in the end.

    Parameters
    ----------
    problems
        What will be asked: the fake model is told the answers.
    options
        Options of the engine.
    processors
        The processors of the bans to come (`BanHandle.processor_path`), for an engine that has to
        be started with them.
    """
    given = dict(options or {})
    if name == "fake":
        given = {"answers": problems.answers(), **given}
    elif name == "vllm" and processors:
        given = {"processors": list(dict.fromkeys(processors)), **given}
    backend = backends.connect(name, model, **given)
    try:
        yield backend
    finally:
        backend.close()


def prompts_of(spec: Spec, problems: list[Problem], backend: Backend) -> dict[str, Prompt]:
    """Return the prompt of each problem by its id, as this model gets it."""
    tokenizer = backend.tokenizer() if spec.template.is_chat else None
    return {p.problem_id: spec.template.render(p.asked, tokenizer) for p in problems}


def generate(
    study: str | Path,
    spec: Spec,
    problems: list[Problem],
    backend: Backend,
    *,
    saving: Saving | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Generated:
    """Draw every sample of `spec` that the study does not have yet.

    Parameters
    ----------
    study
        The folder; made if it does not exist.
    problems
        Each is posed ``spec.n`` times under every condition.
    backend
        The engine with the model loaded.
    saving
        When finished samples are written.
    progress
        Called after each completion.

    Raises
    ------
    InputError
        If the study has samples of this model and condition that were drawn otherwise.
    BackendError
        If the engine fails, cannot carry a ban, or every request fails.
    """
    if spec.sampling.logprobs > backend.capabilities().logprobs:
        raise InputError(
            f"the backend {backend.NAME!r} gives at most {backend.capabilities().logprobs} log-probabilities "
            f"per token, not {spec.sampling.logprobs}"
        )
    place = Study(study, create=True)
    with place.locked():
        done = finished(place, spec)
        return _Run(place, spec, problems, backend, done).go(saving or Saving(), progress)


class _Run:
    def __init__(
        self, study: Study, spec: Spec, problems: list[Problem], backend: Backend, done: set[Key]
    ) -> None:
        self._study, self._spec, self._problems, self._backend = study, spec, problems, backend
        wanted = {(p.problem_id, a.name, s) for p in problems for a in spec.arms for s in range(spec.n)}
        self._done = done & wanted
        self._total = len(wanted)
        self._waiting: dict[str, Drawn] = {}
        self._found = Generated(study.path)
        self._found.kept.update(condition for _, condition, _ in self._done)

    def go(self, saving: Saving, progress: Callable[[Progress], None]) -> Generated:
        writer = Writer(self._study, self._spec, saving)
        start = time.monotonic()
        stream = self._backend.generate(self._requests(), self._spec.full_sampling())
        try:
            for completion in stream:
                drawn = self._waiting.pop(completion.request_id)
                self._count(drawn, completion)
                writer.add(drawn, completion)
                self._found.seconds = time.monotonic() - start
                progress(self._progress())
                self._stop_if_all_fail()
        finally:  # Ctrl-C and failures of the engine, too: what is finished is kept
            writer.flush()
        if self._waiting:
            raise BackendError(
                f"the backend {self._backend.NAME!r} ended with {len(self._waiting)} requests unanswered; "
                "what is finished is kept: run the same command again"
            )
        return self._found

    def _requests(self) -> Iterator[GenerationRequest]:
        prompts = prompts_of(self._spec, self._problems, self._backend)
        for request, drawn in requests(self._spec, prompts, self._problems, self._done):
            self._waiting[request.request_id] = drawn
            yield request

    def _count(self, drawn: Drawn, completion: Completion) -> None:
        found, name = self._found, drawn.arm.name
        found.tokens += completion.n_tokens or 0
        if completion.finish == "error":
            found.failed[name] += 1
            found.problems[completion.problem] += 1
        else:
            found.done[name] += 1
            found.truncated[name] += completion.finish == "length"

    def _progress(self) -> Progress:
        found = self._found
        done, failed = sum(found.done.values()), found.n_failed
        return Progress(self._total, len(self._done), done, failed, found.tokens, found.seconds)

    def _stop_if_all_fail(self) -> None:
        found = self._found
        if found.n_failed >= _FIRST_FAILURES and not found.done:
            (why, _), *_ = found.problems.most_common(1)
            raise BackendError(f"the first {found.n_failed} requests all failed: {why}")
