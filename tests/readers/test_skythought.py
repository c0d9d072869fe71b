"""SkyThought results: by temperature, as lists, and the summary file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import given

from reasonlens.readers import Refusal, Row
from tests.readers.reading import JSON, objects, read_all, read_file, sniff

REASON = "is keyed by problem, each with responses that hold content (SkyThought)"


def output(text: str, right: bool = True) -> dict[str, Any]:
    return {"content": text, "correctness": right, "reason": ""}


def test_real_file(shared_data: Path) -> None:
    path = shared_data / "formats/skythought/Qwen2.5-32B-Instruct_AIME_still2_sys_zero.json"
    found, records, skipped = read_file(path)
    assert (found.format, found.container, found.reason) == ("skythought", "document", REASON)
    assert len(records) == 30
    assert skipped == {}
    assert Counter(r.correct for r in records) == {False: 24, True: 6}
    assert {(r.model, r.dataset, r.sample) for r in records} == {("Qwen2.5-32B-Instruct", "AIME", 0)}
    assert all(r.decoding == {"temperature": 0.0} for r in records)
    first = records[0]
    assert (first.gold, first.n_model_tokens, first.place) == ("204", 874, "entry 1")
    assert first.problem is not None
    assert first.problem.startswith("Every morning Aya goes for a")


def test_several_temperatures_are_samples() -> None:
    entry = {
        "problem": "1+1?",
        "answer": 2,
        "responses": {"0.0": output("a"), "0.7": [output("b", False), output("c")]},
        "token_usages": {"0.0": {"completion_tokens": 5}, "0.7": [{"completion_tokens": 6}]},
    }
    records, skipped = read_all("skythought", [{"1+1?": entry}], "results.json")
    assert [(r.sample, r.response, r.correct, r.n_model_tokens) for r in records] == [
        (0, "a", True, 5),
        (1, "b", False, 6),
        (2, "c", True, None),
    ]
    assert [r.decoding for r in records] == [{"temperature": 0.0}, {"temperature": 0.7}, {"temperature": 0.7}]
    assert {r.gold for r in records} == {"2"}
    assert skipped == []


def test_later_versions_list_the_outputs() -> None:
    entry = {
        "problem": "1+1?",
        "responses": [output("a"), output("b")],
        "token_usages": [{"completion_tokens": 3}],
    }
    records, _ = read_all("skythought", [{"17": entry}])
    assert [(r.sample, r.decoding, r.n_model_tokens) for r in records] == [(0, None, 3), (1, None, None)]
    assert sniff("skythought", [{"17": entry}], "document") == REASON


def test_odd_entries_are_skipped_with_the_reason() -> None:
    document = {"a": {"responses": {}}, "b": 3, "c": {"responses": {"0.0": {"content": None}}}}
    records, skipped = read_all("skythought", [Row("document", document), Row("document", [1])])
    assert records == []
    assert [(s.place, s.reason) for s in skipped] == [
        ("entry 1", "the entry has no responses"),
        ("entry 2", "the entry has no responses"),
        ("entry 3, output 0", "an output has no text under content"),
        ("document", "the document is not an object keyed by problem"),
    ]


def test_the_summary_file_is_refused() -> None:
    summary = {"configuration": {}, "accuracy": 0.5, "total_completion_tokens": 7}
    assert sniff("skythought", [summary], "document") == Refusal(
        "this is a summary file of SkyThought (accuracy, token totals) and holds no model outputs; "
        "give the results file of the same run"
    )


def test_other_documents_are_not_claimed() -> None:
    assert sniff("skythought", [{}], "document") is None
    assert sniff("skythought", [{"a": {"responses": ["text"]}}], "document") is None
    assert sniff("skythought", [{"a": {"responses": [output("x")]}, "b": 1}], "document") is None
    assert sniff("skythought", [{"a": {"responses": [output("x")]}}], "jsonl") is None


@given(JSON | objects("a", "b", values=objects("responses", "token_usages", "problem", "answer") | JSON))
def test_any_document_is_read_or_skipped(document: object) -> None:
    read_all("skythought", [Row("document", document)])
    sniff("skythought", [document], "document")
