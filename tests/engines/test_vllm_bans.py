"""Sound bans in the real engine: thousands of sampled texts, no leak, and look-alikes still there."""

from __future__ import annotations

import re
from collections import Counter

from reasonlens.backends import Backend, BanHandle, Completion, GenerationRequest, SamplingParams, connect
from reasonlens.bans import Ban
from tests.backends.tiny_model import LOOK_ALIKES, PHRASE, TARGETS
from tests.engines.conftest import PROCESSOR, Served

N = 2_000
PROMPTS = ("Find x. ", "Oh wa", "So we let me", "Well, per", "(But")
SETTINGS = (
    SamplingParams(top_p=1.0, max_tokens=40),
    SamplingParams(top_p=0.9, temperature=0.7, max_tokens=40),
    SamplingParams(top_p=1.0, temperature=1.5, max_tokens=40),
    SamplingParams(top_k=50, max_tokens=40),
)


def hits(prompt: str, text: str, words: tuple[str, ...]) -> list[str]:
    """Return banned words in a text, one that the prompt began included."""
    pattern = "|".join(r"\s+".join(word.split()) for word in words)
    found = re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", prompt + text, re.IGNORECASE)
    return [m.group() for m in found if m.end() > len(prompt)]


def draw(engine: Backend, ban: BanHandle | None, n: int) -> list[tuple[str, Completion]]:
    found = []
    for setting in SETTINGS:
        prompts = {f"{i}": PROMPTS[i % len(PROMPTS)] for i in range(n // len(SETTINGS))}
        requests = [GenerationRequest(i, prompt, int(i), ban) for i, prompt in prompts.items()]
        found += [(prompts[c.request_id], c) for c in engine.generate(requests, setting)]
    return found


def count(words: tuple[str, ...], drawn: list[tuple[str, Completion]]) -> Counter[str]:
    found = (hit.lower() for prompt, c in drawn for hit in hits(prompt, c.text, words))
    return Counter(" ".join(hit.split()) for hit in found)


def test_banned_words_never_come_and_look_alikes_do(engine: Backend) -> None:
    words = (*TARGETS, PHRASE)
    ban = Ban(name="no waiting", words=words).bind(engine.tokenizer())
    assert ban.processor_path == PROCESSOR
    before = count(words, draw(engine, None, 400))
    assert all(before[word] >= 20 for word in TARGETS), before
    assert before[PHRASE] >= 1, before
    drawn = draw(engine, ban, N)
    assert len(drawn) == N
    assert all(c.finish in ("stop", "length") for _, c in drawn)
    assert count(words, drawn) == Counter()
    alike = count(LOOK_ALIKES, drawn)
    assert all(alike[word] >= 20 for word in LOOK_ALIKES), alike


def test_rows_with_and_without_a_ban_go_in_one_batch(engine: Backend) -> None:
    first = Ban(name="a", words=("wait",)).bind(engine.tokenizer())
    second = Ban(name="b", words=("perhaps", "but")).bind(engine.tokenizer())
    bans = {f"{i}": (None, first, second)[i % 3] for i in range(240)}
    requests = [GenerationRequest(i, "Find x. ", int(i), ban) for i, ban in bans.items()]
    seen: Counter[tuple[str, str]] = Counter()
    for completion in engine.generate(requests, SETTINGS[0]):
        ban = bans[completion.request_id]
        for hit in hits("Find x. ", completion.text, ("wait", "perhaps", "but")):
            seen[(ban.name if ban else "none"), hit.lower()] += 1
    assert seen["a", "wait"] == seen["b", "perhaps"] == seen["b", "but"] == 0
    assert min(seen["none", "wait"], seen["b", "wait"], seen["a", "perhaps"], seen["a", "but"]) > 0


def test_the_ban_goes_over_http(served: Served) -> None:
    ban = Ban(name="no waiting", words=TARGETS).bind(None)
    backend = connect("openai", "tiny", base_url=served.url, concurrency=32)
    try:
        plain = [GenerationRequest(f"{i}", "Find x. ", i) for i in range(64)]
        banned = [GenerationRequest(f"{i}", "Find x. ", i, ban) for i in range(64)]
        setting = SamplingParams(top_p=1.0, max_tokens=40)
        without = [("Find x. ", c) for c in backend.generate(plain, setting)]
        under = [("Find x. ", c) for c in backend.generate(banned, setting)]
    finally:
        backend.close()
    assert sum(count(TARGETS, without).values()) > 20
    assert len(under) == 64
    assert all(c.finish in ("stop", "length") for _, c in under)
    assert count(TARGETS, under) == Counter()
