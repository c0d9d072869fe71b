from __future__ import annotations

import gzip
import json
import types
import zipfile
from pathlib import Path

import pytest

from reasonlens.core import registry
from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.readers import Refusal
from reasonlens.readers._detect import Detected, detect

FOUND = [
    ("custom_json/logic_rl_kk_people3.jsonl", "generic", "jsonl"),
    ("custom_json/mip_deepseek-r1_math.json", "generic", "array"),
    ("custom_json/mip_s1.1_math.json", "generic", "array"),
    ("verl/main_generation_gsm8k_responses_labeled.json", "verl", "document"),
    ("inspect/popularity.json", "inspect_log", "document"),
    ("inspect/small.json", "inspect_log", "document"),
    ("inspect/popularity_gpt-5_50_with_reasoning.eval", "inspect_log", "archive"),
    ("inspect/theory-of-mind_gpt-4o-mini_100.eval", "inspect_log", "archive"),
    ("inspect/zstd_zip_retry.eval", "inspect_log", "archive"),
    ("lm_eval_harness/samples_truthfulqa_gen_2025-05-31T14-30-51.983293.jsonl", "lm_eval", "jsonl"),
    ("math_evaluation_harness/tora_tool_integrated_minerva_math.jsonl", "math_eval_harness", "jsonl"),
    ("qwen2.5_math_eval/base_qwen2.5-math-7b_aime24.jsonl", "qwen_math", "jsonl"),
    ("qwen2.5_math_eval/rl_qwen2.5-3b-rlft_amc23.jsonl", "qwen_math", "jsonl"),
    ("qwen2.5_math_eval/math_cot_100_multi_sample.jsonl", "qwen_math", "jsonl"),
    ("openai_batch/batch_output.jsonl", "openai_batch", "jsonl"),
    ("reasoning_gym/intra_algebra_results.json", "reasoning_gym", "document"),
    ("reasoning_gym/zero_shot_qwq-32b_countdown.json", "reasoning_gym", "document"),
    ("skythought/Qwen2.5-32B-Instruct_AIME_still2_sys_zero.json", "skythought", "document"),
]


@pytest.mark.parametrize(("name", "expected", "container"), FOUND)
def test_real_files_are_recognized(shared_data: Path, name: str, expected: str, container: str) -> None:
    found = detect(shared_data / "formats" / name)
    assert (found.format, found.container) == (expected, container)


REFUSED = [
    ("formats/annotations/thought_anchors_chunks_og.json", "labeled sentences of a trace"),
    ("formats/annotations/thought_anchors_chunks_sm.json", "labeled sentences of a trace"),
    (
        "formats/lm_eval_harness/results_2024-08-21T03-44-09.494230.json",
        "results file of lm-evaluation-harness",
    ),
    ("formats/lm_eval_harness/samples_asdiv_2024-08-21T03-44-09.494230.jsonl", "log-likelihood task"),
    ("formats/openai_batch/batch_input.jsonl", "input file of an OpenAI batch"),
    ("formats/qwen2.5_math_eval/base_qwen2.5-math-7b_aime24_metrics.json", "metrics file"),
    ("formats/verl/file_logger_metrics.jsonl", "verl metrics log"),
    ("formats/verl/math500_prompts.parquet", "verl data set with prompts and gold answers"),
    ("labels/cognitive_behaviors_qwen_results.csv", "numbers only"),
    (
        "labels/thought_anchors_math_6label_sets.jsonl.gz",
        r"no format fits its columns \('trace_id', 'model'.*--map",
    ),
    ("labels/mr_gsm8k_human_error_labels.jsonl.gz", r"no format fits its columns .*--map response=COLUMN"),
    ("problems/math500.jsonl.gz", "problems with gold answers"),
]


@pytest.mark.parametrize(("name", "message"), REFUSED)
def test_files_without_traces_are_refused_in_one_sentence(shared_data: Path, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        detect(shared_data / name)
    assert Path(name).name in str(caught.value)
    assert "\n" not in str(caught.value)


def _write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_the_mapping_is_reported(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.jsonl", {"model_answer": "Hm.", "answer": "4", "question": "2 + 2?"})
    assert detect(path).reason == "columns: response <- model_answer, problem <- question, gold <- answer"
    mapped = detect(path, fields={"response": "question"})
    assert mapped == Detected("generic", "jsonl", "columns: response <- question, gold <- answer")


def test_mapping_mistakes_name_what_exists(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.jsonl", {"out": "Hm.", "extra": {"cot": "x"}})
    with pytest.raises(InputError, match=r"no value in 'output'; the columns are out, extra"):
        detect(path, fields={"response": "output"})
    with pytest.raises(UnknownNameError, match=r"no field is named 'respons'\. Did you mean 'response'"):
        detect(path, fields={"respons": "out"})
    with pytest.raises(InputError, match="goes with --map reasoning=COLUMN"):
        detect(path, fields={"answer": "out"})
    assert detect(path, fields={"reasoning": "extra.cot", "answer": "out"}).format == "generic"


def test_a_given_format_goes_before_detection(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "a.jsonl", {"input": "2 + 2?", "output": "4", "gts": "4", "score": 1.0, "step": 1}
    )
    assert detect(path).format == "verl"
    assert detect(path, format="generic").format == "generic"
    with pytest.raises(InputError, match="leave out --format verl or --map"):
        detect(path, format="verl", fields={"response": "input"})
    with pytest.raises(UnknownNameError, match="no reader is named 'verll'"):
        detect(path, format="verll")
    with pytest.raises(InputError, match="is no archive of the format 'inspect_log' but jsonl"):
        detect(path, format="inspect_log")


def test_two_formats_that_fit_ask_for_a_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readers = {
        "one": types.SimpleNamespace(sniff=lambda sample: "fits"),
        "two": types.SimpleNamespace(sniff=lambda sample: "fits too"),
        "three": types.SimpleNamespace(sniff=lambda sample: Refusal("no traces")),
    }
    monkeypatch.setattr(registry, "names", lambda folder: dict.fromkeys(readers, ""))
    monkeypatch.setattr(registry, "load", lambda folder, name: readers[name])
    path = _write(tmp_path / "a.jsonl", {"a": 1})
    with pytest.raises(InputError, match=r"a\.jsonl fits the formats one, two; choose one with --format"):
        detect(path)
    del readers["two"]
    assert detect(path) == Detected("one", "jsonl", "fits")
    del readers["one"]
    with pytest.raises(InputError, match=r"a\.jsonl: no traces"):
        detect(path)


def test_unreadable_rows_do_not_hide_the_format(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"broken": \n' * 30 + '{"response": "Hm."}\n')
    assert detect(path).format == "generic"


def test_a_file_of_broken_rows_says_how_the_first_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("nonsense\n" * 3)
    with pytest.raises(InputError, match=r"no row that can be read .*line 1: not JSON: Expecting value"):
        detect(path)


def test_a_zip_of_several_files_asks_for_one(tmp_path: Path) -> None:
    path = tmp_path / "runs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.jsonl", '{"response": "x"}')
        archive.writestr("b.jsonl.gz", gzip.compress(b'{"output": "x"}'))
    with pytest.raises(InputError, match=r"holds 2 files \(a\.jsonl, b\.jsonl\.gz\); name one as"):
        detect(path)
    assert detect(f"{path}!b.jsonl.gz").reason == "columns: response <- output"
