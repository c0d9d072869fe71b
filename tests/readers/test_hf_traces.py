from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reasonlens.readers import Context, Record, Skipped
from reasonlens.readers._account import Account
from reasonlens.readers._detect import detect
from reasonlens.readers._units import read_unit, units


def _records(path: Path, *rows: dict[str, Any]) -> list[Record | Skipped]:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    detected = detect(path)
    assert detected.format == "hf_traces"
    return [item for unit in units(path, detected) for item in read_unit(unit, Context(path), Account())]


def _all(items: list[Record | Skipped]) -> list[Record]:
    assert all(isinstance(item, Record) for item in items)
    return [item for item in items if isinstance(item, Record)]


def test_openr1_math(tmp_path: Path) -> None:
    row = {
        "problem": "What is 2 + 2?",
        "solution": "Count.",
        "answer": "4",
        "source": "olympiads",
        "uuid": "u-1",
        "is_reasoning_complete": [True, False],
        "generations": ["<think>\nWait\n</think>\n4", "<think>\nHm"],
        "correctness_math_verify": [True, False],
        "finish_reasons": ["stop", "length"],
        "messages": [{"role": "user", "content": "What is 2 + 2?"}, {"role": "assistant", "content": "4"}],
    }
    one, two = _all(_records(tmp_path / "a.jsonl", row))
    assert (one.sample, one.correct, one.finish) == (0, True, "stop")
    assert (two.sample, two.correct, two.finish) == (1, False, "length")
    assert (one.gold, one.dataset, one.model, one.model_kind) == (
        "4",
        "olympiads",
        "deepseek-ai/DeepSeek-R1",
        "teacher",
    )


def test_openr1_math_without_finish_reasons_or_with_other_marks(tmp_path: Path) -> None:
    row = {
        "problem": "p",
        "answer": "4",
        "generations": ["a", None],
        "correctness_math_verify": [True],
        "correctness_llama": [False, True],
        "finish_reasons": None,
    }
    one, two = _records(tmp_path / "a.jsonl", row)
    assert isinstance(one, Record)
    assert (one.correct, one.finish) == (False, None)
    assert two == Skipped("line 1", "no response (generation 1 is NoneType)")


def test_openthoughts_metadata(tmp_path: Path) -> None:
    row = {
        "problem": "2 + 2?",
        "deepseek_reasoning": "Two and two.",
        "deepseek_solution": "4",
        "ground_truth_solution": "\\boxed{4}",
        "domain": "math",
        "source": "numina_math",
    }
    (one,) = _all(_records(tmp_path / "a.jsonl", row))
    assert (one.reasoning, one.response, one.gold) == ("Two and two.", "4", "\\boxed{4}")
    assert one.dataset == "numina_math"


def test_openthoughts_conversations(tmp_path: Path) -> None:
    row = {
        "system": "Your role ...",
        "conversations": [
            {"from": "user", "value": "What is 2 + 2?"},
            {"from": "assistant", "value": "<|begin_of_thought|>\n\nHm\n\n<|end_of_thought|>\n\n4"},
        ],
    }
    silent = {"conversations": [{"from": "user", "value": "?"}]}
    one, none = _records(tmp_path / "a.jsonl", row, silent)
    assert isinstance(one, Record)
    assert (one.problem, one.model) == ("What is 2 + 2?", None)
    assert (one.response or "").endswith("4")
    assert none == Skipped("line 2", "no response (no assistant turn)")


@pytest.mark.parametrize("wrap", [lambda text: text, lambda text: [text]])
def test_s1k_has_one_trace_per_teacher(tmp_path: Path, wrap: Any) -> None:
    row = {
        "question": "2 + 2?",
        "solution": "4",
        "source_type": "sums",
        "gemini_thinking_trajectory": wrap("So"),
        "gemini_attempt": wrap("5"),
        "gemini_grade": "No",
        "deepseek_thinking_trajectory": wrap("Hm"),
        "deepseek_attempt": wrap("4"),
        "deepseek_grade": "Yes",
    }
    one, two = _all(_records(tmp_path / "a.jsonl", row))
    assert (one.model, one.reasoning, one.response, one.correct) == (
        "deepseek-ai/DeepSeek-R1",
        "Hm",
        "4",
        True,
    )
    assert (two.model, two.reasoning, two.response, two.correct) == (
        "google/gemini-2.0-flash-thinking-exp",
        "So",
        "5",
        False,
    )


def test_first_s1k_names_no_teacher(tmp_path: Path) -> None:
    row = {
        "question": "2 + 2?",
        "solution": "4",
        "cot": None,
        "thinking_trajectories": ["Hm"],
        "attempt": "4",
    }
    empty = {"question": "2 + 2?", "solution": "4", "thinking_trajectories": None, "attempt": None}
    one, none = _records(tmp_path / "a.jsonl", row, empty)
    assert isinstance(one, Record)
    assert (one.reasoning, one.response, one.model, one.gold) == ("Hm", "4", None, "4")
    assert none == Skipped("line 2", "no response (no attempt)")


def test_a_row_of_another_kind_is_skipped(tmp_path: Path) -> None:
    row = {"question": "2 + 2?", "thinking_trajectories": ["Hm"], "attempt": "4"}
    path = tmp_path / "a.jsonl"
    rows = [row] * 20 + [{"question": "2 + 2?"}]
    assert _records(path, *rows)[-1] == Skipped("line 21", "the columns are not those of the first rows")
