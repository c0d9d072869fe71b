"""Figures of comparisons and associations: the marks are the numbers, nothing is cut off or overlaps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from reasonlens.core.errors import InputError, SchemaError
from reasonlens.core.tables import MODEL_KINDS, POOLED, TABLES
from reasonlens.figures import FORMATS, accuracy, association, pass_at_k, response_length, save

KINDS = ("base", "zero_rl", "distilled")
MODELS = tuple(f"laboratory/a-long-name-of-a-model-{i}" for i in range(8))


def table(rows: list[dict[str, Any]], name: str) -> pd.DataFrame:
    """Rows of a table; what is not given is empty or NaN."""
    schema = TABLES[name].schema
    usual = {"string": "", "double": np.nan, "int64": 12}
    filled = [{f.name: row.get(f.name, usual[str(f.type)]) for f in schema} for row in rows]
    return pd.DataFrame(filled).assign(level=0.95, estimand="problems like these")


def levels(
    measure: str = "accuracy",
    groups: tuple[str, ...] = KINDS,
    datasets: int = 3,
    by: str = "model_kind",
    scale: float = 1.0,
) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    names = [f"benchmark_{i}" for i in range(datasets)] + ([POOLED] if datasets > 1 else [])
    rows = []
    for dataset in names:
        for group in groups:
            value = float(rng.uniform(0.2, 0.8))
            more = {"quantity": "share", "value": scale * value, "low": scale * (value - 0.1)}
            rows.append(
                {
                    "measure": measure,
                    "by": by,
                    "group": group,
                    "dataset": dataset,
                    "high": scale * (value + 0.1),
                }
                | more
                | {"unit": "words per response"}
            )
    return table(rows, "comparisons")


def scores(groups: tuple[str, ...] = KINDS, datasets: int = 2) -> pd.DataFrame:
    rows = [
        {
            "measure": "accuracy",
            "by": "model_kind",
            "group": group,
            "dataset": f"benchmark_{d}",
            "quantity": f"{score}@{k}",
            "value": 0.3 + 0.05 * g + 0.04 * k * (score == "pass"),
            "low": 0.2 + 0.05 * g,
            "high": 0.7 + 0.02 * g,
        }
        for d in range(datasets)
        for g, group in enumerate(groups)
        for score, ks in (("pass", (1, 2, 4, 8)), ("maj", (1, 2, 4, 8)), ("avg", (8,)))
        for k in ks
    ]
    return table(rows, "comparisons")


def associations(groups: tuple[str, ...] = KINDS, by: str = "model_kind", same: bool = True) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    rows = []
    for scope, names in (
        ("same problem, same model", groups),
        ("same problem, different models", (*groups, "(all)")),
    ):
        for measure in ("demo/doubt/words", "demo/long_name_of_a_category/presence", "length/words"):
            for group in names:
                value = float(rng.uniform(0.2, 0.8)) if same or "different" in scope else np.nan
                rows.append(
                    {"measure": measure, "scope": scope, "by": by, "group": group, "dataset": "toy"}
                    | {"quantity": "AUC", "value": value, "low": value - 0.1, "high": value + 0.1}
                )
    return table(rows, "associations")


def artists(figure: Figure, prefix: str) -> Iterator[tuple[Axes, str, Artist]]:
    for ax in figure.axes:
        for artist in (*ax.lines, *ax.collections):
            gid = artist.get_gid() or ""
            if gid.startswith(f"{prefix}:"):
                yield ax, gid.partition(":")[2], artist


@pytest.mark.parametrize(
    ("module", "rows"), [(accuracy, levels()), (response_length, levels("length/words", scale=900.0))]
)
def test_markers_and_lines_stand_at_the_numbers(module: Any, rows: pd.DataFrame) -> None:
    frame = module.data(rows)
    figure = module.draw(frame)
    seen = [(group, x) for _, group, line in artists(figure, "value") for x in line.get_xdata()]
    assert sorted(seen) == sorted(zip(frame["group"], frame["value"], strict=True))
    ends = [
        (group, low, high)
        for _, group, lines in artists(figure, "interval")
        for (low, _), (high, _) in lines.get_segments()
    ]
    assert sorted(ends) == sorted(zip(frame["group"], frame["low"], frame["high"], strict=True))
    assert figure.axes[0].get_yticklabels()[-1].get_text() == "all benchmarks\n12 problems"


def test_only_plain_levels_of_one_grouping_are_drawn() -> None:
    rows = levels()
    noise = rows.iloc[[0, 0, 0, 0, 0]].copy()
    noise["quantity"] = ["difference", "share", "share", "share", "pass@1"]
    noise["reference"] = ["base", "", "", "", ""]
    noise["without"] = ["", "looping", "", "", ""]
    noise["measure"] = ["accuracy", "accuracy", "looping", "accuracy", "accuracy"]
    noise["by"] = ["model_kind", "model_kind", "model_kind", "model", "model_kind"]
    pd.testing.assert_frame_equal(accuracy.data(pd.concat([noise, rows])), accuracy.data(rows))


def test_curves_are_the_scores() -> None:
    frame = pass_at_k.data(scores())
    figure = pass_at_k.draw(frame)
    for score in ("pass", "maj"):
        for ax, group, line in artists(figure, score):
            mine = frame[
                (frame["dataset"] == ax.get_title(loc="left"))
                & (frame["group"] == group)
                & (frame["score"] == score)
            ]
            assert line.get_ydata().tolist() == mine["value"].tolist()
            np.testing.assert_allclose(line.get_xdata(), mine["k"], rtol=0.1)
    assert len(list(artists(figure, "pass"))) == 6
    assert len(list(artists(figure, "interval"))) == 6
    assert len(list(artists(pass_at_k.draw(pass_at_k.data(scores(("base",), 1))), "band"))) == 1
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["1", "2", "4", "8"]


def test_the_benchmarks_together_come_last() -> None:
    rows = scores(("base",), 2)
    rows.loc[rows["dataset"] == "benchmark_0", "dataset"] = POOLED
    titles = [ax.get_title(loc="left") for ax in pass_at_k.draw(pass_at_k.data(rows)).axes]
    assert titles == ["benchmark_1", "all benchmarks"]


def test_associations_stand_in_the_panel_of_their_scope() -> None:
    frame = association.data(associations())
    figure = association.draw(frame)
    seen = [
        (ax.get_title(loc="left"), group, x)
        for ax, group, line in artists(figure, "value")
        for x in line.get_xdata()
    ]
    assert sorted(seen) == sorted(zip(frame["scope"], frame["group"], frame["value"], strict=True))
    labels = [t.get_text() for t in figure.axes[0].get_yticklabels()]
    assert labels == ["doubt", "long name of a\ncategory, presence", "length in words"]


def test_a_scope_without_pairs_says_so() -> None:
    figure = association.draw(association.data(associations(same=False)))
    assert [t.get_text() for t in figure.axes[0].texts] == ["no problem has both"]
    assert not figure.axes[1].texts
    nothing = associations(same=False)
    nothing = nothing[nothing["scope"] == "same problem, same model"]
    assert association.draw(association.data(nothing)).axes[0].texts[0].get_text() == "no problem has both"


DRAWN = {
    "accuracy": (accuracy, levels()),
    "accuracy of models": (accuracy, levels(groups=MODELS, by="model")),
    "accuracy of kinds": (accuracy, levels(groups=MODEL_KINDS, datasets=11)),
    "one benchmark": (accuracy, levels(datasets=1)),
    "length": (response_length, levels("length/words", scale=900.0)),
    "length over decades": (response_length, levels("length/words", scale=900.0).assign(high=90000.0)),
    "scores": (pass_at_k, scores()),
    "scores of one": (pass_at_k, scores(("base",), 1)),
    "scores of models": (pass_at_k, scores(MODELS, 4)),
    "association": (association, associations()),
    "association of models": (association, associations(MODELS[:4], "model")),
    "no association": (association, associations(same=False)),
}


@pytest.mark.parametrize("name", DRAWN)
def test_nothing_is_cut_off_or_overlaps(name: str) -> None:
    module, rows = DRAWN[name]
    figure = module.draw(module.data(rows))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    page, tight = figure.bbox, figure.get_tightbbox(renderer)
    assert figure.get_size_inches()[0] in (3.25, 6.75)
    assert min(tight.x0, tight.y0) >= -0.01
    assert tight.x1 * figure.dpi <= page.x1 + 1
    assert tight.y1 * figure.dpi <= page.y1 + 1
    footer = figure.texts[-1].get_window_extent(renderer)
    legend = figure.legends[0].get_window_extent(renderer)
    for ax in figure.axes:
        if not ax.get_visible():
            continue
        box = ax.get_tightbbox(renderer)
        assert box.y0 >= footer.y1 - 1
        assert box.y1 <= legend.y0 + 1
        for labels in (ax.get_xticklabels(), ax.get_yticklabels()):
            boxes = [t.get_window_extent(renderer) for t in labels if t.get_text() and t.get_visible()]
            assert all(not a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


@pytest.mark.parametrize("name", ["accuracy", "length", "scores", "association"])
def test_saving_twice_gives_the_same_bytes(name: str, tmp_path: Any) -> None:
    module, rows = DRAWN[name]
    frame = module.data(rows)
    files = [save(module.draw(frame), frame, tmp_path / x, "figure") for x in ("one", "two")]
    assert len(files[0]) == len(FORMATS) + 2
    for a, b in zip(*files, strict=True):
        assert a.read_bytes() == b.read_bytes(), a.name


def test_nothing_to_draw_is_said_with_the_command_that_makes_it() -> None:
    rows = levels("looping")
    with pytest.raises(InputError, match="no accuracy to draw: make it with `reasonlens compare STUDY`"):
        accuracy.data(rows)
    with pytest.raises(InputError, match="no length to draw"):
        response_length.data(rows)
    with pytest.raises(InputError, match="no scores to draw: make them with `reasonlens compare STUDY --k"):
        pass_at_k.data(rows)
    with pytest.raises(InputError, match="nothing to draw: make it with `reasonlens compare STUDY --outcome"):
        association.data(associations().assign(quantity="difference"))
    with pytest.raises(SchemaError, match="comparisons lack the columns low"):
        accuracy.data(rows.drop(columns="low"))
