"""The split of a response into reasoning and answer."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reasonlens.text.think import RULES, split

CASES = [
    ("tags", "<think>\na b\n</think>\n\nThe answer is 4.", "think_tags", "a b", "The answer is 4."),
    ("other case", "<THINK>a</Think>b", "think_tags", "a", "b"),
    ("thinking", "<thinking>a</thinking> b", "think_tags", "a", "b"),
    ("thought", "<Thought>a</Thought>\n<Output>b</Output>", "think_tags", "a", "<Output>b</Output>"),
    ("reasoning", "<reasoning>\na\n</reasoning>\n<answer>\nb\n</answer>\n", "think_tags", "a", "b"),
    ("seed", "<seed:think>a</seed:think>b", "think_tags", "a", "b"),
    ("kimi", "◁think▷a◁/think▷b", "think_tags", "a", "b"),
    ("magistral", "[THINK]a[/THINK]b", "think_tags", "a", "b"),
    ("magistral, template opened", "a[/THINK]b", "close_tag_only", "a", "b"),
    (
        "command",
        "<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>b<|END_RESPONSE|>",
        "think_tags",
        "a",
        "b",
    ),
    ("empty block", "<think>\n\n</think>\n\nb", "think_tags", "", "b"),
    ("text before the tag", "Sure. <think>a</think>b", "think_tags", "Sure. <think>a", "b"),
    ("closing only", "a\n</think>\n\nb", "close_tag_only", "a", "b"),
    ("closing and answer tag", " a\n</think>\n<answer>(1) b </answer>", "close_tag_only", "a", "(1) b"),
    ("nothing after it", "<think>a</think>\n", "think_tags", "a", ""),
    ("end-of-turn token", "<think>a</think>b<|im_end|>\n", "think_tags", "a", "b"),
    ("opened only", "<think>\na b", "open_tag_only", "a b", ""),
    ("opened, then an answer tag", "<think>a <answer>b</answer>", "answer_tag", "a", "b"),
    (
        "thought markers",
        "<|begin_of_thought|>\n\na\n\n<|end_of_thought|>\n\n<|begin_of_solution|>\n\nb<|end_of_solution|>",
        "thought_markers",
        "a",
        "b",
    ),
    ("thought never closed", "<|begin_of_thought|>\n\na", "thought_markers", "a", ""),
    ("solution without end", "<|begin_of_thought|>a<|begin_of_solution|>b", "thought_markers", "a", "b"),
    ("thought, template opened", "a<|end_of_thought|>b", "thought_markers", "a", "b"),
    ("bare lines", "think\na\nanswer\nb", "bare_lines", "a", "b"),
    (
        "bare lines with tokens",
        "<|im_start|>think\na\n<|im_start|>answer\nb<|im_end|>",
        "bare_lines",
        "a",
        "b",
    ),
    ("bare lines, no thought", "think\nanswer\nb", "bare_lines", "", "b"),
    ("bare lines, never switched", "think\na", "bare_lines", "a", ""),
    (
        "channels",
        "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b<|return|>",
        "harmony",
        "a",
        "b",
    ),
    ("channels, tokens lost", "analysisWe add.assistantfinalb", "harmony", "We add.", "b"),
    ("channels, never final", "<|channel|>analysis<|message|>a", "harmony", "a", ""),
    ("answer tag", "a\n<answer>b</answer>", "answer_tag", "a", "b"),
    (
        "two answer tags",
        "a <answer>1</answer> c <answer>b</answer>",
        "answer_tag",
        "a <answer>1</answer> c",
        "b",
    ),
    ("none", " a = 1 < 2 \n", "none", " a = 1 < 2 \n", ""),
    ("a word that looks like a marker", "analysis of the case", "none", "analysis of the case", ""),
    ("empty", "", "none", "", ""),
]


@pytest.mark.parametrize(
    ("text", "rule", "reasoning", "answer"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_each_rule(text: str, rule: str, reasoning: str, answer: str) -> None:
    parts = split(text)
    assert (parts.rule, parts.reasoning, parts.answer) == (rule, reasoning, answer)


def test_every_rule_has_a_case() -> None:
    assert {case[2] for case in CASES} == set(RULES) - {"fields"}


@pytest.mark.parametrize(
    ("text", "reasoning", "answer", "closed"),
    [
        ("<think>The tag `</think>` ends it. So 4.</think>4", "The tag `</think>` ends it. So 4.", "4", True),
        (
            "<think>I must write </think> at the end. So 4.</think>4",
            "I must write </think> at the end. So 4.",
            "4",
            True,
        ),
        ("<think>a</think>b<think>c</think>d", "a</think>b<think>c", "d", True),
        ("<think>a</think>b</think>", "a", "b</think>", True),
        ("<think>a</think>\n</think>", "a", "</think>", True),
        ("<think>a</think>\n</think>\nb", "a</think>", "b", True),
        ("<think>a</think>b<think>c", "a</think>b<think>c", "", False),
        ("<think>a</think>b<think>", "a", "b<think>", True),
        ("a</think>b<think>c</think>d", "a</think>b<think>c", "d", True),
        ("<think>a</think>Put it in '<think>' tags.", "a", "Put it in '<think>' tags.", True),
    ],
)
def test_several_tags(text: str, reasoning: str, answer: str, closed: bool) -> None:
    parts = split(text)
    assert (parts.reasoning, parts.answer, parts.closed) == (reasoning, answer, closed)


@pytest.mark.parametrize("opening", ["<think>", "<think>\n", "<|begin_of_thought|>\n\n", "[THINK]"])
def test_a_prompt_may_open_the_thought(opening: str) -> None:
    prompt = f"<|im_start|>user\n1 + 1?<|im_end|>\n<|im_start|>assistant\n{opening}"
    cut = split("one and one", prompt=prompt)
    assert (cut.rule, cut.closed, cut.reasoning, cut.answer) == ("open_tag_only", False, "one and one", "")
    assert split("one\n</think>\n2", prompt=prompt).rule == "close_tag_only"


@pytest.mark.parametrize("prompt", ["1 + 1?", "<think>\n\n</think>\n\n", "Write <think> first.", None])
def test_other_prompts_open_nothing(prompt: str | None) -> None:
    assert split("2", prompt=prompt).rule == "none"


PIECES = [
    "<think>", "</think>", "<THINKING>", "</thought>", "<answer>", "</answer>", "think\n", "\nanswer\n",
    "<|begin_of_thought|>", "<|end_of_thought|>", "<|begin_of_solution|>", "<|end_of_solution|>",
    "◁think▷", "◁/think▷", "[THINK]", "[/THINK]", "<|im_end|>", "<|channel|>analysis<|message|>",
    "<|end|><|start|>assistant<|channel|>final<|message|>", "<|return|>", "analysisA", "assistantfinal",
    "<|im_start|>", "<|START_THINKING|>", "<|END_THINKING|>", "`", "'", "<", ">", "a",
    "Wait, 4 < 5.", " ", "\n", "\u2003", "嗯",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=14).map("".join)
MARKERS = re.compile(
    r"</?(?:think|thinking|thought|answer)>|\[/?THINK\]|◁/?think▷|<\|channel\|>(?:analysis|final)<\|message\|>"
    r"|<\|start\|>assistant|<\|[a-z_]+\|>|^\s*analysis|assistantfinal|^\s*think\r?\n|answer[ \t]*\r?(?:\n|$)",
    re.IGNORECASE,
)


@given(TEXTS, st.none() | TEXTS)
@example("</think></think></think>", None)
@example("<think></think><answer>", "<think>")
@example(" analysisA", None)
def test_parts_are_slices_and_no_text_is_lost(text: str, prompt: str | None) -> None:
    parts = split(text, prompt=prompt)
    assert parts.rule in RULES
    assert (
        0
        <= parts.reasoning_start
        <= parts.reasoning_end
        <= parts.answer_start
        <= parts.answer_end
        <= len(text)
    )
    assert text[parts.reasoning_start : parts.reasoning_end] == parts.reasoning
    assert text[parts.answer_start : parts.answer_end] == parts.answer
    if not parts.closed:
        assert parts.answer == ""
    rest = (
        text[: parts.reasoning_start],
        text[parts.reasoning_end : parts.answer_start],
        text[parts.answer_end :],
    )
    assert [MARKERS.sub("", piece).strip() for piece in rest] == ["", "", ""]


@given(st.text(alphabet=st.characters(exclude_characters="<[◁"), max_size=60))
def test_a_text_without_marker_characters_is_left_as_it_is(text: str) -> None:
    parts = split("A " + text)
    assert (parts.rule, parts.reasoning, parts.answer) == ("none", "A " + text, "")


@given(TEXTS)
def test_a_wrapped_thought_is_found(answer: str) -> None:
    parts = split(
        "<think>two and two</think>So 4. " + answer.replace("<", "").replace("[", "").replace("◁", "")
    )
    assert (parts.rule, parts.reasoning, parts.closed) == ("think_tags", "two and two", True)
    assert parts.answer.startswith("So 4.")


def test_many_tags_cost_no_more_than_their_number() -> None:
    # Quadratic work would take minutes here.
    parts = split("<think>a" + "</think>\n" * 100_000)
    assert (parts.reasoning, parts.rule) == ("a", "think_tags")


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


# (rule, closed) -> responses, as the markers in the files say (data README, "Notes and traps").
EXPECTED = {
    "mip_gsm8k_distilled_r1-distill-qwen-32b": {("close_tag_only", True): 582},
    "mip_gsm8k_distilled_s1.1-32b": {("bare_lines", True): 582},
    "mip_gsm8k_instruct_qwen2.5-32b": {("none", True): 582},
    "mip_gsm8k_teacher_deepseek-r1": {("close_tag_only", True): 581, ("none", True): 1},  # 1: a server error
    "mip_gsm8k_teacher_qwq-32b": {("close_tag_only", True): 582},
    "mip_math_6models": {("close_tag_only", True): 156, ("bare_lines", True): 52, ("none", True): 104},
    "mmlupro_base_llama-3.1": {("none", True): 1200},
    "reasoninggym_instruct_qwen2.5-3b": {("none", True): 2336},
    "reasoninggym_rl_instruct_qwen2.5-3b-rlft": {
        ("think_tags", True): 2268,
        ("open_tag_only", False): 62,
        ("none", True): 6,
    },
    "rho_base_rho-math-7b": {("none", True): 1819},
    "shortrl_zero_rl_qwen2.5-7b_kk3_kk5": {("close_tag_only", True): 200},
    "skythought_base_qwen2.5-math-7b": {("none", True): 842},
    "skythought_distilled_sky-t1-math": {
        ("thought_markers", True): 379,
        ("thought_markers", False): 243,
        ("none", True): 350,
    },
    "skythought_instruct_qwen2.5-14b": {("none", True): 842},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_rules_on_published_traces(shared_data: Path, name: str) -> None:
    found: Counter[tuple[str, bool]] = Counter()
    for row in _rows(shared_data / "traces" / f"{name}.jsonl.gz"):
        parts = split(row["response"], prompt=row.get("prompt"))
        found[parts.rule, parts.closed] += 1
        assert parts.reasoning.strip()
        assert not re.search(r"</?think>|<\|begin_of_thought\|>|</?answer>", parts.reasoning + parts.answer)
    assert dict(found) == EXPECTED[name]


def test_all_trace_files_are_expected(shared_data: Path) -> None:
    assert {
        path.name.removesuffix(".jsonl.gz") for path in (shared_data / "traces").glob("*.jsonl.gz")
    } == set(EXPECTED)
