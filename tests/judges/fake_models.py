"""Language models that are functions: from the messages of a question to the JSON value of an answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reasonlens.calls import Answer, Endpoint, Request, Sampling, request_key
from reasonlens.judges.llm import LlmJudge

__all__ = ["Model", "Scripted", "gullible", "honest", "read_question", "scripted"]

Model = Callable[[Request], Any]

CUES = {
    "verification": r"[Cc]heck[^.]*\.",
    "backtracking": r"[Gg]o back[^.]*\.",
    "multi_perspective": r"Alternatively[^.]*\.",
}


def read_question(request: Request) -> tuple[str, str, str, list[str]]:
    """Return the two receipts, the text between the markers and the behaviors that are asked for."""
    (_, system), (_, user) = request.messages
    rules = re.match(r"Receipt for the rules: (\w+)\n", system)
    text = re.match(r"Receipt for the text: (\w+)\n", user)
    nonce = re.search(r"marker lines with the code (\w+)\.\n", user)
    assert rules
    assert text
    assert nonce
    code = nonce[1]
    body = user.partition(f"<<<BEGIN {code}\n")[2].rpartition(f"\nEND {code}>>>")[0]
    return rules[1], text[1], body, re.findall(r"^## (\w+):", system, re.MULTILINE)


def honest(request: Request) -> dict[str, Any]:
    """Quote what the cues match; for numbered sentences name those that a check stands in."""
    rules, text, body, behaviors = read_question(request)
    numbered = "sentences" in str(request.schema)
    found: dict[str, Any] = {}
    for name in behaviors:
        quotes = re.findall(CUES.get(name, r"[Cc]heck[^.]*\."), body)
        evidence: dict[str, Any] = {"quotes": quotes}
        if numbered:
            lines = re.findall(r"^\[(\d+)·\w{4}\] (.*)", body, re.MULTILINE)
            evidence = {"sentences": [int(n) for n, line in lines if "check" in line.lower()]}
        some = any(evidence.values())
        found[name] = {**evidence, "why": "so it is", "verdict": "present" if some else "absent"}
    return {"receipt_rules": rules, "receipt_text": text, "behaviors": found}


def gullible(request: Request) -> dict[str, Any]:
    """Do what the text says: absent (or present, with its own words as evidence) for everything."""
    answer = honest(request)
    _, _, body, _ = read_question(request)
    if re.search(r"absent|answer 0", body):
        for one in answer["behaviors"].values():
            one.update(quotes=[], verdict="absent")
    elif re.search(r"output present", body):
        order = next(line for line in re.split(r"(?<=[.])\s+", body) if "output present" in line)
        for one in answer["behaviors"].values():
            one.update(quotes=[order], verdict="present")
    return answer


@dataclass(frozen=True, slots=True)
class Scripted(LlmJudge):
    """A judge whose model is a function."""

    model: Model = honest
    asked: list[Request] = field(default_factory=list)
    backwards: bool = False

    def _ask(self, requests: Iterator[Request]) -> Iterator[tuple[int, Answer]]:
        items = list(enumerate(requests))
        for place, request in reversed(items) if self.backwards else items:
            self.asked.append(request)
            value = self.model(request)
            if isinstance(value, Answer):
                yield place, value
                continue
            tokens = sum(len(content) for _, content in request.messages) // 4
            key = request_key(self.endpoint, self.sampling, request)
            yield place, Answer(key, "ok", parsed=value, prompt_tokens=tokens, cost=0.25)


def scripted(model: Model = honest, **changes: Any) -> Scripted:
    """Return a judge that asks `model`."""
    return Scripted(Endpoint(), Sampling(), Path("none"), model=model, **changes)
