"""Levels and contrasts against what the array statistics say of sums made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from reasonlens.core.tables import POOLED, TABLES
from reasonlens.stats.arrays import ratio_of_sums, share_of_sums
from reasonlens.stats.contrast import contrast_of_sums
from reasonlens.stats.estimate import LIKE, THESE
from reasonlens.stats.fixed_set import fixed_set_difference, fixed_set_mean
from reasonlens.stats.group_contrasts import (
    LIKE_SHARED,
    corrected,
    frame_of,
    group_contrasts,
    group_levels,
)
from reasonlens.stats.measured import Choice, Grouped, Sheet
from reasonlens.stats.multiplicity import holm
from tests.stats.tracing import ACCURACY, LENGTH, RATE, traces, two_kinds


def test_levels_are_those_of_the_array_statistics() -> None:
    grouped = Grouped(two_kinds())
    hits, words = np.array([1, 2, 3, 1, 2, 3]), 100.0 + 10 * np.arange(6)
    for measure, wanted in (
        (RATE, ratio_of_sums(2 * hits, words)),
        (LENGTH, ratio_of_sums(words, np.ones(6), scale=1.0)),
        (ACCURACY, share_of_sums([0, 1, 0, 1, 0, 1], np.ones(6))),
    ):
        row = group_levels(Sheet(grouped, measure, Choice()))[1]
        assert (row["group"], row["reference"], row["quantity"]) == ("distilled", "", measure.kind)
        assert (row["value"], row["low"], row["high"]) == (wanted.value, wanted.low, wanted.high)
        assert (row["n_problems"], row["n_traces"], row["estimand"]) == (6, 6, LIKE)


def test_contrasts_use_the_shared_problems_only() -> None:
    rows = [
        {"problem_id": p, "model_kind": k, "hits": h, "words": w}
        for p, k, h, w in (
            ("a", "base", 1, 100),
            ("b", "base", 3, 300),
            ("c", "base", 50, 100),
            ("a", "teacher", 4, 100),
            ("b", "teacher", 6, 200),
            ("d", "teacher", 70, 100),
        )
    ]
    ratio, difference = group_contrasts(Sheet(Grouped(traces(rows)), RATE, Choice()), reference="base")
    wanted = contrast_of_sums([4, 6], [100, 200], [1, 3], [100, 300])
    assert ratio["value"] == pytest.approx((10 / 300) / (4 / 400))
    assert (ratio["low"], ratio["high"]) == (wanted.ratio.low, wanted.ratio.high)
    assert difference["value"] == pytest.approx(1000 * (10 / 300 - 4 / 400))
    assert ratio["p_value"] == wanted.ratio.p_value
    assert difference["p_value"] == wanted.difference.p_value
    assert (ratio["n_problems"], ratio["n_traces"]) == (2, 4)
    assert (ratio["excluded"], ratio["excluded_why"]) == (2, "problem not shared: 2")
    assert ratio["estimand"] == LIKE_SHARED
    assert (ratio["unit"], difference["unit"]) == ("ratio", "per 1,000 words")


def repeated(model: str = "m") -> list[dict[str, object]]:
    right = {"base": [[1, 0, 0], [0, 1, 1]], "teacher": [[1, 1, 0], [1, 1, 1]]}
    return [
        {"problem_id": f"p{p}", "model_kind": kind, "model": f"{kind}-{model}", "correct": float(c)}
        for kind, problems in right.items()
        for p, samples in enumerate(problems)
        for c in samples
    ]


def test_these_problems_is_the_error_of_sampling() -> None:
    sheet = Sheet(Grouped(traces(repeated())), ACCURACY, Choice())
    base, teacher = group_levels(sheet, estimand=THESE)
    wanted = fixed_set_mean([1, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 1])
    assert (base["value"], base["low"], base["high"]) == (wanted.value, wanted.low, wanted.high)
    assert base["estimand"] == teacher["estimand"] == THESE
    (difference,) = group_contrasts(sheet, reference="base", estimand=THESE)
    found = fixed_set_difference(
        [1, 1, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1], [1, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 1]
    )
    assert (difference["value"], difference["p_value"]) == (found.value, found.p_value)
    assert difference["estimand"] == "the shared problems"


def test_several_models_are_no_samples_of_one() -> None:
    rows = repeated("x") + repeated("y")
    sheet = Sheet(Grouped(traces(rows)), ACCURACY, Choice())
    row = group_levels(sheet, estimand=THESE)[0]
    assert row["value"] == 0.5
    assert np.isnan([row["low"], row["high"]]).all()
    assert row["method"] == "2 models in the group are no samples of one: compare by model"


def test_one_sample_has_no_error_within_problems() -> None:
    rows = [{"problem_id": p, "correct": 1.0} for p in "ab"]
    row = group_levels(Sheet(Grouped(traces(rows)), ACCURACY, Choice()), estimand=THESE)[0]
    assert "one response" in row["method"]
    assert np.isnan(row["low"])


def test_a_rate_keeps_its_estimand() -> None:
    sheet = Sheet(Grouped(two_kinds()), RATE, Choice())
    assert {row["estimand"] for row in group_levels(sheet, estimand=THESE)} == {LIKE}


def test_a_sensitivity_row_stands_where_it_changes_something() -> None:
    rows = [
        {
            "problem_id": p,
            "model_kind": k,
            "hits": 1,
            "health": "looping" if (p, k) == ("a", "base") else "ok",
        }
        for p in "abc"
        for k in ("base", "instruct", "teacher")
    ]
    sheet = Sheet(Grouped(traces(rows)), RATE, Choice(without=("looping",)))
    assert [row["group"] for row in group_levels(sheet)] == ["base"]
    found = group_contrasts(sheet, reference="instruct")
    assert {(row["group"], row["without"]) for row in found} == {("base", "looping")}
    assert found[0]["excluded_why"] == "looping: 1; problem not shared: 1"


def frame(p: list[float], datasets: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "measure": [f"m{i // 2}" for i in range(len(p))],
            "dataset": datasets,
            "p_value": p,
            "p_adjusted": np.nan,
            "family": "",
        }
    )


def test_rows_of_one_test_count_once_and_scopes_are_families() -> None:
    rows = frame([0.01, 0.01, 0.02, 0.02, 0.5, 0.5, np.nan, np.nan], ["a"] * 4 + [POOLED] * 4)
    found = corrected(rows, rows["measure"] != "", ["measure", "dataset"], "holm")
    assert found["p_adjusted"].tolist()[:6] == [*holm([0.01, 0.02]).repeat(2), 0.5, 0.5]
    assert np.isnan(found["p_adjusted"].iloc[-1])
    assert found["family"].tolist() == [
        *["by data set: 2 tests (Holm)"] * 4,
        *["all data sets together: 1 tests (Holm)"] * 2,
        "",
        "",
    ]
    chosen = corrected(rows, rows["measure"] == "m0", ["measure", "dataset"], "bh", "x, ")
    assert chosen["p_adjusted"].tolist()[:2] == [0.01, 0.01]
    assert chosen["family"].iloc[0] == "x, by data set: 1 tests (BH)"
    assert chosen["family"].iloc[2] == ""


def test_rows_have_the_columns_and_types_of_the_table() -> None:
    found = frame_of(group_levels(Sheet(Grouped(two_kinds()), RATE, Choice())))
    assert list(found.columns) == TABLES["comparisons"].schema.names
    assert found["n_traces"].dtype == "Int64"
    assert found["value"].dtype == "float64"
    assert frame_of([]).empty
