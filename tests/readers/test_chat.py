from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reasonlens.core.errors import InputError
from reasonlens.readers import Context, Record, Skipped
from reasonlens.readers._account import Account
from reasonlens.readers._detect import detect
from reasonlens.readers._units import read_unit, units

ASK = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 2 + 2?"}]


def _records(path: Path, *rows: dict[str, Any], as_document: bool = False) -> list[Record | Skipped]:
    path.write_text(json.dumps(rows[0]) if as_document else "".join(json.dumps(row) + "\n" for row in rows))
    detected = detect(path)
    assert detected.format == "chat"
    return [item for unit in units(path, detected) for item in read_unit(unit, Context(path), Account())]


def _completion(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    choices = [{"index": i, "message": m, "finish_reason": "stop"} for i, m in enumerate(messages)]
    return {"model": "Qwen/QwQ-32B", "choices": choices, "usage": {"completion_tokens": 9}, **more}


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_reasoning_beside_the_content(tmp_path: Path, name: str) -> None:
    row = _completion({"role": "assistant", "content": "4", name: "Two and two."})
    (one,) = _records(tmp_path / "a.json", row, as_document=True)
    assert isinstance(one, Record)
    assert (one.response, one.reasoning, one.withheld) == ("4", "Two and two.", False)
    assert (one.model, one.finish, one.n_model_tokens, one.sample) == ("Qwen/QwQ-32B", "stop", 9, None)


def test_request_beside_and_around_a_completion(tmp_path: Path) -> None:
    row = {
        "messages": ASK,
        "temperature": 0.6,
        "problem_id": "p1",
        "gold": 4,
        "response": _completion({"role": "assistant", "content": "4"}),
    }
    nested = {
        "request": {"messages": ASK, "top_p": 0.9},
        "completion": _completion({"role": "assistant", "content": "4"}),
    }
    one, two = _records(tmp_path / "a.jsonl", row, nested)
    assert isinstance(one, Record)
    assert isinstance(two, Record)
    assert (one.problem, one.prompt) == ("What is 2 + 2?", "Be brief.\n\nWhat is 2 + 2?")
    assert (one.problem_id, one.gold, one.decoding) == ("p1", "4", {"temperature": 0.6})
    assert (two.problem, two.decoding) == ("What is 2 + 2?", {"top_p": 0.9})


def test_several_choices_are_samples_without_a_token_count(tmp_path: Path) -> None:
    row = _completion({"content": "4"}, {"content": "5"}, {"content": None, "tool_calls": [{}]})
    one, two, none = _records(tmp_path / "a.jsonl", row)
    assert isinstance(one, Record)
    assert isinstance(two, Record)
    assert (one.sample, two.sample, two.response, one.n_model_tokens) == (0, 1, "5", None)
    assert none == Skipped("line 1", "no response (a choice without content)")


def test_text_completions(tmp_path: Path) -> None:
    row = {"prompt": "2 + 2 =", "choices": [{"text": " 4", "finish_reason": "length"}], "model": "m"}
    (one,) = _records(tmp_path / "a.jsonl", row)
    assert isinstance(one, Record)
    assert (one.response, one.prompt, one.finish) == (" 4", "2 + 2 =", "length")


def test_counted_but_unseen_reasoning_is_withheld(tmp_path: Path) -> None:
    usage = {"completion_tokens": 900, "completion_tokens_details": {"reasoning_tokens": 890}}
    (one,) = _records(tmp_path / "a.jsonl", _completion({"content": "4"}, usage=usage))
    assert isinstance(one, Record)
    assert (one.withheld, one.reasoning, one.response) == (True, None, "4")


def test_message_lists_end_at_the_last_assistant_turn(tmp_path: Path) -> None:
    first = {
        "messages": [*ASK, {"role": "assistant", "content": [{"type": "text", "text": "4"}]}],
        "model": "m",
    }
    turns = [
        *first["messages"],
        {"role": "user", "content": "And 3 + 3?"},
        {"role": "assistant", "content": "6"},
    ]
    one, two, none = _records(tmp_path / "a.jsonl", first, {"messages": turns}, {"messages": ASK})
    assert isinstance(one, Record)
    assert isinstance(two, Record)
    assert (one.response, one.problem, one.model) == ("4", "What is 2 + 2?", "m")
    assert (two.response, two.problem) == ("6", "And 3 + 3?")
    assert two.prompt == "Be brief.\n\nWhat is 2 + 2?\n\n4\n\nAnd 3 + 3?"
    assert none == Skipped("line 3", "no response (no assistant turn)")


def test_prompts_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"messages": ASK}))
    with pytest.raises(InputError, match="chat prompts: no message list has an assistant turn"):
        detect(path)


def test_messages_beside_a_response_column_are_the_prompt(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"messages": ASK, "response": "4"}))
    assert detect(path).format == "generic"
