"""Figures of steps: what is plotted is what the table says, and the same bytes come twice."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reasonlens.core.errors import InputError, SchemaError
from reasonlens.core.tables import POOLED
from reasonlens.figures import Figure, save
from reasonlens.figures._steps import CHANCE, short

BASE = {
    "teacher": "lab/teacher",
    "reference": "",
    "kind": "",
    "following": "",
    "at": pd.NA,
    "level": 0.95,
    "unit": "u",
    "method": "m",
    "estimand": "problems like these",
    "n_problems": 20,
    "n_traces": 40,
    "excluded": 0,
    "excluded_why": "",
    "decomposer": "baseline",
    "matcher": "lexical@1",
}
STUDENTS = ("lab/one", "lab/two")
NAMES = (
    *("structure_scores", "structure_depth", "structure_outcomes", "structure_at_k"),
    *("step_diversity", "step_kinds", "step_transitions"),
)


def row(quantity: str, group: str, value: float, **more: object) -> dict[str, object]:
    return {
        **BASE,
        "quantity": quantity,
        "group": group,
        "value": value,
        "low": value - 0.1,
        "high": value + 0.1,
        **more,
    }


def rates() -> pd.DataFrame:
    made = []
    for i, student in enumerate(STUDENTS):
        value = 0.3 + 0.2 * i
        for score in ("reward_normalized", "reward_aligned"):
            made += [row(score, student, value), row(score + CHANCE, student, 0.05)]
            made += [row(f"{score} if right", student, value), row(f"{score} if wrong", student, value / 2)]
            made += [row(f"{score}, AUC", student, 0.7), row(f"{score}@k", student, value, at=1)]
            made += [row(f"{score}@k", student, value + 0.1, at=2)]
        made += [row("pass@k", student, 0.5, at=1), row("pass@k", student, 0.8, at=2)]
        for depth in range(1, 9):
            followed = max(0.0, 0.9 - 0.3 * depth)
            made.append(row("still followed", student, followed, at=depth))
            if depth < 4:
                made.append(row("match rate", student, 0.5, at=depth))
        plain = {"teacher": "", "matcher": ""}
        made += [row("distance between samples", student, 0.4, at=4, **plain)]
        made += [row("effective patterns", student, 1.8, at=4, **plain)]
        for kind, after, share in (("(begin)", "plan", 1.0), ("plan", "check", 0.6), ("plan", "(end)", 0.4)):
            made.append(row("transition", student, share, kind=kind, following=after, **plain))
        for kind in ("plan", "check"):
            gap = 0.1 if kind == "plan" else -0.1
            made.append(row("share of steps", student, gap, kind=kind, reference="lab/teacher", **plain))
    frame = pd.DataFrame(made)
    frame["at"] = frame["at"].astype("Int64")
    return pd.concat([frame.assign(dataset=name) for name in (POOLED, "toy")], ignore_index=True)


def module(name: str) -> Figure:
    found: Figure = import_module(f"reasonlens.figures.{name}")  # type: ignore[assignment]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_same_bytes_come_twice(name: str, tmp_path: Path) -> None:
    figure = module(name)
    frame = figure.data(rates())
    assert set(frame["dataset"]) == {POOLED}
    files = [save(figure.draw(frame), frame, tmp_path / str(i), name) for i in range(2)]
    for a, b in zip(*files, strict=True):
        assert a.read_bytes() == b.read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_to_draw_is_said(name: str) -> None:
    with pytest.raises(InputError, match="make it with `reasonlens structure`"):
        module(name).data(rates().iloc[:0])
    with pytest.raises(SchemaError, match="lacks the columns decomposer"):
        module(name).data(rates().drop(columns="decomposer"))


def points(ax) -> set[tuple[float, float]]:  # type: ignore[no-untyped-def]
    found = set()
    for line in ax.get_lines():
        if line.get_marker() not in ("None", None, "") and len(line.get_xdata()) == 1:
            found.add((round(float(line.get_xdata()[0]), 6), round(float(line.get_ydata()[0]), 6)))
    return found


def test_scores_are_where_they_should_be() -> None:
    figure = module("structure_scores")
    drawn = figure.draw(figure.data(rates()))
    left, right = drawn.axes
    assert points(left) == points(right) == {(0.3, 0), (0.5, 1), (0.05, 0), (0.05, 1)}
    assert [t.get_text() for t in left.get_yticklabels()] == ["one", "two"]
    text = " ".join(t.get_text() for t in drawn.texts)
    assert "up to 20 problems; steps by baseline, matched by lexical@1. Intervals: 95%" in text


def test_curves_end_one_step_after_the_last_that_anybody_reaches() -> None:
    frame = module("structure_depth").data(rates())
    assert (
        frame.loc[frame["quantity"] == "still followed", "at"].max() == 4
    )  # 0.6, 0.3, 0.0 | match rate to 3
    assert frame.loc[frame["quantity"] == "match rate", "at"].max() == 3


def test_auc_without_interval_is_open() -> None:
    table = rates()
    mine = (table["quantity"] == "reward_aligned, AUC") & (table["group"] == "lab/one")
    table.loc[mine, ["low", "high"]] = np.nan
    figure = module("structure_outcomes")
    right = figure.draw(figure.data(table)).axes[1]
    fills = {
        float(line.get_ydata()[0]): line.get_markerfacecolor()
        for line in right.get_lines()
        if line.get_marker() == "D"
    }
    assert fills == {0.0: "white", 1.0: "black"}


def test_a_transition_is_the_number_in_its_cell() -> None:
    figure = module("step_transitions")
    ax = figure.draw(figure.data(rates())).axes[0]
    cells = {
        (
            ax.get_yticklabels()[int(t.get_position()[1])].get_text(),
            ax.get_xticklabels()[int(t.get_position()[0])].get_text(),
        ): t.get_text()
        for t in ax.texts
    }
    assert cells == {("(begin)", "plan"): "100", ("plan", "check"): "60", ("plan", "(end)"): "40"}


def test_gaps_are_in_points() -> None:
    figure = module("step_kinds")
    ax = figure.draw(figure.data(rates())).axes[0]
    assert {x for x, _ in points(ax)} == {10.0, -10.0}


def test_of_several_decomposers_the_first() -> None:
    both = pd.concat([rates(), rates().assign(decomposer="llm:x", value=0.9)])
    frame = module("structure_scores").data(both)
    assert set(frame["decomposer"]) == {"baseline"}


@pytest.mark.parametrize(
    ("model", "name"),
    [("Qwen/QwQ-32B", "QwQ-32B"), ("plain", "plain"), ("a/" + "x" * 40, "x" * 27 + "…")],
)
def test_short_names(model: str, name: str) -> None:
    assert short(model) == name
