"""Drawing samples, and the experiment with banned words, as functions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import reasonlens
from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.workflow.ban_arms import Design


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    rows = [{"problem": f"What is {a} + 2?", "answer": str(a + 2)} for a in range(6)]
    path = tmp_path / "problems.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_samples_are_drawn_once(problems: Path, tmp_path: Path) -> None:
    asked = {"study": tmp_path / "study", "model": "trial", "backend": "fake", "n": 2}
    first = reasonlens.generate(problems, **asked)
    again = reasonlens.generate([problems], **asked)
    assert (first.done["baseline"], first.kept["baseline"]) == (12, 0)
    assert (again.done["baseline"], again.kept["baseline"]) == (0, 12)
    assert Study(tmp_path / "study").read("traces").num_rows == 12


def test_words_are_banned_beside_their_controls(problems: Path, tmp_path: Path) -> None:
    design = Design(("wait", "but"), controls=2, doses=False, leave_in=False)
    found = reasonlens.ban_ablation(
        problems, design, study=tmp_path / "study", model="trial", backend="fake", n=4
    )
    assert found.leaking == []
    assert set(found.effects["role"]) == {"repeat", "sham", "target", "placebo", "control"}
    traces = Study(tmp_path / "study").read("traces").to_pandas()
    said = traces["response"].str.contains(r"\b(?:wait|but)\b", case=False)
    assert said[traces["condition"] == "baseline"].any()
    assert not said[traces["condition"] == "target"].any()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"behaviors": "gpt-4o"}, "has no labels of a judge 'gpt-4o'"),
        ({"difficulty_from": "nowhere:other"}, "nowhere"),
    ],
)
def test_a_mistake_in_what_comes_last_draws_nothing(
    problems: Path, tmp_path: Path, asked: dict[str, str], message: str
) -> None:
    study = tmp_path / "study"
    with pytest.raises(InputError, match=message):
        reasonlens.ban_ablation(problems, ["wait"], study=study, model="trial", backend="fake", **asked)
    assert not list(study.rglob("*.parquet"))
