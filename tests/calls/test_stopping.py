"""Runs that are killed or stopped: nothing is lost, and little is paid for twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reasonlens.calls import Endpoint, Request, Sampling
from reasonlens.calls.ask import ask
from reasonlens.calls.journal import Journal
from tests.calls.asking import QUICK
from tests.calls.fake_server import MODEL, FakeServer

CHILD = """
import sys
from reasonlens.calls import Endpoint, Request, Sampling
from reasonlens.calls.ask import Limits, ask
from reasonlens.calls.journal import Journal
schema = {"type": "object"}
requests = (Request((("user", f"text {i}"),), schema) for i in range(400))
limits = Limits(concurrency=16)
with Journal(sys.argv[2]) as journal:
    try:
        for i, (_, answer) in enumerate(
            ask(requests, Endpoint(sys.argv[1], "fake-judge"), Sampling(), journal, limits=limits)
        ):
            print(answer.key, flush=True)
    except KeyboardInterrupt:
        print("stopped", flush=True)
        sys.exit(130)
"""


def _child(server: FakeServer, path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, server.url, str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})


def test_a_killed_run_pays_at_most_for_what_was_on_its_way(server: FakeServer, tmp_path: Path) -> None:
    server.latency = 0.02
    path = tmp_path / "calls.sqlite"
    child = _child(server, path)
    assert child.stdout is not None
    shown = [child.stdout.readline().strip() for _ in range(120)]
    child.kill()
    child.wait()
    child.stdout.close()
    with Journal(path) as journal:
        known = set(journal.keys())
        assert set(shown) <= known  # what was shown is on disk
        requests = [Request((("user", f"text {i}"),), {"type": "object"}) for i in range(400)]
        found = dict(ask(requests, Endpoint(server.url, MODEL), Sampling(), journal, limits=QUICK))
    assert len(found) == 400
    assert sum(n - 1 for n in server.billed.values()) <= 16
    assert len(server.billed) == 400


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_loses_nothing(server: FakeServer, tmp_path: Path, number: signal.Signals) -> None:
    server.latency = 0.05
    path = tmp_path / "calls.sqlite"
    child = _child(server, path)
    assert child.stdout is not None
    for _ in range(60):
        child.stdout.readline()
    child.send_signal(number)
    rest = child.stdout.read()
    child.stdout.close()
    assert child.wait(20) == 130
    assert "stopped" in rest
    with Journal(path) as journal:
        assert len(journal.keys()) == len(server.billed) > 0
    assert max(server.billed.values()) == 1


def test_who_stops_twice_does_not_wait(server: FakeServer, tmp_path: Path) -> None:
    server.latency = 60.0
    child = _child(server, tmp_path / "calls.sqlite")
    assert child.stdout is not None
    while not server.bodies:
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):  # it waits for what is on its way
        child.wait(0.2)
    child.send_signal(signal.SIGINT)
    assert child.wait(20) == 130
    child.stdout.close()
