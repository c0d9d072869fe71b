"""Batch output: joined with its input, failures, choices, hidden reasoning."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.core.errors import InputError
from reasonlens.readers._detect import detect
from tests.readers.reading import JSON, objects, read_all, read_file, sniff

REASON = "has custom_id with a response or an error in each line (OpenAI batch output)"


def line(*messages: Any, usage: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    choices = [{"index": i, "message": m, "finish_reason": "stop"} for i, m in enumerate(messages)]
    body = {"model": "m-1", "choices": choices, "usage": usage or {"completion_tokens": 7}}
    return {"custom_id": "q1", "response": {"status_code": 200, "body": body}, "error": None, **more}


def said(text: Any, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text, **more}


def test_real_file_finds_its_input(shared_data: Path) -> None:
    found, records, skipped = read_file(shared_data / "formats/openai_batch/batch_output.jsonl")
    assert (found.format, found.reason) == ("openai_batch", REASON)
    assert skipped == {}
    assert (records[0].problem_id, records[0].n_model_tokens) == ("request-2", 76)
    by_id = {r.problem_id: r for r in records}
    assert set(by_id) == {"request-1", "request-2", "request-3"}
    assert by_id["request-1"].problem == "What is 2+2?"
    assert by_id["request-1"].prompt == "You are a helpful assistant.\n\nWhat is 2+2?"
    assert {(r.model, r.finish, r.correct, r.sample) for r in records} == {
        ("llama-3.1-8b-instant", "stop", None, 0)
    }


def test_the_input_file_is_refused(shared_data: Path) -> None:
    path = shared_data / "formats/openai_batch/batch_input.jsonl"
    with pytest.raises(InputError) as caught:
        detect(path)
    assert str(caught.value) == (
        f"{path}: this is the input file of an OpenAI batch and holds requests, no model outputs; give the "
        "batch output file (the input beside it is used for the prompts)"
    )


def test_a_companion_goes_before_the_file_beside(tmp_path: Path) -> None:
    for name, question in (("my_input.jsonl", "beside?"), ("asked.jsonl", "named?")):
        body = {"messages": [{"role": "user", "content": question}], "temperature": 0.6, "logit_bias": {}}
        (tmp_path / name).write_text("\n" + json.dumps({"custom_id": "q1", "body": body}) + "\n")
    path = tmp_path / "my_output.jsonl"
    beside, _ = read_all("openai_batch", [line(said("x"))], path)
    named, _ = read_all("openai_batch", [line(said("x"))], path, batch_input=tmp_path / "asked.jsonl")
    alone, _ = read_all("openai_batch", [line(said("x"))], tmp_path / "other.jsonl")
    assert [r.problem for r in (*beside, *named, *alone)] == ["beside?", "named?", None]
    assert [r.decoding for r in (*beside, *alone)] == [{"temperature": 0.6}, None]
    assert alone[0].problem_id == "q1"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "{broken",
            r"in\.jsonl, line 1 \(the input file of the batch\) is not JSON: .*mend it, or move it away",
        ),
        (
            '{"other": 1}',
            r"in\.jsonl is taken as the input file of the batch but has no line with custom_id and body",
        ),
    ],
)
def test_a_wrong_input_file_is_an_error(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "in.jsonl").write_text(text)
    with pytest.raises(InputError, match=told):
        read_all("openai_batch", [line(said("x"))], batch_input=tmp_path / "in.jsonl")


def test_failed_requests_are_skipped_with_the_reason() -> None:
    data = [
        line(said("x"), error={"code": "batch_expired", "message": "too late"}),
        {"custom_id": "q2", "response": {"status_code": 500, "body": {}}, "error": None},
        {"custom_id": "q3", "response": {"status_code": 400, "body": {"error": {"message": "bad"}}}},
        {"custom_id": "q4", "response": {"status_code": 200, "body": {"choices": []}}},
        {"custom_id": "q5", "response": None, "error": {"code": "server"}},
        line(said(None, tool_calls=[{"id": "t"}])),
        line("nothing"),
    ]
    records, skipped = read_all("openai_batch", data)
    assert records == []
    assert [s.reason for s in skipped] == [
        "the request failed (too late)",
        "the request failed (status 500)",
        "the request failed (bad)",
        "the response has no choices",
        "the request failed (server)",
        "the choice has no text (perhaps a tool call)",
        "the choice has no text (perhaps a tool call)",
    ]
    assert skipped[5].place == "line 6, choices[0]"


def test_choices_are_samples_and_share_the_usage() -> None:
    records, _ = read_all("openai_batch", [line(said("a"), said("b")), line(said("c"))])
    assert [(r.response, r.sample, r.n_model_tokens) for r in records] == [
        ("a", 0, None),
        ("b", 1, None),
        ("c", 0, 7),
    ]


def test_plain_completions_are_read() -> None:
    body = {"choices": [{"text": " 2.", "finish_reason": "length"}]}
    records, _ = read_all(
        "openai_batch", [{"custom_id": "q", "response": {"status_code": 200, "body": body}}]
    )
    assert [(r.response, r.finish) for r in records] == [(" 2.", "length")]


HIDDEN = {"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 8}}


@pytest.mark.parametrize(
    ("message", "usage", "response", "reasoning", "withheld"),
    [
        (said("2", reasoning="new", reasoning_content="old"), None, "2", "new", False),
        (said("2", reasoning_content="old"), HIDDEN, "2", "old", False),
        (said("2"), HIDDEN, "2", None, True),
        (said("<think>so</think>2"), HIDDEN, "<think>so</think>2", None, False),
        (said("2", reasoning=""), None, "2", None, False),
        (said(None, reasoning="cut off"), None, "", "cut off", False),
        (said(None), None, "", None, False),
        (said([{"type": "text", "text": "2"}, {"type": "image_url"}]), None, "2", None, False),
    ],
)
def test_reasoning_is_kept_apart(
    message: dict[str, Any],
    usage: dict[str, Any] | None,
    response: str,
    reasoning: str | None,
    withheld: bool,
) -> None:
    records, _ = read_all("openai_batch", [line(message, usage=usage)])
    assert [(r.response, r.reasoning, r.withheld) for r in records] == [(response, reasoning, withheld)]


def test_only_batch_lines_are_claimed() -> None:
    assert sniff("openai_batch", [line(said("x"))]) == REASON
    assert sniff("openai_batch", [{"custom_id": "q", "response": None, "error": {"code": "x"}}]) == REASON
    assert sniff("openai_batch", [{"custom_id": "q", "response": "text"}]) is None
    assert sniff("openai_batch", [line(said("x")), {"response": "text"}]) is None
    assert sniff("openai_batch", [{"custom_id": "q", "body": "text"}]) is None


@given(
    st.lists(
        JSON
        | objects("custom_id", "response", "error")
        | objects("content", "reasoning", "tool_calls").map(lambda message: line(message))
        | objects("choices", "usage", "model").map(
            lambda body: {"custom_id": "q", "response": {"body": body}}
        ),
        max_size=3,
    )
)
def test_any_row_is_read_or_skipped(data: list[object]) -> None:
    records, skipped = read_all("openai_batch", data)
    assert len(records) + len(skipped) >= len(data)
    sniff("openai_batch", data)
