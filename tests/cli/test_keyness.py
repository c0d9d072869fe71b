"""``reasonlens tokens --keyness``: what it prints, writes and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from reasonlens.cli import cli
from reasonlens.core.study import read_study
from tests.workflow.test_keyness import rows


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(w) for w in words])


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    path = tmp_path / "out.jsonl"
    path.write_text("\n".join(map(json.dumps, rows(10))))
    return path


def test_it_finds_the_words_and_says_on_what(outputs: Path) -> None:
    out = run("tokens", outputs, "--keyness", "distilled:base")
    assert out.exit_code == 0, out.output
    assert "Words found, all benchmarks (per 1,000 words)" in out.stdout
    # 2 hits in 13 words against none in 7, in all of 10 problems and traces of one side
    line = next(x for x in out.stdout.splitlines() if x.split()[:2] == ["distilled", "wait"])
    assert line.split()[2:6] == ["anthropomorphic", "153.85", "0.00", "+4.5"]
    assert line.split()[-4:-1] == ["0.00", "10:0", "10:0"]
    assert "let me check" in out.stdout
    assert "Sentence openers found, all benchmarks (per 1,000 sentences)" in out.stdout
    assert "toy0, more in distilled: " in out.stdout
    assert "Tested on 10 problems, 20 responses (0 loop): " in out.stdout
    assert "in 5 problems or more, DP 0.5 or less, both sides together; p: signs of problems" in out.stdout
    assert "Nothing else was kept; add --study DIR" in out.stdout


def test_a_study_keeps_the_table_and_the_figures(outputs: Path, tmp_path: Path) -> None:
    out = run("tokens", outputs, "--keyness", "distilled:base", "--study", tmp_path / "s")
    assert out.exit_code == 0, out.output
    study = read_study(tmp_path / "s")
    assert "keyness" in study.tables()
    names = {p.name for p in (tmp_path / "s" / "figures").iterdir()}
    assert {"keyness.pdf", "keyness.csv", "distinctive_tokens.pdf", "distinctive_tokens.png"} <= names
    path = tmp_path / "found.csv"
    again = run("tokens", tmp_path / "s", "--keyness", "base:distilled", "--out", path, "--no-openers")
    assert again.exit_code == 0, again.output
    found = pd.read_csv(path)
    assert set(found["kind"]) == {"word", "phrase"}
    assert len(study.parts("keyness")) == 2


def test_the_options_reach_the_comparison(outputs: Path) -> None:
    words = ("--ngrams", "2", "--effect", "log-odds", "--min-problems", "8", "--max-dispersion", "0.3")
    out = run("tokens", outputs, "--keyness", "distilled:base", *words, "--top", "1", "--seed", "3")
    assert out.exit_code == 0, out.output
    assert "Words found" not in out.stdout
    assert "in 8 problems or more, DP 0.3 or less" in out.stdout
    assert "(seed 3)" in out.stdout
    assert "Ranked by log_odds_z" in out.stdout
    title = out.stdout.index("Phrases found")
    table = out.stdout[title : out.stdout.index("Sentence openers found")]
    assert table.count("\ndistilled") == 1


def test_a_figure_that_has_no_words_is_named(outputs: Path, tmp_path: Path) -> None:
    out = run("tokens", outputs, "--keyness", "distilled:base", "--ngrams", "2-3", "--study", tmp_path / "s")
    assert out.exit_code == 0, out.output
    assert "No figure distinctive_tokens: no word sets the groups apart" in out.stdout
    assert "keyness.pdf" in out.stdout


def test_nothing_that_reaches_the_floor_is_said(outputs: Path) -> None:
    out = run("tokens", outputs, "--keyness", "distilled:base", "--min-problems", "99")
    assert out.exit_code == 0, out.output
    assert "No word reaches the floor (in 99 problems or more, dispersion 0.5 or less)" in out.stdout


def test_that_nothing_differs_is_said(outputs: Path) -> None:
    """Three problems cannot reach a p-value of 0.05 in any test: all is tested and nothing is left."""
    outputs.write_text("\n".join(map(json.dumps, rows(3))))
    out = run("tokens", outputs, "--keyness", "distilled:base", "--min-problems", "2")
    assert out.exit_code == 0, out.output
    assert "No word, phrase or opener tells the two apart (adjusted p of 0.05 or less)." in out.stdout
    assert "Tested on 3 problems" in out.stdout
    assert "apart" not in run("tokens", outputs, "--keyness", "distilled:base", "--top", "0").stdout


def test_hostile_names_reach_the_terminal_as_text(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    made = [{**row, "model": f"\x1b[31m{row['model_kind']}"} for row in rows(8)]
    path.write_text("\n".join(map(json.dumps, made)))
    out = run("tokens", path, "--keyness", "\x1b[31mdistilled:\x1b[31mbase")
    assert out.exit_code == 0, out.output
    assert "\\x1b[31mdistilled" in out.stdout
    assert "\x1b[31m" not in out.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--keyness", "base"], "'base' is not A:B"),
        (["--keyness", "teacher:base"], "no model kind or model is named 'teacher'"),
        (["--keyness", "distilled:base", "--ngrams", "1-9"], "--ngrams '1-9' is no range of 1 to 3 words"),
        (["--keyness", "distilled:base", "--out", "x.docx"], "unknown suffix"),
    ],
)
def test_what_is_refused(outputs: Path, words: list[str], message: str) -> None:
    out = run("tokens", outputs, *words)
    assert out.exit_code == 1
    assert message in out.stderr
