"""What any backend must show under bans that do not hold everywhere: graded, with a coin, in a phase."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from reasonlens.backends import Backend, BanHandle, Completion, GenerationRequest, SamplingParams
from reasonlens.bans import Ban
from tests.backends.tiny_model import CLOSING, TARGETS

__all__ = [
    *(
        "PROMPT",
        "SOFT",
        "Draw",
        "check_coins",
        "check_penalties",
        "check_quarter",
        "check_reasoning",
        "drawing",
    ),
    *("hits", "parts", "quarters"),
]

SOFT = SamplingParams(top_p=1.0, max_tokens=40)
"""So that the first quarter is ten tokens."""

Draw = Callable[[Ban | None], list[Completion]]

PROMPT = "Find x. "
"""It begins no banned word, and ends in a space."""

_BANNED = re.compile(rf"(?<!\w)(?:{'|'.join(TARGETS)})(?!\w)", re.IGNORECASE)


def drawing(engine: Backend, n: int, sampling: SamplingParams = SOFT) -> Draw:
    """Return what draws `n` texts under a ban, with the same seeds each time; those without one only once."""
    free: list[Completion] = []

    def draw(ban: Ban | None) -> list[Completion]:
        if ban is None:
            free[:] = free or under(None)
            return free
        return under(ban.bind(engine.tokenizer()))

    def under(handle: BanHandle | None) -> list[Completion]:
        requests = [GenerationRequest(f"{i}", PROMPT, i, handle) for i in range(n)]
        found = list(engine.generate(requests, sampling))
        assert {c.finish for c in found} <= {"stop", "length"}
        assert len(found) == n
        return sorted(found, key=lambda c: int(c.request_id))

    return draw


def hits(texts: list[str]) -> int:
    """Count the banned words in texts."""
    return sum(len(_BANNED.findall(text)) for text in texts)


def check_penalties(draw: Draw, steps: tuple[float, ...] = (-1.0, -4.0)) -> list[int]:
    """Assert that a heavier penalty leaves fewer banned words, and an infinite one none."""
    counts = [hits([c.text for c in draw(None)])]
    for penalty in (*steps, -math.inf):
        counts.append(hits([c.text for c in draw(Ban(TARGETS, penalty=penalty))]))
    assert counts == sorted(set(counts), reverse=True), counts
    assert counts[-1] == 0
    assert counts[-2] > 0
    return counts


def check_coins(draw: Draw) -> list[int]:
    """Assert that a ban with a probability lets some through, and that a coin of 0 changes no letter."""
    free = draw(None)
    counts = [hits([c.text for c in free])]
    for probability in (0.5, 0.9, 1.0):
        counts.append(hits([c.text for c in draw(Ban(TARGETS, probability=probability))]))
    assert counts == sorted(set(counts), reverse=True), counts
    assert counts[-1] == 0
    never = draw(Ban(TARGETS, probability=0.0))
    assert [c.text for c in never] == [c.text for c in free]
    return counts


def check_reasoning(draw: Draw) -> tuple[int, int]:
    """Assert that a ban in the reasoning holds until it is closed, and no longer."""
    free = parts(draw(None))
    assert min(map(hits, free)) >= 10, [hits(part) for part in free]
    held = parts(draw(Ban(TARGETS, phase="reasoning")))
    within, after = map(hits, held)
    assert within == 0
    assert after >= 10
    return within, after


def parts(found: list[Completion]) -> tuple[list[str], list[str]]:
    """Return the texts up to where the reasoning is closed, and from there."""
    cut = [c.text.partition(CLOSING) for c in found]
    return [before for before, _, _ in cut], [after for _, _, after in cut]


def check_quarter(engine: Backend, draw: Draw, sampling: SamplingParams = SOFT) -> tuple[int, int]:
    """Assert that a ban in the first quarter holds for a quarter of the tokens, and no longer."""
    quarter = sampling.max_tokens // 4
    free = draw(None)
    assert hits(quarters(engine, free, quarter)[0]) >= 10
    held = draw(Ban(TARGETS, phase="first_quarter", max_tokens=sampling.max_tokens))
    early, later = map(hits, quarters(engine, held, quarter))
    assert early == 0
    assert later >= 10
    return early, later


def quarters(engine: Backend, found: list[Completion], n: int) -> tuple[list[str], list[str]]:
    """Return the texts of the first `n` tokens, and of all."""
    tokenizer: Any = engine.tokenizer()
    first = [tokenizer.decode((c.token_ids or ())[:n], skip_special_tokens=True) for c in found]
    return first, [c.text for c in found]
