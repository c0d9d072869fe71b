"""Fine-tuning for real: the loop from traces to a model and back, resuming, and messages."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from reasonlens.cli import cli
from reasonlens.core.errors import InputError, MissingExtraError
from reasonlens.distill import runs
from reasonlens.distill.sft import train
from reasonlens.lexicon.definition import from_options
from reasonlens.workflow.api import tokens
from tests.distill.conftest import PROBLEMS

SHORT = {
    "max_length": 256,
    "learning_rate": 5e-3,
    "logging_steps": 1,
    "report_to": "none",
    "save_strategy": "no",
    "disable_tqdm": True,
    "seed": 0,
}


def _run(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(cli, ["distill", "sft", *map(str, words)])
    assert result.exit_code == code, (result.output, result.exception)
    return result.output


def _rate_of_wait(model: Path, folder: Path) -> float:
    problems = folder / "problems.jsonl"
    problems.write_text("".join(json.dumps({"problem": p, "answer": "5"}) + "\n" for p in PROBLEMS), "utf-8")
    study = folder / f"study-{model.name}"
    drawn = ["generate", "--model", model, "--problems", problems, "--study", study, "--template", "plain"]
    more = ["--max-tokens", 60, "-n", 2, "--model-name", "m", "--kind", "distilled"]
    result = CliRunner().invoke(cli, [str(w) for w in (*drawn, *more)])
    assert result.exit_code == 0, (result.output, result.exception)
    counted = tokens(study=study, lexicons=[from_options(["waiting=wait"])]).estimates
    row = counted[(counted["measure"] == "custom/waiting/words") & (counted["group"] == "distilled | m")]
    return float(row["value"].iloc[0])


def test_the_loop_closes(student: Path, marker_set: Path, tmp_path: Path) -> None:
    told = train(str(student), marker_set, tmp_path / "taught", {**SHORT, "max_steps": 60})
    assert (told.steps, told.rows, told.truncated, told.empty) == (60, 4, 0, 0)
    assert told.loss_last < told.loss_first / 2
    before, after = _rate_of_wait(student, tmp_path), _rate_of_wait(tmp_path / "taught", tmp_path)
    assert after > before + 100  # per 1,000 words; the traces have about 500


def test_a_killed_run_goes_on_and_ends_as_if_nothing_had_been(
    student: Path, marker_set: Path, tmp_path: Path, root: Path
) -> None:
    import torch
    from safetensors.torch import load_file

    settings = {**SHORT, "max_steps": 40, "save_strategy": "steps", "save_steps": 5}
    words = [f"--set={k}={v if isinstance(v, str) else json.dumps(v)}" for k, v in settings.items()]
    out = tmp_path / "killed"
    line = [
        sys.executable,
        "-m",
        "reasonlens",
        "distill",
        "sft",
        f"--model={student}",
        f"--data={marker_set}",
    ]
    preset = tmp_path / "empty.toml"
    preset.write_text("[settings]\n", "utf-8")
    run = subprocess.Popen(
        [*line, f"--out={out}", f"--preset={preset}", *words],
        env={**os.environ, "PYTHONPATH": str(root), "HF_DATASETS_CACHE": str(tmp_path / "rows")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while runs.last_checkpoint(out) is None and run.poll() is None:
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert not (out / "metrics.json").exists()
    stopped = runs.last_checkpoint(out)
    assert stopped is not None
    resumed = train(str(student), marker_set, out, settings)
    assert resumed.resumed >= 5
    assert resumed.resumed == int(stopped.name.rpartition("-")[2]) < resumed.steps == 40
    whole = train(str(student), marker_set, tmp_path / "whole", settings)
    assert (whole.resumed, whole.steps) == (0, 40)
    one, two = (load_file(folder / "model.safetensors") for folder in (out, tmp_path / "whole"))
    assert all(torch.allclose(one[name], two[name], atol=1e-5) for name in two)


def test_the_command_says_what_was_cut(student: Path, marker_set: Path, tmp_path: Path) -> None:
    words = ("--model", student, "--data", marker_set, "--out", tmp_path / "cut")
    short = ("--set", "max_steps=1", "--set", "max_length=20", "--set", "save_strategy=no")
    said = _run(*words, *short)
    assert "1 steps on 4 of 4 rows; loss" in said
    assert "4 of 4 rows were longer than max_length and lost their answer" in said
    again = _run(*words, *short, code=1)
    assert "holds this run, finished" in again
    other = _run(*words, "--set", "max_steps=2", code=1)
    assert "holds a run with other settings (max_length, max_steps, save_strategy)" in other


def test_messages(student: Path, marker_set: Path, tmp_path: Path) -> None:
    words = ("--model", student, "--data", marker_set, "--out", tmp_path / "x")
    said = _run(*words, "--set", "learning_rat=1", code=1)
    assert "--set learning_rat: SFTConfig has no such setting. Did you mean learning_rate" in said
    assert "has no train.parquet" in _run(
        "--model", student, "--data", tmp_path, "--out", tmp_path / "y", code=1
    )
    missing = _run("--model", tmp_path, "--data", marker_set, "--out", tmp_path / "z", code=1)
    assert "it cannot be loaded" in missing
    dry = _run(*words, "--dry-run", "--launch", "fsdp2", "--processes", 2)
    assert "max_length = 16384" in dry
    assert "accelerate launch --num_processes=2" in dry


def test_a_missing_package_is_named_with_the_line_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trl", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'reasonlens\[train\]'"):
        runs.packages()


def test_half_a_checkpoint_is_passed_over(tmp_path: Path) -> None:
    for step, whole in ((5, True), (10, True), (15, False)):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        if whole:
            (folder / "trainer_state.json").write_text("{}", "utf-8")
    assert runs.last_checkpoint(tmp_path) == tmp_path / "checkpoint-10"
    assert runs.last_checkpoint(tmp_path / "none") is None


def _chat_set(marker_set: Path, out: Path) -> Path:
    source = marker_set.parent / "teacher.jsonl"
    words = ["distill", "prepare", str(source), "--template", "chat-bare", "--out", str(out), "-j", "1"]
    assert CliRunner().invoke(cli, words).exit_code == 0
    return out


def test_turns_are_rendered_by_the_tokenizer_of_the_model(
    student: Path, marker_set: Path, tmp_path: Path
) -> None:
    data = _chat_set(marker_set, tmp_path / "chat")
    told = train(str(student), data, tmp_path / "out", {**SHORT, "max_steps": 20})
    assert (told.steps, told.rows, told.empty) == (20, 4, 0)
    assert told.loss_last < told.loss_first


def test_a_template_that_takes_the_reasoning_away_is_refused(
    student: Path, marker_set: Path, tmp_path: Path
) -> None:
    from transformers import AutoTokenizer

    data = _chat_set(marker_set, tmp_path / "chat")
    changed = tmp_path / "model"
    shutil.copytree(student, changed)
    tokenizer = AutoTokenizer.from_pretrained(changed)
    tokenizer.chat_template = (
        "{% for m in messages %}{{ m.role }}: {{ m.content.split('</think>')[-1] }}\n{% endfor %}"
    )
    tokenizer.save_pretrained(changed)
    with pytest.raises(InputError, match="the chat template of the model changes the response"):
        train(str(changed), data, tmp_path / "out", SHORT)
    tokenizer.chat_template = None
    (changed / "chat_template.jinja").unlink(missing_ok=True)
    tokenizer.save_pretrained(changed)
    with pytest.raises(InputError, match="has no chat template; prepare the set with a template of text"):
        train(str(changed), data, tmp_path / "out", SHORT)


@pytest.mark.slow
@pytest.mark.parametrize("launch", ["torchrun", "fsdp2"])
def test_two_processes_take_part(
    student: Path, marker_set: Path, tmp_path: Path, root: Path, launch: str
) -> None:
    out = tmp_path / "out"
    settings = {**SHORT, "max_steps": 2}
    words = [f"--set={k}={v if isinstance(v, str) else json.dumps(v)}" for k, v in settings.items()]
    line = [sys.executable, "-m", "reasonlens", "distill", "sft", f"--model={student}"]
    told = subprocess.run(
        [*line, f"--data={marker_set}", f"--out={out}", f"--launch={launch}", "--processes=2", *words],
        env={
            **os.environ,
            "PYTHONPATH": str(root),
            "OMP_NUM_THREADS": "1",
            "ACCELERATE_USE_CPU": "true",
            "HF_DATASETS_CACHE": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.count("2 steps on 4 of 4 rows") == 1
    assert json.loads((out / "metrics.json").read_text("utf-8"))["processes"] == 2


def test_a_checkpoint_that_was_begun_is_passed_over(tmp_path: Path) -> None:
    for step, state in ((5, '{"global_step": 5}'), (10, '{"global'), (15, "")):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text(state, "utf-8")
    (tmp_path / "checkpoint-20").mkdir()
    assert runs.last_checkpoint(tmp_path) == tmp_path / "checkpoint-5"
