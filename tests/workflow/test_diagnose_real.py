"""Diagnoses of all real traces: the loops that their documentation describes, with numbers."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from reasonlens.core.study import Study
from reasonlens.workflow.diagnose import Asked, diagnose
from reasonlens.workflow.diagnoses import whole
from reasonlens.workflow.ingest import Settings, ingest
from reasonlens.workflow.run import Plan

# responses that loop, responses, verdict at a threshold of one in a hundred
LOOPS = {
    "Qwen/Qwen2.5-Math-7B": (166, 842, "flagged"),
    "meta-llama/Llama-3.1-70B": (36, 600, "flagged"),
    "meta-llama/Llama-3.1-8B": (62, 600, "flagged"),
    "microsoft/rho-math-7b-v0.1": (56, 1819, "flagged"),
    "NovaSky/Sky-T1-math-correct-5K-14B": (37, 70, "flagged"),
    "NovaSky/Sky-T1-math-correct-5K-27B": (70, 842, "flagged"),
    "NovaSky/Sky-T1-math-correct-5K-32B-ckpt140": (11, 30, "flagged"),
    "NovaSky/Sky-T1-math-correct-5K-32B-ckpt70": (14, 30, "flagged"),
    "Qwen/Qwen2.5-3B-Instruct": (56, 2336, "flagged"),
    "starzmustdie/Qwen-2.5-3B-rlft": (44, 2336, "flagged"),
    "Qwen/Qwen2.5-14B-Instruct": (6, 842, "cannot tell"),
    "Qwen/Qwen2.5-32B-Instruct": (1, 634, "cannot tell"),
    "GAIR/LIMO": (0, 52, "cannot tell"),
    "Short-RL/Qwen2.5-7B-base-REINFORCE++-step1250": (0, 200, "cannot tell"),
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B": (0, 634, "not flagged"),
    "simplescaling/s1.1-32B": (0, 634, "not flagged"),
    "Qwen/QwQ-32B": (0, 634, "not flagged"),
    "deepseek-ai/DeepSeek-R1": (0, 634, "not flagged"),
}


@pytest.fixture(scope="module")
def table(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    study = tmp_path_factory.mktemp("real") / "study"
    ingest(sorted((shared_data / "traces").glob("*.jsonl.gz")), Plan(study), Settings(), jobs=2)
    found = whole(diagnose(Study(study), Asked(), jobs=2).table)
    return found.set_index(["signature", "measure", "model"]).sort_index()


def test_the_models_that_loop_are_flagged(table: pd.DataFrame) -> None:
    found = table.loc[("looping", "share")]
    assert {
        model: (round(one["value"] * one["n_traces"]), one["n_traces"], one["verdict"])
        for model, one in found.iterrows()
    } == LOOPS
    base = found[found["model_kind"] == "base"]
    share = (base["value"] * base["n_traces"]).sum() / base["n_traces"].sum()
    assert share == pytest.approx(0.083, abs=5e-4), "about 8% of base"


def test_loops_end_at_the_limit_of_length(table: pd.DataFrame) -> None:
    at_limit = table.loc[("abrupt_endings", "at_limit")]
    assert set(at_limit[at_limit["verdict"] == "flagged"].index) == {
        model for model, (_, _, verdict) in LOOPS.items() if verdict == "flagged" and "3B" not in model
    }
    assert at_limit.loc["NovaSky/Sky-T1-math-correct-5K-27B", "value"] == pytest.approx(0.31, abs=0.02)
    same = table.loc[("abrupt_endings", "same_length", "NovaSky/Sky-T1-math-correct-5K-27B")]
    assert same["value"] > 0.97, "256 of the texts stop within 15% of one length"


def test_plain_models_lack_markers_and_reasoning_models_do_not(table: pd.DataFrame) -> None:
    rate = table.loc[("low_markers", "anthropomorphic")]
    kinds = rate["model_kind"]
    assert (rate[kinds.isin(["distilled", "teacher"])]["verdict"] == "not flagged").all()
    assert set(rate[rate["verdict"] == "flagged"].index) == {
        "Qwen/Qwen2.5-14B-Instruct",
        "Qwen/Qwen2.5-32B-Instruct",
        "Qwen/Qwen2.5-3B-Instruct",
        "Qwen/Qwen2.5-Math-7B",
        "microsoft/rho-math-7b-v0.1",
        "starzmustdie/Qwen-2.5-3B-rlft",
    }
    alone = rate.loc["Short-RL/Qwen2.5-7B-base-REINFORCE++-step1250"]
    assert (alone["verdict"], alone["why"]) == ("cannot tell", "no other model has these problems")


def test_the_zero_rl_model_writes_rigid_steps(table: pd.DataFrame) -> None:
    rigid = table.loc[("rigid_steps", "share")]
    zero = rigid.loc["Short-RL/Qwen2.5-7B-base-REINFORCE++-step1250"]
    assert (zero["value"], zero["verdict"]) == (pytest.approx(0.885, abs=0.01), "flagged")
    assert rigid.loc["simplescaling/s1.1-32B", "verdict"] == "not flagged"
    assert rigid.loc["Qwen/QwQ-32B", "value"] == 0.0


def test_only_the_base_model_that_repeats_its_prompt_leaves_boxes_empty(table: pd.DataFrame) -> None:
    box = table.loc[("format_overfitting", "empty_box")]
    assert set(box[box["verdict"] == "flagged"].index) == {"Qwen/Qwen2.5-Math-7B"}
    integers = table.loc[("format_overfitting", "excess_integers")]
    assert "flagged" not in set(integers["verdict"])
    only_integers = "NovaSky/Sky-T1-math-correct-5K-32B-ckpt70"  # AIME: every gold answer is an integer
    assert integers.loc[only_integers, "verdict"] == "cannot tell"
