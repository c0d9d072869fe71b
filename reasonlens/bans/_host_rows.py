"""The rows of a batch of vLLM's V1 interface: tokens are lists on the host."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from reasonlens.bans.bank import Bank, Rules
from reasonlens.bans.compiled import Compiled

__all__ = ["HostRows"]


@dataclass(slots=True)
class _Row:
    """A request: its ban, its output (a list that the engine goes on filling), and how far it was read."""

    compiled: Compiled
    output: list[int]
    seed: int
    first: int  # the number of its ban's state 0
    state: int
    read: int = 0

    def fresh(self) -> list[int]:
        """Return the tokens that are new, and count them as read."""
        tokens = self.output[self.read :]
        if any(token < 0 for token in tokens):
            raise RuntimeError(
                "the engine has not told the ban which tokens were drawn; register the processor with "
                "logits_processors (or --logits-processors), not through an entry point"
            )
        self.read += len(tokens)
        return tokens


class HostRows:
    """Rows by their place in the batch.

    While the same rows go on by one token each, as they mostly do, all states advance together.
    """

    def __init__(self, device: Any, width: int) -> None:
        self._bank = Bank(width, device)
        self._device = device
        self._rows: dict[int, _Row] = {}
        self._last: list[_Row] = []
        self._states = torch.zeros(0, dtype=torch.int64, device=device)
        self._rules = Rules.of([], device)

    def update(self, change: Any, compiled: Callable[[Any], Compiled | None]) -> None:
        """Follow a ``BatchUpdate``: removed, added and moved, in this order."""
        if change is None:
            return
        for place in change.removed:
            self._rows.pop(place, None)
        for place, params, prompt, output in change.added:
            self._rows.pop(place, None)
            if (found := compiled(params)) is not None:
                first = self._bank.add(found.tables)
                seed = int(getattr(params, "seed", None) or 0)
                self._rows[place] = _Row(found, output, seed, first, first + found.start(prompt))
        for origin, target, direction in change.moved:
            here, there = self._rows.pop(origin, None), self._rows.pop(target, None)
            if here is not None:
                self._rows[target] = here
            if there is not None and direction.name == "SWAP":
                self._rows[origin] = there

    def apply(self, logits: torch.Tensor) -> torch.Tensor:
        """Mask the rows that have a ban; the others are not touched."""
        places = [place for place in sorted(self._rows) if place < len(logits)]
        if not places:
            return logits
        rows = [self._rows[place] for place in places]
        self._advance(rows)
        position = self._tensor([row.read for row in rows])
        tossed = any(row.compiled.ban.probability < 1 for row in rows)
        if len(places) == len(logits):
            return self._bank.apply(logits, self._states, position, self._rules, tossed=tossed)
        at = self._tensor(places)
        logits[at] = self._bank.apply(logits[at], self._states, position, self._rules, tossed=tossed)
        return logits

    def _advance(self, rows: list[_Row]) -> None:
        fresh = [row.fresh() for row in rows]
        same = len(rows) == len(self._last) and all(map(operator.is_, rows, self._last))
        if same and all(len(tokens) == 1 for tokens in fresh):
            self._states = self._bank.advance(self._states, self._tensor([tokens[0] for tokens in fresh]))
            return
        for row, state in zip(self._last, self._states.tolist(), strict=True):
            row.state = state
        for row, tokens in zip(rows, fresh, strict=True):
            row.state = row.first + row.compiled.tables.after(tokens, row.state - row.first)
        self._last = rows
        self._states = self._tensor([row.state for row in rows])
        self._rules = Rules.of([(row.compiled.ban, row.seed) for row in rows], self._device)

    def _tensor(self, values: list[int]) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.int64).to(self._device, non_blocking=True)
