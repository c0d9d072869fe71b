"""``reasonlens behaviors`` as it is typed: the offline path, and what is refused before any work."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from reasonlens.cli import cli
from reasonlens.core.study import read_study


def run(*words: object, **more: object) -> Result:
    return CliRunner().invoke(cli, [str(w) for w in words], **more)  # type: ignore[arg-type]


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    texts = {
        "base": "The sum is 12. So the answer is {p}.",
        "distilled": "The sum is 12. Wait, let me double-check: 3 + 9 = 12. Alternatively, let me try "
        "another approach. I made a mistake earlier. So the answer is {p}.",
    }
    rows = [
        {
            "model": f"lab/{kind}",
            "model_kind": kind,
            "benchmark": "toy",
            "problem": f"Box {p}?",
            "response": text.format(p=p),
        }
        for p in range(6)
        for kind, text in texts.items()
    ]
    path = tmp_path / "out.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_the_offline_judge_prints_rates_and_says_that_it_is_a_baseline(outputs: Path) -> None:
    out = run("behaviors", outputs, "-b", "verification")
    assert out.exit_code == 0, out.output
    for text in (
        "By kind, judged by rules@1, toy",
        "Against base, shared problems, toy",
        "Not validated: no labels of people",
        "'rules' is a baseline of word patterns; it understands nothing.",
        "Intervals: 95%, clustered by problem.",
        "Nothing else was kept; add --study DIR to keep the labels.",
    ):
        assert text in out.stdout
    lines = [x.split() for x in out.stdout.splitlines() if x.startswith("verification ")]
    shares = {words[1]: words[2] for words in lines if words[1].startswith("lab/")}
    assert shares == {"lab/base": "0.00", "lab/distilled": "1.00"}
    assert "12 responses, 12 to be judged; 12 verdicts are new, 0 were there" in out.stderr


def test_the_pair_of_the_paper_is_the_default_and_called_reconstructed(outputs: Path) -> None:
    out = run("behaviors", outputs)
    assert out.exit_code == 0, out.output
    note = (
        "and defined by reasonlens: multi_perspective, metacognitive_awareness (reasonlens show behavior mu"
    )
    assert out.stdout.count("Note: named by a source that gives no rules to judge by, ") == 1
    assert note in out.stdout


def test_a_study_keeps_labels_and_a_second_run_judges_nothing(outputs: Path, tmp_path: Path) -> None:
    study = tmp_path / "s"
    first = run("behaviors", outputs, "--study", study, "-b", "verification", "--out", tmp_path / "r.csv")
    assert first.exit_code == 0, first.output
    assert f"Study: {study} (tables labels, comparisons)" in first.stdout
    labels = read_study(study).read("labels").to_pandas()
    assert labels["verdict"].value_counts().to_dict() == {"present": 6, "absent": 6}
    text = read_study(study).traces(["trace_id", "response"]).set_index("trace_id")["response"]
    for _, row in labels[labels["verdict"] == "present"].iterrows():
        for quote in row["quotes"]:
            assert text[row["trace_id"]][quote["start"] : quote["end"]] == quote["surface"]
    assert "rules@1/verification/presence" in set(pd.read_csv(tmp_path / "r.csv")["measure"])
    second = run("behaviors", study, "-b", "verification")
    assert "0 verdicts are new, 12 were there" in second.stderr
    level = run("compare", study, "--measure", "verification")
    assert level.exit_code == 0, level.output
    assert "rules@1/verification/presence" in level.stdout or "verification" in level.stdout


def test_a_dry_run_judges_nothing(outputs: Path, tmp_path: Path) -> None:
    out = run("behaviors", outputs, "--study", tmp_path / "s", "-b", "verification", "--dry-run")
    assert out.exit_code == 0, out.output
    assert "rules@1 would judge 12 responses, at no cost" in out.stdout
    assert "labels" not in read_study(tmp_path / "s").tables()


def test_a_sample_is_said(outputs: Path) -> None:
    out = run("behaviors", outputs, "-b", "verification", "--sample", "2")
    assert "12 responses, 4 to be judged (left out: not in the sample: 8)" in out.stderr
    assert "not judged, or no answer: 4" in out.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--judge", "llm"), "must be kept somewhere; add --study DIR"),
        (("--judge", "oracle"), "no judge is named 'oracle'"),
        (("--judge", "rules:x"), "only local:NAME has a name; use --judge rules"),
        (("--judge", "local:x"), "no local judge is named 'x'"),
        (("-b", "verfication"), "Did you mean 'verification'"),
        (("--base-url", "http://127.0.0.1:1/v1"), "--base-url is not for --judge rules: it asks no server"),
        (("--retry", "absent"), "no verdict to retry is named 'absent'"),
    ],
)
def test_what_cannot_be_is_said(outputs: Path, words: tuple[str, ...], message: str) -> None:
    out = run("behaviors", outputs, *words)
    assert out.exit_code == 1
    assert message in out.stderr


def test_a_codebook_of_ones_own_needs_a_judge_that_can(outputs: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('version = "1"\ndefinition = "The writer sings."\n')
    out = run("behaviors", outputs, "-b", mine)
    assert out.exit_code == 1
    assert "the judge 'rules' has no cues for 'mine'" in out.stderr
    assert "rows ->" not in out.stderr  # before any work


def test_the_models_of_judge_and_responses_are_different_options(outputs: Path, tmp_path: Path) -> None:
    nameless = tmp_path / "nameless.jsonl"
    nameless.write_text(json.dumps({"problem": "Box?", "response": "So 4."}))
    out = run("behaviors", nameless, "-b", "verification", "--trace-model", "lab/mine", "--kind", "base")
    assert out.exit_code == 0, out.output
    assert "lab/mine" in out.stdout


def test_codebooks_are_listed_and_shown(tmp_path: Path) -> None:
    listed = run("list", "behaviors").stdout
    assert "multi_perspective        reconstructed" in listed
    heads = ("Whole responses:", "Whole responses, family strategies:", "Sentences, family schoenfeld:")
    assert sorted(heads, key=listed.index) == list(heads)
    shown = run("show", "behavior", "verification").stdout
    for text in (
        "(published, digest ",
        "Counts\n  - A value is put back",
        "Does not count\n",
        "(borderline)",
    ):
        assert text in shown
    mine = tmp_path / "mine.toml"
    mine.write_text('version = "1"\ndefinition = "Red\\u001b[31m text."\n')
    own = run("show", "behavior", mine)
    assert "\x1b" not in own.stdout
    assert "Red\\x1b[31m text." in own.stdout
