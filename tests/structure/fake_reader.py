"""A language model that is a function: it decomposes by sentences, and matches what is equal."""

from __future__ import annotations

import re
from typing import Any

from reasonlens.structure import Step
from reasonlens.structure.tags import render


def sentences(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"(?<=[.?!])\s+", text.strip()) if part.strip()]


def steps(text: str) -> list[Step]:
    """One step per sentence: the reason is its first word, the answer its last number."""
    found = []
    for sentence in sentences(text):
        number = re.findall(r"\d+", sentence)
        found.append(
            Step(sentence.split()[0], sentence, number[-1] if number else "nothing", "plan", sentence)
        )
    return found


def reply(messages: list[dict[str, str]], schema: dict[str, Any] | None) -> str:
    asked = messages[1]["content"]
    if "Item 1:" in asked:
        one, other = asked.removeprefix("Item 1:\n").split("\n\nItem 2:\n")
        return "yes" if one == other else "no"
    trace = re.search(r"<<<(\w+)\n(.*)\n\1>>>", asked, re.DOTALL)
    assert trace is not None
    if "GIBBERISH" in trace[2]:
        return "I would rather not."
    return render(steps(trace[2]), "Meat-reasoning")
