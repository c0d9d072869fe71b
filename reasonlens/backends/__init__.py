"""Backends: requests for text in, completions out, one module per engine.

A plug-in module of this folder is a backend and has:

``TITLE``
    One line for ``reasonlens list backends``.
``connect(model, **options)``
    The `Backend` that decodes with this model; options are those of the engine. It is here that
    a missing package, model or GPU is said, in one sentence.

A request asks for one sample. What comes back is a `Completion`, in any order, as soon as it is
done; a request that went wrong is a completion too, with ``finish="error"`` and the `problem`.
A ban travels with its request as a `BanHandle`; a backend uses the first of the handle's
`carriers` that it can, and refuses the request's run with a `BackendError` if it can none: a ban
is never silently left out.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from reasonlens.core import registry
from reasonlens.core.errors import BackendError, InputError

__all__ = [
    "CARRIERS",
    "FINISHES",
    "Backend",
    "BanHandle",
    "Capabilities",
    "Completion",
    "GenerationRequest",
    "Logprobs",
    "SamplingParams",
    "carrier_of",
    "connect",
]

CARRIERS = ("processor", "bad_words", "logit_bias", "words")
"""How a ban can reach an engine: a logits processor of ours, the engine's own list of bad words, the
engine's own bias on token ids, or the words themselves (only the fake backend)."""

FINISHES = ("stop", "length", "error")
"""Why a completion ended: on its own or by a stop text, at the limit of tokens, or by a failure."""


@runtime_checkable
class BanHandle(Protocol):
    """A ban as a backend sees it; `reasonlens.bans` makes them.

    ``name`` is the condition's name, ``digest`` says what exactly is banned, ``words`` are the
    banned words and phrases as plain text, and ``carriers`` (of `CARRIERS`, best first) the ways in
    which this ban means the same. The sides that a handle does not name in ``carriers`` are never
    asked for.
    """

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def words(self) -> Sequence[str]: ...

    @property
    def carriers(self) -> Sequence[str]: ...

    @property
    def processor_path(self) -> str:
        """``"module:Class"`` of the logits processor for vLLM."""

    def vllm_arguments(self) -> Mapping[str, Any]:
        """Return the request's arguments for that processor: text, numbers or lists of them only."""

    def hf_processor(self, prompt_ids: list[list[int]], seeds: Sequence[int] | None = None) -> Any:
        """Return a transformers ``LogitsProcessor`` for one batch of rows.

        Parameters
        ----------
        seeds
            The seed of each row's request, for a ban that throws coins.
        prompt_ids
            The prompt of each row, without padding. The processor is called once per step as
            ``processor(input_ids, scores)`` with these rows in this order; ``input_ids`` is padded
            on the left, and grows by one column per step. A row that has ended goes on with padding.
        """

    def bad_words(self) -> list[str]:
        """Return the texts for an engine's own ``bad_words``."""

    def logit_bias(self) -> Mapping[int, float]:
        """Return the bias per token id."""


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One sample to draw: the prompt as the model reads it, and the seed of this sample alone.

    ``messages`` (role, content) are for a server that applies the model's chat template itself; the
    prompt is then only how the messages read.
    """

    request_id: str
    prompt: str
    seed: int
    ban: BanHandle | None = None
    messages: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How to sample; the defaults are the paper's (temperature 1, top_p 0.95, 32,768 tokens).

    ``top_k=-1`` is no limit. ``stop`` are texts that end a completion; they are not part of it,
    unless ``keep_stop`` is set.
    ``logprobs`` asks for that many alternatives per token; 0 asks for none.
    """

    temperature: float = 1.0
    top_p: float = 0.95
    top_k: int = -1
    max_tokens: int = 32_768
    stop: tuple[str, ...] = ()
    keep_stop: bool = False
    logprobs: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 5:
            raise InputError(f"temperature {self.temperature} is not between 0 and 5; the paper uses 1")
        if not 0 < self.top_p <= 1:
            raise InputError(f"top_p {self.top_p} is not above 0 and up to 1; the paper uses 0.95")
        if self.top_k != -1 and self.top_k < 1:
            raise InputError(f"top_k {self.top_k} is neither -1 (no limit) nor 1 or more")
        if self.max_tokens < 1:
            raise InputError(f"max_tokens {self.max_tokens} leaves no room for an answer; give 1 or more")
        if self.logprobs < 0:
            raise InputError(f"logprobs {self.logprobs} is below 0; give 0 for none, or for instance 20")
        if any(not text for text in self.stop):
            raise InputError("an empty stop text would end every completion at once; leave it out")


