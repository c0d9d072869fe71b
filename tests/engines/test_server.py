"""vLLM's own server as the engine behind the openai backend, and behind a judge."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from reasonlens.backends import SamplingParams, connect
from tests.backends.contract import ask, by_id
from tests.engines.conftest import Served

SCHEMA = {
    "type": "object",
    "properties": {
        "verdict": {"type": "string", "enum": ["present", "absent"]},
        "quotes": {"type": "array", "items": {"type": "string", "maxLength": 12}, "maxItems": 2},
    },
    "required": ["verdict", "quotes"],
    "additionalProperties": False,
}


def post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as said:
        return json.loads(said.read())


def test_a_json_schema_is_filled(served: Served) -> None:
    body = {
        "model": served.model,
        "messages": [{"role": "user", "content": "Is it there?"}],
        "max_tokens": 400,
        "temperature": 1.0,
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}},
    }
    valid = 0
    for seed in range(5):
        (choice,) = post(f"{served.url}/chat/completions", {**body, "seed": seed})["choices"]
        found = json.loads(choice["message"]["content"])
        assert set(found) == {"verdict", "quotes"}
        assert found["verdict"] in ("present", "absent")
        valid += choice["finish_reason"] == "stop"
    assert valid == 5


def test_the_doctor_of_judges_can_examine_it(served: Served) -> None:
    from reasonlens.calls import Endpoint
    from reasonlens.calls.doctor import examine

    endpoint = Endpoint(base_url=served.url, model=served.model)
    found = {each.what: each for each in examine(endpoint, longest=12_000)}
    assert found["has the model"].good is True
    assert found["context length"].detail == "16,384 tokens"
    assert found["keeps the head of a long prompt"].good is not True, "12,000 words do not fit"
    other = {e.what: e for e in examine(Endpoint(base_url=served.url, model="none"), longest=60)}
    assert other["has the model"].good is False
    assert other["has the model"].detail == "not none, but tiny"


def test_completions_and_seeds(served: Served) -> None:
    backend = connect("openai", served.model, base_url=served.url, concurrency=8)
    try:
        assert backend.is_vllm
        sampling = SamplingParams(top_p=1.0, max_tokens=24)
        found = by_id(list(backend.generate(ask(16), sampling)))
        again = by_id(list(backend.generate(ask(16), sampling)))
    finally:
        backend.close()
    assert {c.finish for c in found.values()} <= {"stop", "length"}
    assert sum(found[i].text == again[i].text for i in found) >= 15
    assert len({c.text for c in found.values()}) > 10
