"""The examples in the docstrings of signatures, controls and token entropy print what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = {
    "signatures": 1,
    "signatures._ending": 1,
    "signatures._verdict": 1,
    "signatures.abrupt_endings": 1,
    "signatures.entropy_collapse": 1,
    "signatures.rigid_steps": 1,
    "stats.entropy": 2,
    "text.controls": 3,
    "text.edits": 1,
    "text.segments": 1,
    "text.strip": 1,
}


@pytest.mark.parametrize(("name", "examples"), MODULES.items())
def test_every_example_is_true(name: str, examples: int) -> None:
    module = importlib.import_module(f"reasonlens.{name}")
    with_examples = [t for t in doctest.DocTestFinder().find(module) if t.examples]
    assert len(with_examples) == examples
    assert doctest.testmod(module).failed == 0
