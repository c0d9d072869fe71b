"""What vLLM engines are started with and are given to do, as plain values that go to other processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reasonlens.backends import GenerationRequest

__all__ = ["AHEAD", "Job", "Running", "Settings"]

AHEAD = 2
"""Requests handed to the engine at once, in multiples of what it decodes at once."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the engine is started (picklable); see `reasonlens.backends.vllm.connect`."""

    model: str
    tensor_parallel: int = 1
    dtype: str = "auto"
    gpu_memory: float | None = None
    kv_cache: float | None = None
    max_model_len: int | None = None
    max_num_seqs: int = 256
    enforce_eager: bool | None = None
    revision: str | None = None
    processors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """One request with its ban in plain values, so that it can go to another process."""

    request_id: str
    prompt: str
    seed: int
    extra_args: Mapping[str, Any] | None = None
    bad_words: tuple[str, ...] = ()
    logit_bias: Mapping[int, float] | None = None

    @classmethod
    def of(cls, request: GenerationRequest, carrier: str | None, mark: str) -> Job:
        """Return the job of a request whose ban goes the way `carrier`; `mark` goes before its id."""
        ban = request.ban
        made: dict[str, Any] = {}
        if ban is not None and carrier == "processor":
            made["extra_args"] = dict(ban.vllm_arguments())
        elif ban is not None and carrier == "bad_words":
            made["bad_words"] = tuple(ban.bad_words())
        elif ban is not None and carrier == "logit_bias":
            made["logit_bias"] = dict(ban.logit_bias())
        return cls(mark + request.request_id, request.prompt, request.seed, **made)


class Running:
    """The requests that one or several engines work on, and how many more they should have."""

    def __init__(self, settings: Settings, engines: int = 1) -> None:
        self.settings = settings
        self._engines = engines
        self._running: set[str] = set()

    @property
    def unfinished(self) -> int:
        """How many requests are being worked on."""
        return len(self._running)

    @property
    def room(self) -> int:
        """How many more requests should be handed over now."""
        return max(0, AHEAD * self._engines * self.settings.max_num_seqs - len(self._running))
