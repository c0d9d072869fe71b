from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from reasonlens.core.errors import InputError, SchemaError
from reasonlens.core.tables import POOLED
from reasonlens.figures import behavior_counts as figure
from reasonlens.figures import save

BASE = {
    "by": "model_kind",
    "reference": "",
    "without": "",
    "adjusted": "",
    "level": 0.95,
    "unit": "per response",
    "method": "m",
    "estimand": "problems like these",
    "n_problems": 20,
    "n_traces": 40,
    "excluded": 1,
    "excluded_why": "empty: 1",
}


def rows(
    judge: str = "rules@1", behaviors: tuple[str, ...] = ("verification", "backtracking")
) -> pd.DataFrame:
    made = []
    for b, behavior in enumerate(behaviors):
        for k, kind in enumerate(("distilled", "base")):
            for per, quantity, scale in (
                ("response", "mean", 1.0),
                ("words", "rate", 2.0),
                ("presence", "share", 0.1),
            ):
                value = scale * (1 + b + k)
                for dataset in (POOLED, "aime"):
                    made.append(
                        {
                            **BASE,
                            "measure": f"{judge}/{behavior}/{per}",
                            "quantity": quantity,
                            "group": kind,
                            "dataset": dataset,
                            "value": value,
                            "low": value / 2,
                            "high": value * 2,
                        }
                    )
    contrast = {**made[0], "reference": "base", "quantity": "ratio"}
    by_model = {**made[0], "by": "model", "group": "lab/x"}
    return pd.DataFrame([*made, contrast, by_model])


def test_levels_of_kinds_over_all_data_sets_are_plotted_kinds_in_order() -> None:
    frame = figure.data(rows())
    assert frame[["behavior", "per", "group", "value"]].to_numpy().tolist() == [
        ["verification", "response", "base", 2.0],
        ["verification", "response", "distilled", 1.0],
        ["backtracking", "response", "base", 3.0],
        ["backtracking", "response", "distilled", 2.0],
        ["verification", "words", "base", 4.0],
        ["verification", "words", "distilled", 2.0],
        ["backtracking", "words", "base", 6.0],
        ["backtracking", "words", "distilled", 4.0],
    ]
    assert set(frame["dataset"]) == {POOLED}
    assert not frame["checked"].any()


def test_a_judge_that_reads_is_preferred_to_the_baseline() -> None:
    both = pd.concat([rows(), rows("gpt-4o")], ignore_index=True)
    assert set(figure.data(both)["judge"]) == {"gpt-4o"}
    more = pd.concat([rows(), rows("gpt-4o", ("verification",))], ignore_index=True)
    assert set(figure.data(more)["judge"]) == {"rules@1"}


def test_the_figure_names_the_judge_and_that_nobody_checked_it() -> None:
    drawn = figure.draw(figure.data(rows()))
    text = " ".join(t.get_text().replace("\n", " ") for t in drawn.texts)
    assert "Judge: rules@1, a baseline of word patterns that understands nothing" in text
    assert "not validated: nobody labelled these responses" in text
    assert "80 responses to up to 20 problems, 2 more without an answer or left out" in text


def test_labels_of_people_are_named_and_missing_ones_too() -> None:
    table = rows("gpt-4o")
    checked = {**table.iloc[2].to_dict(), "quantity": "share, corrected"}
    frame = figure.data(pd.concat([table, pd.DataFrame([checked])], ignore_index=True))
    assert set(frame["behavior"][frame["checked"]]) == {"verification"}
    drawn = figure.draw(frame)
    text = " ".join(t.get_text().replace("\n", " ") for t in drawn.texts)
    assert "labels of people exist for some or all behaviors" in text
    labels = [t.get_text() for t in drawn.axes[0].get_yticklabels()]
    assert labels == ["verification", "backtracking\n(not validated)"]


def test_the_marks_are_at_the_values() -> None:
    drawn = figure.draw(figure.data(rows()))
    left, right = drawn.axes
    found = {line.get_gid(): line.get_xdata().tolist() for line in left.lines if line.get_gid()}
    assert found["value:base"] == [2.0, 3.0]
    assert found["value:distilled"] == [1.0, 2.0]
    assert right.get_xlabel() == "instances per 1,000 words"


def test_an_interval_beyond_everything_gets_an_arrow() -> None:
    table = rows()
    table.loc[table["measure"].eq("rules@1/verification/response"), "high"] = 1e6
    drawn = figure.draw(figure.data(table))
    assert any(str(line.get_gid()).startswith("beyond:") for line in drawn.axes[0].lines)
    assert drawn.axes[0].get_xlim()[1] < 10


def test_all_zero_or_undefined_counts_can_be_drawn() -> None:
    for value in (0.0, np.nan):
        table = rows().assign(value=value, low=value, high=value)
        assert figure.draw(figure.data(table)).axes


def test_the_same_numbers_give_the_same_bytes(tmp_path) -> None:
    frame = figure.data(rows())
    one = save(figure.draw(frame), frame, tmp_path / "a", "x")
    two = save(figure.draw(frame), frame, tmp_path / "b", "x")
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]


def test_without_counts_it_says_what_to_run() -> None:
    table = rows()
    with pytest.raises(InputError, match="make them with `reasonlens behaviors`"):
        figure.data(table[table["measure"].str.endswith("/presence")])
    with pytest.raises(SchemaError, match="comparisons lack the columns quantity"):
        figure.data(table.drop(columns="quantity"))
