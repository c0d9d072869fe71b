"""lighteval details in both layouts, written here as real Parquet files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.readers import Refusal
from tests.readers.reading import JSON, objects, read_all, read_file, sniff

NEW = "has the columns doc, model_response and metric of lighteval details"
OLD = "has the columns full_prompt, predictions and metrics of older lighteval details"
NO_TEXT = "the row holds log-likelihoods of given answers, no generated text"
DATE = "2025-06-01T10-20-30.123456"


def new(*texts: str, metric: Any = None, **answer: Any) -> dict[str, Any]:
    return {
        "doc": {
            "query": "1+1?",
            "choices": ["3", "2"],
            "gold_index": [1],
            "task_name": "lighteval|aime24|0",
            "id": "7",
        },
        "metric": {"extractive_match": 1.0} if metric is None else metric,
        "model_response": {
            "text": list(texts),
            "reasonings": [None for _ in texts],
            "input": [{"role": "user", "content": "1+1?"}],
            "output_tokens": [[5, 6, 7] for _ in texts],
            "logprobs": [],
            **answer,
        },
    }


def old(*texts: Any, **more: Any) -> dict[str, Any]:
    return {
        "example": "1+1?",
        "full_prompt": "User: 1+1?",
        "predictions": list(texts),
        "cont_tokens": [[1, 2] for _ in texts],
        "gold": ["2"],
        "choices": [],
        "gold_index": [],
        "metrics": {"em": 1, "len": 4},
        **more,
    }


def write(folder: Path, task: str, rows: list[dict[str, Any]]) -> Path:
    path = folder / "details" / "org" / "m-1" / DATE / f"details_{task}_{DATE}.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_new_layout(tmp_path: Path) -> None:
    row = new("It is 2.", reasonings=["So 1+1."])
    found, records, skipped = read_file(write(tmp_path, "aime24|0", [row, new("a", "b")]))
    assert (found.format, found.container, found.reason) == ("lighteval", "parquet", NEW)
    first = records[0]
    assert (first.response, first.reasoning, first.place, first.sample) == ("It is 2.", "So 1+1.", "row 1", 0)
    assert (first.problem, first.prompt, first.problem_id, first.gold) == ("1+1?", "1+1?", "7", "2")
    assert (first.dataset, first.model, first.correct, first.n_model_tokens) == ("aime24", "org/m-1", True, 3)
    assert [(r.response, r.sample, r.correct) for r in records[1:]] == [("a", 0, None), ("b", 1, None)]
    assert skipped == {}


def test_old_layout(tmp_path: Path) -> None:
    found, records, skipped = read_file(
        write(tmp_path, "lighteval|gsm8k|5", [old("It is 2."), old("a", "b")])
    )
    assert (found.format, found.reason) == ("lighteval", OLD)
    first = records[0]
    assert (first.response, first.problem, first.prompt, first.gold) == (
        "It is 2.",
        "1+1?",
        "User: 1+1?",
        "2",
    )
    assert (first.dataset, first.model, first.correct, first.n_model_tokens) == ("gsm8k", "org/m-1", True, 2)
    assert [(r.sample, r.correct) for r in records[1:]] == [(0, None), (1, None)]
    assert skipped == {}


def test_columns_written_as_text_are_parsed(tmp_path: Path) -> None:
    rows = [{key: str(value) for key, value in old("It's\n2.").items()}]
    _, records, _ = read_file(write(tmp_path / "old", "lighteval|gsm8k|5", rows))
    assert [(r.response, r.gold, r.correct, r.n_model_tokens) for r in records] == [
        ("It's\n2.", "2", True, 2)
    ]
    rows = [{key: str(value) for key, value in new("It is \\(2\\).").items()}]
    _, records, _ = read_file(write(tmp_path / "new", "gsm8k|5", rows))
    assert [(r.response, r.gold, r.correct) for r in records] == [("It is \\(2\\).", "2", True)]


def test_several_samples_of_one_request_are_nested() -> None:
    row = old(["a", "b"], cont_tokens=[[[1], [1, 2]]])
    records, _ = read_all("lighteval", [row])
    assert [(r.response, r.n_model_tokens) for r in records] == [("a", 1), ("b", 2)]


@pytest.mark.parametrize(
    ("metric", "correct"),
    [
        ({"extractive_match": 0.0}, False),
        ({"extractive_match": 0.5}, None),
        ({"pass@k:k=1": 1.0}, True),
        ({"bleu": 1.0, "rouge": 1.0}, None),
        ({"em": None, "qem": 1}, True),
        ({}, None),
    ],
)
def test_correct_is_a_plain_metric(metric: dict[str, Any], correct: bool | None) -> None:
    records, _ = read_all("lighteval", [new("a", metric=metric)])
    assert [r.correct for r in records] == [correct]


def test_rows_without_text_are_skipped() -> None:
    data = [
        new(logprobs=[-1.0]),
        old(-0.5, -0.7),
        old("a", None),
        {"model_response": "no literal", "doc": {}},
        {"predictions": 3},
    ]
    records, skipped = read_all("lighteval", data)
    assert [r.response for r in records] == ["a"]
    assert [(s.place, s.reason) for s in skipped] == [
        ("line 1", NO_TEXT),
        ("line 2", NO_TEXT),
        ("line 3, output 1", "an output is not a text"),
        ("line 4", "the columns doc and model_response do not hold objects"),
        ("line 5", "the column predictions is not a list"),
    ]


@pytest.mark.parametrize(
    ("index", "gold"),
    [(0, "3"), ([1, 0], "2"), ([], None), (2, None), (-1, None), (True, None), (None, None)],
)
def test_gold_is_the_choice_of_the_first_index(index: Any, gold: str | None) -> None:
    row = new("a")
    row["doc"]["gold_index"] = index
    records, _ = read_all("lighteval", [row])
    assert [r.gold for r in records] == [gold]


def test_sniff() -> None:
    assert sniff("lighteval", [new("a")], "parquet") == NEW
    assert sniff("lighteval", [{"doc": {}, "model_response": {}}], "parquet") is None
    assert sniff("lighteval", [{"full_prompt": "x", "predictions": ["a"]}], "parquet") is None
    assert sniff("lighteval", [], "parquet") is None
    results = {"config_general": {}, "results": {}, "versions": {}, "config_tasks": {}}
    assert sniff("lighteval", [results], "document") == Refusal(
        "this is a results file of lighteval with scores per task and no model outputs; give the "
        "details_*.parquet files that --save-details writes"
    )


@given(
    st.lists(
        JSON
        | objects("doc", "model_response", "metric")
        | objects("predictions", "gold", "metrics", "cont_tokens", "choices", "gold_index")
        | objects("text", "reasonings", "input", "output_tokens").map(lambda answer: new(**answer)),
        max_size=3,
    )
)
def test_any_row_is_read_or_skipped(data: list[object]) -> None:
    records, skipped = read_all("lighteval", data)
    assert len(records) + len(skipped) >= len(data)
    sniff("lighteval", data, "parquet")
