"""No file is claimed by two formats: each format's rows are put to all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reasonlens.core import registry
from reasonlens.readers import Row, Sample

OUTPUT = {"status_code": 200, "body": {"choices": [{"message": {"role": "assistant", "content": "2"}}]}}
CASES: dict[str, tuple[str, Any]] = {
    "qwen_math": ("jsonl", {"question": "1+1?", "gt": "2", "code": ["two"], "pred": ["2"], "score": [True]}),
    "math_eval_harness": ("jsonl", {"question": "1+1?", "gt": "2", "code": ["```python\n2"], "pred": ["2"]}),
    "lm_eval": ("jsonl", {"doc_id": 0, "doc": {}, "arguments": [["1+1?"]], "resps": [["2"]], "target": "2"}),
    "lighteval": (
        "parquet",
        {"doc": {"query": "1+1?"}, "model_response": {"text": ["2"]}, "metric": {"em": 1.0}},
    ),
    "openai_batch": ("jsonl", {"custom_id": "q", "response": OUTPUT, "error": None}),
    "skythought": ("document", {"1+1?": {"problem": "1+1?", "responses": {"0.0": {"content": "2"}}}}),
    "reasoning_gym": (
        "document",
        {"name": "sums", "category": "a", "results": [{"question": "1+1?", "completions": [{"score": 1.0}]}]},
    ),
    "inspect_log": ("document", {"version": 2, "eval": {"task": "t", "model": "m"}, "samples": [{"id": 1}]}),
}


@pytest.mark.parametrize("name", CASES)
def test_one_format_claims_its_rows(name: str) -> None:
    container, data = CASES[name]
    sample = Sample(Path("made_up"), container, (Row("line 1", data),))
    readers = [reader for reader in registry.names("reasonlens.readers") if reader != "generic"]
    answers = {reader: registry.load("reasonlens.readers", reader).sniff(sample) for reader in readers}
    assert [reader for reader, answer in answers.items() if answer is not None] == [name]
    assert isinstance(answers[name], str)
