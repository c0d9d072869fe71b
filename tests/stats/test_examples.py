"""The examples in the docstrings of the statistics print what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from reasonlens import stats

MODULES = [info.name for info in pkgutil.iter_modules(stats.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_every_example_is_true(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"reasonlens.stats.{name}")).failed == 0


def test_there_are_examples_to_check() -> None:
    finder = doctest.DocTestFinder()
    modules = [importlib.import_module(f"reasonlens.stats.{name}") for name in MODULES]
    assert sum(bool(test.examples) for module in modules for test in finder.find(module)) >= 60
