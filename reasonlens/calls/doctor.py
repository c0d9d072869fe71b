"""What a server can do, found out with a few small questions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import orjson

from reasonlens.calls import Endpoint, Request, Sampling, body_of
from reasonlens.calls.answers import problem_of, usage_of
from reasonlens.calls.keys import api_key, redacted
from reasonlens.calls.transport import Reply, Transport, TransportError

__all__ = ["Finding", "examine"]

_HEAD, _TAIL = "marigold-7141", "juniper-2693"
_WORDS_PER_TOKEN = 0.75


@dataclass(frozen=True, slots=True)
class Finding:
    """One property of a server: ``good`` is ``True``, ``False``, or ``None`` where it cannot be told."""

    what: str
    good: bool | None
    detail: str


def examine(endpoint: Endpoint, *, longest: int = 6000, timeout: float = 120.0) -> list[Finding]:
    """Ask a server a few small questions and one long one.

    Parameters
    ----------
    longest
        Words of the long prompt, whose beginning the server must not cut.

    Returns
    -------
    list of Finding
        Never empty; if the server does not answer at all, the only finding says so.
    """
    with ThreadPoolExecutor(1) as thread:  # an event loop of its own, also where one runs already
        return thread.submit(asyncio.run, _examine(endpoint, longest, timeout)).result()


async def _examine(endpoint: Endpoint, longest: int, timeout: float) -> list[Finding]:
    async with Transport(endpoint, api_key(endpoint), connections=1, timeout=timeout) as transport:
        try:
            models = await transport.get("/models")
        except TransportError as error:
            return [Finding("answers", False, str(error))]
        found = await _models(endpoint, transport, models)
        for probe in (_form, _head, _parameters):
            try:
                found += await probe(endpoint, transport, longest)
            except TransportError as error:
                found.append(Finding(probe.__name__.strip("_"), False, str(error)))
        return found


async def _models(endpoint: Endpoint, transport: Transport, reply: Reply) -> list[Finding]:
    try:
        ids = {row["id"]: row for row in orjson.loads(reply.body)["data"]}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return [Finding("lists its models", False, _short(reply))]
    here = endpoint.model in ids
    detail = endpoint.model if here else f"not {endpoint.model}, but {', '.join(sorted(ids)[:5]) or 'none'}"
    length = ids.get(endpoint.model, {}).get("max_model_len")  # vLLM, SGLang
    if not isinstance(length, int):
        length = await _context(transport)
    known = isinstance(length, int)
    said = f"{length:,} tokens" if known else "not said"
    return [
        Finding("has the model", here, detail),
        Finding("context length", True if known else None, said),
    ]


async def _context(transport: Transport) -> int | None:
    """Return the context length as llama.cpp tells it, beside the interface that it shares with others."""
    try:
        reply = await transport.get("/../props")
        length = orjson.loads(reply.body)["default_generation_settings"]["n_ctx"]
    except (TransportError, orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return length if isinstance(length, int) else None


async def _ask(endpoint: Endpoint, transport: Transport, request: Request, tokens: int) -> Reply:
    body = body_of(endpoint, Sampling(max_tokens=tokens), request)
    return await transport.post("/chat/completions", orjson.dumps(body))


async def _form(endpoint: Endpoint, transport: Transport, longest: int) -> list[Finding]:
    """Ask for prose while a schema demands JSON: only a server that enforces it answers in its form."""
    schema: Mapping[str, Any] = {
        "type": "object",
        "properties": {
            "verdict": {"type": "string", "enum": ["present", "absent"]},
            "count": {"type": "integer", "enum": [0, 1, 2, 3]},  # weak models never end a free number
        },
        "required": ["verdict", "count"],
        "additionalProperties": False,
    }
    request = Request((("user", "Write one sentence about rivers. Plain prose, no JSON."),), schema, "probe")
    reply = await _ask(endpoint, transport, request, 200)
    if reply.status != 200:
        return [Finding("keeps to a JSON schema", False, _short(reply))]
    text = _text(reply)
    try:
        read = json.loads(text)
        kept = set(read) == {"verdict", "count"} and read["verdict"] in ("present", "absent")
    except (ValueError, TypeError, KeyError):
        kept = False
    shown = " ".join(text.split())[:80]
    return [
        Finding("keeps to a JSON schema", kept, shown if kept else f"answered {shown!r}; use --json-in-text")
    ]


async def _head(endpoint: Endpoint, transport: Transport, longest: int) -> list[Finding]:
    """Put a word at the head and one at the tail of a long prompt: is the head still there?"""
    filler = " ".join(f"line {i} of a long text." for i in range(longest // 6))
    ask = "Repeat the first code word and the last code word of this message, nothing else."
    content = f"The first code word is {_HEAD}. {filler} The last code word is {_TAIL}. {ask}"
    reply = await _ask(endpoint, transport, Request((("user", content),)), 40)
    if reply.status != 200:
        return [Finding("keeps the head of a long prompt", None, f"refused it: {_short(reply)}")]
    usage, _ = usage_of(reply.body)
    expected = len(content.split()) / _WORDS_PER_TOKEN * 0.6
    if usage.prompt is not None and usage.prompt < expected:
        detail = f"used {usage.prompt:,} tokens of a prompt of at least {expected:,.0f}: it was cut"
        return [Finding("keeps the head of a long prompt", False, detail)]
    text = _text(reply)
    if _HEAD in text:
        return [Finding("keeps the head of a long prompt", True, "the first word came back")]
    if usage.prompt is not None:
        detail = f"read {usage.prompt:,} tokens, but the model did not repeat the words"
        return [Finding("keeps the head of a long prompt", True, detail)]
    return [
        Finding(
            "keeps the head of a long prompt", None, "the words did not come back and usage is not reported"
        )
    ]


async def _parameters(endpoint: Endpoint, transport: Transport, longest: int) -> list[Finding]:
    """Send what every judgement sends, and then what is optional."""
    what = "takes temperature, top_p, seed and a limit of tokens"
    body = body_of(endpoint, Sampling(max_tokens=8), Request((("user", "Say yes."),)))
    reply = await transport.post("/chat/completions", orjson.dumps(body))
    if reply.status != 200:
        return [Finding(what, False, _short(reply) + await _culprit(transport, body))]
    usage, _ = usage_of(reply.body)
    counted = f"{usage.prompt} and {usage.completion} tokens" if usage.prompt is not None else "no usage"
    version = _part(reply, "system_fingerprint")
    asked = orjson.dumps({**body, "logprobs": True, "top_logprobs": 2})
    reply = await transport.post("/chat/completions", asked)
    logprobs = reply.status == 200 and bool(_part(reply, "choices", 0, "logprobs"))
    why = "yes" if logprobs else "no" if reply.status == 200 else _short(reply)
    return [
        Finding(what, True, "accepted"),
        Finding("reports usage", usage.prompt is not None and usage.completion is not None, counted),
        Finding(
            "reports cached tokens",
            usage.cached is not None,
            "not said" if usage.cached is None else f"{usage.cached:,}",
        ),
        Finding("gives log-probabilities", logprobs, why),
        Finding("names its version", bool(version), str(version or "no fingerprint")),
    ]


async def _culprit(transport: Transport, body: dict[str, Any]) -> str:
    """Name the parameter without which a refused body is taken."""
    for name in ("temperature", "top_p", "seed", "max_tokens", "max_completion_tokens"):
        if name in body:
            rest = {key: value for key, value in body.items() if key != name}
            if (await transport.post("/chat/completions", orjson.dumps(rest))).status == 200:
                return f"; accepted without {name}"
    return ""


def _part(reply: Reply, *path: str | int) -> Any:
    """Return what lies at a place in a reply's JSON, or ``None``."""
    try:
        found = orjson.loads(reply.body)
        for step in path:
            found = found[step]
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError):
        return None
    return found


def _text(reply: Reply) -> str:
    return str(_part(reply, "choices", 0, "message", "content") or "")


def _short(reply: Reply) -> str:
    return redacted(problem_of(reply.status, reply.body)[1])
