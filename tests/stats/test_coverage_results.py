"""The stored simulation (benchmarks/coverage) stays within what the documentation promises."""

from __future__ import annotations

import json

import pytest

WELL = {"coverage": 1.0}
BURSTS = {"30 x 8, hits in 5% of problems": 0.75, "30 x 64, p = .05, few problems": 0.92}
"""Documented: samples without a hit say nothing of bursts; few problems with many responses each."""
NOISE = 0.006  # one standard error of a share near .93 from 2,000 repetitions


@pytest.fixture(scope="module")
def results(root):
    return json.loads((root / "benchmarks" / "coverage" / "results.json").read_text("utf-8"))


def test_intervals_cover_in_the_designs_of_the_field(results):
    for part, names in (("single", ["rate"]), ("share", ["share"]), ("pair", ["ratio", "difference"])):
        for design, found in results[part].items():
            for name in names:
                least = BURSTS.get(design, 0.93)
                assert least - NOISE <= found[name]["coverage"] <= 0.999, (part, design, name)


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


def test_means_of_skewed_quantities_cover(results):
    for design, found in results["single"].items():
        assert found.get("mean words, t", WELL)["coverage"] >= 0.93 - NOISE, design


@pytest.fixture
def deviations(root, monkeypatch):
    monkeypatch.syspath_prepend(str(root / "benchmarks" / "coverage"))
    import deviations

    return deviations


def test_what_deviates_is_listed_with_its_reason(root, deviations):
    text, wrong = deviations.listing()
    assert wrong == []
    assert text in (root / "docs" / "statistics.md").read_text("utf-8")


def test_a_deviation_without_a_reason_is_found(monkeypatch, deviations):
    odd = deviations.Result("no such setting", "no such method", "coverage", 0.80, 0.005)
    fine = odd._replace(share=0.95)
    monkeypatch.setattr(deviations, "offered", lambda: iter([odd, fine]))
    text, wrong = deviations.listing()
    assert any("no such setting" in line for line in wrong)
    assert "1 are within" in text
    assert odd.side == "short"
    assert not odd.noise
    assert odd._replace(share=0.925).noise
    assert odd._replace(what="size", share=0.08).side == "liberal"
