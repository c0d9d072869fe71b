"""``reasonlens tokens`` as a newcomer uses it: what it prints, writes and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from reasonlens.cli import cli
from reasonlens.core.study import read_study

PLAIN = "The sum is ten, so the answer is ten."
HEDGED = "Wait, perhaps it is nine. But alternatively it may be ten. Wait."


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(w) for w in words])


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """Two kinds on the same six problems: base never hedges, distilled does."""
    rows = [
        {
            "model": f"lab/{kind}",
            "model_kind": kind,
            "benchmark": "toy",
            "problem": f"Box {i}?",
            "response": text,
        }
        for i in range(6)
        for kind, text in (("base", f"{PLAIN} {i}"), ("distilled", f"{HEDGED} {i}"))
    ]
    path = tmp_path / "out.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_the_tables_show_hand_counted_rates(outputs: Path) -> None:
    out = run("tokens", outputs, "--category", "waitlike=wait,perhaps")
    assert out.exit_code == 0, out.output
    # distilled: 3 hits in 12 words; base: none in 9
    assert "custom: per 1,000 words, by model kind" in out.stdout
    line = next(x for x in out.stdout.splitlines() if x.startswith("distilled ") and "250 [" in x)
    assert line.split()[-4:] == ["6", "6", "0", "0"]
    assert "custom: contrasts on shared problems" in out.stdout
    assert "distilled vs base" in out.stdout
    assert "12 rows -> 12 traces; 0 skipped, 0 duplicates, 0 repaired" in out.stderr
    assert "Nothing else was kept; add --study DIR" in out.stdout


def test_a_study_keeps_tables_estimates_and_the_figure(outputs: Path, tmp_path: Path) -> None:
    out = run("tokens", outputs, "--study", tmp_path / "s", "--out", tmp_path / "rates.csv")
    assert out.exit_code == 0, out.output
    study = read_study(tmp_path / "s")
    assert study.tables() == ["traces", "lengths", "counts", "estimates"]
    rates = pd.read_csv(tmp_path / "rates.csv")
    kept = study.estimates()
    assert list(rates.columns) == list(kept.columns)
    assert len(rates) == len(kept)
    names = {p.name for p in (tmp_path / "s" / "figures").iterdir()}
    assert {f"category_rates.{x}" for x in ("pdf", "svg", "png", "csv", "json")} <= names
    again = run("tokens", tmp_path / "s")
    assert again.exit_code == 0, again.output
    assert [x for x in again.stdout.splitlines() if "distilled" in x] == [
        x for x in out.stdout.splitlines() if "distilled" in x
    ]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".json", ".md", ".tex"])
def test_every_output_format_has_every_estimate(outputs: Path, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rates{suffix}"
    out = run("tokens", outputs, "--category", "w=wait", "--out", path)
    assert out.exit_code == 0, out.output
    text = path.read_bytes()
    assert b"custom" in text
    assert b"distilled" in text


def test_matches_point_at_the_words(outputs: Path, tmp_path: Path) -> None:
    path = tmp_path / "hits.parquet"
    out = run("tokens", outputs, "--category", "w=wait,perhaps", "--matches", path, "--study", tmp_path / "s")
    assert f"Matches: {path} (18 hits)" in out.stdout
    hits = pd.read_parquet(path)
    texts = read_study(tmp_path / "s").traces().set_index("trace_id")["response"]
    for hit in hits.itertuples():
        assert texts[hit.trace_id][hit.start : hit.end] == hit.surface
    assert sorted(set(hits["surface"])) == ["Wait", "perhaps"]


def test_kwic_shows_the_word_between_its_neighbours(outputs: Path) -> None:
    out = run("tokens", outputs, "--kwic", "perhaps", "--sample", 2)
    assert out.exit_code == 0, out.output
    lines = out.stdout.splitlines()
    assert lines[-1] == "2 of 6 hits (seed 0, sorted by right)"
    assert all("Wait,  perhaps   it is nine." in " ".join(x.split("  ")) or "perhaps" in x for x in lines[:2])
    assert run("tokens", outputs, "--kwic", "zebra").stdout == "'zebra' does not occur.\n"


def test_hostile_text_reaches_the_terminal_as_text(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    said = "\x1b[2J wait \u202e now"
    path.write_text(json.dumps({"model": "\x1b[31mred", "problem": "p", "response": said}))
    out = run("tokens", path, "--kwic", "wait")
    assert "\x1b[2J" not in out.stdout
    assert "\u202e" not in out.stdout
    assert "\\x1b[2J" in out.stdout
    table = run("tokens", path, "--category", "w=wait")
    assert "\\x1b[31mred" in table.stdout
    assert "\x1b[31m" not in table.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tokens", "absent.jsonl"], "absent.jsonl"),
        (["tokens", "{out}", "-l", "nowat"], "no lexicon is named 'nowat'. Did you mean 'nowait'?"),
        (["tokens", "{out}", "--map", "response"], "--map 'response' is not FIELD=COLUMN"),
        (["tokens", "{out}", "--out", "x.doc"], "x.doc: unknown suffix '.doc'; use one of .csv, .parquet"),
        (["tokens", "{out}", "--matches", "x.md"], "x.md: unknown suffix '.md'; use one of .csv, .parquet"),
        (["tokens", "{out}", "--out", "no/x.csv"], "there is no folder no; make it first"),
        (["tokens", "{out}", "--format", "qwen"], "no reader is named 'qwen'"),
        (["tokens", "{out}", "--reference", "tutor"], "no group is named 'tutor'"),
    ],
)
def test_mistakes_get_one_clear_sentence(outputs: Path, words: list[str], message: str) -> None:
    out = run(*(w.replace("{out}", str(outputs)) for w in words))
    assert out.exit_code == 1, out.output
    assert message in out.stderr
    assert "Traceback" not in out.output


def test_strict_makes_a_skipped_row_an_error(outputs: Path) -> None:
    with outputs.open("a") as file:
        file.write("\n{broken\n")
    fine = run("tokens", outputs, "--category", "w=wait")
    assert fine.exit_code == 0
    assert "12 traces; 1 skipped" in fine.stderr
    strict = run("tokens", outputs, "--category", "w=wait", "--strict")
    assert strict.exit_code == 1
    assert "--strict: 1 rows were skipped and 0 inputs not read" in strict.stderr


def test_two_views_at_once_are_refused(outputs: Path) -> None:
    result = run("tokens", outputs, "--kwic", "wait", "--positions")
    assert result.exit_code == 2
    assert "--kwic and --positions show different things; run one at a time" in result.output


def test_what_is_left_out_is_told_with_its_reasons(outputs: Path, tmp_path: Path) -> None:
    assert "Left out: " not in run("tokens", outputs).stdout
    rows = [
        {"model": "m", "model_kind": "base", "problem": f"{i}?", "response": "wait" * i} for i in (0, 0, 1)
    ]
    outputs.write_text(outputs.read_text() + "\n" + "\n".join(map(json.dumps, rows)))
    words = ("tokens", outputs, "-l", "flexible_reasoning", "--category", "waitlike=wait")
    assert "Left out: 1 (empty: 1)." in run(*words).stdout.splitlines()  # one is the other's duplicate


def test_rates_per_model_token_without_a_tokenizer_say_what_is_missing(outputs: Path) -> None:
    out = run("tokens", outputs, "--per", "model-tokens")
    assert out.exit_code == 0, out.output
    assert "(no responses left of distilled and base)" in out.stdout
    assert "(no shared problems)" not in out.stdout
    assert "Left out: 12 (number of model tokens unknown: 12)." in out.stdout
    assert "name the tokenizer of the models: --tokenizer PATH|ID" in out.stdout


def test_hits_have_separators_as_other_counts(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({"model": "m", "problem": "p", "response": "so wait " * 1234}))
    out = run("tokens", path)
    (line,) = (x.split() for x in out.stdout.splitlines() if x.startswith("anthropomorphic "))
    assert line == ["anthropomorphic", "wait", "1,234", "500"]


@pytest.mark.parametrize("option", ["--kwic", "--keyness"])
def test_an_empty_question_is_refused(outputs: Path, option: str) -> None:
    out = run("tokens", outputs, option, "")
    assert out.exit_code == 2
    assert f"{option} is empty; name what to look for" in out.stderr
