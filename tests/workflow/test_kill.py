"""kill -9 in the middle loses only the parts in flight; the next run finishes the rest."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reasonlens.core.study import Study

N_FILES, N_ROWS = 8, 400

HELD = """
import time
from reasonlens.cli import main
from reasonlens.workflow import run

commit, kept = run._commit, []

def held(*told):
    if len(kept) == 4:
        time.sleep(600)
    kept.append(commit(*told))

run._commit = held
main()
"""
"""The command line, which waits to be stopped once four parts are kept."""


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = []
    for k in range(N_FILES):
        paths.append(tmp_path / f"f{k}.jsonl")
        with paths[-1].open("w") as file:
            for i in range(N_ROWS):
                text = f"Wait, {k} {i}. " + "But perhaps so, alternatively not. " * 120
                row = {"model": "m", "model_kind": "base", "problem": f"{i}?", "response": text}
                file.write(json.dumps(row) + "\n")
    return paths


def command(files: list[Path], study: Path, jobs: int, *, held: bool = False) -> list[str]:
    call = ["-c", HELD] if held else ["-m", "reasonlens"]
    return [sys.executable, *call, "tokens", *map(str, files), "--study", str(study), "--jobs", str(jobs)]


def wait_for_parts(study: Path, n: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while len(list(study.glob("traces/*.parquet"))) < n:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.mark.parametrize(("sent", "jobs"), [(signal.SIGKILL, 1), (signal.SIGKILL, 2), (signal.SIGINT, 2)])
def test_a_stopped_run_is_resumed_without_loss(
    tmp_path: Path, files: list[Path], sent: signal.Signals, jobs: int
) -> None:
    study = tmp_path / "s"
    call = command(files, study, jobs, held=True)
    process = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for_parts(study, 2 if sent == signal.SIGKILL else 4, process)
    process.send_signal(sent)  # communicate() returns only once the workers have ended, too
    _, said = process.communicate(timeout=60)
    if sent == signal.SIGINT:
        assert process.returncode == 130
        assert b"Stopped. What was finished is kept" in said
        assert b"Traceback" not in said
    kept = set(Study(study).parts("traces"))
    assert 2 <= len(kept) <= 4 < N_FILES
    before = {p: Study(study).part_path("traces", p).stat().st_mtime_ns for p in kept}

    done = subprocess.run(command(files, study, jobs), capture_output=True, check=True)
    assert f"{len(kept)} of {N_FILES} parts were done before".encode() in done.stderr
    found = Study(study)
    assert {p: found.part_path("traces", p).stat().st_mtime_ns for p in kept} == before
    for table in ("traces", "lengths"):
        ids = found.read(table, columns=["trace_id"]).column(0).to_pylist()
        assert len(ids) == len(set(ids)) == N_FILES * N_ROWS
    counts = found.counts().groupby("entry", observed=True)["n"].sum()
    assert counts["wait"] == N_FILES * N_ROWS
    assert counts["perhaps"] == counts["alternatively"] == 120 * N_FILES * N_ROWS
    assert not list(study.rglob("*.tmp"))
    assert not (study / ".pending").exists()
