"""``reasonlens compare`` as it is typed: what it prints, writes and refuses."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from reasonlens.cli import cli
from reasonlens.cli._comparisons import print_comparison
from reasonlens.core.study import read_study


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(w) for w in words])


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    texts = {"base": "So it is ten", "distilled": "Wait, perhaps it is nine, or alternatively ten"}
    rows = [
        {
            "model": f"lab/{kind}",
            "model_kind": kind,
            "benchmark": "toy",
            "problem": f"Box {p}?",
            "response": f"{text} {'indeed ' * s} \\boxed{{{p}}}",
            "sample": s,
            "correct": (p + s + (kind == "base")) % 3 > 0,
        }
        for p in range(6)
        for s in range(2)
        for kind, text in texts.items()
    ]
    path = tmp_path / "out.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_groups_are_printed_with_their_contrasts(outputs: Path) -> None:
    out = run("compare", outputs)
    assert out.exit_code == 0, out.output
    for text in (
        "Level by kind, toy",
        "Against base, shared problems, toy",
        "problems like these; problems like the shared ones",
        "p-values are corrected over: by data set: 7 tests (Holm).",
        "Nothing else was kept; add --study DIR to keep the tables.",
    ):
        assert text in out.stdout
    line = next(x for x in out.stdout.splitlines() if x.startswith("length/words") and "distilled" in x)
    assert line.split()[-2:] == ["12", "0"]  # responses, excluded


def test_groups_with_other_problems_and_corrected_tests_are_explained(capsys) -> None:
    row = {
        "by": "model_kind",
        "measure": "accuracy",
        "unit": "share of responses",
        "dataset": "toy",
        "quantity": "level",
        "without": "",
        "adjusted": "",
        "family": "",
        "method": "",
        "level": 0.95,
        "estimand": "problems like these",
        "n_traces": 60,
        "excluded": 0,
        "p_adjusted": np.nan,
    }
    levels = [
        {**row, "group": "base", "value": 0.5, "low": 0.4, "high": 0.6, "n_problems": 30},
        {**row, "group": "distilled", "value": 0.7, "low": 0.6, "high": 0.8, "n_problems": 20},
    ]
    gap = {**levels[1], "quantity": "difference", "value": 0.2, "low": 0.01, "high": 0.39}
    contrast = {**gap, "family": "toy: 7 tests (Holm)"}
    for p, said in ((0.21, True), (0.01, False)):
        rows = pd.DataFrame([*levels, {**contrast, "p_adjusted": p}])
        contrasts, level = rows[rows["quantity"] == "difference"], rows[rows["quantity"] == "level"]
        found = SimpleNamespace(rows=rows, levels=level, contrasts=contrasts, reference="base", notes=())
        print_comparison(found)
        out = capsys.readouterr().out
        assert "Each level is over the problems of its group, which differ" in out
        assert ("Intervals are not corrected" in out) is said


def test_a_study_keeps_the_rows_and_out_writes_them(outputs: Path, tmp_path: Path) -> None:
    first = run("compare", outputs, "--study", tmp_path / "s", "--measure", "length", "--adjust", "length")
    assert first.exit_code == 0, first.output
    assert f"Study: {tmp_path / 's'} (table comparisons)" in first.stdout
    table = tmp_path / "rows.csv"
    again = run("compare", tmp_path / "s", "--measure", "accuracy", "--by", "model", "--out", table)
    assert again.exit_code == 0, again.output
    assert f"Rows: {table}" in again.stdout
    rows = pd.read_csv(table, keep_default_na=False)
    assert set(rows["group"]) == {"lab/base", "lab/distilled"}
    assert read_study(tmp_path / "s").parts("comparisons") == ["compare-model", "compare-model_kind"]


def test_at_equal_length_the_overlap_is_shown(outputs: Path) -> None:
    out = run(
        "compare",
        outputs,
        "--measure",
        "accuracy",
        "--category",
        "so=so,it,is",
        "--measure",
        "custom",
        "--adjust",
        "length",
    )
    assert out.exit_code == 0, out.output
    assert "Against base at equal length, toy" in out.stdout
    line = next(x for x in out.stdout.splitlines() if x.startswith("so ") and "100%" in x)
    assert "ratio" in line
    assert "the value is an extrapolation" in out.stdout


def test_right_against_wrong_is_by_scope(outputs: Path, tmp_path: Path) -> None:
    out = run(
        "compare", outputs, "--outcome", "correct", "--measure", "length/words", "--study", tmp_path / "s"
    )
    assert out.exit_code == 0, out.output
    assert "Right against wrong: same problem, same model" in out.stdout
    assert "Right against wrong: same problem, different models" in out.stdout
    assert "None of these is an effect." in out.stdout
    assert "(table associations)" in out.stdout


def test_scores_are_printed(outputs: Path) -> None:
    out = run("compare", outputs, "--measure", "accuracy", "--k", "2,1", "--by", "model")
    assert out.exit_code == 0, out.output
    assert "avg@2" in out.stdout
    assert out.stdout.index("pass@1") < out.stdout.index("pass@2") < out.stdout.index("maj@2")
    assert "pass@2 difference" in out.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--measure", "lenght"], "no measure is named 'lenght'. Did you mean 'length'?"),
        (["--k", "0"], "--k '0' is no list of numbers from 1, for instance --k 1,2,4,8"),
        (["--k", "a,b"], "--k 'a,b' is no list of numbers"),
        (["--k", "9"], "no problem has 9 graded responses of one model (the most is 2); name smaller --k"),
        (["--k", "1", "--measure", "length"], "--k scores accuracy; name no other --measure with it"),
        (["--k", "1", "--outcome", "correct"], "ask one at a time"),
        (["--reference", "tutor"], "no group is named 'tutor'"),
        (["--out", "x.doc"], "x.doc: unknown suffix '.doc'"),
    ],
)
def test_mistakes_get_one_clear_sentence(outputs: Path, words: list[str], message: str) -> None:
    out = run("compare", outputs, *words)
    assert out.exit_code == 1, out.output
    assert message in out.stderr
    assert "Traceback" not in out.output


def test_dataset_is_a_filter_in_a_study_and_a_name_for_files_without_one(
    outputs: Path, tmp_path: Path
) -> None:
    out = run("compare", outputs, "--dataset", "chess", "--study", tmp_path / "s")
    assert out.exit_code == 1
    assert "no traces of 'chess'; it has toy" in out.stderr
    bare = tmp_path / "bare.jsonl"
    rows = [json.loads(line) for line in outputs.read_text().splitlines()]
    bare.write_text("\n".join(json.dumps({k: v for k, v in row.items() if k != "benchmark"}) for row in rows))
    named = run("compare", bare, "--dataset", "chess", "--measure", "accuracy")
    assert named.exit_code == 0, named.output
    assert "Level by kind, chess" in named.stdout
