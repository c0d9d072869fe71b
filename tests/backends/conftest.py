"""The tiny model, made once for all tests that decode with it."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny Qwen2-architecture model of `tests.backends.tiny_model`."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)  # more only get into each other's way on so small a model
    pytest.importorskip("transformers")
    from tests.backends.tiny_model import make_model

    return make_model(tmp_path_factory.mktemp("models") / "tiny")
