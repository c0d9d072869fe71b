"""Figures of ban experiments: what they draw is what the table says."""

from __future__ import annotations

import pandas as pd
import pytest

from reasonlens.core.errors import InputError
from reasonlens.figures import ban_compensation, ban_dose, ban_flips, ban_forest, ban_strata


def effects() -> pd.DataFrame:
    rows = [
        ("accuracy", "repeat", "repeat", "(all)", [], -0.01),
        ("accuracy", "target", "target", "(all)", ["wait", "but", "so"], -0.2),
        ("accuracy", "dose-1", "dose", "(all)", ["wait"], -0.05),
        ("accuracy", "dose-2", "dose", "(all)", ["wait", "but"], -0.1),
        ("accuracy", "dose-key-1", "dose_key", "(all)", ["so"], -0.07),
        ("accuracy", "target", "target", "never solved", ["wait", "but", "so"], -0.3),
        ("accuracy", "target", "target", "solved above 75%", ["wait", "but", "so"], -0.1),
        ("accuracy/strata", "target", "target", "(all)", ["wait", "but", "so"], -0.2),
        ("word/maybe", "target", "target", "(all)", ["wait", "but", "so"], 4.0),
        ("word/hmm", "target", "target", "(all)", ["wait", "but", "so"], 2.0),
    ]
    frame = pd.DataFrame(rows, columns=["measure", "arm", "role", "dataset", "words", "value"])
    return frame.assign(
        model="m",
        baseline=0.5,
        low=frame["value"] - 0.02,
        high=frame["value"] + 0.02,
        p_value=0.01,
        p_adjusted=[0.01] * 9 + [0.2],
        n_problems=30,
        n_traces=480,
        method="paired t",
        estimand="problems like these",
        excluded=0,
        family="2 tests",
    )


def points(axes: object) -> list[tuple[float, float]]:
    lines = axes.get_lines()  # type: ignore[attr-defined]
    marked = [line for line in lines if line.get_marker() not in ("None", None, "")]
    return sorted((float(line.get_xdata()[0]), round(float(line.get_ydata()[0]), 6)) for line in marked)


def test_doses_stand_over_their_numbers_of_words() -> None:
    figure = ban_dose.draw(ban_dose.data(effects()))
    assert points(figure.axes[0]) == [(0.96, -5.0), (1.04, -7.0), (1.96, -10.0), (3.0, -20.0)]


def test_strata_are_apart_and_in_order() -> None:
    figure = ban_strata.draw(ban_strata.data(effects()))
    assert points(figure.axes[0]) == [(-0.14, -30.0), (0.86, -10.0)]
    labels = [text.get_text() for text in figure.axes[0].get_xticklabels()]
    assert labels == ["never solved\n30 problems", "solved above 75%\n30 problems"]
    said = " ".join(text.get_text() for text in figure.texts + figure.axes[0].texts).replace("\n", " ")
    assert "The same effect in all strata (their labels permuted): all words p = 0.010." in said
    without = effects()[lambda rows: rows["measure"] != "accuracy/strata"]
    assert len(points(ban_strata.draw(ban_strata.data(without)).axes[0])) == 2


def test_rising_words_are_filled_where_they_are_sure() -> None:
    figure = ban_compensation.draw(ban_compensation.data(effects()))
    ax = figure.axes[0]
    assert points(ax) == [(2.0, 0.0), (4.0, 1.0)]
    fills = [line.get_markerfacecolor() for line in ax.get_lines() if line.get_marker() == "o"]
    assert fills == ["white", "#009E73"]
    figure.canvas.draw()
    assert [text.get_text() for text in ax.get_xticklabels()] == ["1", "2"]


def test_the_forest_leaves_strata_and_words_out() -> None:
    assert list(ban_forest.data(effects())["arm"]) == ["repeat", "dose-1", "dose-2", "dose-key-1", "target"]


def flips() -> pd.DataFrame:
    rows = [  # arm, role, problem, baseline, right to wrong, wrong to right, p
        ("target", "target", "(all)", 0.5, 7, 1, 0.07),
        ("target", "target", "a", 0.25, 1, 1, 1.0),
        ("target", "target", "b", 0.75, 6, 0, 0.03),
        ("repeat", "repeat", "(all)", 0.5, 2, 3, float("nan")),
        ("repeat", "repeat", "a", 0.25, 1, 1, float("nan")),
        ("repeat", "repeat", "b", 0.75, 1, 2, float("nan")),
        *(("control-01", "control", name, 0.5, 4, 0, 0.1) for name in ("(all)", "a")),
        *(("control-02", "control", name, 0.5, 1, 0, 1.0) for name in ("(all)", "a")),
        *(("control-03", "control", name, 0.5, 0, 4, 0.1) for name in ("(all)", "a")),
        ("dose-1", "dose", "(all)", 0.5, 9, 9, 1.0),
    ]
    columns = ["arm", "role", "problem_id", "baseline", "right_to_wrong", "wrong_to_right", "p_value"]
    frame = pd.DataFrame(rows, columns=columns)
    sizes = frame["problem_id"].map({"(all)": 16, "a": 8, "b": 8})
    return frame.assign(model="m", n_pairs=sizes, excluded=0, excluded_why="")


def test_flips_stand_up_and_down_from_easy_to_hard() -> None:
    figure = ban_flips.draw(ban_flips.data(flips()))
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == [
        "baseline again (A/A): 3 to right (up), 2 to wrong (down) of 16; no pairs, no test",
        "control set 02, the middle one of 3: 0 to right (up), 1 to wrong (down) of 16; p = 1.000",
        "all words: 1 to right (up), 7 to wrong (down) of 16; p = 0.070",
    ]
    bars = [(bar.get_x() + bar.get_width() / 2, bar.get_height()) for bar in figure.axes[2].patches]
    assert [(round(x, 6), y) for x, y in bars] == [(0, 0.0), (1, 12.5), (0, -75.0), (1, -12.5)]  # b, then a
    low, high = figure.axes[0].get_ylim()
    assert low == -high


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (ban_dose, "make it with `reasonlens ban-ablation --doses`"),
        (ban_strata, "make it with `reasonlens ban-ablation --difficulty-from STUDY:MODEL`"),
        (ban_compensation, "make it with `reasonlens ban-ablation`"),
    ],
)
def test_what_is_missing_says_how_to_make_it(module: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        module.data(effects()[:2])  # type: ignore[attr-defined]


def test_flips_need_a_target() -> None:
    with pytest.raises(InputError, match="make it with `reasonlens ban-ablation`"):
        ban_flips.data(flips()[3:])
