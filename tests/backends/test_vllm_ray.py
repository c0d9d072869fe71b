"""Replicas in a Ray cluster, with a made-up engine: each request once, a lost replica, and refusals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reasonlens.backends._vllm_jobs import Settings
from reasonlens.backends._vllm_ray import RayReplicas
from reasonlens.core.errors import InputError, MissingExtraError
from tests.backends.tiny_model import make_model

pytest.importorskip("ray", reason="ray is not installed")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, root: Path) -> dict[str, Any]:
    model = make_model(tmp_path_factory.mktemp("models") / "tiny")
    done = subprocess.run(
        [sys.executable, "-m", "tests.backends.on_ray", str(model), "made-up"],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_every_request_gets_one_completion_and_all_replicas_work(told: dict[str, Any]) -> None:
    found = told["all"]
    assert found.keys() == {f"r{i}" for i in range(40)}
    assert found.pop("r13") == ["error", "", "unlucky"]
    assert {finish for finish, _, _ in found.values()} == {"stop"}
    assert len({process for _, process, _ in found.values()}) == 2


def test_the_requests_of_a_lost_replica_are_done_by_another(told: dict[str, Any]) -> None:
    assert told["killed"].keys() == {f"r{i}" for i in range(40)}
    assert told["left"] == 1


def test_an_engine_that_does_not_start_and_a_cluster_that_is_too_small(told: dict[str, Any]) -> None:
    assert told["refused"] == "there is no such dtype"
    assert told["too many"].startswith(
        "data_parallel=1000 with tensor_parallel=1 needs 1000 CPUs; the Ray cl"
    )


def test_no_cluster_and_no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        InputError, match=r"no Ray cluster answers at 127\.0\.0\.1:1 .*--option ray=HOST:6379"
    ):
        RayReplicas(Settings("m"), 1, "127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"reasonlens\[ray\]"):
        RayReplicas(Settings("m"), 1, "auto")
