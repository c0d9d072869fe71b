"""Decode with transformers in this process: small models, a CPU or one machine's GPUs.

Requests are decoded in batches of ``batch_size``, in their order; a batch ends with its longest
row, so completions come a batch at a time. The sampling settings in a model's own
``generation_config.json`` are not used: what is asked for is what is done.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from reasonlens.backends import (
    Capabilities,
    Completion,
    GenerationRequest,
    Logprobs,
    SamplingParams,
    carrier_of,
)
from reasonlens.backends._tokens import cut_at, end_ids, prompt_ids, split_stops
from reasonlens.backends._transformers_model import load, no_memory, usable
from reasonlens.core.errors import BackendError, InputError, MissingExtraError, first_line

__all__ = ["NAME", "TITLE", "TransformersBackend", "connect"]

NAME = "transformers"
TITLE = "Hugging Face transformers in this process: small models, CPU or GPU"


def connect(
    model: str,
    *,
    device: str = "auto",
    dtype: str = "auto",
    batch_size: int = 8,
    revision: str | None = None,
    threads: int | None = None,
) -> TransformersBackend:
    """Load a model.

    Parameters
    ----------
    model
        A folder, or the id of a published model that is in the local cache or can be fetched.
    device
        ``"auto"`` (a GPU if there is one), ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``.
    dtype
        ``"auto"`` (as stored), ``"float32"``, ``"bfloat16"``, ``"float16"``.
    batch_size
        Rows decoded at once.
    threads
        Threads of torch; a small model on a busy machine is fastest with 1.

    Raises
    ------
    MissingExtraError
        If torch or transformers is not installed.
    BackendError
        If the model cannot be loaded or the device is not there.
    """
    for package in ("torch", "transformers"):
        try:
            __import__(package)
        except ImportError as error:
            raise MissingExtraError(package, "transformers", "the transformers backend") from error
    if batch_size < 1:
        raise InputError(f"batch_size {batch_size}: at least one row is decoded at once")
    if threads is not None:
        import torch

        torch.set_num_threads(max(1, threads))
    place = usable(device)
    tokenizer, loaded = load(model, place, dtype, revision)
    return TransformersBackend(model, tokenizer, loaded, batch_size)


class TransformersBackend:
    """A loaded model; see `connect`."""

    NAME = NAME

    def __init__(self, model: str, tokenizer: Any, loaded: Any, batch_size: int = 8) -> None:
        self.model = model
        self.batch_size = batch_size
        self._tokenizer, self._model = tokenizer, loaded
        own = getattr(loaded, "generation_config", None)
        self._ends = end_ids(tokenizer, getattr(own, "eos_token_id", None))
        pad = tokenizer.pad_token_id
        self._pad = pad if pad is not None else (self._ends[0] if self._ends else 0)
        self._limit = getattr(loaded.config, "max_position_embeddings", None)

    def capabilities(self) -> Capabilities:
        """Say what this backend can do."""
        note = "seeds hold up to rounding in the model, which may change with the batch"
        return Capabilities(("processor",), self._vocabulary(), "batch", note)

    def _vocabulary(self) -> int:
        return int(self._model.get_output_embeddings().weight.shape[0])

    def tokenizer(self) -> Any:
        """Return the model's tokenizer."""
        return self._tokenizer

    def close(self) -> None:
        """Let go of the model."""
        self._model = None

    def generate(
        self, requests: Iterable[GenerationRequest], sampling: SamplingParams
    ) -> Iterator[Completion]:
        """Yield one completion per request, a batch at a time."""
        waiting = iter(requests)
        while batch := list(itertools.islice(waiting, self.batch_size)):
            yield from self._decode(batch, sampling)

    def _decode(self, batch: Sequence[GenerationRequest], sampling: SamplingParams) -> Iterator[Completion]:
        fitting, prompts = [], []
        for request in batch:
            if request.ban is not None:
                carrier_of(request.ban, self.capabilities(), NAME)
            ids = prompt_ids(self._tokenizer, request.prompt)
            if self._limit is not None and len(ids) >= self._limit:
                problem = f"the prompt has {len(ids)} tokens, the model reads {self._limit}"
                yield Completion(request.request_id, "", "error", 0, problem=problem)
                continue
            fitting.append(request)
            prompts.append(ids)
        if fitting:
            try:
                yield from self._generate(fitting, prompts, sampling)
            except RuntimeError as error:
                if not no_memory(error):
                    raise BackendError(f"{self.model} failed while decoding: {first_line(error)}") from error
                smaller = max(1, self.batch_size // 2)
                raise BackendError(
                    f"memory ran out with {len(fitting)} rows at once; what is finished is kept. Run the "
                    f"same command with --option batch_size={smaller} or a lower --max-tokens"
                ) from error

    def _generate(
        self, requests: Sequence[GenerationRequest], prompts: list[list[int]], sampling: SamplingParams
    ) -> Iterator[Completion]:
        import torch
        from transformers import GenerationConfig, LogitsProcessorList

        from reasonlens.backends._sampling import PerRowBans, Recorder, SeededSampler

        device = self._model.device
        width = max(map(len, prompts))
        rows = torch.full((len(prompts), width), self._pad, dtype=torch.long)
        mask = torch.zeros_like(rows)
        for row, ids in enumerate(prompts):
            rows[row, width - len(ids) :] = torch.tensor(ids)
            mask[row, width - len(ids) :] = 1
        stop_ids, stop_texts = split_stops(self._tokenizer, sampling.stop)
        ends = sorted({*self._ends, *stop_ids})
        room = sampling.max_tokens if self._limit is None else min(sampling.max_tokens, self._limit - width)
        recorder = Recorder(sampling.logprobs) if sampling.logprobs else None
        chain: list[Any] = [PerRowBans(requests, prompts, device)]
        chain.append(SeededSampler(sampling, [r.seed for r in requests], device))
        if recorder:
            chain = [recorder, *chain, recorder.drawn()]
        # a model's own settings (repetition penalty, temperature) must not creep in
        self._model.generation_config = GenerationConfig()
        config = GenerationConfig(
            do_sample=False,
            max_new_tokens=room,
            eos_token_id=ends or None,
            pad_token_id=self._pad,
            stop_strings=stop_texts or None,
        )
        with torch.inference_mode():
            found = self._model.generate(
                rows.to(device),
                attention_mask=mask.to(device),
                generation_config=config,
                logits_processor=LogitsProcessorList(chain),
                tokenizer=self._tokenizer,
            )
        for row, request in enumerate(requests):
            ids = found[row, width:].tolist()
            yield self._completion(request, ids, set(ends), stop_texts, sampling, recorder, row)

    def _completion(
        self,
        request: GenerationRequest,
        ids: list[int],
        ends: set[int],
        stops: list[str],
        sampling: SamplingParams,
        recorder: Any,
        row: int,
    ) -> Completion:
        end = next((i for i, token in enumerate(ids) if token in ends), None)
        kept = ids if end is None else ids[: end + 1]
        text = self._tokenizer.decode(kept, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        text, stopped = cut_at(text, stops, keep=sampling.keep_stop)
        while stopped and kept and kept[-1] == self._pad:  # what follows while other rows go on
            kept = kept[:-1]
        n = len(kept)
        finish = "stop" if stopped or end is not None else "length"
        logprobs = None
        if recorder is not None:
            top, drawn = recorder.row(row, n)
            logprobs = Logprobs(top, drawn, recorder.vocabulary)
        return Completion(request.request_id, text, finish, n, tuple(kept), logprobs)
