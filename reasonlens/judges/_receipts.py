"""Whether an answer is one to the question that was asked: codes, tokens, and behaviors that must come back.

What fails here is not usable, so it can be asked again like an answer that is no JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reasonlens.calls import Endpoint, Request, Sampling
from reasonlens.calls.answers import Reading, Wire, chat
from reasonlens.judges._answers import parser
from reasonlens.judges._prompt import receipts_of

__all__ = ["fault_of", "wire_of"]

_CHARS_PER_TOKEN = 20  # no tokenizer packs a prompt tighter: fewer tokens mean that it was cut


def fault_of(request: Request, value: Mapping[str, Any], tokens: int | None) -> tuple[str, str] | None:
    """Return state and problem of an answer of the right form that is not to be used, or ``None``.

    Parameters
    ----------
    request
        What was asked.
    value
        The JSON value of the answer.
    tokens
        Tokens of the prompt as the server counted them.
    """
    length = sum(len(content) for _, content in request.messages)
    if tokens is not None and tokens * _CHARS_PER_TOKEN < length:
        return "failed", f"the server used {tokens:,} tokens of a prompt of {length:,} characters"
    for what, wanted in zip(("rules", "text"), receipts_of(request.messages), strict=True):
        if str(value.get(f"receipt_{what}", "")).strip().lower() != wanted:
            return "unparsed", f"the receipt for the {what} did not come back: was the prompt cut?"
    asked = (request.schema or {}).get("properties", {}).get("behaviors", {}).get("properties", {})
    missing = [name for name in asked if name not in value.get("behaviors", ())]
    return ("unparsed", f"no answer for {', '.join(missing)}") if missing else None


def wire_of(endpoint: Endpoint, sampling: Sampling) -> Wire:
    """Return the wire for questions of a judge: chat completions that are checked against their question."""
    wire = chat(endpoint, sampling, parser)

    def read(request: Request, reply: Any) -> Reading:
        state, text, parsed, problem = wire.read(request, reply)
        if state != "ok":
            return state, text, parsed, problem
        usage = reply.get("usage")
        tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
        fault = fault_of(request, parsed, tokens if isinstance(tokens, int) else None)
        return (fault[0], text, None, fault[1]) if fault else (state, text, parsed, problem)

    return replace(wire, read=read)
