"""vLLM's offline engine as a stream: requests in while there is room, completions out as they end."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from reasonlens.backends import Completion, Logprobs, SamplingParams
from reasonlens.backends._tokens import end_ids, prompt_ids, split_stops
from reasonlens.backends._vllm_jobs import Job, Running, Settings
from reasonlens.core.errors import BackendError, MissingExtraError, first_line

__all__ = ["Engine"]

_NO_MEMORY = (
    "out of memory",
    "No available memory",
    "desired GPU memory utilization",
    "less than the free memory",
    "KV cache is needed",
    "can't allocate memory",
)
_NO_MODEL = (
    "not a local folder",
    "Repository Not Found",
    "Can't load the configuration",
    "does not appear to have",
    "couldn't connect",
    "Invalid repository ID",
    "No such file",
)


class Engine(Running):
    """A started engine."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._llm = _start(settings)
        self._engine = self._llm.llm_engine
        self.tokenizer = self._llm.get_tokenizer()
        configured = self._engine.model_config.try_get_generation_config() or {}
        self._ends = end_ids(self.tokenizer, configured.get("eos_token_id"))
        self._vocabulary = int(self._engine.model_config.get_vocab_size())
        self._top = 0

    def add(self, job: Job, sampling: SamplingParams) -> Completion | None:
        """Hand over a request; one that the engine refuses is a completion at once."""
        self._top = sampling.logprobs
        ids = prompt_ids(self.tokenizer, job.prompt)
        try:
            self._engine.add_request(job.request_id, {"prompt_token_ids": ids}, self._params(job, sampling))
        except Exception as error:  # vLLM refuses with errors of many classes; the engine lives on
            return Completion(job.request_id, "", "error", 0, problem=first_line(error))
        self._running.add(job.request_id)
        return None

    def step(self) -> list[Completion]:
        """Do one step; return what has ended."""
        try:
            outputs = self._engine.step()
        except Exception as error:  # the engine is gone, whatever it says of it
            raise started_badly(error, self.settings, "failed while decoding") from error
        return [self._completion(output) for output in outputs if output.finished]

    def abort(self) -> None:
        """Drop what is being worked on."""
        if self._running:
            self._engine.abort_request(sorted(self._running))
            self._running.clear()

    def close(self) -> None:
        """Stop the engine and the processes that it started."""
        core = getattr(self._engine, "engine_core", None)
        if core is not None and hasattr(core, "shutdown"):
            core.shutdown()

    def _params(self, job: Job, sampling: SamplingParams) -> Any:
        from vllm import SamplingParams as Params
        from vllm.sampling_params import RequestOutputKind

        ids, texts = split_stops(self.tokenizer, sampling.stop)
        return Params(
            n=1,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=max(sampling.top_k, 0),
            max_tokens=sampling.max_tokens,
            seed=job.seed,
            stop=texts,
            stop_token_ids=sorted({*ids, *self._ends}),
            include_stop_str_in_output=sampling.keep_stop,
            logprobs=sampling.logprobs or None,
            bad_words=list(job.bad_words) or None,
            logit_bias=dict(job.logit_bias) if job.logit_bias else None,
            extra_args=dict(job.extra_args) if job.extra_args else None,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )

    def _completion(self, output: Any) -> Completion:
        self._running.discard(output.request_id)
        said = output.outputs[0]
        ids = tuple(int(i) for i in said.token_ids)
        finish = said.finish_reason if said.finish_reason in ("stop", "length") else "error"
        problem = "" if finish != "error" else f"vLLM ended it with {said.finish_reason!r}"
        logprobs = _logprobs(said.logprobs, ids, self._top, self._vocabulary) if said.logprobs else None
        return Completion(output.request_id, said.text, finish, len(ids), ids, logprobs, problem)


def _logprobs(steps: Sequence[Any], ids: Sequence[int], k: int, vocabulary: int) -> Logprobs:
    top, drawn = [], []
    for step, chosen in zip(steps, ids, strict=True):
        drawn.append(float(step[chosen].logprob))
        # where the token drawn is none of the k likeliest, it is listed besides them
        top.append(sorted((float(each.logprob) for each in step.values()), reverse=True)[:k])
    return Logprobs(top, drawn, vocabulary)


def _start(settings: Settings) -> Any:
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    try:
        from vllm import LLM
        from vllm.platforms import current_platform
    except ImportError as error:
        raise MissingExtraError(
            "vllm", "vllm", "the vllm backend (best in an environment of its own)"
        ) from error
    if not current_platform.device_type:
        raise BackendError(
            "this build of vLLM finds no GPU; run it on a GPU machine, or use --backend transformers for a "
            "small model, or --backend openai with a server elsewhere"
        )
    on_cpu = current_platform.is_cpu()
    options: dict[str, Any] = {
        "tensor_parallel_size": settings.tensor_parallel,
        "dtype": settings.dtype,
        "max_num_seqs": settings.max_num_seqs,
        "enforce_eager": on_cpu if settings.enforce_eager is None else settings.enforce_eager,
    }
    if settings.gpu_memory is not None:
        options["gpu_memory_utilization"] = settings.gpu_memory
    if settings.kv_cache is not None:
        options["kv_cache_memory_bytes"] = int(settings.kv_cache * 2**30)
    for name in ("max_model_len", "revision"):
        if getattr(settings, name) is not None:
            options[name] = getattr(settings, name)
    if settings.processors:
        options["logits_processors"] = list(settings.processors)
    try:
        return LLM(settings.model, **options)
    except Exception as error:  # vLLM raises nearly everything here
        raise started_badly(error, settings, "could not start") from error


def started_badly(error: Exception, settings: Settings, what: str) -> BackendError:
    """Return one clear sentence for what vLLM says in many lines."""
    said = " ".join(str(each) for each in _chain(error))
    if any(sign in said for sign in _NO_MEMORY):
        return BackendError(
            f"vLLM ran out of memory with {settings.model}; what is finished is kept. Lower --option "
            "max_model_len=N or max_num_seqs=N, or spread it with --option tensor_parallel=N"
        )
    if any(sign in said for sign in _NO_MODEL):
        return BackendError(
            f"vLLM finds no model in {settings.model!r}; give a folder with config.json, tokenizer and "
            "weights, or the id of a model that is in the local cache"
        )
    hint = "; its own lines above say more" if "See root cause above" in said else ""
    return BackendError(f"vLLM {what} with {settings.model}: {first_line(error)}{hint}")


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
