from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reasonlens.cli import cli
from reasonlens.core.study import Study
from tests.judges.tiny_encoder import save_encoder
from tests.workflow.agreeing import make_study, sheet


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.chdir(tmp_path)
    return make_study(tmp_path)[0]


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["agree", *words], catch_exceptions=False)


def said(*words: str) -> str:
    out = run(*words)
    assert out.exit_code == 0, out.output
    return out.output


def refused(*words: str) -> str:
    out = run(*words)
    assert out.exit_code == 1, out.output
    return out.output


def test_from_a_sheet_to_disagreements(study: Study) -> None:
    out = said("sample", "study", "-b", "verification", "--n", "12", "--out", "sheet.csv")
    assert "12 of 48 responses, 12 rows to fill in: sheet.csv" in out
    assert "Then: reasonlens agree import study sheet.csv --who NAME" in out
    with Path("sheet.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"trace_id", "behavior", "verdict", "quotes", "problem", "response"} <= set(rows[0])
    for i, row in enumerate(rows):
        right = "Let me" in row["response"]
        row["verdict"] = "" if i == 0 else "yes" if right != (i == 1) else "no"
    with Path("sheet.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    out = said("import", "study", "sheet.csv", "--who", "ann")
    assert "human:ann: 11 labels of verification" in out
    assert "1 row without a verdict, not taken" in out
    out = said("compare", "study", "--disagreements", "differ.csv", "--out", "rows.json")
    assert "rules@1 against human:ann: verdicts" in out
    assert "Errors of rules@1, where human:ann is right" in out
    assert "Disagreements (1): differ.csv" in out
    assert "Measured before, on published labels of sentences" in out
    with Path("differ.csv").open(newline="") as file:
        (differ,) = csv.DictReader(file)
    assert differ["trace_id"] == rows[1]["trace_id"]
    assert differ["verdict of rules@1"] != differ["verdict of human:ann"]
    assert {r["quantity"] for r in json.loads(Path("rows.json").read_text())} >= {
        "cohen",
        "ac1",
        "sensitivity",
    }


def test_labels_of_a_file_are_named_after_it(study: Study) -> None:
    sheet(study, Path("dr. bob.csv"), wrong=4)
    out = said("compare", "study", "--labels", "dr. bob.csv", "--by", "model")
    assert "rules@1 against human:dr--bob" in out
    assert "By model" in out
    assert "4 disagreements" in out


def test_by_kind_and_where_errors_differ(study: Study) -> None:
    sheet(study, Path("ann.csv"), wrong=12)
    out = said("compare", "study", "--labels", "ann.csv")
    assert "Does the judge err differently? (0: no)" in out
    assert "distilled - base" in out


def test_plan_without_and_with_a_study(study: Study) -> None:
    out = said("plan", "--width", "0.12", "--judged", "5000")
    assert "Rests on: prevalence 0.30, sensitivity 0.85, specificity 0.90, 5,000 judged" in out
    assert "Without the judge" in out
    n = int(out.split(" labels, drawn at random")[0].rsplit("\n", 1)[1].replace(",", ""))
    assert 90 <= n <= 120
    out = said("plan", "--width", "0.1", "--study", "study", "-b", "verification")
    assert "No number of labels gives an interval of width 0.1: with 48 judged" in out
    assert "design effect 1.20 (rules@1: 48 verdicts; its errors are guesses" in out
    assert "name the study with --study" in refused("plan", "-b", "verification")
    assert "name the one behavior" in refused("plan", "--study", "study")
    assert "Draw them" not in out  # there is no number to draw
    out = said("plan", "--width", "0.15", "--judged", "5000")
    assert "Then" not in out
    n = out.split(" labels, drawn at random")[0].rsplit("\n", 1)[1]
    assert f"reasonlens agree sample STUDY -b BEHAVIOR --n {n} --out sheet.csv" in out
    assert "no help" not in out
    assert "at these numbers the judge is no help" in said("plan", "--width", "0.05", "--prevalence", "0")


def test_train_and_use(study: Study) -> None:
    out = said("train", "study", "--name", "tiny", "-b", "verification")
    assert "local:tiny learned from" in out
    assert "Against rules@1, on problems that it did not see" in out
    assert "with the errors of that judge" in out
    used = CliRunner().invoke(
        cli, ["behaviors", "study", "--judge", "local:tiny", "-b", "verification"], catch_exceptions=False
    )
    assert used.exit_code == 0, used.output
    assert "judged by local:tiny" in used.output
    out = said("compare", "study", "--judge", "local:tiny", "--against", "rules@1")
    assert "Neither counts as right" in out


def test_train_with_embeddings_and_use(study: Study, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    model = save_encoder(tmp_path / "encoder")
    out = said("train", "study", "--name", "near", "-b", "verification", "--embeddings", str(model))
    assert f"with embeddings of {model}, which it needs wherever it judges" in out
    assert "Against rules@1, on problems that it did not see" in out
    use = ["behaviors", "study", "--judge", "local:near", "-b", "verification"]
    used = CliRunner().invoke(cli, use, catch_exceptions=False)
    assert used.exit_code == 0, used.output
    assert "judged by local:near" in used.output
    model.rename(tmp_path / "moved")
    lost = CliRunner().invoke(cli, use, catch_exceptions=False)
    assert lost.exit_code == 1
    assert f"needs the embeddings of {model}" in lost.output
    found = CliRunner().invoke(cli, [*use, "--embeddings", "moved"], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    assert "0 verdicts are new" in found.output
    rules = CliRunner().invoke(cli, ["behaviors", "study", "--embeddings", "moved"])
    assert "--embeddings is not for --judge rules" in rules.output


def test_keywords(study: Study) -> None:
    out = said("keywords", "study", "--out", "cross.csv")
    assert "Quotes of rules@1 with a keyword in them" in out
    assert "The commonest keywords" in out
    assert "48 judged responses" in out
    with Path("cross.csv").open(newline="") as file:
        assert {row["behavior"] for row in csv.DictReader(file)} == {"verification", "multi_perspective"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("compare", "study"), "only rules@1 has labels, so there is nobody to compare it with"),
        (("compare", "study", "--judge", "x"), "no judge with labels of .* is named 'x'"),
        (("sample", "study", "-b", "verification", "--out", "s.json"), "a sheet to fill in is a .csv file"),
        (("sample", "study", "-b", "verifcation", "--out", "s.csv"), "Did you mean 'verification'"),
        (("train", "study", "-b", "multi_perspective"), "at least 20 of 10 problems are needed"),
        (("keywords", "study", "--judge", "x"), "x has no labels; there are labels of rules@1"),
        (("compare", "study", "--out", "x.xls"), "x.xls"),
    ],
)
def test_what_cannot_be_done_is_said(words: tuple[str, ...], message: str, study: Study) -> None:
    import re

    assert re.search(message, refused(*words))


def test_a_study_of_empty_responses_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("blank.jsonl").write_text('{"model": "m", "problem": "p", "response": ""}')
    words = ["behaviors", "blank.jsonl", "--study", "s", "-b", "verification"]
    none = CliRunner().invoke(cli, words)
    assert none.exit_code == 1
    assert "1 response, 0 to be judged (left out: empty: 1)" in none.output
    assert "no response is left to be judged; see --exclude" in none.output
    unclear = CliRunner().invoke(cli, [*words, "--exclude", "none"])
    assert "rules@1 has no answer for verification" in unclear.output
    assert "every response in the study s is empty" in refused(
        "sample", "s", "-b", "verification", "--out", "sheet.csv"
    )
    assert "every labelled response of the study s is empty" in refused("train", "s")
    assert "rules@1 gave no answer on any response" in refused("keywords", "s")
    assert "rules@1 gave no answer for verification" in refused("plan", "--study", "s", "-b", "verification")


def test_people_are_not_asked_to_repeat_themselves(study: Study, tmp_path: Path) -> None:
    sheet(study, tmp_path / "ann.csv")
    said("import", "study", "ann.csv", "--who", "ann")
    same = refused("compare", "study", "--judge", "human:ann", "--against", "human:ann")
    assert "human:ann labelled everything once; compare with another person or a judge" in same


def test_the_next_step_after_an_import_can_be_pasted(study: Study, tmp_path: Path) -> None:
    sheet(study, tmp_path / "ann.csv")
    out = said("import", "study", "ann.csv", "--who", "ann")
    assert "Then: reasonlens agree compare study --against human:ann\n" in out
    said(*out.split("Then: reasonlens agree ")[1].split())
    said("train", "study", "--name", "tiny", "-b", "verification", "--from", "rules@1")
    CliRunner().invoke(cli, ["behaviors", "study", "--judge", "local:tiny", "-b", "verification"])
    out = said("import", "study", "ann.csv", "--who", "ann")  # now there are two judges
    assert "compare study --judge local:tiny --against human:ann\n" in out
    said(*out.split("Then: reasonlens agree ")[1].split())


def test_a_folder_that_is_no_study_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert "empty is no study" in refused("compare", "empty")
