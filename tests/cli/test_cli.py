"""What the command line itself does: an error becomes one line and an exit code."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any, NoReturn

import pytest
from click.testing import CliRunner, Result

from reasonlens.cli import cli


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({"model": "m", "problem": "p", "response": "wait"}) + "\n")
    return path


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(w) for w in words])


def test_a_full_disk_is_one_line_that_says_what_to_do(
    rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> NoReturn:  # as Arrow reports it: a number and no file name
        raise OSError(errno.ENOSPC, "Error writing bytes to file. Detail: [errno 28] No space left on device")

    monkeypatch.setattr("reasonlens.core.study.pq.ParquetWriter", full)
    out = run("ingest", rows, "--study", tmp_path / "s")
    assert out.exit_code == 1
    assert out.stderr == (
        f"Error: {os.strerror(errno.ENOSPC)}; free some, then run the same command again: "
        "what was finished is kept\n"
    )


def test_a_folder_that_may_not_be_written_to_is_named(
    rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(path: Path, *_: Any, **__: Any) -> NoReturn:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(Path, "mkdir", forbidden)
    out = run("tokens", rows, "--study", tmp_path / "s")
    assert out.exit_code == 1
    assert out.stderr == (
        f"Error: {tmp_path / 's'}: {os.strerror(errno.EROFS)}; choose a folder that you may write to, "
        "or change its permissions\n"
    )


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "/gone"), "Error: /gone: No such file"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
    ],
)
def test_other_refusals_of_the_system(
    rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, said: str
) -> None:
    def refused(*_: Any, **__: Any) -> NoReturn:
        raise error

    monkeypatch.setattr("reasonlens.core.study.pq.ParquetWriter", refused)
    out = run("ingest", rows, "--study", tmp_path / "s")
    assert (out.exit_code, said in out.stderr) == (1, True)
    assert "Traceback" not in out.output
