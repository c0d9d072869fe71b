"""The examples in the docstrings of the wider statistics print what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = {
    "across_models": 1,
    "agreement": 6,
    "agreement_limits": 2,
    "association": 4,
    "bootstrap": 4,
    "conditional_logit": 1,
    "count_models": 2,
    "jackknife": 1,
    "keyness": 6,
    "keyness_tests": 3,
    "log_rank": 2,
    "marker_time": 2,
    "means": 5,
    "paired_rates": 2,
    "permutation": 4,
    "power": 7,
    "rate_power": 2,
    "sampling": 4,
    "survival": 2,
    "trend": 2,
}


@pytest.mark.parametrize(("name", "examples"), MODULES.items())
def test_every_public_function_has_a_true_example(name: str, examples: int) -> None:
    module = importlib.import_module(f"reasonlens.stats.{name}")
    with_examples = [t for t in doctest.DocTestFinder().find(module) if t.examples]
    assert len(with_examples) == examples
    assert doctest.testmod(module).failed == 0
