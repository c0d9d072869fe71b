"""Seeded sampling for transformers: each row draws with its own generator.

A row's luck depends on its seed alone, not on the rows beside it: each step adds Gumbel noise of the
row's generator to the filtered logits and takes the largest sum, which is a draw from the softmax
(Gumbel 1954; Maddison et al. 2014, arXiv 1411.0030). Only rounding in the model itself, which may
depend on the size of the batch, is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import LogitsProcessor

from reasonlens.backends import BanHandle, GenerationRequest, SamplingParams

__all__ = ["PerRowBans", "Recorder", "SeededSampler", "filtered"]


def filtered(scores: torch.Tensor, sampling: SamplingParams) -> torch.Tensor:
    """Return logits at the temperature, with what top-k and top-p leave out at minus infinity.

    Top-p keeps the fewest most likely tokens whose probabilities reach ``top_p`` (Holtzman et al. 2020,
    arXiv 1904.09751); the likeliest token always stays.
    """
    scores = scores.float() / sampling.temperature
    if 0 < sampling.top_k < scores.shape[-1]:
        least = torch.topk(scores, sampling.top_k).values[..., -1, None]
        scores = scores.masked_fill(scores < least, -torch.inf)
    if sampling.top_p < 1:
        ordered, order = torch.sort(scores, descending=True)
        p = torch.softmax(ordered, dim=-1)
        beyond = torch.cumsum(p, dim=-1) - p >= sampling.top_p
        scores = scores.masked_fill(beyond.scatter(-1, order, beyond), -torch.inf)
    return scores


class SeededSampler(LogitsProcessor):  # type: ignore[misc]
    """Draw a token per row and leave only it possible, so that greedy decoding takes it."""

    def __init__(self, sampling: SamplingParams, seeds: Sequence[int], device: Any) -> None:
        self._sampling = sampling
        self._generators = [torch.Generator(device).manual_seed(seed) for seed in seeds]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        if self._sampling.temperature == 0:
            return scores
        left = filtered(scores, self._sampling)
        noise = torch.empty_like(left)
        for row, generator in zip(noise, self._generators, strict=True):
            row.exponential_(generator=generator)
        drawn = (left - noise.log()).argmax(dim=-1, keepdim=True)
        return torch.full_like(left, -torch.inf).scatter_(-1, drawn, 0.0)


class PerRowBans(LogitsProcessor):  # type: ignore[misc]
    """Apply to each row the ban of its request: rows with the same ban go through one processor."""

    def __init__(
        self, requests: Sequence[GenerationRequest], prompts: Sequence[list[int]], device: Any
    ) -> None:
        rows: dict[tuple[str, str], tuple[BanHandle, list[int]]] = {}
        for row, request in enumerate(requests):
            if (ban := request.ban) is not None:
                rows.setdefault((ban.name, ban.digest), (ban, []))[1].append(row)
        self._groups = []
        for ban, places in rows.values():
            seeds = [requests[row].seed for row in places]
            processor = ban.hf_processor([prompts[row] for row in places], seeds)
            self._groups.append((torch.tensor(places, device=device), processor))

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        if not self._groups:
            return scores
        scores = scores.clone()
        for rows, processor in self._groups:
            scores[rows] = processor(input_ids[rows], scores[rows])
        return scores


class Recorder(LogitsProcessor):  # type: ignore[misc]
    """Keep the likeliest log-probabilities of each step, as the model gave them."""

    def __init__(self, k: int) -> None:
        self._k = k
        self.top: list[torch.Tensor] = []
        self._steps: list[torch.Tensor] = []
        self.vocabulary = 0

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        logs = torch.log_softmax(scores.float(), dim=-1)
        self.vocabulary = logs.shape[-1]
        self.top.append(logs.topk(min(self._k, self.vocabulary)).values.cpu())
        self._last = logs
        return scores

    def drawn(self) -> LogitsProcessor:
        """Return a processor for the end of the list that notes the log-probability of what was drawn."""
        return _Drawn(self)

    def row(self, row: int, n: int) -> tuple[list[list[float]], list[float]]:
        """Return the likeliest log-probabilities and that of the token drawn, for `n` steps of a row."""
        top = [step[row].tolist() for step in self.top[:n]]
        return top, [float(step[row]) for step in self._steps[:n]]

    def note(self, chosen: torch.Tensor) -> None:
        """Keep the log-probability of each row's chosen token."""
        self._steps.append(self._last.gather(-1, chosen[:, None])[:, 0].cpu())


class _Drawn(LogitsProcessor):  # type: ignore[misc]
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        self._recorder.note(scores.argmax(dim=-1))
        return scores
