"""Inspect logs: archives (zstd too), documents, typed content, attachments, errors."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.core import registry
from reasonlens.readers import Refusal, Row, Sample
from tests.readers.reading import JSON, objects, read_all, read_file, sniff

ARCHIVE = "is an archive with the members of an Inspect log"
DOCUMENT = "has the keys of an Inspect log (eval, samples)"
EMPTY = Refusal("this is an Inspect log without samples; run the evaluation again without --no-log-samples")
HEADER = {
    "version": 2,
    "eval": {
        "task": "inspect_evals/aime2024",
        "model": "openai/m-1",
        "scorers": [{"name": "second"}, {"name": "first"}],
        "model_generate_config": {"temperature": 0.6, "stop_seqs": ["x"]},
    },
}


def run(content: Any, **more: Any) -> dict[str, Any]:
    choice = {"message": {"role": "assistant", "content": content}, "stop_reason": "stop"}
    return {
        "id": "a1",
        "epoch": 1,
        "input": "1+1?",
        "target": "2",
        "output": {"model": "m-1-2025", "choices": [choice], "usage": {"output_tokens": 5}},
        "scores": {"first": {"value": "I"}, "second": {"value": "C"}},
        **more,
    }


def archive(*samples: Any) -> list[Row]:
    return [Row("header.json", HEADER), *(Row(f"samples/{i}_epoch_1.json", s) for i, s in enumerate(samples))]


@pytest.mark.parametrize(
    ("name", "reason", "n", "right", "model", "dataset"),
    [
        ("theory-of-mind_gpt-4o-mini_100.eval", ARCHIVE, 100, 83, "gpt-4o-mini-2024-07-18", "theory_of_mind"),
        ("popularity_gpt-5_50_with_reasoning.eval", ARCHIVE, 50, 30, "gpt-5-2025-08-07", "popularity"),
        ("popularity.json", DOCUMENT, 3, 2, "gpt-4o-mini-2024-07-18", "popularity"),
        ("small.json", DOCUMENT, 1, 1, "gemma3", "popularity"),
    ],
)
def test_real_logs(
    shared_data: Path, name: str, reason: str, n: int, right: int, model: str, dataset: str
) -> None:
    found, records, skipped = read_file(shared_data / "formats/inspect" / name)
    assert (found.format, found.reason) == ("inspect_log", reason)
    assert len(records) == n
    assert skipped == {}
    assert Counter(r.correct for r in records) == Counter({True: right, False: n - right})
    assert {(r.model, r.dataset, r.finish) for r in records} == {(model, dataset, "stop")}
    assert all(r.problem and r.gold and r.n_model_tokens for r in records)


def test_real_log_with_hidden_reasoning_and_epochs(shared_data: Path) -> None:
    _, records, _ = read_file(shared_data / "formats/inspect/popularity_gpt-5_50_with_reasoning.eval")
    assert all(r.withheld and r.reasoning is None for r in records)
    assert {r.response for r in records} == {"Yes", "No"}
    assert Counter(r.sample for r in records) == dict.fromkeys(range(5), 10)
    first = records[0]
    assert (first.place, first.n_model_tokens, first.gold) == ("samples/10_epoch_1.json", 199, "No")
    assert first.prompt is not None
    assert first.prompt.startswith("\nPlease note: In the following EXERCISE")


def test_real_log_with_zstd_members(shared_data: Path) -> None:
    found, records, skipped = read_file(shared_data / "formats/inspect/zstd_zip_retry.eval")
    assert (found.format, found.container) == ("inspect_log", "archive")
    assert [(r.response, r.model, r.dataset, r.gold, r.correct) for r in records] == [
        ("ok", "mockllm", "task", None, None)
    ]
    assert skipped == {}


def test_a_sample_has_what_header_and_output_say() -> None:
    records, skipped = read_all("inspect_log", archive(run("It is 2.", epoch=3)))
    record = records[0]
    assert (record.dataset, record.model, record.sample) == ("aime2024", "m-1-2025", 2)
    assert (record.problem, record.prompt, record.problem_id, record.gold) == ("1+1?", "1+1?", "a1", "2")
    assert (record.correct, record.n_model_tokens) == (True, 5)
    assert record.decoding == {"temperature": 0.6}
    assert skipped == []


@pytest.mark.parametrize(
    ("content", "response", "reasoning", "withheld"),
    [
        ("2", "2", None, False),
        ([{"type": "reasoning", "reasoning": "so"}, {"type": "text", "text": "2"}], "2", "so", False),
        ([{"type": "reasoning", "reasoning": ""}, {"type": "text", "text": "2"}], "2", None, True),
        (
            [{"type": "reasoning", "reasoning": "gAAAA", "redacted": True}, {"type": "text", "text": "2"}],
            "2",
            None,
            True,
        ),
        ([{"type": "reasoning", "reasoning": "cut"}], "", "cut", False),
        ([], "", None, False),
    ],
)
def test_typed_content(content: Any, response: str, reasoning: str | None, withheld: bool) -> None:
    records, _ = read_all("inspect_log", archive(run(content)))
    assert [(r.response, r.reasoning, r.withheld) for r in records] == [(response, reasoning, withheld)]


@pytest.mark.parametrize(
    ("scores", "correct"),
    [
        ({"second": {"value": "C"}, "first": {"value": "I"}}, True),
        ({"first": {"value": "I"}}, False),
        ({"other": {"value": 1}}, True),
        ({"other": {"value": 0.0}}, False),
        ({"other": {"value": "P"}}, None),
        ({"other": {"value": "N"}}, None),
        ({"other": {"value": 0.5}}, None),
        ({"other": {"value": {"a": 1}}}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_first_scorer_of_the_header_decides(scores: Any, correct: bool | None) -> None:
    records, _ = read_all("inspect_log", archive(run("2", scores=scores)))
    assert [r.correct for r in records] == [correct]


def test_attachments_are_resolved() -> None:
    sample = run(
        "attachment://aa",
        input=[{"role": "user", "content": "attachment://bb"}],
        target=["2", " two"],
        messages=[
            {"role": "system", "content": "attachment://cc"},
            {"role": "user", "content": "attachment://bb"},
            {"role": "assistant", "content": "no"},
        ],
        attachments={"aa": "It is 2.", "bb": "1+1?", "cc": "Think."},
    )
    records, _ = read_all("inspect_log", archive(sample))
    assert [(r.response, r.problem, r.prompt, r.gold) for r in records] == [
        ("It is 2.", "1+1?", "Think.\n\n1+1?", "2\ntwo")
    ]


def test_samples_without_output_are_skipped_with_the_reason() -> None:
    data = archive(
        run("x", output={"choices": []}, error={"message": "out of memory", "traceback": "..."}),
        run("", error={"message": "stopped"}),
        run("x", output=None),
        run("attachment://gone"),
        {"epoch": 1},
        run("partly", error={"message": "late"}),
    )
    records, skipped = read_all("inspect_log", data)
    assert [r.response for r in records] == ["partly"]
    assert [s.reason for s in skipped] == [
        "the sample ended with an error (out of memory)",
        "the sample ended with an error (stopped)",
        "the sample has no output text",
        "the response is an attachment that the log does not hold",
        "the sample has no id and epoch",
    ]
    assert skipped[0].place == "samples/0_epoch_1.json"


def test_members_that_are_no_samples_are_passed_over() -> None:
    data = [
        Row("_journal/start.json", HEADER),
        Row("summaries.json", [{"id": 1, "epoch": 1}]),
        Row("_journal/summaries/1.json", [{"id": 1, "epoch": 1}]),
        Row("samples/q/7_epoch_2/events.json", {"x": 1}),
        Row("samples/q/7_epoch_2/sample.json", run("chunked", epoch=2)),
        Row("samples/8_epoch_1.json", run("whole")),
        Row("reductions.json", [{}]),
    ]
    records, skipped = read_all("inspect_log", data)
    assert [(r.response, r.sample, r.dataset) for r in records] == [
        ("chunked", 1, "aime2024"),
        ("whole", 0, "aime2024"),
    ]
    assert skipped == []


def test_a_document_gives_its_samples() -> None:
    document = {**HEADER, "samples": [run("a"), 7, run("b", epoch=2)]}
    records, skipped = read_all("inspect_log", [Row("document", document), Row("document", {"x": 1})])
    assert [(r.place, r.response, r.sample) for r in records] == [
        ("samples[0]", "a", 0),
        ("samples[2]", "b", 1),
    ]
    assert [(s.place, s.reason) for s in skipped] == [
        ("samples[1]", "the sample has no id and epoch"),
        ("document", "the document is not an Inspect log with samples"),
    ]


def test_sniff() -> None:
    reader = registry.load("reasonlens.readers", "inspect_log")
    assert reader.sniff(Sample(Path("a.eval"), "archive", members=("header.json",))) == EMPTY
    assert reader.sniff(Sample(Path("a.zip"), "archive", members=("samples/1_epoch_1.json",))) is None
    members = ("_journal/start.json", "samples/1_epoch_1.json")
    assert reader.sniff(Sample(Path("a.eval"), "archive", members=members)) == ARCHIVE
    assert sniff("inspect_log", [{**HEADER, "samples": [run("a")]}], "document") == DOCUMENT
    assert sniff("inspect_log", [{**HEADER, "samples": []}], "document") == EMPTY
    assert sniff("inspect_log", [{"eval": {"task": "x"}, "samples": [run("a")]}], "document") is None


@given(
    st.lists(
        JSON
        | objects(
            "id", "epoch", "input", "target", "output", "scores", "error", "messages", "attachments"
        ).map(lambda sample: {"id": 1, "epoch": 1, **sample})
        | objects("choices", "usage", "model").map(lambda output: run("x", output=output))
        | JSON.map(run),
        max_size=3,
    ),
    objects("task", "model", "scorers", "dataset", "model_generate_config"),
)
def test_any_sample_is_read_or_skipped(samples: list[object], task: dict[str, Any]) -> None:
    head = Row("header.json", {"eval": task})
    records, skipped = read_all("inspect_log", [head, *archive(*samples)[1:]])
    assert len(records) + len(skipped) == len(samples)
    document, more = read_all("inspect_log", [Row("document", {"eval": task, "samples": samples})])
    assert [r.response for r in document] == [r.response for r in records]
    assert len(more) == len(skipped)
