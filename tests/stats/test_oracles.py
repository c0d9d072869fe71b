"""The table of oracles in ``docs/statistics.md`` names every public function, and tests that exist."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import reasonlens.stats

HEAD = "## How each number is checked"
FORM = {  # how tables are cut and named, without a number of their own
    "cells": {"ordered"},
    "estimate": {"choice", "codes", "generator", "vector"},
    "group_contrasts": {"corrected_contrasts", "frame_of", "row_of"},
    "rates": {"measure_name", "row", "selections", "table"},
}


@pytest.fixture(scope="module")
def lines(root: Path) -> list[list[str]]:
    text = (root / "docs" / "statistics.md").read_text("utf-8").partition(HEAD)[2].partition("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    assert all(len(row) == 4 for row in rows)
    return rows


def functions() -> set[str]:
    found = set()
    for module in pkgutil.iter_modules(reasonlens.stats.__path__):
        names = importlib.import_module(f"reasonlens.stats.{module.name}")
        for name in getattr(names, "__all__", ()):
            if inspect.isfunction(getattr(names, name)) and name not in FORM.get(module.name, ()):
                found.add(name)
    return found


def test_every_public_function_has_an_oracle(lines: list[list[str]]) -> None:
    named = {name for row in lines for name in re.findall(r"`(\w+)`", row[0])}
    assert functions() - named == set()
    assert named - functions() == set()


def test_every_test_of_the_table_exists(lines: list[list[str]]) -> None:
    here = "\n".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    for row in lines:
        tests = re.findall(r"`(test_\w+)`", row[3])
        assert tests, row[0]
        assert [name for name in tests if f"\ndef {name}(" not in here] == []
