"""Whatever bytes a server sends, an answer or a named problem comes of them."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.calls import STATES, Endpoint, Request, Sampling
from reasonlens.calls.answers import answer_of, chat, problem_of, same_model, usage_of
from reasonlens.calls.journal import Stored
from reasonlens.calls.prices import Price

WIRE = chat(Endpoint("http://127.0.0.1/v1", "m"), Sampling(), None)
REQUEST = Request((("user", "text"),), {"type": "object"})
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def answer(body: bytes) -> Any:
    stored = Stored(0, 200, body, 0.5, "m", 1.0)
    return answer_of("k", [stored], partial(WIRE.read, REQUEST), from_journal=False)


def completion(text: Any, **message: Any) -> bytes:
    choice = {"message": {"content": text, **message}, "finish_reason": "stop"}
    return json.dumps({"model": "m", "choices": [choice]}).encode()


@given(st.binary(max_size=60) | values.map(lambda v: json.dumps(v).encode()))
def test_any_bytes_end_in_a_state(body: bytes) -> None:
    found = answer(body)
    assert found.state in STATES
    assert (found.state == "ok") == (found.problem == "")
    problem_of(500, body)
    usage_of(body)


@given(values, values, values, values)
def test_any_fields_end_in_a_state(content: Any, refusal: Any, usage: Any, model: Any) -> None:
    choice = {"message": {"content": content, "refusal": refusal}, "finish_reason": usage}
    found = answer(json.dumps({"choices": [choice], "usage": usage, "model": model}).encode())
    assert found.state in STATES


@given(st.dictionaries(st.text(max_size=5), values, max_size=3), st.text(alphabet="ab ,.\n`", max_size=20))
def test_an_object_in_prose_is_found(value: dict[str, Any], prose: str) -> None:
    found = answer(completion(f"{prose}{json.dumps(value)}{prose}"))
    assert (found.state, found.parsed) == ("ok", value)


def test_braces_before_the_object_are_passed_over() -> None:
    assert answer(completion('the set {1, 2} gives {"a": {"b": 1}} and {"c": 2}')).parsed == {"a": {"b": 1}}
    assert answer(completion("{" * 5000)).problem == "the answer holds no JSON object"
    assert answer(completion("[" * 100_000)).problem == "the answer holds no JSON object"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'{"a": {"quotes": ["so \(x^{2}\) is \sqrt{2}"]}, "b": {"c": 1}}', r"so \(x^{2}\) is \sqrt{2}"),
        (r'{"a": {"quotes": ["both \\(x\) and \"y\" and \u0041"]}}', r'both \(x\) and "y" and A'),
        (r'{"a": {"quotes": ["the \unit{m}"]}}', r"the \unit{m}"),
        ('{"a": {"quotes": ["one\nline\tless"]}}', "one\nline\tless"),
        ('<think>{"a": {"quotes": ["a draft"]}}</think>{"a": {"quotes": ["it"]}}', "it"),
    ],
)
def test_formulas_and_lines_that_a_model_forgot_to_escape(text: str, value: str) -> None:
    found = answer(completion(text))
    assert found.state == "ok"
    assert found.parsed["a"] == {"quotes": [value]}


@pytest.mark.parametrize(
    ("asked", "named", "same"),
    [
        ("gpt-4o", "gpt-4o-2024-11-20", True),
        ("gpt-4o-2024-11-20", "gpt-4o", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-4o", "gpt-4o-mini-2024-07-18", False),
        ("gpt-4o-2024-08-06", "gpt-4o-2024-11-20", False),
        ("qwen2.5", "qwen2.5:7b", True),
        ("org/Model", "model", True),
        ("m", None, True),
        ("m", "", True),
        ("m", "n", False),
    ],
)
def test_a_dated_name_is_the_same_model(asked: str, named: str | None, same: bool) -> None:
    assert same_model(asked, named) is same


def test_tokens_are_read_from_both_kinds_of_usage() -> None:
    for first, second in (("prompt", "completion"), ("input", "output")):
        usage = {
            f"{first}_tokens": 100,
            f"{second}_tokens": 7,
            f"{first}_tokens_details": {"cached_tokens": 40},
        }
        found, model = usage_of(json.dumps({"usage": usage, "model": "m"}).encode())
        assert (found.prompt, found.completion, found.cached, model) == (100, 7, 40, "m")
        assert found.cost(Price(1e6, 5e5, 2e6)) == 60 + 20 + 14
        assert found.cost(None) is None
    nothing, _ = usage_of(b"{}")
    assert nothing.cost(Price(1.0, 1.0, 1.0)) is None
    assert nothing.cost(Price(0.0, 0.0, 0.0)) == 0.0


def test_the_first_usable_attempt_counts_and_all_are_paid() -> None:
    bodies = [completion("nothing"), completion('{"a": 1}'), completion('{"a": 2}')]
    stored = [Stored(i, 200, body, 0.5, "m", 1.0) for i, body in enumerate(bodies)]
    found = answer_of("k", stored, partial(WIRE.read, REQUEST), from_journal=True)
    assert (found.parsed, found.cost, found.from_journal) == ({"a": 1}, 1.5, True)
    with pytest.raises(ValueError, match="at least one attempt"):
        answer_of("k", [], partial(WIRE.read, REQUEST), from_journal=True)
