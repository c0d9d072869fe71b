"""Requests as an OpenAI-compatible server wants them, and its answers as completions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from reasonlens.backends import Completion, GenerationRequest, Logprobs, SamplingParams

__all__ = ["completion_of", "fields_of"]

_STOPS = 4  # the most that OpenAI's own API takes


def fields_of(
    request: GenerationRequest, sampling: SamplingParams, *, vllm: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields that every server knows, and those that only some do.

    Temperature and top_p are always there: servers have defaults of their own.
    """
    body: dict[str, Any] = {
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": request.seed,
    }
    extra: dict[str, Any] = {"top_k": sampling.top_k} if sampling.top_k > 0 else {}
    if sampling.stop:
        body["stop"] = list(sampling.stop if vllm else sampling.stop[:_STOPS])
    if vllm:  # or the model's own generation_config.json would creep in
        extra = {"top_k": max(sampling.top_k, 0), "min_p": 0.0, "repetition_penalty": 1.0}
        extra["include_stop_str_in_output"] = sampling.keep_stop
        # a stop text that is a special token is seen only where special tokens are written out
        extra["skip_special_tokens"] = not any(text.startswith("<") for text in sampling.stop)
    if request.messages is not None:
        body["messages"] = [{"role": role, "content": text} for role, text in request.messages]
        if sampling.logprobs:
            body.update(logprobs=True, top_logprobs=sampling.logprobs)
    else:
        body["prompt"] = request.prompt
        if sampling.logprobs:
            body["logprobs"] = sampling.logprobs
    return body, extra


def completion_of(
    request_id: str, said: Any, sampling: SamplingParams, vocabulary: int | None = None
) -> Completion:
    """Return the first choice of a completion or chat completion."""
    if not said.choices:
        return Completion(request_id, "", "error", problem="the server's answer has no choice")
    choice = said.choices[0]
    message = getattr(choice, "message", None)
    text = choice.text if message is None else message.content
    reasoning = None if message is None else _reasoning(message)
    finish = choice.finish_reason
    n = said.usage.completion_tokens if said.usage else None
    if finish not in ("stop", "length"):
        return Completion(request_id, text or "", "error", n, problem=f"the server ended it with {finish!r}")
    logprobs = None
    if sampling.logprobs and vocabulary and choice.logprobs is not None:
        logprobs = _logprobs(choice.logprobs, sampling.logprobs, vocabulary)
    return Completion(request_id, text or "", finish, n, logprobs=logprobs, reasoning=reasoning)


def _reasoning(message: Any) -> str | None:
    """Return the reasoning that a server keeps apart: ``reasoning``, in older ones ``reasoning_content``."""
    for name in ("reasoning", "reasoning_content"):
        value = getattr(message, name, None)
        if isinstance(value, str) and value:
            return value
    return None


def _logprobs(found: Any, k: int, vocabulary: int) -> Logprobs | None:
    steps = getattr(found, "content", None)
    if steps is not None:  # chat
        top = [_top((each.logprob for each in step.top_logprobs), k) for step in steps]
        return Logprobs(top, [step.logprob for step in steps], vocabulary)
    if not found.top_logprobs:
        return None
    drawn = [math.nan if value is None else value for value in found.token_logprobs or ()]
    return Logprobs([_top((step or {}).values(), k) for step in found.top_logprobs], drawn, vocabulary)


def _top(values: Iterable[float], k: int) -> list[float]:
    """Return the `k` largest: where the token drawn is none of them, servers list it besides."""
    return sorted(values, reverse=True)[:k]
