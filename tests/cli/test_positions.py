"""``reasonlens tokens --positions``: what it prints, keeps and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from reasonlens.cli import cli
from reasonlens.core.study import read_study


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(w) for w in words])


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """Two kinds on the same six problems: base never waits, distilled does at once and after four words."""
    said = {"base": "The sum is ten.", "distilled": "Wait, is it nine? Wait."}
    rows = [
        {
            "model": kind,
            "model_kind": kind,
            "benchmark": "toy",
            "problem": f"Box {i}?",
            "response": f"{text} {i}",
        }
        for i in range(6)
        for kind, text in said.items()
    ]
    path = tmp_path / "out.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def row(text: str, *starts: str) -> list[str]:
    return next(x.split() for x in text.splitlines() if x.split()[: len(starts)] == list(starts))


def test_the_tables_show_hand_counted_places(outputs: Path) -> None:
    out = run("tokens", outputs, "--category", "w=wait", "--positions")
    assert out.exit_code == 0, out.output
    parts = out.stdout.split("\ncustom: ")
    assert parts[1].startswith("responses that reach these words")
    assert row(parts[1], "distilled") == ["distilled", "6"]
    assert row(parts[2], "w", "distilled") == ["w", "distilled", "400"]  # 2 hits in 5 words
    # words 0 1 2 3 4 in fifths: the first and the last are hits
    assert row(parts[3], "w", "distilled") == ["w", "distilled", "1,000", "0.00", "0.00", "0.00", "1,000"]
    assert row(parts[4], "w", "distilled")[2:9] == ["1.00", "[0.35,", "1.00]", "0", "[0,", "0]", "0.00"]
    assert "not reached" in parts[4]
    assert "distilled vs base" in parts[5]
    assert "-4.00 [no interval]  words, at most 4" in parts[5]
    assert "Nothing else was kept; add --study DIR" in out.stdout


def test_a_study_keeps_tables_figures_and_curves(outputs: Path, tmp_path: Path) -> None:
    options = ("--category", "w=wait", "--positions", "--out", tmp_path / "p.csv")
    out = run("tokens", outputs, "--study", tmp_path / "s", *options)
    assert out.exit_code == 0, out.output
    study = read_study(tmp_path / "s")
    assert {"positions", "first_marker", "estimates"} <= set(study.tables())
    for suffix, name in (("", "estimates"), ("-positions", "positions"), ("-first_marker", "first_marker")):
        assert len(pd.read_csv(tmp_path / f"p{suffix}.csv")) == study.rows(name, "positions")
    figures = {p.name for p in (tmp_path / "s" / "figures").iterdir()}
    assert {
        f"{n}.{x}" for n in ("position_curves", "first_marker") for x in ("pdf", "svg", "png", "csv")
    } <= figures
    again = run("tokens", tmp_path / "s", *options)
    assert again.exit_code == 0, again.output
    assert again.stdout == out.stdout
    rates = run("tokens", tmp_path / "s", "--category", "w=wait")
    assert rates.exit_code == 0, rates.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--per", "presence"], "--per does not go with --positions: places are counted in words"),
        (["--matches", "x.csv"], "--matches does not go with --positions"),
        (["--tokenizer", "gpt2"], "--tokenizer does not go with --positions"),
        (["--all-problems"], "groups are compared on shared problems"),
        (["--reference", "tutor"], "no group is named 'tutor'"),
        (["--part", "answer"], "no trace of"),
        (["--out", "x.doc"], "x.doc: unknown suffix '.doc'"),
    ],
)
def test_mistakes_get_one_clear_sentence(outputs: Path, words: list[str], message: str) -> None:
    out = run("tokens", outputs, "--positions", *words)
    assert out.exit_code == 1, out.output
    assert message in out.stderr
    assert "Traceback" not in out.output
