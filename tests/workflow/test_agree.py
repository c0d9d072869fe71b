"""Judge against people, against another judge and against itself; training; keywords; planning."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.core.study import Study
from reasonlens.judges import Settings, load_codebooks, local
from reasonlens.lexicon import definition
from reasonlens.stats.agreement import cohen_kappa, gwet_ac1
from reasonlens.workflow.agree_compare import Asked, compare_labels
from reasonlens.workflow.agree_import import import_labels, rows_of_labels
from reasonlens.workflow.agree_keywords import cross_tab
from reasonlens.workflow.agree_known import Known, known_of
from reasonlens.workflow.agree_labels import PEOPLE, labels_of, majority, plain
from reasonlens.workflow.agree_sample import sample_sheet
from reasonlens.workflow.agree_train import train
from reasonlens.workflow.behaviors_rates import Asked as AskedRates
from reasonlens.workflow.behaviors_rates import rates
from tests.workflow.agreeing import make_study, sheet

USUAL = Known(0.3, 0.85, 0.9, 1000, 1.0, "guesses")


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return make_study(tmp_path)[0]


def person(study: Study, name: str = "ann", wrong: int = 0) -> None:
    path = study.path.parent / f"{name}.csv"
    sheet(study, path, wrong=wrong)
    import_labels(study, path, name)


def row(frame: pd.DataFrame, **wanted: str) -> pd.Series:
    use = np.ones(len(frame), dtype=bool)
    for name, value in wanted.items():
        use &= (frame[name] == value).to_numpy()
    (found,) = [r for _, r in frame[use].iterrows()]
    return found


def test_numbers_are_those_of_the_table_of_verdicts(study: Study) -> None:
    person(study, wrong=6)
    found = compare_labels(study, Asked())
    assert (found.judge, found.against, found.gold) == ("rules@1", "human:ann", True)
    whole = found.rows[(found.rows["by"] == "") & (found.rows["behavior"] == "verification")]
    cells = row(whole, quantity="cohen")
    assert cells["both"] + cells["neither"] == 42
    assert cells["only_judge"] + cells["only_against"] == 6
    pairs = [(1, 1)] * cells["both"] + [(1, 0)] * cells["only_judge"]
    pairs += [(0, 1)] * cells["only_against"] + [(0, 0)] * cells["neither"]
    assert cells["value"] == pytest.approx(cohen_kappa(pairs))
    assert row(whole, quantity="ac1")["value"] == pytest.approx(gwet_ac1(pairs))
    assert row(whole, quantity="sensitivity")["value"] == pytest.approx(
        cells["both"] / (cells["both"] + cells["only_against"])
    )
    assert row(whole, quantity="specificity")["value"] == pytest.approx(
        cells["neither"] / (cells["neither"] + cells["only_judge"])
    )
    assert cells["n_problems"] == 24
    assert len(found.disagreements) == 6
    assert list(study.read("agreement").to_pandas()["judge"].unique()) == ["rules@1"]


def test_errors_are_shown_by_kind_in_the_order_of_kinds(study: Study) -> None:
    person(study)
    found = compare_labels(study, Asked(behaviors=("verification",)))
    each = found.rows[found.rows["by"] == "model_kind"]
    assert list(each["group"].unique()) == ["base", "distilled"]
    assert row(each, group="base", reference="", quantity="sensitivity")["value"] == 1.0
    assert not each["quantity"].isin(["alpha of counts"]).any()  # the person gave no counts


def test_a_judge_that_errs_on_one_kind_only_is_found_out(study: Study) -> None:
    # the person finds checks in half of the base responses that the judge calls absent
    traces = study.traces(["trace_id", "model_kind", "response"])
    path = study.path.parent / "ann.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["trace_id", "behavior", "verdict"])
        for i, one in enumerate(traces.itertuples()):
            shown = "Let me" in one.response or (one.model_kind == "base" and i % 4 == 0)
            writer.writerow([one.trace_id, "verification", "present" if shown else "absent"])
    import_labels(study, path, "ann")
    found = compare_labels(study, Asked(behaviors=("verification",)))
    different = row(found.rows, reference="base", quantity="sensitivity")
    base = row(found.rows, group="base", reference="", quantity="sensitivity")["value"]
    assert different["value"] == pytest.approx(1.0 - base)
    assert 0 < different["low"] < different["high"] <= 1
    assert different["p_value"] < 0.05


def test_a_difference_that_rests_on_few_problems_is_not_shown(tmp_path: Path) -> None:
    study = make_study(tmp_path, 6)[0]
    person(study)
    found = compare_labels(study, Asked(behaviors=("verification",)))
    different = row(found.rows, reference="base", quantity="sensitivity")
    assert np.isnan(different["value"])
    assert different["method"] == "only 2 problems on a side: no difference is shown"


def test_several_people_are_taken_by_majority(study: Study) -> None:
    for name, wrong in (("ann", 0), ("bob", 6), ("cy", 3)):
        person(study, name, wrong)
    found = compare_labels(study, Asked(judge="rules@1", behaviors=("verification",)))
    assert (found.against, found.gold) == (PEOPLE, True)
    cells = row(found.rows, by="", quantity="cohen")
    assert cells["only_judge"] + cells["only_against"] == 3  # two of three were wrong on the first 3
    tie = majority(labels_of(study, "response")[lambda f: f["judge"] != "human:cy"])
    assert len(tie) == 42  # ann and bob differ on 6


def test_two_people_are_compared_without_a_right_one_unless_named(study: Study) -> None:
    person(study, "ann")
    person(study, "bob", 6)
    found = compare_labels(study, Asked(judge="human:bob", against="human:ann"))
    assert row(found.rows, by="", quantity="percent")["value"] == pytest.approx(42 / 48)


def test_labels_of_a_file_are_used_and_not_kept(study: Study, tmp_path: Path) -> None:
    sheet(study, tmp_path / "ann.csv", wrong=6)
    rows, _ = rows_of_labels(study, tmp_path / "ann.csv", "ann")
    found = compare_labels(study, Asked(judge="rules@1", against="human:ann"), plain(rows))
    assert len(found.disagreements) == 6
    assert set(labels_of(study, "response")["judge"]) == {"rules@1"}


def _relabel(study: Study, judge: str, repeat: int, flip: int, verdict: str = "absent") -> None:
    """Copy the labels of the rules under another name or repeat, some of them changed."""
    for part in study.parts("labels", "response", "rules@1", "verification"):
        where = ("labels", part, "response", "rules@1", "verification")
        rows = pa.parquet.read_table(study.part_path(*where)).to_pylist()
        rows = [r for r in rows if r["repeat"] == 0]
        new = [
            {**r, "judge": judge, "repeat": repeat, **({"verdict": verdict} if i < flip else {})}
            for i, r in enumerate(rows)
        ]
        kept = rows if judge == "rules@1" else []
        folder = "rules@1" if judge == "rules@1" else "other"
        table = pa.Table.from_pylist([*kept, *new], schema=study.read("labels").schema)
        study.write("labels", part, table, "response", folder, "verification", details={"unit": "trace"})


def test_a_judge_is_compared_with_its_repeats(study: Study) -> None:
    with pytest.raises(InputError, match="was asked once; ask again with `reasonlens behaviors --repeats 3`"):
        compare_labels(study, Asked(against="rules@1"))
    _relabel(study, "rules@1", 1, 5)
    found = compare_labels(study, Asked(behaviors=("verification",)))
    assert (found.against, found.gold) == ("rules@1", False)
    assert "sensitivity" not in set(found.rows["quantity"])
    assert row(found.rows, by="", quantity="percent")["n_units"] == 48


def test_what_has_no_answer_is_counted_and_left_out(study: Study) -> None:
    _relabel(study, "gpt", 0, 5, "refused")
    found = compare_labels(study, Asked("rules@1", "gpt", behaviors=("verification",)))
    cells = row(found.rows, by="", quantity="percent")
    assert (cells["unanswered"], cells["n_units"], cells["value"]) == (5, 43, 1.0)
    assert found.disagreements.empty


def test_who_is_meant_must_be_clear(study: Study, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"only rules@1 has labels, so there is nobody to compare it with"):
        compare_labels(study, Asked())
    _relabel(study, "gpt", 0, 5)
    with pytest.raises(
        InputError, match=r"which judge\? Name one with --judge; labels are there of gpt, rules@1"
    ):
        compare_labels(study, Asked())
    with pytest.raises(
        UnknownNameError, match=r"no judge with labels of .* is named 'gbt'. Did you mean 'gpt'"
    ):
        compare_labels(study, Asked("gbt"))
    with pytest.raises(UnknownNameError, match="no behavior with labels is named 'x'"):
        compare_labels(study, Asked("gpt", behaviors=("x",)))
    with pytest.raises(UnknownNameError, match=r"no judge with labels of multi_perspective is named 'gpt'"):
        compare_labels(study, Asked("rules@1", "gpt", behaviors=("multi_perspective",)))
    (tmp_path / "other").mkdir()
    empty = make_study(tmp_path / "other", 2, judge=False)[0]
    with pytest.raises(InputError, match="has no labels of the response yet; make some with"):
        compare_labels(empty, Asked())


def test_judges_of_different_responses_cannot_be_compared(study: Study, tmp_path: Path) -> None:
    for who, i in (("ann", 0), ("bob", 1)):
        trace_id = sorted(study.traces(["trace_id"])["trace_id"])[i]
        path = tmp_path / f"{who}.csv"
        path.write_text(f"trace_id,behavior,verdict\n{trace_id},verification,yes\n")
        import_labels(study, path, who)
    with pytest.raises(
        InputError, match=r"human:ann and human:bob labelled no unit in common .units: trace."
    ):
        compare_labels(study, Asked("human:ann", "human:bob"))


def test_people_make_the_rates_of_behaviors_corrected(study: Study) -> None:
    person(study, wrong=6)
    plan = replace(make_plan(study), text="response")
    found = rates(study, plan, AskedRates("rules@1", ("verification",)))
    corrected = found.rows[found.rows["quantity"] == "share, corrected"]
    assert {"base", "distilled"} <= set(corrected["group"])
    assert corrected["method"].str.contains("post-stratified by verdict").all()


def make_plan(study: Study):  # type: ignore[no-untyped-def]
    from reasonlens.workflow.run import Plan

    return Plan(study.path, lexicons=(definition.load("flexible_reasoning"),))


def test_a_trained_judge_says_what_its_teacher_says_and_keeps_its_error(study: Study) -> None:
    found = train(study, "rules@1", "small", behaviors=["verification"])
    assert found.path == study.path / "judges" / "small.npz"
    error = found.error.set_index("unit")
    assert error.loc["trace", "sensitivity"][0] == 1.0
    assert error.loc["sentence", "kappa"][0] > 0.95
    assert (error.loc["trace", "n"], error.loc["trace", "problems"]) == (48, 24)
    judge = local.make(Settings(str(found.path)))
    assert judge.model.about["labels"] == "rules@1"
    assert judge.model.behaviors[0]["error"][0]["problems"] == 24
    (label,) = next(
        iter(judge.judge(["So the sum is 12. Let me check that again."], load_codebooks(["verification"])))
    )
    assert [q.surface for q in label.quotes] == ["Let me check that again."]


def test_training_needs_quotes_and_enough_of_them(study: Study, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'multi_perspective'; at least 20 of 10 problems"):
        train(study, "rules@1", "small", behaviors=["multi_perspective"])
    person(study)  # verdicts without quotes
    with pytest.raises(InputError, match="human:ann marks 0 sentences of 0 problems"):
        train(study, "human:ann", "small")
    with pytest.raises(InputError, match="nobody has no labels; there are labels of human:ann, rules@1"):
        train(study, "nobody", "small")


def test_keywords_and_quotes_are_crossed_by_place(study: Study) -> None:
    lexicon = definition.from_options(["marks=check,alternatively,sum"])
    found = cross_tab(study, [lexicon], judge="rules@1")
    marks = found.behaviors[found.behaviors["category"] == f"{lexicon.name}/marks"].set_index("behavior")
    # 32 responses check twice: "check that again" and "verify the sum"; both have a keyword in them
    assert (marks.loc["verification", "quotes"], marks.loc["verification", "value"]) == (64, 1.0)
    assert (marks.loc["multi_perspective", "quotes"], marks.loc["multi_perspective", "value"]) == (12, 1.0)
    assert marks.loc["verification", ["both", "only_behavior"]].tolist() == [32, 0]
    entries = found.entries.set_index("entry")
    text = study.traces(["response"])["response"]
    assert entries.loc["sum", "hits"] == text.str.count(r"\bsum\b").sum()
    assert entries.loc["check", ["hits", "inside"]].tolist() == [32, 32]
    inside = int(text.str.count("verify the sum").sum())
    assert entries.loc["sum", "inside"] == inside
    keywords = found.keywords.set_index(["category", "behavior"])
    everything = keywords.loc[("(any)", "(any)")]
    assert everything["hits"] == entries["hits"].sum()
    assert everything["value"] == pytest.approx(entries["inside"].sum() / entries["hits"].sum())
    assert 0 < everything["expected"] < 1 < everything["lift"]


def test_without_labels_or_with_several_judges_keywords_say_so(study: Study) -> None:
    person(study)
    lexicon = definition.load("flexible_reasoning")
    with pytest.raises(InputError, match=r"which judge\? Name one with --judge: rules@1, human:ann"):
        cross_tab(study, [lexicon])
    with pytest.raises(InputError, match="gpt has no labels"):
        cross_tab(study, [lexicon], judge="gpt")


def test_a_plan_takes_what_the_labels_say(study: Study) -> None:
    alone = known_of(study, None, "verification", "response", USUAL)
    assert (alone.sensitivity, alone.specificity, alone.judged, alone.per_problem) == (0.85, 0.9, 48, 2.0)
    assert alone.prevalence == pytest.approx((32 / 48 + 0.9 - 1) / 0.75)
    assert "its errors are guesses" in alone.source
    person(study, wrong=6)
    known = known_of(study, "rules@1", "verification", "response", USUAL)
    found = compare_labels(study, Asked(behaviors=("verification",)))
    assert known.sensitivity == pytest.approx(row(found.rows, by="", quantity="sensitivity")["value"])
    assert known.source == "rules@1: 48 verdicts, 48 of them labelled by people"


def test_a_sheet_has_as_many_of_each_kind_and_no_verdict(study: Study) -> None:
    found = sample_sheet(study, ["verification", "backtracking"], 10, seed=3)
    kinds = study.traces(["trace_id", "model_kind"]).set_index("trace_id")["model_kind"]
    drawn = kinds[found.rows["trace_id"].unique()]
    assert drawn.value_counts().to_dict() == {"base": 5, "distilled": 5}
    assert (found.drawn, found.total, len(found.rows)) == (10, 48, 20)
    assert set(found.rows["verdict"]) == {""}
    assert sample_sheet(study, ["verification"], 10, seed=3).rows["trace_id"].tolist() == sorted(drawn.index)
    assert sample_sheet(study, ["verification"], 10, seed=4).rows["trace_id"].tolist() != sorted(drawn.index)
