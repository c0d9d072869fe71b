"""Tiny models, a set of marker-rich traces, and a cache of rows that is thrown away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from reasonlens.cli import cli
from tests.backends.conftest import tiny_model

__all__ = ["tiny_model"]

PROBLEMS = [f"What is {a} + {b}?" for a, b in ((2, 3), (4, 1), (1, 1), (3, 3))]


@pytest.fixture(scope="session")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny random model."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    pytest.importorskip("trl")
    from datasets import config

    from tests.distill.tiny_student import make_student

    config.HF_DATASETS_CACHE = tmp_path_factory.mktemp("rows")
    return make_student(tmp_path_factory.mktemp("models") / "student")


@pytest.fixture(scope="session")
def marker_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared set of four traces that say *wait* a lot."""
    folder = tmp_path_factory.mktemp("data")
    rows = [
        {
            "problem": problem,
            "response": "<think>\nWait, so. Wait, but wait, so. Wait, check. Wait, so.\n</think>\n\n5.",
            "gold": "5",
            "correct": i == 0,
            "model": "T",
            "model_kind": "teacher",
            "benchmark": "made",
        }
        for i, problem in enumerate(PROBLEMS)
    ]
    path = folder / "teacher.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    out = folder / "set"
    words = ["distill", "prepare", str(path), "--template", "plain", "--out", str(out), "-j", "1"]
    assert CliRunner().invoke(cli, words, catch_exceptions=False).exit_code == 0
    return out
