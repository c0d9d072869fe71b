"""From the bytes of a reply to an `Answer`, or to the reason why there is none."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from reasonlens.calls import Answer, Endpoint, Request, Sampling, body_of, request_key
from reasonlens.calls.journal import Stored
from reasonlens.calls.prices import Price

__all__ = ["Parse", "Reading", "Usage", "Wire", "answer_of", "chat", "problem_of", "same_model", "usage_of"]

Parse = Callable[[Any], Any]
"""Checks and converts the JSON value of an answer; raises ``ValueError`` with what is wrong."""

Reading = tuple[str, str | None, Any, str]
"""State, text, parsed value and problem of one reply."""

_SHOWN = 300  # characters of a server's message
_ESCAPE = re.compile(r"\\([\"\\/bfnrt]|u[0-9a-fA-F]{4})?")
_DATED = re.compile(r"|-\d{4}[\d-]*|[-:]latest|:[\w.-]+")  # what a full name adds to a short one


@dataclass(frozen=True, slots=True)
class Wire:
    """One kind of call: where it goes, what is sent and kept, and how a reply is read.

    Parameters
    ----------
    path
        Below the server's base address.
    key, body
        Make the key and the body of a request.
    read
        Reads the JSON value of a reply to a request (``None`` if it is none).
    most_tokens
        Tokens of an answer at most.
    """

    path: str
    key: Callable[[Any], str]
    body: Callable[[Any], dict[str, Any]]
    read: Callable[[Any, Any], Reading]
    most_tokens: int


def chat(endpoint: Endpoint, sampling: Sampling, parse: Parse | None) -> Wire:
    """Return the wire for chat completions."""
    return Wire(
        "/chat/completions",
        partial(request_key, endpoint, sampling),
        partial(body_of, endpoint, sampling),
        partial(_read_chat, endpoint, parse),
        sampling.max_tokens,
    )


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server reports them; ``None`` where it does not."""

    prompt: int | None
    completion: int | None
    cached: int | None

    def cost(self, price: Price | None, *, batch: bool = False) -> float | None:
        """Return the price of the call, or ``None`` if it cannot be known."""
        if price is not None and price.free:
            return 0.0
        if price is None or self.prompt is None or self.completion is None:
            return None
        return price.of(self.prompt, self.completion, self.cached or 0, batch=batch)


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def usage_of(body: bytes) -> tuple[Usage, str]:
    """Return the tokens and the model that a reply names."""
    read = _json(body)
    if not isinstance(read, dict):
        return Usage(None, None, None), ""
    usage = read.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    details = usage.get("prompt_tokens_details", usage.get("input_tokens_details"))
    numbers = (
        usage.get("prompt_tokens", usage.get("input_tokens")),
        usage.get("completion_tokens", usage.get("output_tokens")),
        details.get("cached_tokens") if isinstance(details, dict) else None,
    )
    model = read.get("model")
    whole = (n if isinstance(n, int) and n >= 0 else None for n in numbers)
    return Usage(*whole), model if isinstance(model, str) else ""


def problem_of(status: int, body: bytes) -> tuple[str, str]:
    """Return the code and the message of a reply that is an error."""
    read = _json(body)
    error = read.get("error", read) if isinstance(read, dict) else None
    code = ""
    if isinstance(error, dict):
        code = str(error.get("code") or error.get("type") or "")
        message = error.get("message") or error.get("detail")
    else:
        message = error or body.decode("utf-8", "replace")
    return code, f"status {status}: {_line(message)}"


def answer_of(
    key: str, attempts: Sequence[Stored], read: Callable[[Any], Reading], *, from_journal: bool
) -> Answer:
    """Return what the stored replies amount to: the first usable one, or the last problem."""
    best: Answer | None = None
    costs = [stored.cost for stored in attempts]
    cost = None if None in costs else sum(c for c in costs if c is not None)
    for stored in attempts:
        state, text, parsed, problem = read(_json(stored.body))
        usage, model = usage_of(stored.body)
        tokens = (usage.prompt, usage.completion, usage.cached)
        best = Answer(key, state, text, parsed, problem, model, *tokens, cost, from_journal)
        if state in ("ok", "refused"):
            break
    if best is None:
        raise ValueError("an answer needs at least one attempt")
    return best


def _read_chat(endpoint: Endpoint, parse: Parse | None, request: Request, read: Any) -> Reading:
    try:
        choice = read["choices"][0]
        message, finish = choice["message"], choice.get("finish_reason")
        text, refusal = message.get("content"), message.get("refusal")
    except (KeyError, IndexError, TypeError, AttributeError):
        return "unparsed", None, None, "the server's answer is no chat completion"
    if not same_model(endpoint.model, read.get("model")):
        return "failed", text, None, f"the server answered with the model {read.get('model')!r}"
    if refusal:
        return "refused", None, None, _line(refusal)
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
        return "unparsed", text, None, _line(error)


def same_model(asked: str, named: Any) -> bool:
    """Tell whether the model that answered is the one asked for: the same, or a dated form of it."""
    if not isinstance(named, str) or not named:
        return True  # many servers name none
    short, long = sorted((name.rsplit("/", 1)[-1].casefold() for name in (asked, named)), key=len)
    return long.startswith(short) and bool(_DATED.fullmatch(long[len(short) :]))


def _line(message: Any) -> str:
    return " ".join(str(message).split())[:_SHOWN]


def _value(text: str) -> Any:
    """Return the JSON value of an answer: the whole text, or the first object in it.

    What a model thought aloud before it answers is passed over. Models that quote formulas or lines forget
    to escape: a backslash that begins no escape is one, and a line may break inside of a string.
    """
    text = text.rpartition("</think>")[2] or text
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        pass
    escaped = _ESCAPE.sub(lambda m: m[0] if m[1] else "\\\\", text)
    found = [_first_object(form) for form in (text, escaped)]
    objects = [one for one in found if one is not None]
    if not objects:
        raise ValueError("the answer holds no JSON object")
    return min(objects, key=lambda one: one[0])[1]


def _first_object(text: str) -> tuple[int, Any] | None:
    """Return the first object of a text, and the number of braces before it; braces are no objects yet."""
    decoder, at, n = json.JSONDecoder(strict=False), text.find("{"), 0
    while at >= 0:
        try:
            return n, decoder.raw_decode(text, at)[0]
        except ValueError:
            at, n = text.find("{", at + 1), n + 1
        except RecursionError:
            break
    return None
