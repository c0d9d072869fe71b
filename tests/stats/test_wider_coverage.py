"""The stored simulation of the wider statistics stays within what the documentation promises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

Results = dict[str, dict[str, dict[str, float]]]

CONSERVATIVE = ("sensitivity", "specificity", "percent")
"""Clopper-Pearson at the effective sample size: never short, sometimes long."""
SAID = {
    # too few problems, which ``method`` says of each: the least that was measured
    "accuracy 8 x 16": 0.91,
    "accuracy 5 x 16": 0.87,
    "accuracy 3 x 16": 0.70,
    "first marker 5 x 16": 0.88,
    "raters 15 x 10, 5%": 0.86,
    "raters 8 x 10, 30%": 0.91,
}
DISCRETE = (
    "pairs 5",
    "dose 5",
    "raters 5",
    "raters 8",
    "raters 15",
    "ratio",
    "models",
    "tries",
    "accuracy",
    "12 models",
)
"""Few problems or values: intervals are long rather than short."""
NOISE = 0.012  # two and a half standard errors of a share near .95 from 1,000 repetitions, less rounding


@pytest.fixture(scope="module")
def results(root: Path) -> Results:
    text = (root / "benchmarks" / "coverage" / "wider.json").read_text("utf-8")
    found: Results = json.loads(text)["results"]
    return found


def offered(results: Results) -> list[tuple[str, str, dict[str, float]]]:
    return [
        (setting, method, row)
        for setting, rows in results.items()
        for method, row in rows.items()
        if "not offered" not in method and "null is false" not in method
    ]


def test_intervals_cover(results: Results) -> None:
    for setting, method, row in offered(results):
        if "coverage" not in row or row["n"] < 200:
            continue
        least = SAID.get(setting, 0.93)
        most = 1.0 if method.startswith(CONSERVATIVE) or setting.startswith(DISCRETE) else 0.975
        assert least - NOISE <= row["coverage"] <= most + NOISE, (setting, method)


def test_tests_keep_their_size(results: Results) -> None:
    for setting, method, row in offered(results):
        if "rejected" in row:
            assert row["rejected"] <= 0.065 + NOISE, (setting, method)


def test_what_is_not_offered_is_bad_enough_to_leave_out(results: Results) -> None:
    assert results["accuracy 30 x 16"]["(not offered) responses as independent"]["coverage"] < 0.6
    assert results["ratio 1, 30 x 8"]["(not offered) G2 against chi-square"]["rejected"] > 0.4


def test_the_estimands_differ(results: Results) -> None:
    few, many = results["accuracy 30 x 16"], results["accuracy 30 x 64"]
    fixed, like = "fixed set, its own target", "t on problem means"
    assert many[fixed]["median_width"] < 0.6 * few[fixed]["median_width"]
    assert many[like]["median_width"] > 0.9 * few[like]["median_width"]
    assert results["sooner 30 x 16, effects vary, mean 0"]["log-rank, sign flips"]["rejected"] <= 0.065
