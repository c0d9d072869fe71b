"""Diagnoses of hand-made studies: estimates, thresholds, families, sensitivity, evidence."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.core.study import Study
from reasonlens.core.tables import POOLED
from reasonlens.workflow.diagnose import Asked, diagnose, measures
from reasonlens.workflow.diagnoses import whole
from tests.signatures.making import row, study_of

RIGID = "Step 1: We add {} boxes.\nStep 2: We halve the sum of these boxes.\nThe answer is 4."
FREE = "Hmm, {} boxes. Wait, perhaps we halve them first. But maybe not, so let me see. The answer is 4."
LOOP = "We have {} boxes. " + "So we try it once more and again. " * 60


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Twenty problems: one model in rigid steps that loops on four of them, one that thinks aloud."""
    rows = [row(i, FREE.format(i), "lab/free", "distilled") for i in range(20)]
    rows += [row(i, (LOOP if i < 4 else RIGID).format(i), "lab/rigid", "zero_rl") for i in range(20)]
    rows += [row(i, RIGID.format(i), "lab/rigid", "zero_rl", benchmark="other") for i in range(100, 102)]
    return study_of(tmp_path_factory.mktemp("d"), rows)


def found(study: Study, asked: Asked | None = None) -> pd.DataFrame:
    made = diagnose(study, asked).table
    return made.set_index(["signature", "measure", "model", "dataset", "without"]).sort_index()


@pytest.fixture(scope="module")
def table(study: Study) -> pd.DataFrame:
    """What is found with nothing asked."""
    return found(study)


def test_a_rigid_model_is_flagged_and_a_free_one_is_not(table: pd.DataFrame) -> None:
    rigid = table.loc[("rigid_steps", "share", "lab/rigid", POOLED, "")]
    assert (rigid["value"], rigid["n_traces"], rigid["n_problems"]) == (18 / 22, 22, 22)
    assert rigid["low"] > 0.5
    assert rigid["verdict"] == "flagged"
    assert rigid["why"] == "the interval is above the threshold 0.5"
    free = table.loc[("rigid_steps", "share", "lab/free", "toy", "")]
    assert (free["value"], free["verdict"]) == (0.0, "not flagged")
    assert free["high"] < 0.5


def test_evidence_names_traces_and_quotes_them(study: Study, table: pd.DataFrame) -> None:
    rigid = found(study, Asked(evidence=2)).loc[("rigid_steps", "share", "lab/rigid", POOLED, "")]
    texts = study.traces(["trace_id", "response"]).set_index("trace_id")["response"]
    assert len(rigid["evidence"]) == 2
    for item in rigid["evidence"]:
        assert item["quote"].startswith("Step 1: We add")
        assert item["quote"] == " ".join(texts[item["trace_id"]][:100].split())
    assert table.loc[("rigid_steps", "share", "lab/free", "toy", "")]["evidence"] == []


def test_sensitivity_rows_leave_out_the_loops(table: pd.DataFrame) -> None:
    without = table.loc[("rigid_steps", "share", "lab/rigid", POOLED, "looping")]
    assert (without["value"], without["n_traces"], without["excluded"]) == (1.0, 18, 4)
    assert without["excluded_why"] == "looping: 4"
    assert without["family"] == ""
    assert ("looping", "share", "lab/rigid", POOLED, "looping") not in table.index
    assert ("rigid_steps", "share", "lab/free", "toy", "looping") not in table.index


def test_loops_are_counted_and_the_threshold_decides(study: Study, table: pd.DataFrame) -> None:
    key = ("looping", "share", "lab/rigid", POOLED, "")
    flagged = table.loc[key]
    assert (flagged["value"], flagged["threshold"], flagged["verdict"]) == (4 / 22, 0.01, "flagged")
    open_ = found(study, Asked(thresholds={"looping": 0.2})).loc[key]
    assert (open_["threshold"], open_["verdict"]) == (0.2, "cannot tell")
    assert open_["why"] == "the interval holds the threshold 0.2"
    assert found(study, Asked(thresholds={"looping/share": 0.9})).loc[key]["verdict"] == "not flagged"


def test_marker_rates_are_held_against_the_other_models_on_shared_problems(table: pd.DataFrame) -> None:
    rigid = table.loc[("low_markers", "anthropomorphic", "lab/rigid", POOLED, "")]
    assert (rigid["value"], rigid["n_problems"], rigid["verdict"]) == (0.0, 20, "flagged")
    assert rigid["high"] < 0.1
    assert rigid["estimand"] == "problems like the shared ones"
    assert "no hits" in rigid["method"]
    other = table.loc[("low_markers", "anthropomorphic", "lab/rigid", "other", "")]
    assert (other["verdict"], other["why"]) == ("cannot tell", "no other model has these problems")
    free = table.loc[("low_markers", "anthropomorphic", "lab/free", "toy", "")]
    assert (free["verdict"], free["why"]) == ("cannot tell", "the other models have no hits either")


