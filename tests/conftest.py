"""Shared fixtures: the real data set (where it is present) and one seeded generator."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("reasonlens", deadline=None)  # no test asserts a time, on busy machines either
settings.load_profile("reasonlens")
os.environ["REASONLENS_NO_PLUGINS"] = "1"  # installed packages must not change what is tested

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real traces that lies beside the repository in CI."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the shared set of real traces (../shared/data) is not here")
    return folder


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20250527)
