"""What the tests of calls ask."""

from __future__ import annotations

from typing import Any

from reasonlens.calls import Answer, Endpoint, Request, Sampling
from reasonlens.calls.ask import Limits, Progress, ask
from reasonlens.calls.journal import Journal
from tests.calls.fake_server import MODEL, FakeServer

SCHEMA = {"type": "object", "properties": {"length": {"type": "integer"}}, "required": ["length"]}
KEY = "sk-canary1234567890abcdefghijkl"
QUICK = Limits(concurrency=8, timeout=2.0, retries=2, patience=20.0)


def length(value: Any) -> int:
    if not isinstance(value, dict) or "length" not in value:
        raise ValueError("no length in the answer")
    return int(value["length"])


def question(text: str, repeat: int = 0) -> Request:
    return Request((("system", "Measure."), ("user", text)), SCHEMA, repeat=repeat)


def run(
    server: FakeServer, journal: Journal, texts: list[str], limits: Limits = QUICK, **endpoint: Any
) -> tuple[dict[int, Answer], Progress]:
    """Ask for the length of each text; return the answers by place and the last state of the run."""
    seen = Progress()

    def keep(progress: Progress) -> None:
        nonlocal seen
        seen = progress

    where = Endpoint(server.url, MODEL, **endpoint)
    asked = ask(map(question, texts), where, Sampling(), journal, parse=length, limits=limits, progress=keep)
    return dict(asked), seen
