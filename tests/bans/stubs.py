"""What the processor sees of vLLM: the base classes and data of both interfaces, with their signatures."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

__all__ = ["V1", "V2", "BatchUpdate", "Direction", "LogitsContext", "Params", "Slots", "config"]


class Direction(Enum):
    """``MoveDirectionality``."""

    UNIDIRECTIONAL = auto()
    SWAP = auto()


@dataclass(frozen=True)
class BatchUpdate:
    """V1: what changed in the batch."""

    batch_size: int
    removed: Sequence[int]
    added: Sequence[tuple[int, Any, list[int] | None, list[int]]]
    moved: Sequence[tuple[int, int, Direction]]


class V1(ABC):
    """``vllm.v1.sample.logits_processor.LogitsProcessor``."""

    @classmethod
    def validate_params(cls, sampling_params: Any) -> None:
        return None

    @abstractmethod
    def __init__(self, vllm_config: Any, device: torch.device, is_pin_memory: bool) -> None:
        raise NotImplementedError

    @abstractmethod
    def apply(self, logits: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    @abstractmethod
    def is_argmax_invariant(self) -> bool:
        raise NotImplementedError

    @abstractmethod
    def update_state(self, batch_update: BatchUpdate | None) -> None:
        raise NotImplementedError


class V2(ABC):
    """``vllm.v1.worker.gpu.sample.logits_processor.LogitsProcessor``."""

    def __init__(self, vllm_config: Any, req_states: Any) -> None:  # noqa: B027
        pass

    @classmethod  # noqa: B027
    def validate_params(cls, sampling_params: Any) -> None:
        pass

    def add_request(self, req_idx: int, sampling_params: Any) -> bool:
        return True

    def apply_staged_writes(self) -> None:  # noqa: B027
        pass

    @abstractmethod
    def apply(self, logits: torch.Tensor, ctx: Any) -> torch.Tensor:
        raise NotImplementedError


@dataclass(frozen=True)
class LogitsContext:
    """V2: the layout of a step."""

    expanded_idx_mapping: torch.Tensor
    idx_mapping: torch.Tensor
    idx_mapping_np: np.ndarray[Any, Any]
    expanded_local_pos: torch.Tensor
    input_ids: torch.Tensor
    pos: torch.Tensor
    seq_lens_upper_bound_np: np.ndarray[Any, Any]

    @classmethod
    def of(cls, slots: Slots, order: Sequence[int]) -> LogitsContext:
        """Return a step with one row for each slot of `order`."""
        at = torch.tensor(list(order), dtype=torch.int32)
        known = slots.total_len.gpu[at.long()]
        last = slots.all_token_ids.gpu[at.long(), (known - 1).long()]
        return cls(at, at, at.numpy(), torch.zeros_like(at), last, known - 1, known.numpy())


@dataclass
class Params:
    """What is read of ``SamplingParams``."""

    extra_args: dict[str, Any] | None = None
    seed: int | None = None
    structured_outputs: Any = None


class Slots:
    """``LogitsProcRequestState``, and what the model runner does with it."""

    def __init__(self, n: int, length: int, vocab_size: int) -> None:
        self.device = torch.device("cpu")
        self.max_num_reqs, self.vocab_size = n, vocab_size
        self.all_token_ids = SimpleNamespace(gpu=torch.zeros(n, length, dtype=torch.int32))
        self.prompt_len, self.prefill_len = (self._both(n) for _ in range(2))
        self.total_len = SimpleNamespace(gpu=torch.zeros(n, dtype=torch.int32))

    @staticmethod
    def _both(n: int) -> SimpleNamespace:
        host = np.zeros(n, np.int32)
        return SimpleNamespace(np=host, gpu=torch.from_numpy(host))

    def fill(self, slot: int, prompt: Sequence[int], output: Sequence[int]) -> None:
        """Give a slot to a request; with `output`, to one that comes back after a preemption."""
        tokens = [*prompt, *output]
        self.prompt_len.np[slot], self.prefill_len.np[slot] = len(prompt), len(tokens)
        self.total_len.gpu[slot] = len(tokens)
        self.all_token_ids.gpu[slot, : len(tokens)] = torch.tensor(tokens, dtype=torch.int32)

    def append(self, slot: int, token: int) -> None:
        """Commit a token that was drawn."""
        self.all_token_ids.gpu[slot, self.total_len.gpu[slot]] = token
        self.total_len.gpu[slot] += 1


@dataclass
class _Model:
    tokenizer: str
    width: int
    tokenizer_revision: str | None = None

    def get_vocab_size(self) -> int:
        return self.width


@dataclass
class _Config:
    model_config: _Model
    speculative_config: Any = field(default=None)


def config(tokenizer: str, width: int, speculative: Any = None) -> _Config:
    """Return what is read of ``VllmConfig``."""
    return _Config(_Model(tokenizer, width), speculative)
