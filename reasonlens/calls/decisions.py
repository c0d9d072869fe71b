"""Classification endpoints (``/v1/decisions``): how likely is each statement about a text?

Nothing here is validated: how well such an endpoint finds behaviors in reasoning is not known. An answer has
probabilities and no quotes, so nothing can be checked against the text. Compare it with human labels first.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any

from reasonlens.calls import Answer, Endpoint
from reasonlens.calls.answers import Reading, Wire, same_model
from reasonlens.calls.ask import asked
from reasonlens.calls.journal import Journal
from reasonlens.calls.limits import Limits, Progress
from reasonlens.core.errors import InputError

__all__ = ["MOST_QUESTIONS", "Statements", "decide"]

MOST_QUESTIONS = 200
"""Questions in one call that every server known to have the endpoint takes."""

_PROTOCOL = 1
_TOKENS_PER_ANSWER = 20


@dataclass(frozen=True, slots=True)
class Statements:
    """Statements about one text, each to be given a probability.

    Parameters
    ----------
    text
        What the statements are about.
    statements
        1 to `MOST_QUESTIONS`.
    salt
        What else decides on the meaning of an answer.
    repeat
        0, 1, 2, ... for asking the same again.
    """

    text: str
    statements: tuple[str, ...]
    salt: str = ""
    repeat: int = 0

    def __post_init__(self) -> None:
        if not 1 <= len(self.statements) <= MOST_QUESTIONS:
            raise InputError(
                f"a call takes 1 to {MOST_QUESTIONS} statements, not {len(self.statements)}; split them"
            )


def decide(
    requests: Iterable[Statements],
    endpoint: Endpoint,
    journal: Journal,
    *,
    limits: Limits | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Iterator[tuple[int, Answer]]:
    """Yield ``(place in requests, answer)`` as answers come; see `reasonlens.calls.ask.ask`.

    ``parsed`` of an answer is a tuple with the probability of each statement, NaN where the server refused
    this one. If it refused all, the state is ``refused``.
    """
    wire = Wire(
        "/decisions",
        partial(_key, endpoint),
        partial(_body, endpoint),
        partial(_read, endpoint),
        _TOKENS_PER_ANSWER * MOST_QUESTIONS,
    )
    yield from asked(requests, endpoint, wire, journal, limits=limits, progress=progress)


def _key(endpoint: Endpoint, request: Statements) -> str:
    decisive = ["decisions", _PROTOCOL, endpoint.base_url.rstrip("/"), endpoint.model]
    asked_for = [request.text, request.statements, request.salt, request.repeat]
    return sha256(json.dumps([*decisive, *asked_for]).encode()).hexdigest()


def _body(endpoint: Endpoint, request: Statements) -> dict[str, Any]:
    questions = [
        {"type": "predicate", "name": str(i), "instructions": statement}
        for i, statement in enumerate(request.statements)
    ]
    return {"model": endpoint.model, "input": request.text, "questions": questions}


def _read(endpoint: Endpoint, request: Statements, read: Any) -> Reading:
    try:
        answers = read["answers"]
        found = tuple(_probability(answer) for answer in answers)
    except (KeyError, TypeError, ValueError):
        return "unparsed", None, None, "the server's answer holds no probabilities"
    if not same_model(endpoint.model, read.get("model")):
        return "failed", None, None, f"the server answered with the model {read.get('model')!r}"
    if len(found) != len(request.statements):
        return "unparsed", None, None, f"{len(found)} answers to {len(request.statements)} statements"
    if all(math.isnan(p) for p in found):
        return "refused", None, None, "the server refused every statement"
    return "ok", None, found, ""


def _probability(answer: dict[str, Any]) -> float:
    if answer["type"] == "refusal":
        return math.nan
    found = float(answer["probability"])
    if not 0.0 <= found <= 1.0:
        raise ValueError("no probability")
    return found
