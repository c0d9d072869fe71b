"""The report: one file that loads nothing, small whatever the study, the same for the same seed."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

from reasonlens.core.study import Study
from reasonlens.view import report
from reasonlens.view.findings import findings
from tests.view.making import made_study


@pytest.fixture(scope="module")
def written(sample_study: Study, tmp_path_factory: pytest.TempPathFactory) -> report.Report:
    return report.write(sample_study, tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture(scope="module")
def page(written: report.Report) -> str:
    return written.path.read_text("utf-8")


def test_it_loads_nothing_from_anywhere(page: str) -> None:
    bare = re.sub(r"data:image/svg\+xml;base64,[A-Za-z0-9+/=]+", "data:", page)
    assert re.findall(r"""(?:src|href)=["'](?!#|data:)[^"']*""", bare) == []
    assert (
        re.findall(
            r"url\(|@import|https?://|//[a-z]+\.", re.sub(r"<template>.*?</template>", "", bare, flags=re.S)
        )
        == []
    )
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)[1]  # type: ignore[index]
    assert policy.startswith(
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-"
    )


def test_the_policy_lets_its_own_script_run_and_no_other(page: str) -> None:
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page


def test_findings_come_first_and_then_all_else(
    page: str, sample_study: Study, written: report.Report
) -> None:
    order = [
        "What differs",
        "Left out or in doubt",
        "Models and benchmarks",
        "Behaviors",
        "Figures",
        "Traces",
        "Methods",
    ]
    places = [re.search(rf"<h1[^>]*>{name}</h1>", page).start() for name in order]  # type: ignore[union-attr]
    assert places == sorted(places)
    listed = re.search(r'<ul class="findings">(.*?)</ul>', page, re.DOTALL)[1]  # type: ignore[index]
    assert listed.count("<li") == 8
    assert "anthropomorphic, hits per 1,000 words" in page
    assert findings(sample_study)[0].sentence.split(" (")[0] in page
    assert page.count("<figure>") >= 2
    assert written.size == len(page.encode()) < report.LIMIT
    assert written.n_traces == 79 == page.count('<details class="trace">')
    for name, why in written.skipped.items():
        assert name.replace("_", " ") in page
        assert why


def test_the_same_seed_is_the_same_file(sample_study: Study, tmp_path: Path) -> None:
    files = [
        report.write(sample_study, tmp_path / f"{name}.html", most=10, seed=seed).path.read_bytes()
        for name, seed in (("a", 3), ("b", 3), ("c", 4))
    ]
    bare = [re.sub(rb'src="data:[^"]+"', b"", data) for data in files]  # figures carry their own stamps
    assert bare[0] == bare[1]
    assert bare[0] != bare[2]


def test_it_stays_small_by_leaving_traces_out(tmp_path: Path) -> None:
    rows = [
        {
            "model": "m",
            "model_kind": "base",
            "problem_id": str(i),
            "problem": "p",
            "response": f"{i} word, " * 60_000,
        }
        for i in range(60)
    ]
    made = report.write(made_study(tmp_path, rows), tmp_path / "report.html")
    assert 10 < made.n_traces < 60
    assert 5_000_000 < made.size <= report.LIMIT


def test_markdown_has_the_numbers_as_tables(sample_study: Study, tmp_path: Path) -> None:
    made = report.write(sample_study, tmp_path / "report.md", kind="md")
    text = made.path.read_text("utf-8")
    assert made.n_traces == 0
    assert "## What differs" in text
    rows = [line for line in text.splitlines() if line.startswith("| distilled")]
    assert len(rows) == 3
    start = text.index("| Kind |")
    table = text[start : text.index("\n\n", start)].splitlines()
    assert len(table) == 2 + 4 * 3
    assert len({line.count("|") for line in table}) == 1
