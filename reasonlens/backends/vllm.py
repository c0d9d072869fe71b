"""Decode with vLLM in this process (or in one process per replica): large models, GPUs.

Requests stream: the engine always has some waiting, and a completion comes as soon as it ends. A
ban travels as arguments of a logits processor that the engine is started with (``processors``), or
as vLLM's own ``bad_words`` or ``logit_bias``. With ``data_parallel=N`` there are N engines, each with
its own share of the GPUs of this machine, or with ``ray=ADDRESS`` of a cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from reasonlens.backends import (
    Capabilities,
    Completion,
    GenerationRequest,
    SamplingParams,
    carrier_of,
)
from reasonlens.backends._vllm_engine import Engine
from reasonlens.backends._vllm_jobs import Job, Settings
from reasonlens.core.errors import BackendError, InputError, MissingExtraError

__all__ = ["NAME", "TITLE", "VllmBackend", "connect"]

NAME = "vllm"
TITLE = "vLLM in this process: large models, GPUs, tensor and data parallel"

_LOGPROBS = 20  # vLLM's own default limit


def connect(
    model: str,
    *,
    tensor_parallel: int = 1,
    data_parallel: int = 1,
    dtype: str = "auto",
    gpu_memory: float | None = None,
    kv_cache: float | None = None,
    max_model_len: int | None = None,
    max_num_seqs: int = 256,
    enforce_eager: bool | None = None,
    revision: str | None = None,
    ray: str | None = None,
    processors: Sequence[str] = (),
) -> VllmBackend:
    """Start the engine.

    Parameters
    ----------
    model
        A folder or the id of a published model.
    tensor_parallel, data_parallel
        GPUs per engine, and number of engines.
    gpu_memory
        Share of each GPU's memory that vLLM may take.
    kv_cache
        GiB for keys and values, whatever else is free; with too few, vLLM stops some of the requests that
        it decodes, and later reads again what they had.
    max_model_len
        Longest prompt and completion together.
    max_num_seqs
        Requests decoded at once.
    enforce_eager
        Do not compile; on a CPU that is the default.
    ray
        Address of a Ray cluster that the engines are spread over (``auto`` finds it); its nodes need vLLM,
        reasonlens and the model.
    processors
        ``"module:Class"`` of logits processors to start the engine with, see `BanHandle.processor_path`.

    Raises
    ------
    MissingExtraError
        If vLLM is not installed.
    BackendError
        If there is no GPU (and no CPU build), no such model, or not enough memory.
    """
    from importlib.util import find_spec

    if find_spec("vllm") is None:
        raise MissingExtraError("vllm", "vllm", "the vllm backend (best in an environment of its own)")
    for name, value in (("tensor_parallel", tensor_parallel), ("data_parallel", data_parallel)):
        if value < 1:
            raise InputError(f"{name} {value}: at least one GPU or engine is needed")
    if model.startswith((".", "/", "~")) and not Path(model).expanduser().is_dir():
        raise BackendError(f"no model is in {model}: there is no such folder")
    settings = Settings(
        str(Path(model).expanduser()) if model.startswith("~") else model,
        tensor_parallel,
        dtype,
        gpu_memory,
        kv_cache,
        max_model_len,
        max_num_seqs,
        enforce_eager,
        revision,
        tuple(processors),
    )
    if ray is not None:
        from reasonlens.backends._vllm_ray import RayReplicas

        return VllmBackend(model, settings, RayReplicas(settings, data_parallel, str(ray)))
    if data_parallel == 1:
        return VllmBackend(model, settings, Engine(settings))
    from reasonlens.backends._vllm_replicas import Replicas

    return VllmBackend(model, settings, Replicas(settings, data_parallel))


class VllmBackend:
    """A started engine, or several; see `connect`."""

    NAME = NAME

    def __init__(self, model: str, settings: Settings, engine: Any) -> None:
        self.model = model
        self._settings, self._engine = settings, engine
        self._calls = 0

    def capabilities(self) -> Capabilities:
        """Say what this backend can do."""
        own = ("processor",) if self._settings.processors else ()
        note = "" if own else "the engine was started without the processor of the ban"
        return Capabilities((*own, "bad_words", "logit_bias"), _LOGPROBS, "batch", note)

    def tokenizer(self) -> Any:
        """Return the model's tokenizer."""
        return self._engine.tokenizer

    def close(self) -> None:
        """Stop the engine."""
        self._engine.close()

    def generate(
        self, requests: Iterable[GenerationRequest], sampling: SamplingParams
    ) -> Iterator[Completion]:
        """Yield one completion per request, each as soon as it is done."""
        can = self.capabilities()
        waiting = iter(requests)
        more = True
        self._calls += 1
        mark = f"{self._calls}/"  # what an abandoned call left behind is told apart by it
        try:
            while more or self._engine.unfinished:
                while more and self._engine.room:
                    request = next(waiting, None)
                    if request is None:
                        more = False
                        break
                    carrier = carrier_of(request.ban, can, NAME) if request.ban else None
                    refused = self._engine.add(Job.of(request, carrier, mark), sampling)
                    if refused is not None:
                        yield _unmarked(refused, mark)
                if self._engine.unfinished:
                    done = (c for c in self._engine.step() if c.request_id.startswith(mark))
                    yield from (_unmarked(completion, mark) for completion in done)
        finally:
            self._engine.abort()


def _unmarked(completion: Completion, mark: str) -> Completion:
    return replace(completion, request_id=completion.request_id.removeprefix(mark))
