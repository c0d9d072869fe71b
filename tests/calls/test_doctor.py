"""What the doctor says of servers that do, and of servers that do not."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from reasonlens.calls import Endpoint
from reasonlens.calls.doctor import examine
from tests.calls.fake_server import MODEL, FakeServer, serving


def obedient(messages: list[dict[str, str]], schema: dict[str, Any] | None) -> str:
    if schema:
        return json.dumps({"verdict": "present", "count": 1})
    return "marigold-7141 juniper-2693"


def deaf(messages: list[dict[str, str]], schema: dict[str, Any] | None) -> str:
    return "Rivers run to the sea. juniper-2693"


def report(server: FakeServer, model: str = MODEL) -> dict[str, tuple[bool | None, str]]:
    with serving(server):
        return {
            f.what: (f.good, f.detail) for f in examine(Endpoint(server.url, model), longest=600, timeout=5)
        }


def test_a_good_server() -> None:
    found = report(FakeServer(obedient))
    assert found["has the model"] == (True, MODEL)
    assert found["context length"] == (True, "32,768 tokens")
    assert found["keeps to a JSON schema"] == (True, '{"verdict": "present", "count": 1}')
    assert found["keeps the head of a long prompt"] == (True, "the first word came back")
    assert found["reports usage"][0] is True
    assert found["gives log-probabilities"] == (False, "no")


def test_a_server_that_ignores_the_schema() -> None:
    good, detail = report(FakeServer(deaf))["keeps to a JSON schema"]
    assert good is False
    assert detail.endswith("use --json-in-text")


def test_a_server_that_cuts_the_head_off() -> None:
    class Cutting(FakeServer):
        def completion(self, body: dict[str, Any], **given: Any) -> dict[str, Any]:
            made = super().completion(body, **given)
            made["usage"]["prompt_tokens"] = min(made["usage"]["prompt_tokens"], 100)
            return made

    good, detail = report(Cutting(deaf))["keeps the head of a long prompt"]
    assert good is False
    assert detail.startswith("used 100 tokens of a prompt of at least")


def test_another_model_and_no_server() -> None:
    assert report(FakeServer(obedient), "other")["has the model"] == (False, f"not other, but {MODEL}")
    (only,) = examine(Endpoint("http://127.0.0.1:9/v1", MODEL), timeout=2)
    assert (only.what, only.good) == ("answers", False)


def test_the_context_length_of_llama_cpp_is_found() -> None:
    assert report(FakeServer(obedient, context=None))["context length"] == (True, "4,096 tokens")


@pytest.mark.parametrize("name", ["seed", "temperature", "max_tokens"])
def test_the_parameter_that_is_refused_is_named(name: str) -> None:
    good, detail = report(FakeServer(obedient, unknown=name))[
        "takes temperature, top_p, seed and a limit of tokens"
    ]
    assert good is False
    assert detail == f"status 400: unknown {name}; accepted without {name}"


def test_log_probabilities_may_be_refused_without_harm() -> None:
    found = report(FakeServer(obedient, unknown="logprobs"))
    assert found["takes temperature, top_p, seed and a limit of tokens"] == (True, "accepted")
    assert found["gives log-probabilities"] == (False, "status 400: unknown logprobs")


def test_usage_that_is_not_reported() -> None:
    assert report(FakeServer(obedient, usage=False))["reports usage"] == (False, "no usage")


def test_it_works_where_an_event_loop_runs() -> None:
    async def notebook() -> int:
        return len(examine(Endpoint("http://127.0.0.1:9/v1", MODEL), timeout=2))

    assert asyncio.run(notebook()) == 1
