"""The stored simulation (benchmarks/coverage) stays within what the documentation promises."""

from __future__ import annotations

import json

import pytest

WELL = {"coverage": 1.0}
NOISE = 0.006  # one standard error of a share near .93 from 2,000 repetitions


@pytest.fixture(scope="module")
def results(root):
    return json.loads((root / "benchmarks" / "coverage" / "results.json").read_text("utf-8"))


def test_intervals_cover_in_the_designs_of_the_field(results):
    for part, names in (("single", ["rate"]), ("share", ["share"]), ("pair", ["ratio", "difference"])):
        for design, found in results[part].items():
            for name in names:
                assert 0.93 - NOISE <= found[name]["coverage"] <= 0.997, (part, design, name)


def test_tests_keep_their_size(results):
    for design, found in results["pair"].items():
        if "ratio" not in design:
            assert found["test"]["rejected"] <= 0.065, design
            assert found["test of the ratio"]["rejected"] <= 0.065, design
            assert found["test, unpaired"]["rejected"] <= 0.065, design
        assert found["test of shares (null)"]["rejected"] <= 0.065, design


def test_the_documentation_shows_these_numbers(results, root):
    text = (root / "docs" / "statistics.md").read_text("utf-8")
    for design, found in results["single"].items():
        assert f"| {design} | {found['rate']['coverage']:.3f} " in text
    for design, found in results["pair"].items():
        assert f"| {design} | {found['ratio']['coverage']:.3f} " in text


def test_what_is_too_short_says_so(results):
    short = {
        d for d, found in results["single"].items() if found.get("mean words, t", WELL)["coverage"] < 0.925
    }
    few = {d for d in results["single"] if int(d.split(" x ")[0]) < 20}
    assert short
    assert short <= few
