"""Bans in an engine that runs out of room for keys and values, and next to speculative decoding."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reasonlens.backends import Backend, GenerationRequest, SamplingParams, connect
from reasonlens.bans import Ban
from tests.backends.tiny_model import PHRASE, TARGETS
from tests.engines.conftest import PROCESSOR
from tests.engines.test_vllm_bans import PROMPTS, count

N = 80
LONG = SamplingParams(top_p=1.0, max_tokens=200)
ROOM = 3e6 / 2**30  # nine blocks of 128 tokens: not enough for 32 requests of up to two blocks


@pytest.fixture
def preempted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requests that vLLM's own scheduler put back, as it goes on."""
    from vllm.v1.core.sched.scheduler import Scheduler

    found: list[str] = []
    put_back = Scheduler._preempt_request

    def noted(self: Any, request: Any, *rest: Any, **options: Any) -> Any:
        found.append(request.request_id)
        return put_back(self, request, *rest, **options)

    monkeypatch.setattr(Scheduler, "_preempt_request", noted)
    return found


@pytest.fixture
def crowded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    """An engine with little room, and a model whose texts are long."""
    from tests.backends.tiny_model import make_model

    monkeypatch.delenv("VLLM_CPU_KVCACHE_SPACE", raising=False)  # it would win over the option
    model = make_model(tmp_path / "long", length=2000)
    settings = {"dtype": "float32", "max_num_seqs": 32, "max_model_len": 256, "kv_cache": ROOM}
    backend = connect("vllm", str(model), **settings, processors=[PROCESSOR])
    yield backend
    backend.close()


def test_preempted_requests_keep_their_ban(crowded: Backend, preempted: list[str]) -> None:
    words = (*TARGETS, PHRASE)
    ban = Ban(words).bind(crowded.tokenizer())
    coin = Ban(words, probability=0.5).bind(crowded.tokenizer())
    prompts = {f"{i}": PROMPTS[i % len(PROMPTS)] for i in range(N)}
    drawn = {}
    for name, each in (("free", None), ("ban", ban), ("coin", coin)):
        before = len(preempted)
        asked = [GenerationRequest(i, prompt, int(i), each) for i, prompt in prompts.items()]
        found = list(crowded.generate(asked, LONG))
        assert len(preempted) - before >= 20, name
        assert all(c.finish in ("stop", "length") for c in found)
        drawn[name] = count(words, [(prompts[c.request_id], c) for c in found])
    assert min(drawn["free"][word] for word in TARGETS) >= 20, drawn["free"]
    assert drawn["ban"] == {}
    assert 0 < drawn["coin"].total() < drawn["free"].total()


def test_speculative_decoding_and_bans_are_not_started_together(engine_model: Path) -> None:
    """V1: vLLM refuses itself; what V2 is told is in `test_vllm_v2`."""
    from vllm import LLM

    ngram = {"method": "ngram", "num_speculative_tokens": 3, "prompt_lookup_max": 3}
    settings = {"dtype": "float32", "enforce_eager": True, "max_model_len": 256}
    with pytest.raises(ValueError, match="not supported when speculative decoding is enabled"):
        LLM(str(engine_model), **settings, speculative_config=ngram, logits_processors=[PROCESSOR])
