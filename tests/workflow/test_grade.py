"""Grades of a study: made once, kept part by part, beside the source, and used by other commands."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import reasonlens
from reasonlens import Study, sample
from reasonlens.cli import cli
from reasonlens.core.errors import InputError
from reasonlens.graders import Limits
from reasonlens.workflow import grade
from reasonlens.workflow.compare import Question
from reasonlens.workflow.correctness import correctness, judged_by
from reasonlens.workflow.grade_scores import accuracies

ROWS = [
    # gold, what the source says, the end of the response, verdict
    ("12", True, r"so \boxed{12}.", "correct"),
    ("12", True, r"so \boxed{13}.", "incorrect"),
    ("12", False, r"so \boxed{12.0}.", "correct"),
    ("C", True, "The answer is (C).", "correct"),
    ("12", False, "I do not know", "no_answer"),
    (
        "Ann is a knave, and Bob is a knight",
        True,
        "<answer>(1) Bob is a knight (2) Ann is a knave</answer>",
        "correct",
    ),
    ("x+1", None, r"so \boxed{1+x}", "correct"),
    (None, None, r"so \boxed{1+x}", "no_gold"),
    ("1,2,\\ldots,n", True, r"so \boxed{1,3,\ldots,n}", "ungradable"),
]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    file = tmp_path / "out.jsonl"
    lines = [
        {
            "model": "m",
            "model_kind": "base",
            "dataset": "toy",
            "problem": f"Problem {i}?",
            "gold": gold,
            "correct": source,
            "response": f"We think about number {i} and {text}",
        }
        for i, (gold, source, text, _) in enumerate(ROWS)
    ]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    reasonlens.ingest([file], tmp_path / "study")
    return Study(tmp_path / "study")


def verdicts(study: Study) -> list[str]:
    traces = study.read("traces", columns=["trace_id", "problem"]).to_pandas()
    grades = study.read("grades").to_pandas().set_index("trace_id")
    traces["n"] = traces["problem"].str.extract(r"(\d+)").astype(int)
    return [str(grades.loc[t, "verdict"]) for t in traces.sort_values("n")["trace_id"]]


def test_every_verdict(study: Study) -> None:
    assert grade.grade_study(study) == len(ROWS)
    assert verdicts(study) == [row[-1] for row in ROWS]
    found = study.read("grades").to_pandas()
    assert set(found["grader"].astype(str)) == {"math", "choice", "exact"}
    assert set(found["version"].astype(str)) == {"2", "3"}


def test_what_has_a_grade_is_not_graded_again(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    assert grade.grade_study(study) == len(ROWS)
    assert grade.grade_study(study) == 0
    assert grade.grade_study(study, again=True) == len(ROWS)


def test_another_grader_or_tolerance_replaces_the_verdicts(study: Study) -> None:
    grade.grade_study(study)
    assert grade.grade_study(study, limits=Limits(tolerance=0.1)) == len(ROWS)
    assert verdicts(study)[1] == "correct"  # 13 for 12, within a tenth
    assert len(study.read("grades")) == len(ROWS)
    assert judged_by(study).startswith("the grades of this study (auto@choice.3+exact.2+math.3+within.0.1)")
    assert grade.grade_study(study, "exact") == len(ROWS)
    assert set(study.read("grades").to_pandas()["grader"].astype(str)) == {"exact"}


def test_a_stopped_run_is_resumed_part_by_part(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = tmp_path / "more.jsonl"
    rows = [{"model": "n", "dataset": "toy", "problem": "P?", "gold": "1", "response": r"\boxed{1}"}]
    second.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    reasonlens.ingest([second], study.path)
    monkeypatch.setattr(grade, "_AT_ONCE", 1)
    seen: list[int] = []

    def stop(n: int) -> None:
        seen.append(n)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade.grade_study(study, progress=stop)
    assert len(study.read("grades")) == seen[0] < len(ROWS) + 1
    assert grade.grade_study(study) == len(ROWS) + 1 - seen[0]
    assert len(study.read("grades")) == len(ROWS) + 1


def test_without_grades_there_is_nothing_to_compare(study: Study) -> None:
    with pytest.raises(InputError, match="has no grades yet; run: reasonlens grade"):
        grade.agreement(study)


def test_several_samples_are_scored(tmp_path: Path) -> None:
    # three problems, four samples each: 4, 2 and 0 of them right, the wrong ones all "9"
    rows = [
        {
            "model": "m",
            "dataset": "toy",
            "problem": f"Problem {p}?",
            "gold": "1",
            "sample": s,
            "response": rf"try {s}: \boxed{{{1 if s < right else 9}}}",
        }
        for p, right in enumerate((4, 2, 0))
        for s in range(4)
    ]
    file = tmp_path / "out.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    reasonlens.ingest([file], tmp_path / "study")
    study = Study(tmp_path / "study")
    grade.grade_study(study)
    by = accuracies(study, [1, 2]).set_index("quantity")["value"]
    assert by["share"] == by["avg@4"] == by["pass@1"] == pytest.approx(0.5)
    assert by["pass@2"] == pytest.approx((1 + (1 - 1 / 6) + 0) / 3)
    assert by["maj@2"] == pytest.approx((1 + 0.5 + 0) / 3)  # one of each ties
    assert set(accuracies(study).quantity) == {"share", "avg@4", "pass@1", "pass@4", "maj@1", "maj@4"}
    result = CliRunner().invoke(cli, ["grade", str(study.path), "--k", "2"])
    assert result.exit_code == 0, result.output
    assert "With several tries" in result.output
    assert "0.61" in result.output
    wrong = CliRunner().invoke(cli, ["grade", str(study.path), "--k", "0"])
    assert wrong.exit_code == 1
    assert "--k '0' is no list of numbers from 1" in wrong.output


def test_beside_the_source(study: Study) -> None:
    grade.grade_study(study)
    found = grade.agreement(study)
    (row,) = found.table.to_dict("records")
    # nine traces, two without a verdict of the source (one of them without gold), one ungradable
    assert (row["both"], row["agree"]) == (6, 4)
    assert found.rate == pytest.approx(4 / 6)
    assert sorted(found.rows["verdict"]) == ["correct", "incorrect"]


def test_grades_count_where_they_are(study: Study) -> None:
    part = study.parts("traces")[0]
    traces = study.read("traces", columns=["trace_id", "correct_source", "problem"]).to_pandas()
    before = correctness(study, part, traces)
    assert judged_by(study) == "the verdicts of the sources"
    grade.grade_study(study)
    after = pd.Series(correctness(study, part, traces), index=traces["problem"])
    assert judged_by(study).startswith("the grades of this study (auto@")
    assert after["Problem 1?"] == 0.0
    assert after["Problem 2?"] == 1.0
    assert after["Problem 6?"] == 1.0
    assert after["Problem 8?"] == 1.0  # ungradable: as the source says
    assert pd.isna(after["Problem 7?"])
    assert sum(before == 1.0) == 5


def test_comparisons_say_whose_verdicts_they_use(study: Study) -> None:
    grade.grade_study(study)
    found = reasonlens.compare(study.path, Question(("accuracy",)))
    assert any(note.startswith("accuracy: the grades of this study") for note in found.notes)
    level = found.levels[found.levels["without"] == ""].iloc[0]
    assert level["value"] == pytest.approx(6 / 8)


def test_the_command(study: Study, tmp_path: Path) -> None:
    out = tmp_path / "other.csv"
    result = CliRunner().invoke(cli, ["grade", str(study.path), "--disagreements", str(out), "--jobs", "1"])
    assert result.exit_code == 0, result.output
    assert "As the source: 66.67% of 6 traces that both judge; 2 otherwise." in result.output
    assert "gold 12; answer 13: incorrect, source says right" in result.output
    row = next(line for line in result.output.splitlines() if line.startswith("m  "))
    # accuracy, problems, responses, no answer, ungradable, no gold, as the source
    cells = row.split()
    assert cells[:3] + cells[5:] == ["m", "toy", "0.75", "8", "9", "1", "1", "1", "66.7%", "of", "6"]
    assert len(pd.read_csv(out)) == 2


def test_an_unknown_grader_is_named(study: Study) -> None:
    result = CliRunner().invoke(cli, ["grade", str(study.path), "--grader", "maths"])
    assert result.exit_code == 1
    assert "no grader is named 'maths'" in result.output


def test_the_sample_is_graded_as_it_was_written(tmp_path: Path) -> None:
    reasonlens.ingest([sample.path()], tmp_path / "study")
    study = Study(tmp_path / "study")
    grade.grade_study(study, limits=Limits(seconds=2.0))
    assert grade.agreement(study).rate == 1.0


@pytest.mark.parametrize("name", ["mip_gsm8k_distilled_s1.1-32b", "shortrl_zero_rl_qwen2.5-7b_kk3_kk5"])
def test_real_traces_are_graded_as_their_sources_say(name: str, shared_data: Path, tmp_path: Path) -> None:
    reasonlens.ingest([shared_data / "traces" / f"{name}.jsonl.gz"], tmp_path / "study")
    study = Study(tmp_path / "study")
    grade.grade_study(study, limits=Limits(jobs=2))
    assert grade.agreement(study).rate > 0.99
