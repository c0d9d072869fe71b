"""What chats ask and answer."""

from __future__ import annotations

import math
from typing import Any

import pytest

from reasonlens.readers._messages import Answer, answer_of, asked
from reasonlens.readers._typed import filled, scalars_of, text_of


def turn(role: str, content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


@pytest.mark.parametrize(
    ("messages", "prompt", "problem"),
    [
        ("1+1?", "1+1?", "1+1?"),
        ([turn("user", "1+1?")], "1+1?", "1+1?"),
        ([turn("system", "Think."), turn("user", "1+1?")], "Think.\n\n1+1?", "1+1?"),
        ([turn("user", "a"), turn("assistant", "b"), turn("user", "c")], "a\n\nb\n\nc", "c"),
        ([turn("user", [{"type": "text", "text": "1+1?"}, {"type": "image"}])], "1+1?", "1+1?"),
        ([turn("system", "Think.")], "Think.", None),
        ([], None, None),
        (None, None, None),
        ({"role": "user"}, None, None),
    ],
)
def test_asked(messages: Any, prompt: str | None, problem: str | None) -> None:
    assert asked(messages) == (prompt, problem)


def test_instructions_are_no_part_of_the_problem() -> None:
    prompt = "What is 1+1?\nPlease reason step by step, and put your final answer within \\boxed{}."
    assert asked(prompt) == (prompt, "What is 1+1?")
    assert asked([turn("user", prompt)]) == (prompt, "What is 1+1?")


def test_answers() -> None:
    assert answer_of(turn("assistant", "2")) == Answer("2", None, False)
    assert answer_of(turn("assistant", "2"), reasoning_tokens=0) == Answer("2", None, False)
    assert answer_of(turn("assistant", "2"), reasoning_tokens=3) == Answer("2", None, True)
    assert answer_of({"role": "assistant"}) == Answer(None, None, False)
    assert answer_of("text") == Answer(None, None, False)


def test_typed_values() -> None:
    assert [text_of(value) for value in ("", 2, 2.5, True, None, [], math.inf)] == ["", "2", "2.5"] + [
        None
    ] * 4
    assert filled(None, "  ", 0) == "0"
    assert scalars_of({"t": 0.5, "s": "x", "b": False, "n": None, "l": [1], "bad": math.nan}) == {
        "t": 0.5,
        "s": "x",
        "b": False,
    }
    assert scalars_of({"t": 0.5, "s": 1}, ("s",)) == {"s": 1}
    assert scalars_of({"t": None}) is None
    assert scalars_of([1]) is None
