"""Behaviors under a ban: every number against one counted from the labels by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import reasonlens
from reasonlens import Study
from reasonlens.core.errors import InputError
from reasonlens.workflow.ban_arms import Design, Planned
from reasonlens.workflow.ban_behaviors import banned_cues, behavior_rows, judged, parts_of

DESIGN = Design(("wait",), controls=1)
ARMS = (
    Planned("baseline", "baseline"),
    Planned("target", "target", ("wait",)),
    Planned("control-01", "control", ("so",)),
)
CHECKS = "Let me check this. Let me verify it again."
TEXTS = {  # verification in 4 of 4 responses, in 1 of 4, and in 4 of 4; one of them is empty
    "baseline": [CHECKS, CHECKS, CHECKS, CHECKS],
    "target": ["It is two.", CHECKS, "It is two.", "It is two."],
    "control-01": [CHECKS, CHECKS, "", CHECKS],
}


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """Two problems with two samples in each of three arms."""
    rows = [
        {"model": "m", "condition": arm, "problem": f"p{i // 2}", "sample": i % 2, "response": text}
        for arm, texts in TEXTS.items()
        for i, text in enumerate(texts)
    ]
    file = tmp_path / "t.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    reasonlens.ingest([file], tmp_path / "s")
    return Study(tmp_path / "s")


def rows_of(study: Study) -> pd.DataFrame:
    frame = study.traces(["trace_id", "problem_id", "condition", "sample"])
    return pd.DataFrame(behavior_rows(study, frame, ARMS, DESIGN, judged(study, "rules")))


def one(rows: pd.DataFrame, arm: str, measure: str) -> dict[Any, Any]:
    (found,) = rows[(rows["arm"] == arm) & (rows["measure"] == measure)].to_dict("records")
    return found


def test_presence_and_count_are_those_of_the_labels(study: Study) -> None:
    rows = rows_of(study)
    presence = one(rows, "target", "rules@1/verification/presence")
    labels = study.read("labels", "response", "rules@1", "verification").to_pandas()
    mine = labels.merge(study.traces(["trace_id", "problem_id", "condition"]), on="trace_id")
    shares = mine.assign(hit=mine["verdict"].astype("str") == "present").pivot_table(
        index="problem_id", columns="condition", values="hit", aggfunc="mean"
    )
    assert (presence["baseline"], presence["value"]) == (1.0, -0.75)  # 4 of 4, 1 of 4
    assert presence["value"] == (shares["target"] - shares["baseline"]).mean()
    assert presence["unit"] == "share of responses"
    assert (presence["n_problems"], presence["n_traces"]) == (2, 8)
    count = one(rows, "target", "rules@1/verification/response")
    each = int(mine.loc[mine["condition"] == "baseline", "count"].iloc[0])
    assert each >= 2
    assert (count["baseline"], count["value"]) == (each, -0.75 * each)
    assert count["unit"] == "per response"


def test_a_response_without_an_answer_is_left_out(study: Study) -> None:
    row = one(rows_of(study), "control-01", "rules@1/verification/presence")
    assert (row["value"], row["n_traces"]) == (0.0, 6)  # not absent: else it were -0.25
    assert (row["excluded"], row["excluded_why"]) == (2, "not judged, or no answer: 2")
    assert np.isnan(row["p_value"])  # a control is no test


def test_the_target_is_corrected_over_all_behaviors(study: Study) -> None:
    rows = rows_of(study)
    assert set(rows["arm"]) == {"target", "control-01"}
    mine = rows[rows["role"] == "target"]
    n = int(mine["p_value"].notna().sum())
    assert set(mine["family"]) == {f"behaviors under the ban: {n} tests (BH)"}
    tested = mine[mine["p_value"].notna()]
    assert (tested["p_adjusted"] >= tested["p_value"]).all()
    assert rows.loc[rows["role"] == "control", "p_adjusted"].isna().all()


def test_labels_of_another_judge_are_used_as_they_are(study: Study) -> None:
    with pytest.raises(InputError, match=r"has no labels of a judge 'llm' \(it has none\)"):
        judged(study, "llm")
    made = judged(study, "rules")
    assert judged(study, "rules@1") == made
    with pytest.raises(InputError, match=r"no labels of a judge 'llm' \(it has those of rules@1\)"):
        judged(study, "llm")


def test_words_that_are_cues_are_named() -> None:
    found = banned_cues(["wait", "marmalade", "let me"])
    assert found["metacognitive_awareness"] == ["wait", "let me"]  # "wait , ~3 but|no", "let me|us"
    assert all("marmalade" not in words for words in found.values())


@pytest.mark.parametrize(
    "measure", ["accuracy", "pass@4", "length/words", "accuracy/with_length", "a/b/words"]
)
def test_other_measures_are_no_behaviors(measure: str) -> None:
    assert parts_of(measure) is None
