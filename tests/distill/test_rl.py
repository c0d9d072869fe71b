"""GRPO for real: rewards are logged apart, what is missing is said, and a run goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from reasonlens.cli import cli
from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.distill.reward_parts import WEIGHTS
from reasonlens.distill.rl import train
from reasonlens.workflow.distill_rl import grade

SHORT = {
    "max_steps": 2,
    "num_generations": 2,
    "per_device_train_batch_size": 4,
    "max_completion_length": 12,
    "logging_steps": 1,
    "report_to": "none",
    "save_strategy": "steps",
    "save_steps": 1,
    "disable_tqdm": True,
    "seed": 0,
}


def test_rewards_are_logged_apart_and_a_failed_judge_is_missing(
    student: Path, marker_set: Path, tmp_path: Path
) -> None:
    seen: list[tuple[Any, ...]] = []

    def score(problems: Any, teachers: Any, students: Any) -> list[float | None]:
        seen.append((problems[0], teachers[0]))
        return [None if i % 2 else float(len(seen)) for i in range(len(students))]

    told = train(
        str(student), marker_set, tmp_path / "rl", SHORT, weights=WEIGHTS, grade=grade, structure=score
    )
    assert (told.steps, told.rows, told.processes) == (2, 4, 1)
    assert told.missing == {"accuracy": 0.0, "format": 0.0, "tag_count": 0.0, "structure": 0.5}
    assert told.rewards["structure"] == (1.0, 2.0)
    assert told.rewards["format"] == (0.0, 0.0)
    assert seen[0][0].startswith("What is")
    assert seen[0][1].startswith("<think>\nWait")
    log = json.loads((tmp_path / "rl" / "metrics.json").read_text("utf-8"))["log"]
    assert {"accuracy/observed", "structure/missing", "rewards/structure_reward/mean"} <= set(log[0])
    assert log[0]["reward"] == pytest.approx(15 * 1.0)  # only structure gives something, and 1 to each


def test_hacking_is_said_while_it_happens(student: Path, marker_set: Path, tmp_path: Path) -> None:
    calls: list[int] = []

    def up(problems: Any, teachers: Any, students: Any) -> list[float]:
        calls.append(1)
        return [float(len(calls))] * len(students)

    def down(responses: Any, golds: Any) -> list[float]:
        return [-float(len(calls))] * len(responses)

    said: list[str] = []
    told = train(
        *(str(student), marker_set, tmp_path / "hacked", {**SHORT, "max_steps": 8, "save_strategy": "no"}),
        weights={"accuracy": 1.0, "structure": 1.0},
        grade=down,
        structure=up,
        warn=said.append,
    )
    assert len(said) == 1
    assert "structure" in said[0]
    assert "read some completions before you trust this reward" in said[0]
    assert [x.reward for x in told.warnings] == ["structure/observed"]


def test_the_command_leaves_structure_out_and_goes_on(
    student: Path, marker_set: Path, tmp_path: Path
) -> None:
    words = ["distill", "rl", "--model", student, "--data", marker_set, "--out", tmp_path / "rl"]
    words += ["--structure", "none"]
    short = [f"--set={k}={json.dumps(v) if not isinstance(v, str) else v}" for k, v in SHORT.items()]
    line = [str(w) for w in (*words, *short)]
    result = CliRunner().invoke(cli, line)
    assert result.exit_code == 0, (result.output, result.exception)
    assert "No reward for structure" in result.output
    assert "2 steps on 4 problems" in result.output
    assert "In 100.0% of groups all completions earned the same" in result.output
    (tmp_path / "rl" / "metrics.json").unlink()  # as if it had been killed after its last checkpoint
    for name in ("model.safetensors", "trainer_state.json"):
        assert (tmp_path / "rl" / "checkpoint-2" / name).is_file()
    (tmp_path / "rl" / "checkpoint-2" / "trainer_state.json").unlink()
    again = CliRunner().invoke(cli, line)
    assert again.exit_code == 0, (again.output, again.exception)
    assert "Went on from step 1." in again.output


def test_the_command_scores_structure_by_the_offline_steps(
    student: Path, marker_set: Path, tmp_path: Path
) -> None:
    words = ["distill", "rl", "--model", student, "--data", marker_set, "--out", tmp_path / "rl"]
    short = [f"--set={k}={json.dumps(v) if not isinstance(v, str) else v}" for k, v in SHORT.items()]
    result = CliRunner().invoke(cli, [str(w) for w in (*words, *short)])
    assert result.exit_code == 0, (result.output, result.exception)
    line = next(x for x in result.output.splitlines() if x.startswith("structure"))
    assert line.split()[1] == "15"
    assert line.split()[-1] == "0.0%"


def test_messages(student: Path, marker_set: Path, tmp_path: Path) -> None:
    told = (str(student), marker_set, tmp_path / "x", SHORT)
    with pytest.raises(InputError, match="leave it out with --weight structure=0"):
        train(*told, weights=WEIGHTS, grade=grade)
    with pytest.raises(UnknownNameError, match="no reward is named 'acuracy'"):
        train(*told, weights={"acuracy": 1.0}, grade=grade)
    words = [
        "distill",
        "rl",
        "--model",
        str(student),
        "--data",
        str(marker_set),
        "--out",
        str(tmp_path / "y"),
    ]
    result = CliRunner().invoke(cli, [*words, "--weight", "format"])
    assert "--weight 'format' is not REWARD=NUMBER" in result.output
