"""The openai backend against a small server with chosen habits: what is sent, what is refused, what fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

pytest.importorskip("openai")

from reasonlens.backends import Backend, GenerationRequest, SamplingParams, connect
from reasonlens.core.errors import BackendError, InputError
from tests.backends.contract import SAMPLING, ask, by_id
from tests.backends.server import Habits, serving
from tests.backends.stub_ban import StubBan


@contextmanager
def server(**habits: Any) -> Iterator[tuple[Backend, Habits]]:
    made = Habits(**habits)
    with serving(made) as url:
        backend = connect("openai", "made-up", base_url=url, concurrency=4, retries=0, vocabulary=1000)
        try:
            yield backend, made
        finally:
            backend.close()


def test_a_plain_server_gets_plain_fields() -> None:
    with server(owner="somebody") as (backend, habits):
        list(backend.generate(ask(1), SamplingParams(stop=("a", "b", "c", "d", "e"), max_tokens=9)))
    (body,) = habits.bodies
    assert body == {
        "model": "made-up",
        "prompt": ask(1)[0].prompt,
        "seed": 0,
        "temperature": 1.0,
        "top_p": 0.95,
        "max_tokens": 9,
        "stop": ["a", "b", "c", "d"],
    }


def test_a_vllm_server_is_told_that_nothing_else_holds() -> None:
    with server() as (backend, habits):
        list(backend.generate(ask(1), SamplingParams(top_k=5, stop=("<|im_end|>",))))
    (body,) = habits.bodies
    assert (body["top_k"], body["min_p"], body["repetition_penalty"]) == (5, 0.0, 1.0)
    assert body["skip_special_tokens"] is False, "or the stop text would never be seen"


def test_messages_make_it_a_chat_and_reasoning_is_kept_apart() -> None:
    request = GenerationRequest("a", "-", 3, messages=(("system", "Be short."), ("user", "2 + 2?")))
    with server(reasoning=True) as (backend, habits):
        (found,) = backend.generate([request], SAMPLING)
    assert habits.bodies[0]["messages"] == [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "2 + 2?"},
    ]
    assert "prompt" not in habits.bodies[0]
    assert found.reasoning
    assert "<think>" not in found.text + found.reasoning


@pytest.mark.parametrize("messages", [None, (("user", "2 + 2?"),)], ids=["completion", "chat"])
def test_logprobs_are_the_likeliest_ones(messages: Any) -> None:
    with server() as (backend, habits):
        request = GenerationRequest("a", "Q", 1, messages=messages)
        (found,) = backend.generate([request], SamplingParams(logprobs=2))
    assert found.logprobs is not None
    assert [list(row) for row in found.logprobs.top] == [[-0.5, -1.5], [-0.5, -1.5]]
    assert list(found.logprobs.drawn) == ([-9.0, -0.5] if messages is None else [-0.5, -0.5])
    assert habits.bodies[0]["logprobs"] == (2 if messages is None else True)


@pytest.mark.parametrize(
    ("carrier", "fields"),
    [("processor", "vllm_xargs"), ("bad_words", "bad_words"), ("logit_bias", "logit_bias")],
)
def test_a_ban_goes_by_the_way_that_the_server_obeys(carrier: str, fields: str) -> None:
    ban = StubBan(words=("wait", "but"), ids=(7, 8), carriers=(carrier,))
    with server() as (backend, habits):
        found = list(backend.generate(ask(3, ban), SAMPLING))
    drawn = [body for body in habits.bodies if body["max_tokens"] > 1]
    assert len(found) == len(drawn) == 3
    assert len(habits.bodies) <= 3 + 4, "it is tried once, with a few tokens"
    assert all(fields in body for body in drawn)
    assert all(body.get("temperature") == 0 for body in habits.bodies if body["max_tokens"] == 1)
    if carrier != "logit_bias":
        assert not any("wait" in c.text.lower().split() for c in found)
    else:
        assert drawn[0]["logit_bias"] == {"7": -100.0, "8": -100.0}


def test_the_first_way_that_is_obeyed_is_taken() -> None:
    ban = StubBan(ids=(7, 8), carriers=("processor", "bad_words", "logit_bias"))
    with server(obeys=("bad_words",)) as (backend, habits):
        list(backend.generate(ask(1, ban), SAMPLING))
    assert "bad_words" in habits.bodies[-1]
    assert "vllm_xargs" not in habits.bodies[-1]


@pytest.mark.parametrize(
    ("habits", "carrier", "why"),
    [
        ({"owner": "somebody"}, "processor", "the server is not vLLM"),
        (
            {"obeys": ()},
            "processor",
            "was started without --logits-processors tests.backends.stub_ban:Nothing",
        ),
        ({"refuses": ("vllm_xargs",)}, "processor", "the server's processor refuses this ban"),
        ({"obeys": ()}, "bad_words", "the server ignores bad_words"),
        ({"refuses": ("bad_words",)}, "bad_words", "the server refuses bad_words"),
        ({"obeys": ()}, "logit_bias", "the server ignores logit_bias"),
        ({"refuses": ("logit_bias",)}, "logit_bias", "the server refuses logit_bias"),
    ],
)
def test_a_server_that_does_not_obey_is_refused(habits: dict[str, Any], carrier: str, why: str) -> None:
    ban = StubBan(ids=(7, 8), carriers=(carrier,))
    with server(**habits) as (backend, _), pytest.raises(BackendError) as caught:
        list(backend.generate(ask(1, ban), SAMPLING))
    assert f"cannot carry the ban 'no wait' ({carrier}: " in str(caught.value)
    assert why in str(caught.value)


def test_one_bad_request_is_one_failure() -> None:
    with server(fail={"BAD": 400, "LATE": 500}) as (backend, _):
        asked = [GenerationRequest("b", "BAD", 1), GenerationRequest("l", "LATE", 1), *ask(2)]
        found = by_id(list(backend.generate(asked, SAMPLING)))
    assert found["b"].problem == "the server said 400: cannot do BAD"
    assert found["l"].problem == "the server said 500: cannot do LATE"
    assert found["r0"].finish != "error"


def test_a_filtered_answer_is_a_failure() -> None:
    with server(finish="content_filter") as (backend, _):
        (found,) = backend.generate(ask(1), SAMPLING)
    assert (found.finish, found.problem) == ("error", "the server ended it with 'content_filter'")


def test_no_server_no_key_and_no_model_are_each_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BackendError, match=r"no answer from the server http://127.0.0.1:9/v1; is it running"):
        connect("openai", "m", base_url="http://127.0.0.1:9/v1", retries=0)
    monkeypatch.setenv("SOME_KEY", "wrong")
    with serving(Habits(key="right")) as url:
        with pytest.raises(BackendError, match="refuses the key; set SOME_KEY to a key that it knows"):
            connect("openai", "made-up", base_url=url, key_env="SOME_KEY", retries=0)
        monkeypatch.setenv("SOME_KEY", "right")
        with pytest.raises(BackendError, match="has no model 'other'; it has made-up"):
            connect("openai", "other", base_url=url, key_env="SOME_KEY", retries=0)
        connect("openai", "made-up", base_url=url, key_env="SOME_KEY", retries=0).close()


def test_a_server_that_goes_away_stops_the_run() -> None:
    with serving(Habits()) as url:
        backend = connect("openai", "made-up", base_url=url, retries=0)
    try:
        with pytest.raises(BackendError, match="What is finished is kept: run the same command again"):
            list(backend.generate(ask(3), SAMPLING))
    finally:
        backend.close()


def test_mistaken_options_are_said() -> None:
    with pytest.raises(InputError, match="concurrency 0: at least one request"):
        connect("openai", "m", concurrency=0)
