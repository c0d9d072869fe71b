"""The slots of vLLM's V2 interface: tokens and states stay on the device."""

from __future__ import annotations

from typing import Any

import torch

from reasonlens.bans.bank import Bank, Rules
from reasonlens.bans.compiled import Compiled

__all__ = ["DeviceRows"]


class DeviceRows:
    """Slots by their number. The host looks at tokens only when a request takes a slot."""

    def __init__(self, slots: Any, width: int) -> None:
        self._slots, self._device = slots, slots.device
        n = int(slots.max_num_reqs)
        self._bank = Bank(max(width, int(slots.vocab_size)), self._device)
        self._states = torch.zeros(n, dtype=torch.int64, device=self._device)
        self._read = torch.zeros(n, dtype=torch.int64, device=self._device)
        self._rules = Rules.free(n, self._device)
        self._waiting: dict[int, Compiled | None] = {}
        self._seeds: dict[int, int] = {}
        self._tossed: set[int] = set()
        self._banned: set[int] = set()

    def add(self, slot: int, compiled: Compiled | None, seed: int) -> bool:
        """Note the request that takes a slot; whatever the slot held before is over."""
        self._waiting[slot] = compiled
        self._seeds[slot] = seed
        self._tossed.discard(slot)
        self._banned.discard(slot)
        if compiled is not None:
            self._banned.add(slot)
            if compiled.ban.probability < 1:
                self._tossed.add(slot)
        return compiled is not None

    def flush(self) -> None:
        """Set the slots of new requests: prompt, and after a preemption what was drawn before."""
        for slot, compiled in self._waiting.items():
            self._rules.clear(slot)
            self._states[slot] = 0
            if compiled is None:
                continue
            first = self._bank.add(compiled.tables)
            n_prompt, n_known = int(self._slots.prompt_len.np[slot]), int(self._slots.prefill_len.np[slot])
            tokens = self._slots.all_token_ids.gpu[slot, :n_known].tolist()  # once per request: a wait
            state = compiled.start(tokens[:n_prompt])
            self._states[slot] = first + compiled.tables.after(tokens[n_prompt:], state)
            self._read[slot] = n_known
            self._rules.set(slot, compiled.ban, self._seeds[slot])
        self._waiting.clear()

    def apply(self, logits: torch.Tensor, context: Any) -> torch.Tensor:
        """Read each slot's last token, and mask the rows."""
        slots = context.expanded_idx_mapping.long()
        active = set(context.idx_mapping_np.tolist())
        if not self._banned & active:
            return logits
        read, states = self._read[slots], self._states[slots]
        known = self._slots.total_len.gpu[slots].long()
        last = self._slots.all_token_ids.gpu[slots, (known - 1).clamp(min=0)].long()
        states = torch.where(known > read, self._bank.advance(states, last), states)
        self._states[slots], self._read[slots] = states, known
        position = known - self._slots.prompt_len.gpu[slots].long()
        rules = self._rules.take(slots)
        return self._bank.apply(logits, states, position, rules, tossed=bool(self._tossed & active))
