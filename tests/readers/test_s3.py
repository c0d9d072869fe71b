"""Objects behind the S3 protocol: the same traces and counts as of files, in pieces, and through Ray."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from reasonlens import Study

for needed in ("s3fs", "moto", "flask", "flask_cors"):
    if find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed: no bucket to read from", allow_module_level=True)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, root: Path) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("bucket")
    path = os.pathsep.join([str(root), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    done = subprocess.run(
        [sys.executable, "-m", "tests.readers.on_s3", str(folder)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=root,
        env={**os.environ, "PYTHONPATH": path, "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, done.stdout + done.stderr


def rows(study: Path, name: str) -> list[dict[str, Any]]:
    found = sorted(Study(study).read(name).to_pylist(), key=str)
    for row in found:
        if "source" in row:  # a file, or a bucket; a line, or a byte
            row["source"] = row["source"].partition("#")[0].rpartition("/")[2]
    return sorted(found, key=str)


@pytest.mark.parametrize("name", ["traces", "counts", "lengths"])
def test_the_same_rows_as_of_files(ran: tuple[Path, str], name: str) -> None:
    folder, _ = ran
    assert rows(folder / "s3", name) == rows(folder / "local", name)
    assert len(rows(folder / "s3", "traces")) == 79


def test_large_objects_are_cut_and_packed_ones_are_not(ran: tuple[Path, str]) -> None:
    parts = [part.partition("-")[2] for part in Study(ran[0] / "s3").parts("traces")]
    number = {name: sum(part.startswith(name) for part in parts) for name in ("run-a", "run-b", "run-c")}
    size = (ran[0] / "files" / "a.jsonl").stat().st_size
    assert number["run-a"] == round(size / 8_000) > 1
    assert number["run-b"] == 1
    assert 1 < number["run-c"] <= 5


def test_lines_of_a_piece_are_called_by_their_first_byte(ran: tuple[Path, str]) -> None:
    sources = Study(ran[0] / "s3").read("traces", columns=["source"]).column(0).to_pylist()
    data = (ran[0] / "files" / "a.jsonl").read_bytes()
    begins = {int(s.rpartition(" ")[2]) for s in sources if s.startswith("s3://bucket/run/a.jsonl#byte ")}
    assert len(begins) == 50
    assert {data[at - 1 : at] for at in begins - {0}} == {b"\n"}
    assert {data[at : at + 1] for at in begins} == {b"{"}


def test_through_ray_the_same_to_the_byte(ran: tuple[Path, str]) -> None:
    pytest.importorskip("ray", reason="ray is not installed")
    one, two = (
        {p.relative_to(study): p.read_bytes() for p in study.rglob("*.parquet")}
        for study in (ran[0] / "s3", ran[0] / "ray")
    )
    assert one == two


def test_a_damaged_object_is_refused_and_the_others_are_kept(ran: tuple[Path, str]) -> None:
    assert "s3://bucket/run/c.parquet" in ran[1]
    assert ran[1].count("79 traces") >= 2
