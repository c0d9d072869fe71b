"""kill -9 while samples are drawn: what was written stays, and the next run draws the rest."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reasonlens.core.study import Study

SCRIPT = """
import sys, time
from pathlib import Path
from reasonlens.backends._templates import load
from reasonlens.backends.fake import FakeBackend
from reasonlens.workflow.generate import Arm, Saving, Spec, generate
from reasonlens.workflow.problem_sets import Problem

hold = float(sys.argv[2])

class Slow(FakeBackend):
    def generate(self, requests, sampling):
        for i, completion in enumerate(super().generate(requests, sampling)):
            time.sleep(0.005 if i < hold else 600)
            yield completion

problems = [Problem("toy", f"What is {i} + {i}?", str(2 * i)) for i in range(20)]
spec = Spec("fake", "trial", load("plain"), n=10, arms=(Arm(), Arm("again", salt="2")))
made = generate(Path(sys.argv[1]), spec, problems, Slow("trial"), saving=Saving(rows=10))
print(sum(made.kept.values()), sum(made.done.values()))
"""
TOTAL = 20 * 10 * 2


def call(study: Path, hold: float) -> list[str]:
    """Return a command that draws `hold` samples and then waits to be stopped."""
    return [sys.executable, "-c", SCRIPT, str(study), str(hold)]


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_finished_samples_survive(tmp_path: Path, sent: signal.Signals) -> None:
    study = tmp_path / "s"
    process = subprocess.Popen(call(study, TOTAL // 2), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    enough = 3 if sent == signal.SIGKILL else TOTAL // 2 // 10  # then it waits, and nothing swallows Ctrl-C
    while len(list(study.glob("traces/*.parquet"))) < enough:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(sent)
    process.communicate(timeout=60)
    kept = Study(study).traces()
    assert 30 <= len(kept) <= TOTAL // 2
    counts = kept["condition"].value_counts()
    assert abs(counts["baseline"] - counts["again"]) <= 1, "the conditions stay balanced"
    done = subprocess.run(call(study, math.inf), capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(len(kept)), str(TOTAL - len(kept))]
    frame = Study(study).traces()
    assert len(frame) == frame["trace_id"].nunique() == TOTAL
    assert set(kept["trace_id"]) <= set(frame["trace_id"])
    assert not list(study.rglob("*.tmp"))


def test_two_runs_at_once_do_not_mix(tmp_path: Path) -> None:
    study = tmp_path / "s"
    process = subprocess.Popen(call(study, 20), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 60
        while not (study / ".lock").exists():
            assert time.monotonic() < deadline
            time.sleep(0.002)
        time.sleep(0.1)
        other = subprocess.run(call(study, math.inf), capture_output=True, text=True)
        assert other.returncode != 0, other.stdout
        assert "is in use by another reasonlens run; wait for it" in other.stderr
    finally:
        process.kill()
        process.communicate()
