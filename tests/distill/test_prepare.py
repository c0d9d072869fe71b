"""``reasonlens distill prepare`` on made and on real traces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from reasonlens.cli import cli
from reasonlens.distill.account import Account, quartiles

SAME = (
    "Add two and three, then double the sum. Wait, check it once more, slowly, from the first line on: two "
    "and three make five, and five and five make ten, which is even, as the problem says that it must be."
)


def _file(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "traces.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def _trace(problem: str, text: str, answer: str, correct: bool | None, model: str = "T") -> dict[str, Any]:
    return {
        "problem": problem,
        "response": f"<think>\n{text}\n</think>\n\nIt is \\boxed{{{answer}}}.",
        "gold": "10",
        "correct": correct,
        "model": model,
        "model_kind": "teacher" if model == "T" else "distilled",
        "benchmark": "made",
    }


@pytest.fixture
def traces(tmp_path: Path) -> Path:
    rows = [
        _trace("Hard?", "One way to go about it is a table of values, row by row.", "10", False),
        _trace("Easy?", SAME, "10", True),
        _trace("Easy?", SAME + " Done.", "10", True),
        _trace("Easy?", "Suppose the answer is x, and solve backwards from the end, with care.", "9", False),
        _trace("Easy?", "A student says so at once, and nothing else.", "10", True, "S"),
        _trace("Unknown?", "Nobody knows whether this one is right, but it is learned.", "10", None),
    ]
    return _file(tmp_path, rows)


def _run(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(cli, ["distill", "prepare", *map(str, words)], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def _rows(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "train.jsonl").read_text("utf-8").splitlines()]


def test_nothing_is_filtered_by_correctness_unless_asked(traces: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    said = _run(traces, "--out", out, "--per-problem", 9, "-j", 1)
    report = json.loads((out / "report.json").read_text("utf-8"))
    assert report["traces_in"] == 5  # the student is not learned from
    assert report["dropped"] == {"near_duplicate": 1}
    assert report["kept_by_verdict"] == {"correct": 1, "incorrect": 2, "of unknown verdict": 1}
    assert "4\n3 of 3 problems" in said
    rows = _rows(out)
    assert {r["teacher"] for r in rows} == {"T"}
    assert [r["correct"] for r in rows if r["problem"] == "Unknown?"] == [None]
    assert pq.read_table(out / "train.parquet").to_pylist() == rows
    assert "| **kept** | **4** |" in (out / "README.md").read_text("utf-8")


def test_the_account_adds_up_with_every_filter(traces: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    bench = tmp_path / "bench.jsonl"
    bench.write_text(json.dumps({"problem": "Hard?", "answer": "10"}) + "\n", "utf-8")
    _run(traces, "--out", out, "--filter", "correct", "--against", bench, "-j", 1)
    report = json.loads((out / "report.json").read_text("utf-8"))
    assert report["dropped"] == {"incorrect": 2, "unknown": 1, "near_duplicate": 1}
    assert report["traces_in"] == sum(report["dropped"].values()) + report["traces_kept"]
    assert report["contaminated_problems"][0]["how"] == "problem id"


def test_a_problem_that_resembles_another_goes(tmp_path: Path) -> None:
    text = "A box holds {n} red and twice as many blue balls; how many balls are in the box in all"
    rows = [_trace(text.format(n=n), f"It is {n} and so on and so forth.", "1", True) for n in (3, 4)]
    rows.append(_trace("How far does the train go in two hours?", "It goes at a steady speed.", "1", True))
    file = _file(tmp_path, rows)
    _run(file, "--out", tmp_path / "all", "-j", 1)
    assert json.loads((tmp_path / "all" / "report.json").read_text("utf-8"))["dropped"] == {}
    _run(file, "--out", tmp_path / "less", "--same-problem", 0.4, "-j", 1)
    report = json.loads((tmp_path / "less" / "report.json").read_text("utf-8"))
    assert report["dropped"] == {"same_problem": 1}
    assert report["problems_kept"] == 2


def test_easy_problems_come_first(traces: Path, tmp_path: Path) -> None:
    _run(traces, "--out", tmp_path / "set", "--order", "difficulty", "-j", 1)
    rows = _rows(tmp_path / "set")
    told = {r["problem"]: r["difficulty"] for r in rows}
    assert told == {"Easy?": 0.25, "Hard?": 1.0, "Unknown?": None}  # the student's right answer counts
    assert [r["problem"] for r in rows].index("Easy?") < [r["problem"] for r in rows].index("Hard?")


def test_rows_that_would_lose_their_answer_are_counted(
    traces: Path, tmp_path: Path, tiny_model: Path
) -> None:
    few = ("--tokenizer", tiny_model, "--per-problem", 9, "-j", 1)
    _run(traces, "--out", tmp_path / "all", *few)
    counts = sorted(r["n_tokens"] for r in _rows(tmp_path / "all"))
    limit = counts[1]
    dropped = _run(traces, "--out", tmp_path / "short", *few, "--max-tokens", limit)
    assert "would lose the answer" in dropped
    assert sorted(r["n_tokens"] for r in _rows(tmp_path / "short")) == [c for c in counts if c <= limit]
    kept = _run(traces, "--out", tmp_path / "long", *few, "--max-tokens", limit, "--keep-long")
    assert f"{sum(c > limit for c in counts)} kept traces would lose their answer at {limit:,}" in kept
    assert len(_rows(tmp_path / "long")) == len(counts)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--max-tokens", "9"], "--max-tokens and --min-tokens count tokens of a model: add --tokenizer"),
        (["--teacher", "nobody"], "--teacher nobody: no trace is by this model; the models are: S, T"),
    ],
)
def test_messages(traces: Path, tmp_path: Path, words: list[str], message: str) -> None:
    assert message in _run(traces, "--out", tmp_path / "set", "-j", 1, *words, code=1)


def test_real_teachers_against_a_benchmark(shared_data: Path, tmp_path: Path) -> None:
    said = _run(
        shared_data / "traces" / "mip_math_6models.jsonl.gz",
        *("--teacher", "Qwen/QwQ-32B", "--out", tmp_path / "set", "-j", 1),
    )
    assert "52 of 52 problems" in said
    rows = _rows(tmp_path / "set")
    assert all(r["completion"].startswith("<think>\n") for r in rows)
    assert all(r["completion"].count("</think>") == 1 for r in rows)
    math500 = ("--against", "math500", "--problems-dir", shared_data / "problems")
    found = _run(
        shared_data / "traces" / "mip_math_6models.jsonl.gz", "--out", tmp_path / "none", *math500, code=1
    )
    assert "no trace is left to train on; of 104 were dropped: contaminated 104" in found


def test_the_message_of_a_failed_server_is_not_learned(shared_data: Path, tmp_path: Path) -> None:
    file = shared_data / "traces" / "mip_gsm8k_teacher_deepseek-r1.jsonl.gz"
    assert "the message of a server that failed, not a response" in _run(file, "--out", tmp_path, "-j", 1)
    rows = _rows(tmp_path)
    assert len(rows) == 581
    assert not any("Internal Server Error" in row["completion"] for row in rows)


def test_quartiles() -> None:
    assert quartiles([5, 1, 3, 2, 4]) == {"min": 1, "q25": 2, "median": 3, "q75": 4, "max": 5, "sum": 15}
    assert quartiles([]) is None
    assert Account().as_dict()["tokens"] is None


def test_no_teacher_is_always_preferred_and_a_run_can_be_repeated(shared_data: Path, tmp_path: Path) -> None:
    file = shared_data / "traces" / "mip_math_6models.jsonl.gz"
    for name, seed in (("one", 0), ("same", 0), ("other", 1)):
        _run(file, "--out", tmp_path / name, "--seed", seed, "-j", 1)
    one, same, other = (_rows(tmp_path / name) for name in ("one", "same", "other"))
    assert one == same
    assert [r["trace_id"] for r in one] != [r["trace_id"] for r in other]
    assert len({r["problem_id"] for r in one}) == len(one) == 52
    teachers = [r["teacher"] for r in one]
    assert min(teachers.count(t) for t in ("Qwen/QwQ-32B", "deepseek-ai/DeepSeek-R1")) >= 13


def test_fewer_problems_are_among_more(shared_data: Path, tmp_path: Path) -> None:
    file = shared_data / "traces" / "mip_math_6models.jsonl.gz"
    kept = {}
    for n in (5, 20):
        _run(file, "--out", tmp_path / str(n), "--limit", n, "--order", "random", "-j", 1)
        kept[n] = {r["problem_id"] for r in _rows(tmp_path / str(n))}
    assert (len(kept[5]), len(kept[20])) == (5, 20)
    assert kept[5] < kept[20]
