"""Questions to a language model, asked once and kept for good.

This layer knows nothing of traces: a `Request` is one chat completion, its `key` a digest of everything
that decides on the answer, and the journal keeps every answer that was paid for before anything reads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

__all__ = ["STATES", "Answer", "Endpoint", "Request", "Sampling", "body_of", "request_key"]

STATES = ("ok", "refused", "unparsed", "failed")
"""What became of a request: an answer, a refusal, an answer of the wrong form, or none."""

_PROTOCOL = 1  # raise it when the same key would mean another question
_OPENAI = "https://api.openai.com"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and whom to ask.

    Parameters
    ----------
    base_url
        Up to and with ``/v1``.
    model
        The model's name there.
    key_env
        The environment variable with the key.
    form
        ``"schema"`` sends a JSON schema for the server to keep to, ``"text"`` asks for JSON in words and
        looks for it in the answer (servers without schemas).
    headers
        What else is sent; no part of the key.
    insecure
        Allow ``http://`` to a server that is neither on this machine nor in a private network.
    """

    base_url: str = f"{_OPENAI}/v1"
    model: str = "gpt-4o-2024-11-20"
    key_env: str = "OPENAI_API_KEY"
    form: str = "schema"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # may hold secrets
    insecure: bool = False

    @property
    def is_openai(self) -> bool:
        """Whether this is OpenAI's own server."""
        return self.base_url.startswith(f"{_OPENAI}/")


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an answer is drawn.

    A server's own defaults differ, so all of it is sent, except what is ``None`` (some models take no
    temperature).
    """

    temperature: float | None = 0.0
    top_p: float | None = 1.0
    seed: int | None = 0
    max_tokens: int = 2000


@dataclass(frozen=True, slots=True)
class Request:
    """One chat completion to ask for.

    Parameters
    ----------
    messages
        Pairs of role and content.
    schema
        JSON schema that the answer must fit, or ``None`` for plain text.
    schema_name
        What the server calls it.
    salt
        What else decides on the meaning of an answer, for instance a version of the instructions.
    repeat
        0, 1, 2, ... for asking the same again.
    """

    messages: tuple[tuple[str, str], ...]
    schema: Mapping[str, Any] | None = None
    schema_name: str = "answer"
    salt: str = ""
    repeat: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of one request.

    Attributes
    ----------
    key
        Hexadecimal key of the request.
    state
        One of `STATES`; `problem` says why it is not ``ok``.
    text, parsed
        The content of the message, and what the caller's parser made of it.
    model
        The model that the server names.
    prompt_tokens, completion_tokens, cached_tokens
        As the server reports them.
    cost
        In US dollars over all attempts; ``None`` if there is no price for the model.
    from_journal
        Whether it was paid for in an earlier run.
    """

    key: str
    state: str
    text: str | None = None
    parsed: Any = None
    problem: str = ""
    model: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    cost: float | None = None
    from_journal: bool = False


def request_key(endpoint: Endpoint, sampling: Sampling, request: Request) -> str:
    """Return the key of a request: SHA-256 over all that determines the answer, and nothing else.

    Ids of traces, retries, timeouts, concurrency and the API key are no part of it.
    """
    decisive = {
        "protocol": _PROTOCOL,
        "server": endpoint.base_url.rstrip("/"),
        "model": endpoint.model,
        "form": endpoint.form,
        "sampling": {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
            "max_tokens": sampling.max_tokens,
        },
        "messages": request.messages,
        "schema": request.schema,
        "schema_name": request.schema_name,
        "salt": request.salt,
        "repeat": request.repeat,
    }
    canonical = json.dumps(decisive, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()


def body_of(endpoint: Endpoint, sampling: Sampling, request: Request) -> dict[str, Any]:
    """Return the body of the request as the chat completions interface takes it."""
    messages = [{"role": role, "content": content} for role, content in request.messages]
    body: dict[str, Any] = {
        "model": endpoint.model,
        "messages": messages,
        # some servers that are not OpenAI's know the older name only
        "max_completion_tokens" if endpoint.is_openai else "max_tokens": sampling.max_tokens,
    }
    if sampling.temperature is not None:
        body["temperature"] = sampling.temperature
    if sampling.top_p is not None:
        body["top_p"] = sampling.top_p
    if sampling.seed is not None:
        body["seed"] = sampling.seed + request.repeat
    if request.schema is not None and endpoint.form == "schema":
        form = {"name": request.schema_name, "schema": request.schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    elif request.schema is not None:
        told = "Answer with one JSON object that fits this JSON schema, and nothing else: "
        messages.append({"role": "user", "content": told + json.dumps(request.schema, sort_keys=True)})
    return body
