"""reasoning-gym results: both kinds of file, hidden reasoning, summaries."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from reasonlens.readers import Refusal, Row
from reasonlens.readers._account import Account
from reasonlens.readers._traces import Defaults, build
from tests.readers.reading import JSON, objects, read_all, read_file, sniff

REASON = "has the results of reasoning-gym data sets, with completions"
NONE_STORED = "this is a reasoning-gym file that stores scores and no model responses; "


def dataset(*responses: Any, score: Any = 1.0) -> dict[str, Any]:
    completions = [{"full_model_response": text, "score": score} for text in responses]
    result = {"question": "1+1?", "expected_answer": "2", "completions": completions}
    return {"name": "sums", "category": "math", "results": [result]}


def test_real_results_file(shared_data: Path) -> None:
    found, records, skipped = read_file(shared_data / "formats/reasoning_gym/intra_algebra_results.json")
    assert (found.format, found.container, found.reason) == ("reasoning_gym", "document", REASON)
    assert len(records) == 300
    assert skipped == {}
    assert Counter(r.sample for r in records) == {0: 100, 1: 100, 2: 100}
    assert Counter(r.correct for r in records) == {False: 250, True: 50}
    assert {(r.dataset, r.model, r.withheld) for r in records} == {
        ("simple_integration", "../utils/algebra_500", False)
    }
    assert all(r.response is not None and r.response.startswith("<think>") for r in records)
    assert records[4].place == "categories[0].datasets[0].results[1].completions[1]"
    assert records[0].decoding == {"temperature": 0.6, "top_p": 0.9, "max_tokens": 1024}
    assert records[0].gold == "10*x**7 + 4*x**3/5 + C"


def test_real_file_with_hidden_reasoning(shared_data: Path) -> None:
    found, records, skipped = read_file(
        shared_data / "formats/reasoning_gym/zero_shot_qwq-32b_countdown.json"
    )
    assert (found.format, found.reason) == ("reasoning_gym", REASON)
    assert len(records) == 50
    assert skipped == {}
    assert all(r.withheld for r in records)
    assert sum(r.response == "" for r in records) == 26
    assert Counter(r.correct for r in records) == {False: 26, True: 24}
    assert {(r.dataset, r.model) for r in records} == {("countdown", None)}
    first = records[0]
    assert first.response == "<answer>95+98+92-28-20</answer>"
    assert first.prompt is not None
    assert first.problem is not None
    assert first.prompt.startswith("Given a problem, your task is")
    assert first.prompt.endswith(first.problem)


@pytest.mark.parametrize(
    ("responses", "withheld"),
    [
        (["<answer>2</answer>", ""], True),
        (["<answer>2</answer>\n", "1+1 is 2.\n<answer>2</answer>"], False),
        (["<answer>2</answer> <answer>3</answer>"], False),
        (["", ""], False),
    ],
)
def test_reasoning_is_withheld_where_only_answers_are_stored(responses: list[str], withheld: bool) -> None:
    records, _ = read_all("reasoning_gym", [dataset(*responses)])
    assert [r.withheld for r in records] == [withheld] * len(responses)


@pytest.mark.parametrize(
    ("score", "correct"),
    [(1.0, True), (1, True), (0.99, False), (0.0, False), (True, True), (None, None), ("1", None)],
)
def test_correct_is_the_full_score(score: Any, correct: bool | None) -> None:
    records, _ = read_all("reasoning_gym", [dataset("a", score=score)])
    assert [r.correct for r in records] == [correct]


def test_odd_results_are_skipped_with_the_reason() -> None:
    broken = dataset("a", None)
    broken["results"] += [{"question": "?", "error": "timeout"}, 5]
    records, skipped = read_all("reasoning_gym", [Row("document", broken), Row("document", [])])
    assert [r.response for r in records] == ["a"]
    assert [(s.place, s.reason) for s in skipped] == [
        ("results[0].completions[1]", "the completion has no text under full_model_response"),
        ("results[1]", "the result has no completions (timeout)"),
        ("results[2]", "the result has no completions"),
        ("document", "the document has no data sets with results"),
    ]


def test_files_without_responses_are_refused() -> None:
    summary = {
        "total_datasets": 1,
        "dataset_best_scores": {"sums": 1.0},
        "dataset_mean_scores": {"sums": 1.0},
    }
    assert sniff("reasoning_gym", [summary], "document") == Refusal(
        NONE_STORED + "give results.json or the files in the category folders instead"
    )
    bare = {**dataset(), "results": [{"question": "1+1?", "best_score": 1.0}]}
    assert sniff("reasoning_gym", [bare], "document") == Refusal(
        NONE_STORED + "run the evaluation again with --full-results"
    )


def test_other_documents_are_not_claimed() -> None:
    assert sniff("reasoning_gym", [{"categories": [{"name": "toys"}]}], "document") is None
    assert sniff("reasoning_gym", [{"name": "x", "results": [1]}], "document") is None
    assert sniff("reasoning_gym", [dataset("a")], "jsonl") is None


@given(
    JSON
    | objects("name", "category", "results", "metadata", "categories")
    | objects("full_model_response", "score").map(lambda c: {**dataset(), "results": [{"completions": [c]}]})
)
def test_any_document_is_read_or_skipped(document: object) -> None:
    records, skipped = read_all("reasoning_gym", [Row("document", document)])
    answer = sniff("reasoning_gym", [document], "document")
    assert not records or isinstance(answer, str | Refusal)
    assert records or skipped or isinstance(answer, Refusal)


def test_hidden_reasoning_shows_in_the_health_of_each_trace(shared_data: Path) -> None:
    _, records, _ = read_file(shared_data / "formats/reasoning_gym/zero_shot_qwq-32b_countdown.json")
    traces = [
        row for table in build(records, Defaults("countdown.json"), Account()) for row in table.to_pylist()
    ]
    assert Counter(tuple(row["health"]) for row in traces) == {
        ("no_reasoning",): 24,
        ("empty", "no_reasoning"): 26,
    }
    assert {row["reasoning"] for row in traces} == {""}
