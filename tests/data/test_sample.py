"""The bundled sample is what its README says."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from reasonlens import sample
from reasonlens.core.tables import HEALTH
from reasonlens.text.health import flags
from reasonlens.text.problems import problem_id
from reasonlens.text.think import split

KINDS = ("base", "zero_rl", "distilled", "teacher")
FIELDS = {
    "model", "model_kind", "benchmark", "problem_id", "problem", "gold", "response", "correct", "sample",
    "finish_reason", "illustrative",
}  # fmt: skip
# Worked out here, independently of the file.
GOLD = {
    "arith-01": 7 * 24 - 95,
    "arith-02": sum(18 + 5 * day for day in range(5)),
    "arith-03": (13 * 60 + 22) - (9 * 60 + 47) - 38,
    "arith-04": 500 - 22 * 90 // 6,
    "arith-05": 2 * 3 * 12 // 8,
    "alg-01": next(x * x - 4 for x in range(99) if 3 * x + 7 == 5 * x - 11),
    "alg-02": next(a * a - (23 - a) ** 2 for a in range(12, 23) if a * (23 - a) == 120),
    "alg-03": 2**6 + 3,
    "alg-04": sum(n * n - 10 * n + 16 < 0 for n in range(-50, 50)),
    "alg-05": next(a * (23 - a) for a in range(1, 23) if a * a + (23 - a) ** 2 == 17**2),
    "count-01": sum(len(set(str(n))) == 3 and set(str(n)) <= set("13579") for n in range(100, 1000)),
    "count-02": 120 - 2 * 24,
    "count-03": sum(360 % d == 0 and d % 6 == 0 for d in range(1, 361)),
    "count-04": sum(a * b % 6 == 0 for a in range(1, 7) for b in range(1, 7)),
    "count-05": 3**100 % 13,
}


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in sample.path().read_text(encoding="utf-8").splitlines()]


def _health(row: dict[str, Any]) -> list[str]:
    parts = split(row["response"])
    return flags(
        reasoning=parts.reasoning,
        answer=parts.answer,
        response=row["response"],
        finish=row["finish_reason"],
        rule=parts.rule,
        closed=parts.closed,
    )


def _final(response: str) -> str | None:
    boxed: list[str] = re.findall(r"\\boxed\{([^{}]*)\}", response)
    stated: list[str] = re.findall(r"The answer is (-?\d+)\.", response)
    return boxed[-1] if boxed else stated[0] if stated else None


def test_size_and_fields(rows: list[dict[str, Any]]) -> None:
    assert Counter(row["model_kind"] for row in rows) == {
        "base": 22,
        "distilled": 21,
        "zero_rl": 18,
        "teacher": 18,
    }
    assert Counter(row["model_kind"] for row in rows if row["correct"]) == {
        "base": 8, "zero_rl": 15, "distilled": 16, "teacher": 17,
    }  # fmt: skip
    assert all(set(row) == FIELDS and row["illustrative"] is True for row in rows)
    assert {row["benchmark"] for row in rows} == {"sample-arithmetic", "sample-algebra", "sample-counting"}


def test_every_kind_tries_every_problem_once_or_twice(rows: list[dict[str, Any]]) -> None:
    tries = {(row["model_kind"], row["problem_id"], row["sample"]) for row in rows}
    assert len(tries) == len(rows)
    assert {(kind, problem, number) for kind, problem, number in tries if number == 0} == {
        (kind, problem, 0) for kind in KINDS for problem in GOLD
    }
    assert {number for *_, number in tries} == {0, 1}
    assert len({(row["model"], row["model_kind"]) for row in rows}) == len(KINDS)


def test_golds_are_right_and_problems_distinct(rows: list[dict[str, Any]]) -> None:
    assert {(row["problem_id"], row["gold"]) for row in rows} == {
        (key, str(value)) for key, value in GOLD.items()
    }
    assert len({problem_id(row["problem"]) for row in rows}) == len(GOLD)


def test_correct_says_whether_the_final_answer_is_the_gold(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        assert (_final(row["response"]) == row["gold"]) is row["correct"], (row["problem_id"], row["model"])
    wrong = Counter(row["model_kind"] for row in rows if not row["correct"])
    assert set(wrong) == set(KINDS)


def test_every_health_flag_occurs(rows: list[dict[str, Any]]) -> None:
    found = Counter(flag for row in rows for flag in _health(row))
    assert found == {"truncated": 4, "empty": 1, "no_reasoning": 1, "looping": 3}
    assert set(found) == set(HEALTH)


def test_the_rules_of_the_split_vary(rows: list[dict[str, Any]]) -> None:
    assert Counter(split(row["response"]).rule for row in rows) == {
        "none": 40, "think_tags": 19, "close_tag_only": 18, "open_tag_only": 2,
    }  # fmt: skip


def test_the_kinds_differ_in_their_words(rows: list[dict[str, Any]]) -> None:
    waits = Counter(
        row["model_kind"]
        for row in rows
        if re.search(r"\b(?:wait|perhaps|alternatively)\b", row["response"], re.I)
    )
    assert waits["distilled"] >= 18
    assert waits["teacher"] >= 15
    assert waits["base"] == waits["zero_rl"] == 0


def test_no_text_is_a_template_with_other_numbers(rows: list[dict[str, Any]]) -> None:
    frames = [re.sub(r"\d+", "0", row["response"]) for row in rows]
    assert len(set(frames)) == len(frames)


def test_the_readme_says_what_the_traces_are(rows: list[dict[str, Any]]) -> None:
    text = sample.path().with_name("README.md").read_text(encoding="utf-8")
    assert "not recorded from a run of any model" in text
    assert "License: Apache-2.0" in text
    assert f"{len(rows)} short traces on {len(GOLD)} problems" in text


def test_sample_shares_no_problem_with_the_published_benchmarks(
    rows: list[dict[str, Any]], shared_data: Path
) -> None:
    published = set()
    for path in (shared_data / "problems").glob("*.jsonl.gz"):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            published.update(problem_id(json.loads(line)["problem"]) for line in lines)
    assert published.isdisjoint({problem_id(row["problem"]) for row in rows})
