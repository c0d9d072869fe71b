"""The stored simulation (benchmarks/coverage) stays within what the documentation promises."""

from __future__ import annotations

import json

import pytest


@pytest.fixture(scope="module")
def results(root):
    return json.loads((root / "benchmarks" / "coverage" / "results.json").read_text("utf-8"))


def test_intervals_cover_in_the_designs_of_the_field(results):
    for part, names in (("single", ["rate"]), ("share", ["share"]), ("pair", ["ratio", "difference"])):
        for design, found in results[part].items():
            least = 0.88 if design.startswith(("5 x", "10 x")) or "10%" in design else 0.925
            for name in names:
                assert least <= found[name]["coverage"] <= 0.995, (part, design, name)


def test_tests_keep_their_size(results):
    for design, found in results["pair"].items():
        if "ratio" not in design:
            assert found["test"]["rejected"] <= 0.065, design
            assert found["test, unpaired"]["rejected"] <= 0.065, design
        assert found["test of shares (null)"]["rejected"] <= 0.065, design


def test_the_documentation_shows_these_numbers(results, root):
    text = (root / "docs" / "statistics.md").read_text("utf-8")
    for design, found in results["single"].items():
        assert f"| {design} | {found['rate']['coverage']:.3f} " in text
