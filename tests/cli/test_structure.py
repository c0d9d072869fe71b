"""``reasonlens structure``, offline and against a server whose model is a function."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from reasonlens.cli import cli
from reasonlens.core.study import Study
from tests.calls.fake_server import MODEL, FakeServer, serving
from tests.structure.fake_reader import reply
from tests.workflow.test_structure import PROBLEMS, rows

PAID = ["--decomposer", "llm", "--matcher", "llm", "--model", MODEL]


def run(*words: object, **more: Any) -> Result:
    return CliRunner().invoke(cli, ["structure", *map(str, words)], **more)


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows())), encoding="utf-8")
    return path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-of-structure-9876543210")
    with serving(FakeServer(reply=reply)) as made:
        yield made


def test_files_without_a_study(outputs: Path, tmp_path: Path) -> None:
    out = run(outputs, "--out", tmp_path / "rows.csv")
    assert out.exit_code == 0, out.output
    assert "24 pairs of student and teacher; 24 are new" in out.stderr
    line = next(x for x in out.stdout.splitlines() if "lab/same" in x)
    assert line.split()[:3] == ["lab/teacher", "lab/same", "1.00"]
    assert "a baseline that understands nothing" in out.stdout
    assert "Nothing else was kept" in out.stdout
    saved = pd.read_csv(tmp_path / "rows.csv")
    assert set(saved["quantity"]) >= {"reward", "match rate", "transition", "effective patterns"}


def test_a_study_is_kept_and_gone_on_with(outputs: Path, tmp_path: Path) -> None:
    first = run(outputs, "--study", tmp_path / "s", "--student", "lab/same")
    assert first.exit_code == 0, first.output
    assert "18 are new" in first.stderr
    second = run("--study", tmp_path / "s")
    assert "12 are new, 18 were there" in second.stderr
    assert f"Study: {tmp_path / 's'} (tables steps, structure, structure_rates)" in second.stdout


def test_dry_run_of_the_baseline(outputs: Path) -> None:
    out = run(outputs, "--dry-run")
    assert "baseline would decompose 30 responses, at no cost" in out.stdout


def test_a_model_is_asked_once(outputs: Path, server: FakeServer, tmp_path: Path) -> None:
    words = [outputs, "--study", tmp_path / "s", *PAID, "--base-url", server.url, "--yes"]
    out = run(*words)
    assert out.exit_code == 0, out.output
    same = next(x for x in out.stdout.splitlines() if "lab/teacher" in x and "lab/same" in x)
    assert "1.00" in same
    asked = sum(server.billed.values())
    texts = sum("<<<" in body["messages"][1]["content"] for body in server.bodies)
    assert texts == 4 * PROBLEMS  # a sample of each student is that of the teacher or differs by a space
    assert asked > texts
    again = run(*words)
    assert again.exit_code == 0, again.output
    assert sum(server.billed.values()) == asked
    assert run("--study", tmp_path / "s").exit_code == 0  # the baseline, too
    both = run(*words)
    told = both.stdout.partition("Do the decomposers of this study agree")[2].splitlines()
    assert [line.split()[2] for line in told[3:5]] == ["kinds", "step"]
    steps = Study(tmp_path / "s").read("steps").to_pandas()
    assert set(steps["decomposer"].astype("str")) == {f"llm:{MODEL}", "baseline"}


def test_no_steps_at_all_are_an_error_that_says_what_there_is_instead(
    outputs: Path, server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "reply", lambda messages, schema: "I would rather not.")
    out = run(outputs, "--study", tmp_path / "s", *PAID, "--base-url", server.url, "--yes")
    assert out.exit_code == 1
    why = rf"Error: no trace of \S+ has steps by llm:{MODEL}: \d+ unparsed \(.+\); ask again with --retry unp"
    assert re.search(why, out.stderr)


def test_the_price_is_said_before_and_nobody_is_asked_for_free(
    outputs: Path, server: FakeServer, tmp_path: Path
) -> None:
    words = [outputs, "--study", tmp_path / "s", *PAID, "--base-url", server.url]
    out = run(*words, "--dry-run")
    assert "price: " in out.stderr
    assert "This was a dry run: nothing was asked." in out.stdout
    assert not server.bodies
    prices = tmp_path / "prices.toml"
    entry = f'[[model]]\nnames = ["{MODEL}"]\ninput = 1e5\noutput = 1e5\n'
    prices.write_text(f'date = "2026-01-01"\n{entry}')
    out = run(*words, "--prices", prices)
    assert out.exit_code == 1
    assert "more than --max-cost 1. Go on? Nobody is here to answer" in out.output
    assert not server.bodies


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--decomposer", "llm"], "answers that were paid for must be kept somewhere; add --study DIR"),
        (["--aligned"], "--aligned is for --matcher llm"),
        (["--teacher", "lab/nobody"], "lab/nobody"),
        (["--on", "aime"], "another benchmark: 30"),
    ],
)
def test_what_cannot_be_done_is_said(outputs: Path, words: list[str], message: str) -> None:
    out = run(outputs, *words)
    assert out.exit_code == 1
    assert message in out.output
    assert "Traceback" not in out.output
