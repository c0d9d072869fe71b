"""Problem ids: the same problem joins, different problems do not."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.text.problems import normalize, problem_id, statement_from_prompt

SAME = [
    ("Find $x + 1$.", "find  $x+1$."),
    ("Find $x+1$.", r"Find \(x+1\)."),
    ("So\n$$a=b$$", r"So \[ a = b \]"),
    (r"$\left(\dfrac{1}{2}\right)$", r"$(\frac{1}{2})$"),
    (r"$a \le b$", r"$a\leq b$"),
    (r"$1{,}000\,\text{km}$", r"$1{,}000\text{km}$"),
    ("Ann’s “book”", 'Ann\'s "book"'),
    ("a − b – c", "a - b - c"),
    ("ﬁnd ½", "find 1⁄2"),
    ("x² + y¹⁰", "x^2 + y^10"),
    ("10⁻³", "10^-3"),
    ("A\u00a0B\u2009C", "ABC"),
]
DIFFERENT = [
    ("x+1", "x-1"),
    ("x = 12", "x = 21"),
    ("a < b", "a > b"),
    (r"a \le b", r"a \ge b"),
    ("x^2", "x_2"),
    ("x²", "x2"),
    (r"\frac{1}{2}", r"\frac{2}{1}"),
    (r"\sin x", r"\cos x"),
    ("3.5", "35"),
    ("-3", "3"),
    ("10%", "10"),
    ("n!", "n"),
    (r"\leftarrow", r"\rightarrow"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_layout_does_not_count(one: str, other: str) -> None:
    assert normalize(one) == normalize(other)
    assert problem_id(one) == problem_id(other, "any", "7")


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_content_counts(one: str, other: str) -> None:
    assert problem_id(one) != problem_id(other)


def test_the_form_of_an_id() -> None:
    assert problem_id("What is 2 + 2?") == "p-92b42d3c4a2b4d6d"
    assert re.fullmatch(r"id-[0-9a-f]{16}", problem_id(None, "aime24", "3") or "")
    assert problem_id("What is 2 + 2?", "aime24", "3") == problem_id("What is 2 + 2?", None, None)


def test_without_a_statement_the_source_id_decides_within_its_dataset() -> None:
    assert problem_id(None, "aime24", "3") == problem_id(" \n", "AIME24 ", "3")
    assert problem_id(None, "aime24", "3") != problem_id(None, "aime25", "3")
    assert problem_id(None, "a", "13") != problem_id(None, "a1", "3")
    assert problem_id(None, None, "3") is not None


@pytest.mark.parametrize("statement", [None, "", " ", "$$", "?"])
@pytest.mark.parametrize("source_id", [None, "", " "])
def test_nothing_known_gives_no_id(statement: str | None, source_id: str | None) -> None:
    assert problem_id(statement, "aime24", source_id) is None


@given(st.text(max_size=60))
def test_normalizing_twice_changes_nothing_that_matters(text: str) -> None:
    assert " " not in normalize(text)
    assert problem_id(text, None, "1") == problem_id(f"  {text}\n", None, "1")


@given(st.text(alphabet="0123456789+-*/=<>^_.,()abcxyz \n$", max_size=30))
def test_only_space_and_dollars_are_lost_from_plain_formulas(text: str) -> None:
    assert normalize(text) == re.sub(r"[\s$]", "", text)


BOX = "Please reason step by step, and put your final answer within \\boxed{}."
START, END = "<|im_start|>", "<|im_end|>\n"
TAIL = f"{END}{START}assistant\n"
PROMPTS = [
    (f"{START}system\n{BOX}{END}{START}user\nWhat is 2 + 2?{TAIL}", "What is 2 + 2?"),
    (f"{START}user\nWhat is 2 + 2?\n{BOX}{TAIL}<think>\n", "What is 2 + 2?"),
    (f"{START}user\n{BOX}\n\nIs 2 even? Is 3?{TAIL}", "Is 2 even? Is 3?"),
    (
        f"{START}user\nA cat has 3 kittens. How many cats? Let's think step by step.{TAIL}",
        "A cat has 3 kittens. How many cats?",
    ),
    (
        "<|start_header_id|>user<|end_header_id|>\n\nSolve the following problem.\nWhat is 2 + 2?<|eot_id|>",
        "What is 2 + 2?",
    ),
    (f"<｜User｜>What is 2 + 2? {BOX}<｜Assistant｜><think>\n", "What is 2 + 2?"),
    ("<start_of_turn>user\nWhat is 2 + 2?<end_of_turn>\n<start_of_turn>model\n", "What is 2 + 2?"),
    ("[INST] What is 2 + 2? [/INST]", "What is 2 + 2?"),
    ("Question: What is 2 + 2?\nAnswer:", "What is 2 + 2?"),
    ("Question: What is 1 + 1?\nAnswer: 2\n\nQuestion: What is 2 + 2?\nAnswer:", None),
    (f"{START}user\n1 + 1?{TAIL}2{END}{START}user\n2 + 2?{TAIL}", None),
    (f"{START}user\n{BOX}{TAIL}", None),
    ("What is 2 + 2?", None),
    ("", None),
]


@pytest.mark.parametrize(("prompt", "statement"), PROMPTS)
def test_statement_from_prompt(prompt: str, statement: str | None) -> None:
    assert statement_from_prompt(prompt) == statement


@given(st.text(max_size=200))
def test_a_statement_is_part_of_its_prompt(text: str) -> None:
    found = statement_from_prompt(f"<|im_start|>user\n{text}<|im_end|>")
    assert found is None or (found in text and found == found.strip() != "")


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def test_statements_join_as_the_published_ids_do(shared_data: Path) -> None:
    pairs: set[tuple[str | None, str]] = set()
    for path in (shared_data / "traces").glob("*.jsonl.gz"):
        pairs.update((problem_id(row["problem"]), row["problem_id"]) for row in _rows(path))
    assert len(pairs) == len({ours for ours, _ in pairs}) == len({theirs for _, theirs in pairs}) == 3636

    by_id = {theirs: ours for ours, theirs in pairs}
    joined = 0
    ours = set()
    for path in (shared_data / "problems").glob("*.jsonl.gz"):
        for row in _rows(path):
            ours.add(problem_id(row["problem"]))
            if row["problem_id"] in by_id:
                joined += 1
                assert problem_id(row["problem"]) == by_id[row["problem_id"]]
    assert joined == 2836  # two of them differ in white space or case
    assert len(ours) == 2896  # no two problems of the eight benchmarks fall together


def test_logic_puzzles_are_found_in_their_prompts(shared_data: Path) -> None:
    rows = list(_rows(shared_data / "traces" / "shortrl_zero_rl_qwen2.5-7b_kk3_kk5.jsonl.gz"))
    assert (
        sum(problem_id(statement_from_prompt(row["prompt"])) == problem_id(row["problem"]) for row in rows)
        == 200
    )
