"""Problem sets: files to problems whose ids join with those of readers."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from reasonlens.core.errors import InputError
from reasonlens.text.problems import problem_id
from reasonlens.workflow.problem_sets import benchmarks, load


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_the_named_benchmarks_are_there() -> None:
    sizes = {name: found.n for name, found in benchmarks().items()}
    assert sizes == {
        "aime24": 30,
        "aime25": 30,
        "hmmt_feb_2025": 30,
        "gpqa_diamond": 198,
        "math500": 500,
        "amc23": 40,
        "minerva_math": 272,
        "olympiadbench": 675,
        "gsm8k": 1319,
    }


def test_columns_are_found_by_their_usual_names(tmp_path: Path) -> None:
    rows = [
        {"question": "What is 1 + 1?", "answer": "2", "level": 3},
        {"question": "What is 2 + 2?", "answer": "So 2 + 2 = <<2+2=4>>4.\n#### 4"},
        {"question": "And 3 + 3?", "solution": "It is $\\boxed{\\frac{12}{2}}$ {so}."},
        {"question": "The interval?", "answer": "[2,5]"},
        {"question": "A list?", "answer": "['$7$']"},
        {"question": "None?"},
    ]
    found = load([write(tmp_path / "mine.jsonl", rows)])
    assert [p.gold for p in found.problems] == ["2", "4", "\\frac{12}{2}", "[2,5]", "$7$", None]
    assert [p.level for p in found.problems[:2]] == ["3", None]
    assert found.datasets == ["mine"]
    assert found.problems[0].problem_id == problem_id("What is $1+1$?")
    assert found.answers()["What is 1 + 1?"] == "2"


def test_csv_gzip_and_own_columns(tmp_path: Path) -> None:
    path = tmp_path / "set.csv.gz"
    path.write_bytes(gzip.compress(b"text,key,hard\nWhat is 5 - 3?,2,yes\n"))
    columns = {"problem": "text", "gold": "key", "level": "hard"}
    (problem,) = load([path], columns=columns, dataset="toy").problems
    assert (problem.statement, problem.gold, problem.level, problem.dataset) == (
        "What is 5 - 3?",
        "2",
        "yes",
        "toy",
    )


def test_a_choice_has_its_options_in_an_order_of_its_own(tmp_path: Path) -> None:
    rows = [
        {
            "Question": f"Which is {i}?",
            "Correct Answer": f" {i} ",
            **{f"Incorrect Answer {k}": f"{i + k}" for k in (1, 2, 3)},
        }
        for i in range(40)
    ]
    found = load([write(tmp_path / "gpqa_diamond.jsonl", rows)])
    for i, problem in enumerate(found.problems):
        assert sorted(problem.options) == sorted(str(i + k) for k in range(4))
        assert problem.options["ABCD".index(problem.gold or "")] == str(i)
        assert problem.asked.startswith(f"Which is {i}?\n\nA) ")
        assert problem.problem_id == problem_id(f"Which is {i}?")
    assert {p.gold for p in found.problems} == set("ABCD")
    again = load([write(tmp_path / "gpqa.jsonl", rows[::-1])])
    assert {p.problem_id: p.options for p in again.problems} == {
        p.problem_id: p.options for p in found.problems
    }


def test_what_is_odd_is_noted(tmp_path: Path) -> None:
    rows = [{"problem": "One?"}, {"problem": "one?"}, {"other": 1}, {"problem": "Two?"}]
    found = load([write(tmp_path / "aime24.jsonl", rows)], limit=1)
    assert [p.statement for p in found.problems] == ["One?"]
    assert found.datasets == ["aime24"]
    assert found.notes == [
        "aime24.jsonl: 1 rows have no statement and were left out",
        "aime24.jsonl has 3 problems; aime24 has 30",
        "aime24.jsonl: 1 problems are there twice; each is posed once",
    ]


def test_a_problem_of_two_files_is_posed_once(tmp_path: Path) -> None:
    one = write(tmp_path / "a.jsonl", [{"problem": "One?"}, {"problem": "Two?"}])
    two = write(tmp_path / "b.jsonl", [{"problem": "two?"}, {"problem": "Three?"}])
    found = load([one, two])
    assert [p.statement for p in found.problems] == ["One?", "Two?", "Three?"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("aime24", r"the problems of aime24 are not shipped; say where they are with --problems-dir DIR"),
        ("aime31", r"'aime31' is neither a file nor a benchmark that is known by name \(aime24, aime25"),
        ("none.jsonl", "'none.jsonl' is neither a file nor a benchmark"),
    ],
)
def test_a_name_that_stands_for_nothing(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load([name])


def test_a_folder_without_the_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no file of math500 is in .*; it would be called math500.jsonl"):
        load(["math500"], folder=tmp_path)
    with pytest.raises(InputError, match=r"is a folder: name a benchmark in it: --problems aime24"):
        load([tmp_path])
    with pytest.raises(InputError, match=r"--problems-dir .*none is no folder"):
        load(["math500"], folder=tmp_path / "none")


def test_a_file_without_problems(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", [{"response": "so"}])
    with pytest.raises(InputError, match=r"has no problems: no row has a column problem, question, .*--map"):
        load([path])
    with pytest.raises(InputError, match="a problem has the fields problem, gold and level"):
        load([path], columns={"answer": "a"})
    with pytest.raises(InputError, match="no problems in nothing; name a file with --problems"):
        load([])


@pytest.mark.parametrize("name", sorted(set(benchmarks()) - {"gpqa_diamond"}))
def test_the_real_files_have_what_they_should(shared_data: Path, name: str) -> None:
    found = load([name], folder=shared_data / "problems")
    assert len(found.problems) == benchmarks()[name].n
    assert found.notes == []
    assert found.datasets == [name]
    assert all(problem.gold for problem in found.problems)


def test_ids_join_with_those_of_readers(shared_data: Path, tmp_path: Path) -> None:
    from reasonlens.core.study import Study
    from reasonlens.workflow.api import ingest

    traces = shared_data / "traces" / "skythought_base_qwen2.5-math-7b.jsonl.gz"
    ingest(traces, tmp_path / "s")
    read = Study(tmp_path / "s").traces(["problem_id", "dataset", "gold"])
    for name in ("aime24", "amc23", "math500", "minerva_math"):
        posed = {p.problem_id: p.gold for p in load([name], folder=shared_data / "problems").problems}
        there = set(read.loc[read["dataset"] == name, "problem_id"])
        assert there == set(posed), name
