"""Comparisons, associations and scores of a study, by hand and on the real traces."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reasonlens.core.errors import InputError, StatisticsError, UnknownNameError
from reasonlens.core.study import Study
from reasonlens.lexicon import definition
from reasonlens.stats.measured import Measure
from reasonlens.workflow import measures
from reasonlens.workflow.associate import associate
from reasonlens.workflow.compare import Question, compare
from reasonlens.workflow.ingest import Settings, ingest
from reasonlens.workflow.run import Plan
from reasonlens.workflow.scores import score

Make = Callable[[list[dict[str, object]]], tuple[Study, Plan]]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(rows: list[dict[str, object]]) -> tuple[Study, Plan]:
        path = tmp_path / "rows.jsonl"
        path.write_text("\n".join(map(json.dumps, rows)))
        lexicon = definition.from_options(["doubt=wait,perhaps"])
        plan = Plan(tmp_path / "study", lexicons=(lexicon,))
        ingest([path], plan, Settings(), jobs=1)
        return Study(plan.study), plan

    return made


def rows(
    samples: int = 1, problems: int = 4, datasets: tuple[str, ...] = ("toy",)
) -> list[dict[str, object]]:
    """Base hedges once in 4 words, distilled twice in 8, and is right where base is wrong."""
    texts = {"base": "wait now it is", "distilled": "wait perhaps it is now ten or so"}
    return [
        {
            "model": f"lab/{kind}",
            "model_kind": kind,
            "benchmark": dataset,
            "problem": f"{dataset} box {p}?",
            "response": f"{text} {'x' * (s + 1)} \\boxed{{{p if right else s}}}",
            "sample": s,
            "correct": right,
        }
        for dataset in datasets
        for p in range(problems)
        for s in range(samples)
        for kind, text in texts.items()
        for right in [(kind == "distilled") == bool((p + s) % 3)]
    ]


def one(frame: pd.DataFrame, **wanted: object) -> pd.Series:
    use = np.ones(len(frame), dtype=bool)
    for name, value in wanted.items():
        use &= (frame[name] == value).to_numpy()
    (row,) = [row for _, row in frame[use].iterrows()]
    return row


def test_levels_and_contrasts_are_those_counted_by_hand(make: Make) -> None:
    study, plan = make(rows())
    found = compare(study, plan, Question())
    assert found.reference == "base"
    rate = "custom/doubt/words"
    # 1 hit in 5 words and 2 in 9 (the filler word counts, the command and the digits do not)
    assert one(found.levels, measure=rate, group="base")["value"] == pytest.approx(200)
    ratio = one(found.contrasts, measure=rate, quantity="ratio")
    assert ratio["value"] == pytest.approx((2 / 9) / (1 / 5))
    assert (ratio["group"], ratio["reference"], ratio["n_problems"], ratio["n_traces"]) == (
        "distilled",
        "base",
        4,
        8,
    )
    length = one(found.contrasts, measure="length/words", quantity="difference")
    assert length["value"] == pytest.approx(4)
    accuracy = one(found.contrasts, measure="accuracy", quantity="difference")
    assert accuracy["value"] == pytest.approx(0.5 - 0.5)
    pd.testing.assert_frame_equal(
        study.read("comparisons").to_pandas()[["measure", "value"]],
        found.rows[["measure", "value"]],
        check_dtype=False,
    )
    about = study.manifest_of("comparisons", "compare-model_kind")
    assert about["question"]["by"] == "model_kind"
    assert about["lexicons"]["custom"]["digest"]


def test_one_data_set_or_all_of_them(make: Make) -> None:
    study, plan = make(rows(datasets=("toy", "game")))
    everything = compare(study, plan, Question(measures=("accuracy",)))
    assert list(dict.fromkeys(everything.rows["dataset"])) == ["game", "toy", "(all)"]
    only = compare(study, plan, Question(measures=("accuracy",), dataset="toy"))
    assert set(only.rows["dataset"]) == {"toy"}
    with pytest.raises(InputError, match="no traces of 'chess'; it has game, toy"):
        compare(study, plan, Question(dataset="chess"))


def test_families_hold_every_test_of_a_run(make: Make) -> None:
    study, plan = make(rows(datasets=("toy", "game")))
    found = compare(study, plan, Question(measures=("length/words", "accuracy"), correction="bh"))
    assert set(found.contrasts["family"]) - {""} == {
        "by data set: 4 tests (BH)",
        "all data sets together: 2 tests (BH)",
        "ratios, by data set: 4 tests (BH)",
        "ratios, all data sets together: 2 tests (BH)",
    }


def test_what_is_unknown_is_left_out_and_said(make: Make) -> None:
    bare = [{k: v for k, v in row.items() if k != "correct"} for row in rows()]
    study, plan = make(bare)
    found = compare(study, plan, Question())
    assert found.notes == ("accuracy: left out, correctness unknown for every trace",)
    with pytest.raises(InputError, match="nothing to compare: length/model_tokens: left out, number of"):
        compare(study, plan, Question(measures=("length/model_tokens",)))
    with pytest.raises(InputError, match="does not say of any trace whether it is right"):
        associate(study, plan, Question(measures=("length",)))
    with pytest.raises(InputError, match="does not say of any trace whether it is right"):
        score(study, plan, Question(), [1])


def test_mistakes_are_said(make: Make) -> None:
    study, plan = make(rows())
    with pytest.raises(UnknownNameError, match=r"no measure is named 'lenght'. Did you mean 'length'\?"):
        compare(study, plan, Question(measures=("lenght",)))
    with pytest.raises(UnknownNameError, match="no group is named 'tutor'"):
        compare(study, plan, Question(reference="tutor"))
    with pytest.raises(StatisticsError, match="estimand is 'all problems'"):
        Question(estimand="all problems")
    with pytest.raises(StatisticsError, match="correction is 'none'"):
        Question(correction="none")
    with pytest.raises(StatisticsError, match="adjust is 'difficulty'"):
        Question(adjust="difficulty")


def test_names_ask_for_what_they_say(make: Make) -> None:
    _, plan = make(rows())
    assert [m.name for m in measures.named(["custom"], plan)] == ["custom/doubt/words"]
    assert [m.name for m in measures.named(["custom/doubt", "length", "custom/doubt/presence"], plan)] == [
        "custom/doubt/words",
        "length/words",
        "length/chars",
        "length/model_tokens",
        "custom/doubt/presence",
    ]
    assert [m.name for m in measures.lexicons_of(["simplerl", "length"], plan.lexicons)] == [
        "custom",
        "simplerl",
    ]


def test_a_source_is_all_that_a_new_measure_needs(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    study, plan = make(rows())
    steps = Measure("steps", "mean", "steps", "traces", "steps per response")

    def columns(study: Study, plan: Plan, part: str, traces: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"steps": 1.0 + (traces["model_kind"] == "distilled")}, index=traces.index)

    added = (*measures.SOURCES, measures.Source("structure", lambda plan: [steps], columns))
    monkeypatch.setattr(measures, "SOURCES", added)
    found = compare(study, plan, Question(measures=("structure",)))
    assert one(found.contrasts, quantity="difference")["value"] == 1.0


def test_conditions_are_not_mixed_unless_they_are_compared(make: Make) -> None:
    made = rows()
    ban = [row | {"condition": "ban", "response": "it is so"} for row in made]
    study, plan = make(made + ban)
    assert set(study.traces(["condition"])["condition"]) == {"ban", "baseline"}
    found = compare(study, plan, Question(measures=("custom",)))
    assert one(found.levels, group="base")["excluded_why"] == "condition is not baseline: 4"
    by = compare(study, plan, Question(measures=("length/words",), by="condition", reference="baseline"))
    assert one(by.contrasts, quantity="ratio")["group"] == "ban"
    assert one(by.contrasts, quantity="ratio")["n_traces"] == 16


def test_right_against_wrong_within_problems(make: Make) -> None:
    study, plan = make(rows(samples=3))
    found = associate(study, plan, Question(measures=("length/chars", "accuracy")))
    assert "accuracy: left out, it is the outcome itself" in found.notes
    same = found.rows[found.rows["scope"] == "same problem, same model"]
    assert set(same["group"]) == {"base", "distilled"}
    assert (same["n_problems"] == 4).all()
    assert set(study.read("associations").to_pandas()["measure"]) == {"length/chars"}


def test_single_samples_offer_other_scopes_and_say_so(make: Make) -> None:
    study, plan = make(rows())
    found = associate(study, plan, Question(measures=("length/words",)))
    (note,) = found.notes
    assert note == (
        "No problem has both right and wrong responses of one model (as with one sample per problem), so "
        "nothing can be said within a model. Offered instead: 'same problem, different models', which also "
        "tells models apart."
    )
    auc = one(found.rows, scope="same problem, different models", quantity="AUC")
    assert auc["value"] == 0.5  # distilled is longer: right in two problems, wrong in two


def test_scores_with_several_samples(make: Make) -> None:
    study, plan = make(rows(samples=3))
    found = score(study, plan, Question(by="model"), [1, 3])
    level = found.levels.set_index(["group", "quantity"])["value"]
    # distilled is right in 2 of 3 samples of every problem, base in 1
    assert level["lab/distilled", "pass@1"] == pytest.approx(2 / 3)
    assert level["lab/distilled", "pass@3"] == 1.0
    assert level["lab/base", "pass@3"] == 1.0
    assert {"maj@1", "maj@3", "avg@3"} <= set(found.levels["quantity"])
    with pytest.raises(InputError, match=r"no problem has 4 graded responses of one model \(the most is 3\)"):
        score(study, plan, Question(by="model"), [4])


@pytest.fixture(scope="module")
def real(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Plan]:
    names = ("skythought_base_*", "rho_base_*", "skythought_distilled_*", "mip_math_6models*")
    plan = Plan(
        tmp_path_factory.mktemp("real") / "s",
        lexicons=(definition.load("flexible_reasoning"),),
        keep_text=False,
    )
    ingest([str(shared_data / "traces" / f"{name}.jsonl.gz") for name in names], plan, Settings(), jobs=1)
    return Study(plan.study), plan


def test_distilled_against_base_on_math500(real: tuple[Study, Plan]) -> None:
    study, plan = real
    found = compare(
        study, plan, Question(("categories", "length/words", "accuracy"), dataset="math500", adjust="length")
    )
    distilled = found.contrasts[found.contrasts["group"] == "distilled"]
    wanted = {
        # category: all traces, without loops and cut-off ones, at equal length
        "anthropomorphic": ((33.9, 10.6, 115), (52.7, 28.9, 96.0), (26.7, 3.4, 208)),
        "logical_connectors": ((2.61, 2.29, 2.97), (2.46, 2.19, 2.76), (2.79, 2.37, 3.27)),
        "mathematical_reasoning": ((0.459, 0.378, 0.556), (0.437, 0.361, 0.528), (0.498, 0.360, 0.689)),
    }
    for category, (plain, clean, adjusted) in wanted.items():
        mine = distilled[distilled["measure"] == f"flexible_reasoning/{category}/words"]
        for numbers, more in (
            (plain, {"without": "", "adjusted": ""}),
            (clean, {"without": "looping+truncated", "adjusted": ""}),
            (adjusted, {"without": "", "adjusted": "length"}),
        ):
            row = one(mine, quantity="ratio", **more)
            assert [row["value"], row["low"], row["high"]] == pytest.approx(numbers, rel=0.05), (
                category,
                more,
            )
            assert row["estimand"] == "problems like the shared ones"
    row = one(distilled, measure="accuracy", quantity="difference", without="")
    assert (row["value"], row["n_problems"], row["n_traces"]) == (pytest.approx(0.246, abs=0.005), 500, 1604)
    assert row["excluded_why"] == "correctness unknown: 52"


def test_one_sample_a_problem_says_nothing_within_a_model(real: tuple[Study, Plan]) -> None:
    study, plan = real
    found = associate(study, plan, Question(("length/words",), dataset="math500", by="model"))
    same = found.rows[found.rows["scope"] == "same problem, same model"]
    assert same["value"].isna().all()
    assert any("No problem has both right and wrong responses of one model" in note for note in found.notes)
    across = one(found.rows, scope="across models", without="")
    assert (across["n_models"], across["n_problems"]) == (8, 52)
    assert np.isnan(across["low"])


def test_pass_at_k_of_a_hundred_problems_by_eight(shared_data: Path, tmp_path: Path) -> None:
    plan = Plan(tmp_path / "s", lexicons=(definition.load("flexible_reasoning"),))
    path = shared_data / "formats" / "qwen2.5_math_eval" / "math_cot_100_multi_sample.jsonl"
    ingest([path], plan, Settings(), jobs=1)
    study = Study(plan.study)
    found = score(study, plan, Question(by="model"), [1, 2, 4, 8])
    level = found.levels[found.levels["without"] == ""].set_index("quantity")
    right = study.traces(["problem_id", "correct_source"]).groupby("problem_id")["correct_source"].sum()
    assert level.loc["pass@1", "value"] == pytest.approx(right.mean() / 8)
    assert level.loc["pass@8", "value"] == pytest.approx((right > 0).mean())
    assert level["value"].round(4).to_dict() == {
        "avg@8": 0.91,
        "pass@1": 0.91,
        "pass@2": 0.9329,
        "pass@4": 0.951,
        "pass@8": 0.96,
        "maj@1": 0.91,
        "maj@2": 0.91,
        "maj@4": 0.9201,
        "maj@8": 0.925,
    }
    assert (level["n_problems"] == 100).all()
    fixed = score(study, plan, replace(Question(by="model"), estimand="these problems"), [8])
    row = one(fixed.levels, quantity="avg@8", without="")
    assert (row["estimand"], row["value"]) == ("these problems", pytest.approx(0.91))
    assert row["high"] - row["low"] < (level.loc["avg@8", "high"] - level.loc["avg@8", "low"]) / 3
    within = associate(study, plan, Question(("length/words",)))
    auc = one(within.rows, scope="same problem, same model", quantity="AUC", without="")
    assert (auc["n_problems"], auc["n_traces"]) == (10, 80)
    assert auc["value"] == pytest.approx(0.4428, abs=1e-4)
