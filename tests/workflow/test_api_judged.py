"""Grading, structure and diagnosis as functions give what the commands keep."""

from __future__ import annotations

from pathlib import Path

import pytest

import reasonlens
from reasonlens.core.study import Study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("api") / "study"
    sample = Path(reasonlens.__file__).parent / "sample" / "traces.jsonl"
    reasonlens.ingest(sample, folder)
    return folder


def test_answers_are_graded_once(study: Path) -> None:
    first, again = reasonlens.grade(study), reasonlens.grade(study)
    assert (first.n_graded, again.n_graded) == (79, 0)
    assert first.agreement.rate == 1.0
    shares = first.accuracy[first.accuracy["quantity"] == "share"]
    rows = Study(study).read("grades").to_pandas()
    right = rows["verdict"].eq("correct").sum()
    assert (shares["value"] * shares["n_traces"]).sum() == pytest.approx(right)


def test_students_are_compared_with_the_teacher(study: Path) -> None:
    found = reasonlens.compare_structure(study)
    assert found.teachers == ("sample/teacher-large",)
    assert found.students == ("sample/base-7b", "sample/distilled-7b", "sample/zero-rl-7b")
    assert len(found.pairs) == len(Study(study).read("structure"))
    assert found.rows["decomposer"].unique().tolist() == ["baseline"]


def test_every_model_is_diagnosed(study: Path) -> None:
    found = reasonlens.diagnose(study).table
    looping = found[(found["signature"] == "looping") & (found["dataset"] == "(all)")]
    assert set(looping["model"]) == set(found["model"])
    assert len(Study(study).read("diagnoses")) == len(found)
