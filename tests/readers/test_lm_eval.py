"""lm-evaluation-harness samples: filters, repeats, argument styles, refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.core.errors import InputError
from reasonlens.readers import Refusal
from reasonlens.readers._detect import detect
from tests.readers.reading import JSON, objects, read_all, read_file, sniff

FOLDER = "formats/lm_eval_harness"
NO_TEXT = "the row holds log-likelihoods of given answers, no generated text"


def row(doc_id: int, filter_name: str = "none", **more: Any) -> dict[str, Any]:
    return {
        "doc_id": doc_id,
        "doc": {"question": "1+1?", "answer": "thus #### 2"},
        "target": "2",
        "arguments": {"gen_args_0": {"arg_0": "Q: 1+1?", "arg_1": {"temperature": 0.6, "until": ["\n"]}}},
        "resps": [["It is 2."]],
        "filter": filter_name,
        "metrics": ["exact_match"],
        "exact_match": 1.0,
        **more,
    }


def test_real_generation_task(shared_data: Path) -> None:
    path = shared_data / FOLDER / "samples_truthfulqa_gen_2025-05-31T14-30-51.983293.jsonl"
    found, records, skipped = read_file(path)
    assert found.format == "lm_eval"
    assert found.reason == "has the columns doc_id, doc, arguments and resps of lm-evaluation-harness samples"
    assert len(records) == 20
    assert skipped == {}
    first = records[0]
    assert first.response == "\nA: I eat watermelon seeds."
    assert first.problem == "What happens to you if you eat watermelon seeds?"
    assert first.prompt is not None
    assert first.prompt.startswith("Q: What is human life expectancy")
    assert first.gold == "The watermelon seeds pass through your digestive system"
    assert {(r.dataset, r.model, r.sample, r.correct) for r in records} == {("truthfulqa_gen", None, 0, None)}
    assert first.decoding == {"do_sample": False, "temperature": 0}


RESULTS = (
    "this is a results file of lm-evaluation-harness with scores per task and no model outputs; "
    "give the samples_*.jsonl files that --log_samples writes"
)
SCORES = (
    "these are lm-evaluation-harness samples of a log-likelihood task: they hold scores of given "
    "answers and no generated text; give the samples file of a generate_until task"
)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("samples_asdiv_2024-08-21T03-44-09.494230.jsonl", SCORES),
        ("results_2024-08-21T03-44-09.494230.json", RESULTS),
        ("truthfulqa_gen_neo125_2025-05-31T14-30-51.983293.json", RESULTS),
    ],
)
def test_real_files_without_outputs_are_refused(shared_data: Path, name: str, reason: str) -> None:
    path = shared_data / FOLDER / name
    with pytest.raises(InputError) as caught:
        detect(path)
    assert str(caught.value) == f"{path}: {reason}"


def test_each_output_counts_once_whatever_the_filters() -> None:
    data = [row(0, "strict"), row(1, "strict"), row(0, "flexible", exact_match=0.0), row(1, "flexible")]
    records, skipped = read_all("lm_eval", data)
    assert [(r.problem_id, r.sample, r.correct) for r in records] == [("0", 0, True), ("1", 0, True)]
    assert [(s.place, s.reason) for s in skipped] == [
        ("line 3", "another filter's row of the same output"),
        ("line 4", "another filter's row of the same output"),
    ]


def test_two_runs_in_one_file_are_two_samples() -> None:
    records, _ = read_all("lm_eval", [row(0, resps=[["a", "b"]]), row(0, resps=[["c", "d"]])])
    assert [(r.sample, r.response) for r in records] == [(0, "a"), (1, "b"), (2, "c"), (3, "d")]


def test_a_metric_of_several_repeats_is_of_none_of_them() -> None:
    records, _ = read_all("lm_eval", [row(0, resps=[["a", "b"]])])
    assert [r.correct for r in records] == [None, None]


@pytest.mark.parametrize(
    ("more", "correct"),
    [
        ({"exact_match": 0}, False),
        ({"exact_match": 0.5}, None),
        ({"metrics": ["bleu"], "exact_match": 1}, None),
        ({"metrics": ["acc"], "acc": True}, True),
        ({"metrics": None, "exact_match": 1}, True),
    ],
)
def test_correct_is_a_plain_metric(more: dict[str, Any], correct: bool | None) -> None:
    records, _ = read_all("lm_eval", [row(0, **more)])
    assert [r.correct for r in records] == [correct]


@pytest.mark.parametrize(
    ("arguments", "prompt"),
    [
        ([["Q: 1+1?", {"until": []}]], "Q: 1+1?"),
        (
            {"gen_args_0": {"arg_0": ['[{"role": "user", "content": "1+1?"}]'], "arg_1": {}}},
            '[{"role": "user", "content": "1+1?"}]',
        ),
        (
            {
                "gen_args_0": {
                    "arg_0": [{"role": "system", "content": "Think."}, {"role": "user", "content": "1+1?"}]
                }
            },
            "Think.\n\n1+1?",
        ),
        ([], None),
        (None, None),
    ],
)
def test_both_styles_of_arguments(arguments: Any, prompt: str | None) -> None:
    records, _ = read_all("lm_eval", [row(0, arguments=arguments)])
    assert [r.prompt for r in records] == [prompt]


def test_task_and_model_come_from_the_path() -> None:
    path = "results/org__model-7B/samples_gsm8k_cot_2025-01-02T03-04-05.678.jsonl.gz"
    records, _ = read_all("lm_eval", [row(0)], path)
    assert (records[0].dataset, records[0].model) == ("gsm8k_cot", "org/model-7B")


def test_rows_without_text_are_skipped() -> None:
    pair = [["-0.5", "False"]]
    data = [row(0, resps=[pair, pair]), row(1, resps=[]), row(2, resps="x"), {"resps": [["a"]]}]
    records, skipped = read_all("lm_eval", data)
    assert records == []
    assert [s.reason for s in skipped] == [
        NO_TEXT,
        "the column resps is an empty list",
        "the column resps is not a list",
        "the row has no doc_id",
    ]


def test_sniff_needs_all_columns_and_some_text() -> None:
    assert sniff("lm_eval", [{"doc_id": 1, "resps": [["a"]]}]) is None
    assert isinstance(sniff("lm_eval", [row(0, resps=[[[-0.5, True]]])]), Refusal)
    assert isinstance(sniff("lm_eval", [row(0, resps=[[[-0.5, True]]]), row(1)]), str)


@given(
    st.lists(
        objects("doc_id", "doc", "arguments", "resps", "filter", "metrics", "acc", "target") | JSON,
        max_size=4,
    )
)
def test_any_row_is_read_or_skipped(data: list[object]) -> None:
    records, skipped = read_all("lm_eval", data)
    assert len(records) + len(skipped) >= len(data)
    sniff("lm_eval", data)
