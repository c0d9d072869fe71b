"""A server and a journal for one test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reasonlens.calls.journal import Journal
from tests.calls.fake_server import FakeServer, serving


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with serving(FakeServer()) as made:
        yield made


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "calls.sqlite") as made:
        yield made
