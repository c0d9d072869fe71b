"""From the bytes of a chat completion to an `Answer`, or to the reason why there is none."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from reasonlens.calls import Answer, Endpoint, Request
from reasonlens.calls.journal import Stored
from reasonlens.calls.prices import Price

__all__ = ["Parse", "Usage", "answer_of", "problem_of", "usage_of"]

Parse = Callable[[Any], Any]
"""Checks and converts the JSON value of an answer; raises ``ValueError`` with what is wrong."""

_SHOWN = 300  # characters of a server's message


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server reports them; ``None`` where it does not."""

    prompt: int | None
    completion: int | None
    cached: int | None

    def cost(self, price: Price | None, *, batch: bool = False) -> float | None:
        """Return the price of the call, or ``None`` if it cannot be known."""
        if price is None or self.prompt is None or self.completion is None:
            return None
        return price.of(self.prompt, self.completion, self.cached or 0, batch=batch)


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def usage_of(body: bytes) -> tuple[Usage, str]:
    """Return the tokens and the model that an answer names."""
    read = _json(body)
    if not isinstance(read, dict):
        return Usage(None, None, None), ""
    usage = read.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    numbers = (usage.get("prompt_tokens"), usage.get("completion_tokens"), cached)
    model = read.get("model")
    return Usage(*(n if isinstance(n, int) else None for n in numbers)), model if isinstance(
        model, str
    ) else ""


def problem_of(status: int, body: bytes) -> tuple[str, str]:
    """Return the code and the message of an answer that is an error."""
    read = _json(body)
    error = read.get("error", read) if isinstance(read, dict) else None
    if isinstance(error, dict):
        code, message = (
            error.get("code") or error.get("type") or "",
            error.get("message") or error.get("detail"),
        )
    else:
        code, message = "", body.decode("utf-8", "replace")
    return str(code), f"status {status}: {' '.join(str(message).split())[:_SHOWN]}"


def answer_of(
    key: str,
    endpoint: Endpoint,
    request: Request,
    attempts: Sequence[Stored],
    parse: Parse | None,
    *,
    from_journal: bool,
) -> Answer:
    """Return what the stored attempts of a request amount to: the first usable one, or the last problem."""
    best: Answer | None = None
    costs = [stored.cost for stored in attempts]
    cost = None if None in costs else sum(c for c in costs if c is not None)
    for stored in attempts:
        state, text, parsed, problem = _read(stored, endpoint, request, parse)
        usage, model = usage_of(stored.body)
        tokens = (usage.prompt, usage.completion, usage.cached)
        best = Answer(key, state, text, parsed, problem, model, *tokens, cost, from_journal)
        if state in ("ok", "refused"):
            break
    if best is None:
        raise ValueError("an answer needs at least one attempt")
    return best


def _read(
    stored: Stored, endpoint: Endpoint, request: Request, parse: Parse | None
) -> tuple[str, str | None, Any, str]:
    read = _json(stored.body)
    try:
        choice = read["choices"][0]
        message, finish = choice["message"], choice.get("finish_reason")
        text = message.get("content")
    except (KeyError, IndexError, TypeError, AttributeError):
        return "unparsed", None, None, "the server's answer is no chat completion"
    if not _same_model(endpoint.model, read.get("model")):
        return "failed", text, None, f"the server answered with the model {read.get('model')!r}"
    if message.get("refusal"):
        return "refused", None, None, " ".join(str(message["refusal"]).split())[:_SHOWN]
    if finish == "content_filter":
        return "refused", text, None, "stopped by the server's content filter"
    if finish == "length":
        return "unparsed", text, None, "cut off at the limit of tokens"
    if not isinstance(text, str) or not text.strip():
        return "unparsed", None, None, "the answer is empty"
    if request.schema is None and parse is None:
        return "ok", text, text, ""
    try:
        value = _value(text) if request.schema is not None else text
        return "ok", text, parse(value) if parse else value, ""
    except ValueError as error:
        return "unparsed", text, None, str(error)[:_SHOWN]


def _same_model(asked: str, named: Any) -> bool:
    """Tell whether the model that answered is the one asked for: the same, or a dated form of it."""
    if not isinstance(named, str) or not named:
        return True  # many servers name none
    a, b = (name.rsplit("/", 1)[-1].casefold() for name in (asked, named))
    return a.startswith(b) or b.startswith(a)


def _value(text: str) -> Any:
    """Return the JSON value of an answer: the whole text, or the first object in it."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    decoder, at = json.JSONDecoder(), text.find("{")
    while at >= 0:
        try:
            return decoder.raw_decode(text, at)[0]
        except ValueError:
            at = text.find("{", at + 1)
        except RecursionError:
            break
    raise ValueError("the answer holds no JSON object")