@dataclass(frozen=True, slots=True)
class Logprobs:
    """The log-probabilities of the tokens of one completion, as the engine's model gave them.

    Parameters
    ----------
    top
        Natural log-probabilities of the most likely tokens, one row per token drawn; NaN where
        fewer are known. Before temperature, filters and bans.
    drawn
        That of the token drawn; NaN where it is not known.
    vocabulary
        Number of tokens that the model can choose from.
    """

    top: Sequence[Sequence[float]]
    drawn: Sequence[float]
    vocabulary: int


@dataclass(frozen=True, slots=True)
class Completion:
    """What became of one request; ``problem`` says what went wrong if ``finish`` is ``"error"``.

    ``reasoning`` is set only if a server keeps the reasoning apart from the ``text``.
    """

    request_id: str
    text: str
    finish: str
    n_tokens: int | None = None
    token_ids: tuple[int, ...] | None = None
    logprobs: Logprobs | None = None
    problem: str = ""
    reasoning: str | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend can do.

    Parameters
    ----------
    carriers
        Those of `CARRIERS` that it can use.
    logprobs
        How many alternatives per token it can give (0: none).
    seeds
        ``"request"``: a request's text depends on its seed alone, whatever it is batched with;
        ``"batch"``: on its seed, up to rounding that the batch may change; ``"none"``: it may differ
        from run to run.
    note
        What a user should know of it, in one sentence.
    """

    carriers: tuple[str, ...]
    logprobs: int
    seeds: str
    note: str = ""


class Backend(Protocol):
    """An engine with its model loaded."""

    NAME: str
    model: str

    def capabilities(self) -> Capabilities:
        """Say what this backend can do."""

    def tokenizer(self) -> Any | None:
        """Return the model's tokenizer (transformers), or ``None`` where it is not at hand."""

    def generate(
        self, requests: Iterable[GenerationRequest], sampling: SamplingParams
    ) -> Iterator[Completion]:
        """Yield one completion per request, in any order, each as soon as it is done.

        Raises
        ------
        BackendError
            If the engine itself fails, or cannot carry a request's ban.
        """

    def close(self) -> None:
        """Let go of the model."""


def carrier_of(ban: BanHandle, can: Capabilities, backend: str) -> str:
    """Return how `backend` is to carry `ban`.

    Raises
    ------
    BackendError
        If it can carry it in none of the ways that mean the same.
    """
    for carrier in ban.carriers:
        if carrier in can.carriers:
            return carrier
    raise BackendError(
        f"the backend {backend!r} cannot carry the ban {ban.name!r}: it needs {' or '.join(ban.carriers)}, "
        f"this backend has {', '.join(can.carriers) or 'none'}; use another backend, or another mode of "
        "the ban (a processor carries complete, boundary and ids)"
    )


def connect(name: str, model: str, **options: Any) -> Backend:
    """Return the backend `name` with `model` loaded.

    Raises
    ------
    UnknownNameError
        If there is no such backend.
    InputError
        If the backend has no such option.
    """
    module = registry.load(__name__, name)
    known = [option for option in inspect.signature(module.connect).parameters if option != "model"]
    for option in options:
        if option not in known:
            raise InputError(f"the backend {name!r} has no option {option!r}; it has {', '.join(known)}")
    found: Backend = module.connect(model, **options)
    return found
