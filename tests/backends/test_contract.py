"""The contract of backends, for those that run here; the real vLLM engine is in ``tests/engines``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reasonlens.backends import Backend, connect
from tests.backends.contract import Contract
from tests.backends.server import Habits, serving


class TestFake(Contract):
    @pytest.fixture
    def backend(self) -> Backend:
        return connect("fake", "trial")


@pytest.fixture(scope="module")
def loaded(tiny_model: Path) -> Backend:
    return connect("transformers", str(tiny_model), batch_size=4, device="cpu")


class TestTransformers(Contract):
    @pytest.fixture
    def backend(self, loaded: Backend) -> Backend:
        return loaded


class TestOpenAI(Contract):
    @pytest.fixture
    def backend(self) -> Iterator[Backend]:
        pytest.importorskip("openai")
        with serving(Habits(obeys=())) as url:
            backend = connect("openai", "made-up", base_url=url, concurrency=3)
            yield backend
            backend.close()
