"""The stored simulation (benchmarks/coverage/prevalence.py) stays within what the documentation promises."""

from __future__ import annotations

import json

import pytest


@pytest.fixture(scope="module")
def results(root):
    return json.loads((root / "benchmarks" / "coverage" / "prevalence.json").read_text("utf-8"))["results"]


def test_post_stratified_intervals_cover_everywhere(results):
    assert len(results) == 45
    for name, found in results.items():
        assert 0.92 <= found["post-stratified"]["coverage"] <= 0.98, name
        assert found["post-stratified"]["undefined"] == 0, name


def test_they_are_shorter_than_those_of_labels_alone(results):
    for name, found in results.items():
        assert found["post-stratified"]["median_width"] <= found["labels alone"]["median_width"], name


def test_the_judge_alone_is_wrong(results):
    single = {name: found for name, found in results.items() if " x " not in name}
    assert sum(found["judge alone"]["coverage"] < 0.1 for found in single.values()) >= 30


def test_rogan_gladen_covers_and_is_longer(results):
    for name, found in results.items():
        assert found["carried over"]["coverage"] >= 0.93, name
        assert found["rogan-gladen"]["coverage"] >= 0.92, name
        assert found["rogan-gladen"]["median_width"] > found["post-stratified"]["median_width"], name


def test_ppi_covers_with_labels_enough_of_a_behavior_that_is_not_rare(results):
    for share in ("30%", "60%"):
        for n in (100, 200):
            for errors in ("Se 0.85, Sp 0.95", "Se 0.7, Sp 0.9"):
                assert results[f"{share}, {errors}, {n} labels"]["ppi++"]["coverage"] >= 0.93
    assert results["3%, Se 0.85, Sp 0.95, 50 labels"]["ppi++"]["coverage"] < 0.8


def test_the_page_has_these_numbers(results, root):
    text = (root / "benchmarks" / "coverage" / "PREVALENCE.md").read_text("utf-8")
    for name, found in results.items():
        row = found["post-stratified"]
        assert f"| {name} |" in text
        assert f"{row['coverage']:.3f} ({row['median_width']:.3f})" in text
