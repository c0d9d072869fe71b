"""The examples in the docstrings behind ``compare`` print what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = {"stats.pairs": 3, "stats.length_adjusted": 1}


@pytest.mark.parametrize(("name", "examples"), MODULES.items())
def test_examples_are_true(name: str, examples: int) -> None:
    module = importlib.import_module(f"reasonlens.{name}")
    assert len([t for t in doctest.DocTestFinder().find(module) if t.examples]) == examples
    assert doctest.testmod(module).failed == 0
