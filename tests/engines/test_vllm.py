"""The vLLM backend on vLLM itself: the contract of backends, log-probabilities, refusals, replicas."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from reasonlens.backends import Backend, GenerationRequest, SamplingParams, connect
from reasonlens.core.errors import BackendError
from tests.backends.contract import SAMPLING, Contract, ask, by_id
from tests.backends.stub_ban import StubBan


class TestVllm(Contract):
    @pytest.fixture
    def backend(self, engine: Backend) -> Backend:
        return engine


def test_logprobs_are_those_of_the_model(engine: Backend) -> None:
    (found,) = engine.generate(ask(1), SamplingParams(top_p=1.0, max_tokens=12, logprobs=4))
    assert found.logprobs is not None
    assert len(found.logprobs.top) == len(found.logprobs.drawn) == found.n_tokens
    for row, drawn in zip(found.logprobs.top, found.logprobs.drawn, strict=True):
        assert row == sorted(row, reverse=True)
        assert len(row) == 4
        assert sum(map(math.exp, row)) <= 1.0 + 1e-4
        assert drawn <= row[0]
    assert found.logprobs.vocabulary > 1000


def test_a_prompt_that_is_too_long_is_one_failed_request(engine: Backend) -> None:
    requests = [*ask(2), GenerationRequest("long", "two " * 3000, 1)]
    found = by_id(list(engine.generate(requests, SAMPLING)))
    assert found["long"].finish == "error"
    assert "maximum context length is 1024" in found["long"].problem
    assert {found["r0"].finish, found["r1"].finish} <= {"stop", "length"}


def test_its_own_lists_reach_the_engine(engine: Backend) -> None:
    tokenizer = engine.tokenizer()
    ids = [i for text, i in tokenizer.get_vocab().items() if text.lower().lstrip("Ġ").startswith("al")]
    assert len(ids) > 20
    plain = list(engine.generate(ask(20), SAMPLING))
    assert sum(not set(ids).isdisjoint(c.token_ids or ()) for c in plain) > 5
    ban = StubBan(ids=tuple(ids), carriers=("logit_bias",))
    for completion in engine.generate(ask(20, ban), SAMPLING):
        assert set(ids).isdisjoint(completion.token_ids or ())


def test_a_model_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=r"no model is in .*: there is no such folder"):
        connect("vllm", str(tmp_path / "none"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(BackendError, match=r"vLLM (finds no model|could not start)") as caught:
        connect("vllm", str(tmp_path / "empty"))
    assert "\n" not in str(caught.value)


def test_replicas_share_the_work(engine_model: Path) -> None:
    backend = connect(
        "vllm", str(engine_model), data_parallel=2, dtype="float32", max_num_seqs=4, max_model_len=256
    )
    try:
        found = by_id(list(backend.generate(ask(40), SAMPLING)))
        assert len(found) == 40
        assert all(c.finish in ("stop", "length") for c in found.values())
        long = GenerationRequest("long", "two " * 3000, 1)
        assert [c.finish for c in backend.generate([long], SAMPLING)] == ["error"]
    finally:
        backend.close()
