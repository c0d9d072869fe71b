"""Every original log file gives the stated number of traces, or is refused with a clear sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from reasonlens.core.errors import InputError
from reasonlens.readers import Context
from reasonlens.readers._account import Account
from reasonlens.readers._detect import detect
from reasonlens.readers._traces import Defaults
from reasonlens.readers._units import tables, units

TRACES = {
    "custom_json/logic_rl_kk_people3.jsonl": ("generic", 100),
    "custom_json/mip_deepseek-r1_math.json": ("generic", 52),
    "custom_json/mip_s1.1_math.json": ("generic", 52),
    "inspect/popularity.json": ("inspect_log", 3),
    "inspect/popularity_gpt-5_50_with_reasoning.eval": ("inspect_log", 50),
    "inspect/small.json": ("inspect_log", 1),
    "inspect/theory-of-mind_gpt-4o-mini_100.eval": ("inspect_log", 100),
    "inspect/zstd_zip_retry.eval": ("inspect_log", 1),
    "lm_eval_harness/samples_truthfulqa_gen_2025-05-31T14-30-51.983293.jsonl": ("lm_eval", 20),
    "math_evaluation_harness/tora_tool_integrated_minerva_math.jsonl": ("math_eval_harness", 500),
    "openai_batch/batch_output.jsonl": ("openai_batch", 3),
    "qwen2.5_math_eval/base_qwen2.5-math-7b_aime24.jsonl": ("qwen_math", 30),
    "qwen2.5_math_eval/math_cot_100_multi_sample.jsonl": ("qwen_math", 800),
    "qwen2.5_math_eval/rl_qwen2.5-3b-rlft_amc23.jsonl": ("qwen_math", 40),
    "reasoning_gym/intra_algebra_results.json": ("reasoning_gym", 300),
    "reasoning_gym/zero_shot_qwq-32b_countdown.json": ("reasoning_gym", 50),
    "skythought/Qwen2.5-32B-Instruct_AIME_still2_sys_zero.json": ("skythought", 30),
    "verl/main_generation_gsm8k_responses_labeled.json": ("verl", 1319),
}

LABELED = "these rows are labeled sentences of a trace, not model outputs"
RESULTS = "a results file of lm-evaluation-harness with scores per task and no model outputs"
REFUSED = {
    **{
        f"annotations/thought_anchors_chunks_{x}.json": LABELED for x in ("et", "etm", "og", "pm", "sm", "ss")
    },
    "lm_eval_harness/results_2024-08-21T03-44-09.494230.json": RESULTS,
    "lm_eval_harness/truthfulqa_gen_neo125_2025-05-31T14-30-51.983293.json": RESULTS,
    "lm_eval_harness/samples_asdiv_2024-08-21T03-44-09.494230.jsonl": "and no generated text",
    "openai_batch/batch_input.jsonl": "holds requests, no model outputs; give the batch output file",
    "qwen2.5_math_eval/base_qwen2.5-math-7b_aime24_metrics.json": "the metrics file of a math",
    "verl/file_logger_metrics.jsonl": "a verl metrics log (one row of numbers per step)",
    "verl/math500_prompts.parquet": "a verl data set with prompts and gold answers and no model outputs",
}


def test_the_lists_cover_every_file(shared_data: Path) -> None:
    formats = shared_data / "formats"
    there = {p.relative_to(formats).as_posix() for p in formats.rglob("*") if p.is_file()}
    assert there == TRACES.keys() | REFUSED.keys()


@pytest.mark.parametrize("name", TRACES)
def test_traces(shared_data: Path, name: str) -> None:
    form, expected = TRACES[name]
    path = shared_data / "formats" / name
    detected = detect(path)
    account = Account()
    made = [
        batch
        for unit in units(path, detected)
        for batch in tables(unit, Context(unit.path), Defaults(unit.name), account)
    ]
    assert detected.format == form
    assert detected.reason
    assert sum(batch.num_rows for batch in made) == account.traces == expected
    assert account.n_skipped == 0


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(shared_data: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        detect(shared_data / "formats" / name)
    assert REFUSED[name] in str(caught.value)
    assert "\n" not in str(caught.value)
