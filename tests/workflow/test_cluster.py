"""A Ray cluster of two nodes: the same bytes, nothing lost with a worker, and what fails is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from reasonlens import Study
from reasonlens.cli import cli
from reasonlens.core.errors import InputError, MissingExtraError
from reasonlens.sample import path as sample
from reasonlens.workflow import pool
from reasonlens.workflow.cluster import on_ray

ray = pytest.importorskip("ray", reason="ray is not installed")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, root: Path) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("cluster")
    lines = Path(sample()).read_text("utf-8").splitlines(keepends=True)
    for i in range(3):
        (folder / f"part{i}.jsonl").write_text("".join(lines[i::3]), "utf-8")
    environment = {**os.environ, "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0", "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.workflow.on_two_nodes", str(folder)],
        capture_output=True,
        text=True,
        timeout=400,
        cwd=root,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, json.loads(done.stdout.splitlines()[-1])


def contents(study: Path) -> dict[str, bytes]:
    files = sorted(p for p in study.rglob("*") if p.is_file() and p.suffix in (".parquet", ".csv"))
    return {str(p.relative_to(study)): p.read_bytes() for p in files}


def test_all_tables_are_the_same_to_the_byte(ran: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = ran
    local, remote = contents(folder / "local"), contents(folder / "ray")
    assert {name.split("/")[0] for name in local} >= {
        *("traces", "counts", "lengths", "grades", "steps", "structure", "labels", "estimates"),
    }
    assert local.keys() == remote.keys()
    assert [name for name in local if local[name] != remote[name]] == []


def test_a_data_set_of_ray_data_gets_the_same_counts(ran: tuple[Path, dict[str, Any]]) -> None:
    folder, told = ran
    study = Study(folder / "local")
    hits: Counter[tuple[str, str]] = Counter()
    for row in study.read("counts").to_pylist():
        hits[row["trace_id"], row["category"]] += row["n"]
    words = {row["trace_id"]: row["n_words"] for row in study.read("lengths").to_pylist()}
    found = {row.pop("trace_id"): row for row in told["with Ray Data"]}
    assert found.keys() == words.keys()
    categories = {category for _, category in hits}
    for name, row in found.items():
        assert row["n_words"] == words[name]
        assert {c: row[f"n_{c}"] for c in categories} == {c: hits[name, c] for c in categories}
        assert "response" not in row


def test_a_lost_worker_loses_nothing(ran: tuple[Path, dict[str, Any]]) -> None:
    folder, told = ran
    found = told["killed once"]
    assert [unit for unit, _ in found["found"]] == list(range(7))
    assert found["problem"] == ""
    assert found["slots"] == 2
    assert {p.name for p in (folder / "once").iterdir()} == {"tried-0", "tried-3", "tried-6"}


def test_what_fails_on_every_try_is_named_after_all_else_is_done(ran: tuple[Path, dict[str, Any]]) -> None:
    found = ran[1]["killed always"]
    assert [unit for unit, _ in found["found"]] == [1, 2, 4, 5]
    assert (
        "3 of 7 units of work failed on every try: 0 (lost with its worker 4 times: WorkerCrashedError)"
        in found["problem"]
    )
    assert "run the same command again" in found["problem"]


def test_what_cannot_be_fetched_is_named_too(ran: tuple[Path, dict[str, Any]]) -> None:
    found = ran[1]["not fetched"]
    assert found["found"] == [0, 1, 3, 4]
    assert found["problem"].startswith(
        "1 of 5 units of work failed on every try: 2 (unit 2 is not reached). "
    )


def test_an_error_of_ours_is_told_as_it_is(ran: tuple[Path, dict[str, Any]]) -> None:
    found = ran[1]["refused"]
    assert found["found"] == [0, 1]
    assert found["problem"] == "unit 2 has a mistake"
    assert ran[1]["kept here"] == [0, 1]


def test_no_cluster_at_the_address() -> None:
    with pytest.raises(InputError, match=r"no Ray cluster answers at 127\.0\.0\.1:1 "), on_ray("127.0.0.1:1"):
        pass


def test_without_ray_the_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"reasonlens\[ray\]"), on_ray():
        pass
    assert pool.cores() >= 1


def test_an_address_is_for_ray(tmp_path: Path) -> None:
    out = CliRunner().invoke(cli, ["tokens", str(sample()), "--address", "auto"])
    assert out.exit_code == 2
    assert "--address is for --engine ray" in out.output
