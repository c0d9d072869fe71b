"""A ban as backends carry it: each side of the `reasonlens.backends.BanHandle` protocol."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reasonlens.bans.ban import Ban
from reasonlens.bans.compiled import Compiled, compiled
from reasonlens.bans.static import exactly, plain
from reasonlens.bans.vocabulary import Vocabulary
from reasonlens.core.errors import InputError, MissingExtraError

__all__ = ["ARGUMENT", "PROCESSOR", "Handle"]

ARGUMENT = "reasonlens_ban"
"""The name of the argument of a vLLM request that carries a ban."""

PROCESSOR = "reasonlens.bans.vllm_processor:BanProcessor"
"""What a vLLM engine is started with so that it can carry bans."""

_STRONGEST_BIAS = -100.0  # servers clamp to this


@dataclass(frozen=True, slots=True)
class Handle:
    """A ban, and the vocabulary that it is for (None if only the engine knows it)."""

    ban: Ban
    vocabulary: Vocabulary | None = None

    @property
    def name(self) -> str:
        """The name of the condition."""
        return self.ban.name

    @property
    def digest(self) -> str:
        """What exactly is banned, in sixteen hexadecimal digits."""
        return self.ban.digest

    @property
    def words(self) -> Sequence[str]:
        """The banned words and phrases."""
        return self.ban.words

    @property
    def carriers(self) -> Sequence[str]:
        """How a backend can carry this ban, best first; plain words are for the fake backend."""
        return ("processor" if self.ban.processed else self.ban.mode, "words")

    @property
    def processor_path(self) -> str:
        """``"module:Class"`` of the processor for vLLM."""
        return PROCESSOR

    def vllm_arguments(self) -> dict[str, Any]:
        """Return the request's arguments for that processor."""
        return {ARGUMENT: self.ban.to_json()}

    def compiled(self) -> Compiled:
        """Return the tables of this ban.

        Raises
        ------
        InputError
            If the ban is not bound to a tokenizer, or its mode has no tables.
        """
        if not self.ban.processed:
            raise InputError(f"the mode {self.ban.mode!r} is the engine's own and has no tables here")
        return compiled(self.ban, self._known("its tables need"))

    def hf_processor(self, prompt_ids: list[list[int]], seeds: Sequence[int] | None = None) -> Any:
        """Return a transformers ``LogitsProcessor`` for one batch.

        Parameters
        ----------
        prompt_ids
            The prompt of each row, without padding.
        seeds
            The seed of each row, for the coins of a ban with a probability; by default made of the
            prompt and the place in the batch.
        """
        try:
            from reasonlens.bans.transformers_processor import BanLogitsProcessor
        except ImportError as error:
            raise MissingExtraError(error.name or "torch", "transformers", "a ban in transformers") from error
        return BanLogitsProcessor(self.compiled(), prompt_ids, seeds)

    def bad_words(self) -> list[str]:
        """Return each word as it is, capitalized and in capitals, for an engine's own ``bad_words``."""
        words = map(plain, self.words)
        found = (form for word in words for form in (word, _capitalized(word), word.upper()))
        return list(dict.fromkeys(found))

    def logit_bias(self) -> Mapping[int, float]:
        """Return the bias of every token that is a banned word.

        Raises
        ------
        InputError
            If the ban is not bound to a tokenizer.
        """
        bias = max(_STRONGEST_BIAS, self.ban.penalty) if math.isfinite(self.ban.penalty) else _STRONGEST_BIAS
        return dict.fromkeys(exactly(self.words, self._known("a bias on tokens needs")), bias)

    def _known(self, what: str) -> Vocabulary:
        if self.vocabulary is None:
            raise InputError(
                f"the ban {self.name!r} is not bound to a tokenizer, which {what}; use ban.bind(tokenizer)"
            )
        return self.vocabulary


def _capitalized(word: str) -> str:
    return word[:1].upper() + word[1:]
