"""The processor for transformers, in real generation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from transformers import LogitsProcessor, LogitsProcessorList

from reasonlens.backends import BanHandle
from reasonlens.bans import Ban
from reasonlens.bans.vocabulary import Vocabulary, of_tokenizer
from reasonlens.core.errors import BackendError
from tests.bans.engine_body import PROMPTS, Shown, check, fragment_bias, tiny_model
from tests.bans.making import bpe


class Bias(LogitsProcessor):
    def __init__(self, bias: dict[int, float], width: int, device: str) -> None:
        self._bias = torch.zeros(width, device=device)
        self._bias[list(bias)] = torch.tensor(list(bias.values()), device=device)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        return scores + self._bias


class Engine:
    """Batched sampling with a bias on the pieces of the words."""

    def __init__(self, device: str = "cpu") -> None:
        self.device = device
        self.tokenizer = bpe()
        self.vocabulary = of_tokenizer(self.tokenizer)
        self.width = len(self.vocabulary) + 24  # a model's rows past the tokenizer
        self.model = tiny_model(self.width).to(device)
        self.bias = Bias(fragment_bias(self.vocabulary), self.width, device)

    def __call__(self, ban: Ban | None, n: int, length: int = 32, batch: int = 256) -> list[str]:
        texts: list[str] = []
        for first in range(0, n, batch):
            torch.manual_seed(first)
            prompts = [
                self.tokenizer.encode(PROMPTS[i % len(PROMPTS)]) for i in range(first, min(n, first + batch))
            ]
            chain: list[Any] = [self.bias]
            if ban is not None:
                chain.append(ban.bind(self.vocabulary).hf_processor(prompts, list(range(len(prompts)))))
            texts += self.sample(prompts, chain, length)
        return texts

    def sample(self, prompts: Sequence[list[int]], chain: list[Any], length: int) -> list[str]:
        width = max(map(len, prompts))
        pad = self.tokenizer.pad_token_id
        rows = torch.tensor(
            [[pad] * (width - len(prompt)) + prompt for prompt in prompts], device=self.device
        )
        found = self.model.generate(
            rows,
            attention_mask=(rows != pad).long(),
            do_sample=True,
            top_k=0,
            max_new_tokens=length,
            pad_token_id=pad,
            eos_token_id=pad,
            logits_processor=LogitsProcessorList(chain),
        )
        return [self.vocabulary.text(row) for row in found.tolist()]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so small a model is slower on several, on a busy machine many times
    yield Engine()
    torch.set_num_threads(threads)


def test_two_thousand_generations_have_no_leak(engine: Engine) -> None:
    free, _ = check(engine, 2048)
    assert sum(free.hits.values()) > 200  # in 256 generations


@pytest.mark.gpu
def test_ten_thousand_generations_on_a_gpu_have_no_leak() -> None:
    if not torch.cuda.is_available():
        pytest.skip("there is no GPU here")
    check(Engine("cuda"), 10_240)


def test_a_handle_is_what_backends_expect(engine: Engine) -> None:
    assert isinstance(Ban(["wait"]).bind(engine.vocabulary), BanHandle)


def test_a_sham_changes_nothing(engine: Engine) -> None:
    assert engine(Ban([]), 32) == engine(None, 32)


def test_penalties_and_probabilities_are_graded(engine: Engine) -> None:
    def of(**options: Any) -> int:
        return Shown.of(engine(Ban(["wait"], **options), 160)).hits["wait"]

    free = of(penalty=0.0)
    assert free == of(probability=0.0)
    assert free > of(penalty=-1.0) > of(penalty=-4.0) > 0
    assert free > of(probability=0.5) > of(probability=0.9) > 0
    assert of(probability=1.0) == 0


def step(processor: Any, rows: list[list[int]], width: int) -> torch.Tensor:
    scores: torch.Tensor = processor(torch.tensor(rows), torch.zeros(len(rows), width))
    return scores


SMALL = Vocabulary((b" wait", b" wa", b"it", b" x", b"</think>", b""), {5: "<|end|>"})


def masked(scores: torch.Tensor) -> list[set[int]]:
    return [set(np.flatnonzero(row.numpy() == -np.inf).tolist()) for row in scores]


def test_rows_have_states_of_their_own() -> None:
    processor = Ban(["wait"]).bind(SMALL).hf_processor([[1], [3]])
    assert masked(step(processor, [[1], [3]], 8)) == [{0, 2}, {0}]
    assert masked(step(processor, [[1, 3], [3, 1]], 8)) == [{0}, {0, 2}]
    assert masked(step(processor, [[1, 3, 5, 1], [3, 1, 5, 5]], 8)) == [{0, 2}, {0, 2}]  # two steps at once


def test_left_padding_is_not_part_of_the_prompt() -> None:
    processor = Ban(["wait"]).bind(SMALL).hf_processor([[1], [3, 1]])
    assert masked(step(processor, [[5, 1], [3, 1]], 8)) == [{0, 2}, {0, 2}]


def test_the_given_scores_are_left_alone() -> None:
    processor = Ban(["wait"]).bind(SMALL).hf_processor([[3]])
    scores = torch.zeros(1, 6)
    processor(torch.tensor([[3]]), scores)
    assert not scores.any()


def test_a_phase_ends_with_the_reasoning() -> None:
    processor = Ban(["wait"], phase="reasoning").bind(SMALL).hf_processor([[3]])
    assert masked(step(processor, [[3]], 6)) == [{0}]
    assert masked(step(processor, [[3, 4]], 6)) == [set()]
    assert masked(step(processor, [[3, 4, 1]], 6)) == [set()]


def test_a_prompt_that_closed_the_reasoning_leaves_none() -> None:
    ban = Ban(["wait"], phase="reasoning").bind(SMALL)
    assert masked(step(ban.hf_processor([[4]]), [[4]], 6)) == [set()]
    assert masked(step(ban.hf_processor([[4, 3]]), [[4, 3]], 6)) == [{0}]


def test_a_phase_ends_with_the_first_quarter() -> None:
    processor = Ban(["wait"], phase="first_quarter", max_tokens=8).bind(SMALL).hf_processor([[3]])
    rows = [3]
    seen = []
    for _ in range(4):
        seen.append(masked(step(processor, [rows], 6))[0])
        rows = [*rows, 3]
    assert seen == [{0}, {0}, set(), set()]


def test_ids_do_not_depend_on_what_stands_before() -> None:
    processor = Ban(["wa"], mode="ids").bind(SMALL).hf_processor([[3]])
    assert masked(step(processor, [[3]], 6)) == [{0, 1}]
    assert masked(step(processor, [[3, 1]], 6)) == [{0, 1}]


def test_ids_are_released_with_the_reasoning() -> None:
    processor = Ban(["wa"], mode="ids", phase="reasoning").bind(SMALL).hf_processor([[3]])
    assert masked(step(processor, [[3]], 6)) == [{0, 1}]
    assert masked(step(processor, [[3, 4]], 6)) == [set()]


def test_other_rows_than_it_was_made_for_are_refused() -> None:
    processor = Ban(["wait"]).bind(SMALL).hf_processor([[3]])
    with pytest.raises(BackendError, match=r"made for 1 rows and got 2; .* do not search with beams"):
        step(processor, [[3], [3]], 6)
