"""A ban as a logits processor of transformers: a batch at a time, on the device of the logits."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import torch
from transformers import LogitsProcessor

from reasonlens.bans.bank import Bank, Rules
from reasonlens.bans.compiled import Compiled
from reasonlens.core.errors import BackendError

__all__ = ["BanLogitsProcessor"]


class BanLogitsProcessor(LogitsProcessor):  # type: ignore[misc]
    """Forbid at each step what would finish a banned word.

    Made for one call of ``generate`` without beams: rows keep their order, and each call has at
    most as many new columns as steps since the last.

    Parameters
    ----------
    compiled
        The ban.
    prompts
        The prompt of each row, without padding.
    seeds
        The seed of each row, for coins.
    """

    def __init__(
        self, compiled: Compiled, prompts: Sequence[list[int]], seeds: Sequence[int] | None = None
    ) -> None:
        self._compiled, self._prompts = compiled, [list(prompt) for prompt in prompts]
        self._seeds = list(seeds) if seeds is not None else _made_up(self._prompts)
        self._bank: Bank | None = None
        self._columns = self._prompt_columns = 0
        self._states = torch.zeros(0, dtype=torch.int64)
        self._rules = Rules.of([], "cpu")

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return the scores with the penalties added; the given ones are left as they are."""
        if len(scores) != len(self._prompts):
            raise BackendError(
                f"the ban {self._compiled.ban.name!r} was made for {len(self._prompts)} rows and got "
                f"{len(scores)}; make one processor per batch, and do not search with beams"
            )
        if self._bank is None:
            self._begin(scores, input_ids.shape[1])
        assert self._bank is not None
        for column in range(self._columns, input_ids.shape[1]):
            self._states = self._bank.advance(self._states, input_ids[:, column])
        self._columns = input_ids.shape[1]
        position = torch.full_like(self._states, self._columns - self._prompt_columns)
        tossed = self._compiled.ban.probability < 1
        return self._bank.apply(scores.clone(), self._states, position, self._rules, tossed=tossed)

    def _begin(self, scores: torch.Tensor, columns: int) -> None:
        self._bank = Bank(scores.shape[1], scores.device)
        first = self._bank.add(self._compiled.tables)
        states = [first + self._compiled.start(prompt) for prompt in self._prompts]
        self._states = torch.tensor(states, dtype=torch.int64, device=scores.device)
        self._rules = Rules.of([(self._compiled.ban, seed) for seed in self._seeds], scores.device)
        self._columns = self._prompt_columns = columns


def _made_up(prompts: Sequence[list[int]]) -> list[int]:
    return [zlib.crc32(repr(prompt).encode()) + row for row, prompt in enumerate(prompts)]