def test_without_log_probabilities_the_row_says_so(study: Study, table: pd.DataFrame) -> None:
    mean = table.loc[("entropy_collapse", "mean", "lab/free", "toy", "")]
    assert (mean["verdict"], mean["why"], mean["n_traces"], mean["excluded"]) == (
        "cannot tell",
        "no log-probabilities",
        0,
        20,
    )
    assert math.isnan(mean["value"])


def test_families_are_corrected_over_the_models(table: pd.DataFrame) -> None:
    rows = table.reset_index()
    main = rows[(rows["signature"] == "rigid_steps") & (rows["without"] == "")]
    pooled = main[main["family"].str.contains("pooled")]
    assert set(pooled["model"]) == {"lab/free", "lab/rigid"}, (
        "a model with one data set is in the pooled family"
    )
    assert set(pooled["family"]) == {"rigid_steps/share, pooled: 2 tests (Holm)"}
    low, high = sorted(pooled["p_value"])
    assert sorted(pooled["p_adjusted"]) == pytest.approx([min(2 * low, 1), max(2 * low, high)])
    assert len(whole(rows)) == 2 * len(measures(Asked()))


def test_every_row_says_what_it_is(study: Study) -> None:
    table = diagnose(study).table
    assert set(table["verdict"]) <= {"flagged", "not flagged", "cannot tell"}
    assert (table["why"].str.len() > 0).all()
    assert (table["method"].str.len() > 0).all()
    assert table["threshold"].notna().all()
    stored = study.read("diagnoses").to_pandas()
    assert list(stored.columns) == list(table.columns)
    assert len(stored) == len(table)
    manifest = study.manifest_of("diagnoses", "diagnose")
    assert manifest["thresholds"]["looping/share"] == 0.01
    assert manifest["lexicons"]["flexible_reasoning"]["digest"]


def test_the_result_does_not_depend_on_the_number_of_processes(study: Study) -> None:
    asked = Asked(signatures=("looping", "abrupt_endings"))
    one, two = diagnose(study, asked).table, diagnose(study, asked, jobs=2).table
    pd.testing.assert_frame_equal(one, two)


def test_the_limit_of_length_can_be_given(tmp_path: Path) -> None:
    cut = "We count the boxes on the shelf and then we count them once more, since"
    rows = [row(i, f"{cut} {i} we", n_tokens=500 if i < 10 else 900) for i in range(20)]
    made = study_of(tmp_path, rows)
    key = ("abrupt_endings", "same_length", "lab/m", "toy", "")
    by_itself = found(made).loc[key]
    assert (by_itself["value"], by_itself["n_traces"]) == (0.5, 20), "of equal peaks the longer"
    assert found(made, Asked(limit=500)).loc[key]["value"] == 0.5
    assert found(made, Asked(limit=5000)).loc[key]["value"] == 0.0


def test_integers_whatever_was_asked(tmp_path: Path) -> None:
    rows = [row(i, f"We add {i} boxes to the others. \\boxed{{{i}}}", gold="\\frac{1}{2}") for i in range(15)]
    rows += [row(i, f"We add {i} boxes to the others. \\boxed{{{i}}}", gold=str(i)) for i in range(15, 30)]
    rows += [
        row(i, "We halve it, and that is all. \\boxed{\\frac{1}{2}}", "lab/n", gold="\\frac{1}{2}")
        for i in range(30)
    ]
    table = found(study_of(tmp_path, rows))
    excess = table.loc[("format_overfitting", "excess_integers", "lab/m", "toy", "")]
    assert (excess["value"], excess["verdict"]) == (0.5, "flagged")
    forced = table.loc[("format_overfitting", "forced_integers", "lab/m", "toy", "")]
    assert (forced["value"], forced["n_traces"], forced["verdict"]) == (1.0, 15, "flagged")
    assert forced["excluded_why"] == "the gold answer is an integer: 15"
    assert (
        table.loc[("format_overfitting", "excess_integers", "lab/n", "toy", "")]["verdict"] == "cannot tell"
    )
    assert (
        table.loc[("format_overfitting", "forced_integers", "lab/n", "toy", "")]["verdict"] == "not flagged"
    )


def test_mistakes(study: Study, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="no signature is named 'loops'"):
        diagnose(study, Asked(signatures=("loops",)))
    with pytest.raises(
        UnknownNameError, match=r"no measure is named 'looping/shore'\. Did you mean 'looping/share'"
    ):
        diagnose(study, Asked(thresholds={"looping/shore": 1}))
    with pytest.raises(UnknownNameError, match="no measure is named 'format_overfitting'"):
        measures(Asked(thresholds={"format_overfitting": 1}))
    with pytest.raises(InputError, match="has no traces"):
        diagnose(Study(tmp_path / "new", create=True))
