"""Traces as training rows."""

from __future__ import annotations

import pytest

from reasonlens.backends import _templates
from reasonlens.distill.rows import failed_call, response_text, texts


@pytest.mark.parametrize(
    ("layout", "wanted"),
    [
        ("think", "<think>\nWait.\n</think>\n\n4"),
        ("think-answer", "<think>\nWait.\n</think>\n<answer>\n4\n</answer>"),
        ("plain", "Wait.\n\n4"),
    ],
)
def test_layouts(layout: str, wanted: str) -> None:
    assert response_text(" Wait.\n", "4 ", "raw", layout) == wanted
    assert response_text(None, "4", "raw text", layout) == "raw text"


def test_the_qwen_math_prompt_is_rendered_and_taken_apart() -> None:
    row = texts(_templates.load("qwen25-math-cot"), "What is 2 + 2?", "<think>\nWait.\n</think>\n\n4")
    assert [m["role"] for m in row.messages] == ["system", "user", "assistant"]
    assert row.messages[1]["content"] == "What is 2 + 2?"
    assert row.prompt.endswith("<|im_start|>user\nWhat is 2 + 2?<|im_end|>\n<|im_start|>assistant\n")
    assert row.completion == "<think>\nWait.\n</think>\n\n4<|im_end|>"


def test_a_prompt_that_opens_the_reasoning_is_not_opened_twice() -> None:
    row = texts(_templates.load("r1"), "P", "<think>\nWait.\n</think>\n\n4")
    assert (row.prompt + row.completion).count("<think>") == 1
    assert row.messages[-1]["content"].startswith("<think>")
    assert row.completion.endswith("<｜end▁of▁sentence｜>")


def test_a_chat_template_leaves_the_prompt_to_the_tokenizer() -> None:
    row = texts(_templates.load("chat-bare"), "P", "4")
    assert (row.prompt, row.completion) == ("", "4")
    assert row.messages == ({"role": "user", "content": "P"}, {"role": "assistant", "content": "4"})


@pytest.mark.parametrize(
    ("text", "failed"),
    [
        ("Error after 6 attempts: Error code: 500 - {'error': ...}", True),
        ("Error code: 429 - rate limit", True),
        ("APIError: no connection", True),
        ("The error after 6 attempts is small, so the series converges.", False),
        ("Error analysis: let x be the measured value.", False),
        ("Error code: 500 stands for " + "a long story " * 200, False),
    ],
)
def test_messages_of_failed_servers(text: str, failed: bool) -> None:
    assert failed_call(None, text) is failed_call(text, "whole response") is failed
