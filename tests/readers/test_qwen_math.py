"""Qwen2.5-Math harness rows: real files, ragged lists, what paths tell."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.core.errors import InputError
from reasonlens.readers._detect import detect
from reasonlens.readers._math_harness import settings
from tests.readers.reading import JSON, objects, read_all, read_file, sniff

REASON = "has the columns code, pred and gt of the Qwen2.5-Math evaluation harness"
ROW = {
    "idx": 3,
    "question": "1+1?",
    "gt": "2",
    "code": ["two", "three"],
    "pred": ["2", "3"],
    "score": [True, False],
}


@pytest.mark.parametrize(
    ("name", "n", "right", "dataset", "samples"),
    [
        ("base_qwen2.5-math-7b_aime24", 30, 6, "aime24", 1),
        ("rl_qwen2.5-3b-rlft_amc23", 40, 15, "amc23", 1),
        ("math_cot_100_multi_sample", 800, 728, None, 8),
    ],
)
def test_real_files(
    shared_data: Path, name: str, n: int, right: int, dataset: str | None, samples: int
) -> None:
    found, records, skipped = read_file(shared_data / f"formats/qwen2.5_math_eval/{name}.jsonl")
    assert (found.format, found.container, found.reason) == ("qwen_math", "jsonl", REASON)
    assert len(records) == n
    assert skipped == {}
    assert Counter(r.correct for r in records) == {True: right, False: n - right}
    assert {r.dataset for r in records} == {dataset}
    assert Counter(r.sample for r in records) == dict.fromkeys(range(samples), n // samples)
    assert all(r.problem and r.gold and r.model is None for r in records)


def test_the_text_is_the_one_of_the_file(shared_data: Path) -> None:
    _, records, _ = read_file(shared_data / "formats/qwen2.5_math_eval/rl_qwen2.5-3b-rlft_amc23.jsonl")
    first = records[0]
    assert first.response is not None
    assert first.response.startswith("<think> \nTo determine how many miles from City")
    assert len(first.response) == 1235
    assert (first.gold, first.problem_id, first.place) == ("27", "0", "line 1")


def test_the_metrics_file_is_refused(shared_data: Path) -> None:
    path = shared_data / "formats/qwen2.5_math_eval/base_qwen2.5-math-7b_aime24_metrics.json"
    with pytest.raises(InputError) as caught:
        detect(path)
    assert str(caught.value) == (
        f"{path}: this is the metrics file of a math evaluation harness (acc, num_samples) and holds no "
        "model outputs; give the .jsonl file that lies beside it"
    )


def test_scores_may_be_fewer_than_outputs() -> None:
    records, skipped = read_all("qwen_math", [{**ROW, "score": [True]}, {**ROW, "score": None}])
    assert [r.correct for r in records] == [True, None, None, None]
    assert skipped == []


def test_simplerl_finish_reasons_belong_to_their_outputs() -> None:
    records, _ = read_all("qwen_math", [{**ROW, "finish_reason": ["stop", "length"]}])
    assert [(r.sample, r.response, r.finish) for r in records] == [(0, "two", "stop"), (1, "three", "length")]


def test_odd_rows_are_skipped_with_the_reason() -> None:
    bad = [{**ROW, "code": "text"}, {**ROW, "code": []}, {**ROW, "code": ["fine", None]}, 7]
    records, skipped = read_all("qwen_math", bad)
    assert [r.response for r in records] == ["fine"]
    assert [(s.place, s.reason) for s in skipped] == [
        ("line 1", "the column code is not a list of outputs"),
        ("line 2", "the column code is an empty list"),
        ("line 3, code[1]", "an output is not a text"),
        ("line 4", "the column code is not a list of outputs"),
    ]


@pytest.mark.parametrize(
    ("path", "dataset", "decoding"),
    [
        ("o/amc23/test_qwen25-rg-cot_-1_seed0_t0.6_s0_e-1.jsonl", "amc23", {"temperature": 0.6, "seed": 0}),
        ("o/math/test_cot_100_seed42_t1_s0_e50.jsonl", "math", {"temperature": 1.0, "seed": 42}),
        ("run_minerva_math_7b.jsonl", "minerva_math", None),
        ("math_cot_100.jsonl", None, None),
        ("aime24_and_amc23.jsonl", None, None),
        ("claim240.jsonl", None, None),
    ],
)
def test_what_a_path_tells(path: str, dataset: str | None, decoding: dict[str, float] | None) -> None:
    assert settings(Path(path)) == (dataset, decoding)


def test_only_rows_with_all_columns_are_claimed() -> None:
    assert sniff("qwen_math", [ROW]) == REASON
    assert sniff("qwen_math", [ROW, {"question": "1+1?", "code": ["two"]}]) is None
    assert sniff("qwen_math", [{"question": "1+1?", "code": "print(2)", "pred": "2", "gt": "2"}]) is None
    assert sniff("qwen_math", [{"acc": 0.5, "num_samples": 4}], "document") is None
    assert sniff("qwen_math", []) is None


@given(
    st.lists(objects("code", "pred", "score", "gt", "question", "idx", "finish_reason") | JSON, max_size=4)
)
def test_any_row_is_read_or_skipped(data: list[object]) -> None:
    records, skipped = read_all("qwen_math", data)
    outputs = [d["code"] for d in data if isinstance(d, dict) and isinstance(d.get("code"), list)]
    assert len(records) == sum(isinstance(text, str) for code in outputs for text in code)
    wrong = sum(not isinstance(text, str) for code in outputs for text in code) + outputs.count([])
    assert len(skipped) == len(data) - len(outputs) + wrong
