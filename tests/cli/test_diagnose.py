"""``reasonlens diagnose`` and ``controls`` as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from reasonlens.cli import cli
from reasonlens.core.study import read_study
from tests.signatures.making import row

RIGID = "Step 1: We add {} boxes.\nStep 2: We halve the sum of these boxes.\nThe answer is 4."
FREE = "Hmm, {} boxes. Wait, perhaps we halve them first. But maybe not, so let me see. The answer is 4."


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(w) for w in words])


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """Two models on the same twenty problems: one in rigid steps, one that thinks aloud."""
    rows = [row(i, FREE.format(i), "lab/free", "distilled") for i in range(20)]
    rows += [row(i, RIGID.format(i), "lab/rigid", "zero_rl") for i in range(20)]
    path = tmp_path / "out.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def line(out: Result, start: str) -> list[str]:
    return next(x for x in out.stdout.splitlines() if x.startswith(start)).split()


def test_a_grid_of_verdicts_then_the_numbers_behind_the_flagged_ones(outputs: Path, tmp_path: Path) -> None:
    out = run("diagnose", outputs, "--study", tmp_path / "s", "--quotes", 1)
    assert out.exit_code == 0, out.output
    assert "40 rows -> 40 traces" in out.stderr
    # at limit, same length, answer only, excess, forced, empty box, looping, words, connectors, rigid
    assert line(out, "distilled")[2:] == ["?", "?", "?", "?", "?", "?", "?", "?", "?", "no", "20"]
    assert line(out, "zero_rl")[2:] == [
        "?",
        "?",
        "?",
        "?",
        "?",
        "?",
        "?",
        "FLAGGED",
        "FLAGGED",
        "FLAGGED",
        "20",
    ]
    assert "Cannot tell for any model: entropy_collapse (no log-probabilities)" in out.stdout
    title = "Rigid step-by-step outputs: responses in numbered steps without a marker of hesitation or shift"
    assert f"{title} (% of responses; flagged above 50)" in out.stdout
    # all of 20 problems, that count as 20 (1.96 / 2.093)^2 = 17.5: .025^(1 / 17.5) = .810
    assert line(out, "lab/rigid  100 [")[1:3] == ["100", "[81.0,"]
    assert "Step 1: We add" in out.stdout
    assert "Verdicts: the 95% interval, clustered by problem" in out.stdout
    assert f"Study: {tmp_path / 's'} (table diagnoses)" in out.stdout
    assert "diagnoses" in read_study(tmp_path / "s").tables()


def test_a_study_one_signature_and_a_threshold(outputs: Path, tmp_path: Path) -> None:
    assert run("ingest", outputs, "--study", tmp_path / "s").exit_code == 0
    out = run("diagnose", tmp_path / "s", "-s", "rigid_steps", "--threshold", "rigid_steps=0.9", "--all")
    assert out.exit_code == 0, out.output
    assert line(out, "zero_rl") == ["zero_rl", "lab/rigid", "?", "20"]
    assert "flagged above 90" in out.stdout
    assert "looping" not in out.stdout
    assert "cannot tell" in next(x for x in out.stdout.splitlines() if x.startswith("lab/rigid "))


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".json", ".md", ".tex"])
def test_every_verdict_goes_to_a_file(outputs: Path, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"d{suffix}"
    out = run("diagnose", outputs, "-s", "rigid_steps", "--out", path)
    assert out.exit_code == 0, out.output
    assert f"Verdicts: {path}" in out.stdout
    assert b"not flagged" in path.read_bytes()
    if suffix == ".csv":
        table = pd.read_csv(path)
        assert len(table) == 2
        assert table["evidence"].str.contains("Step 1: We add").sum() == 1


def test_log_probabilities_give_entropy(outputs: Path, tmp_path: Path) -> None:
    def completion(text: str) -> dict:
        top = [{"token": t, "logprob": p} for t, p in (("x", -0.0001), ("y", -12.0))]
        tokens = [{"token": w, "logprob": -0.0001, "top_logprobs": top} for w in text.split(" ")]
        for token in tokens[1:]:
            token["token"] = f" {token['token']}"
        return {"choices": [{"logprobs": {"content": tokens}}]}

    path = tmp_path / "l.jsonl"
    path.write_text("\n".join(json.dumps(completion(RIGID.format(i))) for i in range(20)))
    out = run("diagnose", outputs, "-s", "entropy_collapse", "--logprobs", path)
    assert out.exit_code == 0, out.output
    assert "Log-probabilities: joined with traces: 20 by text" in out.stderr
    assert line(out, "zero_rl")[2] == "FLAGGED"
    assert line(out, "distilled")[2] == "?"


def test_hostile_text_reaches_the_terminal_as_text(tmp_path: Path) -> None:
    rows = [row(i, f"Step 1: \x1b[2J add {i}.\nStep 2: \u202e go on.", "\x1b[31mred") for i in range(20)]
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    out = run("diagnose", path)
    assert out.exit_code == 0, out.output
    assert "\x1b[2J" not in out.stdout
    assert "\x1b[31m" not in out.stdout
    assert "\u202e" not in out.stdout
    assert "\\x1b[2J" in out.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["diagnose", "absent.jsonl"], "absent.jsonl"),
        (["diagnose", "{out}", "-s", "loping"], "no signature is named 'loping'. Did you mean 'looping'?"),
        (["diagnose", "{out}", "--threshold", "looping"], "--threshold 'looping' is not NAME=NUMBER"),
        (
            ["diagnose", "{out}", "--threshold", "looping=much"],
            "--threshold 'looping=much' is not NAME=NUMBER",
        ),
        (["diagnose", "{out}", "--threshold", "loop=1"], "no measure is named 'loop'"),
        (["diagnose", "{out}", "--out", "x.doc"], "x.doc: unknown suffix '.doc'"),
        (["diagnose", "{out}", "--logprobs", "{out}"], "no log-probabilities for a trace of the study"),
        (["controls", "{dir}", "--make", "strip", "--out", "x.jsonl"], "is no study"),
    ],
)
def test_mistakes_get_one_clear_sentence(outputs: Path, words: list[str], message: str) -> None:
    given = [w.replace("{out}", str(outputs)).replace("{dir}", str(outputs.parent)) for w in words]
    out = run(*given)
    assert out.exit_code == 1, out.output
    assert message in out.stderr
    assert "Traceback" not in out.output


def test_controls_are_written_and_read_back(outputs: Path, tmp_path: Path) -> None:
    study, path = tmp_path / "s", tmp_path / "c.jsonl"
    assert run("ingest", outputs, "--study", study).exit_code == 0
    out = run(
        "controls", study, "--make", "inject", "--group", "zero_rl", "--like", "distilled", "--out", path
    )
    assert out.exit_code == 0, out.output
    assert "20 controls, 20 changed" in out.stdout
    # five markers (hmm, wait, perhaps, but, maybe) in 18 words of the free model
    assert "0 before" in out.stdout
    assert "(wanted 278)" in out.stdout
    assert "20 traces have too few sentences for the rate wanted" in out.stdout
    assert run("ingest", path, "--study", study).exit_code == 0
    conditions = read_study(study).traces(["condition"])["condition"].value_counts().to_dict()
    assert conditions == {"baseline": 40, "inject": 20}
    grid = run("diagnose", study, "-s", "rigid_steps")
    assert line(grid, "zero_rl")[2:4] == ["baseline", "FLAGGED"]
    assert [x.split()[2:4] for x in grid.stdout.splitlines() if x.startswith("zero_rl")][1] == [
        "inject",
        "no",
    ]
