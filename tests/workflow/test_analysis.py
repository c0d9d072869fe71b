"""The scripts of ``analyses/`` as commands: an error of the user's is one line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import reasonlens
from reasonlens.core.study import Study
from reasonlens.workflow.analysis import main
from reasonlens.workflow.tokens import Question


def analysis(study: Study, files: list[str], params: Mapping[str, Any]) -> None:
    question = Question(reference=params["reference"])
    reasonlens.tokens(files, study=study.path, question=question)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "params.toml").write_text('reference = "base"\nfigures = []\n')
    return tmp_path / "run.py"


def run(monkeypatch: pytest.MonkeyPatch, script: Path, *words: object) -> object:
    monkeypatch.setattr("sys.argv", [str(script), *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main(str(script), analysis)
    return ended.value.code


def test_a_file_that_is_not_there(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, script, tmp_path / "gone.jsonl", "--out", tmp_path / "out") == 1
    said = f"Error: {tmp_path / 'gone.jsonl'} does not exist; check the spelling and the folder\n"
    assert capsys.readouterr().err == said


def test_a_group_that_the_files_do_not_have(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The name is not the user's: the message says where it stands."""
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({"model": "my-7b", "problem": "p", "response": "wait"}))
    assert run(monkeypatch, script, path, "--out", tmp_path / "out") == 1
    assert capsys.readouterr().err == (
        "Error: no group is named 'base'. Known: other. "
        f"The names that this analysis uses are in {tmp_path / 'params.toml'}.\n"
    )
