"""Connecting to Ray: what is said where it does not work, without Ray itself."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from reasonlens.core.errors import InputError, MissingExtraError
from reasonlens.core.ray_cluster import connected


def stub(monkeypatch: pytest.MonkeyPatch, problem: str = "") -> list[dict[str, Any]]:
    asked: list[dict[str, Any]] = []

    def init(**said: Any) -> None:
        asked.append(said)
        if problem:
            raise ConnectionError(problem)

    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(init=init))
    return asked


def test_an_address_and_none(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = stub(monkeypatch)
    for address in ("auto", None):
        connected(address, "--address")
    assert [said["address"] for said in asked] == ["auto", None]
    assert ["object_store_memory" in said for said in asked] == [False, True]  # a cluster has its own


def test_a_cluster_that_asks_for_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    stub(monkeypatch, "Failed to connect to Ray cluster at 10.0.0.1\nmore")
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    with pytest.raises(
        InputError, match=r"no Ray cluster answers at auto \(.*: export RAY_AUTH_MODE=token\)"
    ):
        connected("auto", "--address")
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    with pytest.raises(
        InputError, match=r"at 10\.0\.0\.1\); start one with `ray start --head` and name it with --x"
    ):
        connected("auto", "--x")


@pytest.mark.parametrize("slow", [0, 2, 3])
def test_a_slow_start_is_tried_again(slow: int, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []

    def init(**said: Any) -> None:
        begun.append("init")
        if begun.count("init") <= slow:
            raise Exception("The current node timed out during startup. This could")

    made = SimpleNamespace(init=init, shutdown=lambda: begun.append("shutdown"))
    monkeypatch.setitem(sys.modules, "ray", made)
    if slow < 3:
        assert connected("local", "--address") is made
    else:
        with pytest.raises(InputError, match=r"answers at this machine \(The current node timed out"):
            connected("local", "--address")
    assert begun == ["init", "shutdown"] * min(slow, 2) + ["init"]


def test_other_failures_are_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = stub(monkeypatch, "refused")
    with pytest.raises(InputError, match="refused"):
        connected("local", "--address")
    assert len(asked) == 1


def test_nobody_listens_and_no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    assert stub(monkeypatch) == []
    with pytest.raises(InputError, match=r"no Ray cluster answers at 127\.0\.0\.1:1 \(\[Errno"):
        connected("127.0.0.1:1", "--address")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"reasonlens\[ray\]"):
        connected("auto", "--address")
