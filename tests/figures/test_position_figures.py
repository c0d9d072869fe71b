from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from reasonlens.core.errors import InputError, SchemaError
from reasonlens.core.tables import MODEL_KINDS, POOLED, TABLES
from reasonlens.figures import first_marker, position_curves, save

KINDS = ("base", "zero_rl", "distilled")
BINS = ((0, 100), (100, 200), (200, 500), (500, 1000))
COMMON = {
    "part": "response",
    "level": 0.95,
    "unit": "per 1,000 words",
    "method": "m",
    "estimand": "problems like these",
    "n_problems": 30,
    "excluded": 1,
    "excluded_why": "empty: 1",
    "n_looping": 2,
    "seed": 0,
}


def curves(
    categories: tuple[str, ...] = ("doubt", "plan"), kinds: tuple[str, ...] = KINDS, size: int = 20
) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = []
    for dataset in ("a", "b", POOLED):
        for category in categories:
            for kind in kinds:
                for i in range(size + len(BINS)):
                    relative = i < size
                    place = i if relative else i - size
                    start, end = (i / size, (i + 1) / size) if relative else BINS[place]
                    value = float(rng.uniform(0, 30))
                    running = 200 if relative else [200, 90, 12, 3][place]
                    rows.append(
                        {
                            **COMMON,
                            "lexicon": "demo",
                            "category": category,
                            "dataset": dataset,
                            "group": kind,
                            "without": "",
                            "scale": "relative" if relative else "absolute",
                            "bin": place,
                            "start": start,
                            "end": end,
                            "value": value,
                            "low": value / 2,
                            "high": value * 2,
                            "n_traces": running,
                            "hits": 5,
                            "words": 900,
                        }
                    )
    return pd.DataFrame(rows)[TABLES["positions"].schema.names]


def markers(categories: tuple[str, ...] = ("doubt", "plan"), kinds: tuple[str, ...] = KINDS) -> pd.DataFrame:
    rows = []
    for dataset in ("a", POOLED):
        for category in categories:
            for k, kind in enumerate(kinds):
                for i, words in enumerate((0, 1, 10, 100, 1000, 5000)):
                    value = 1 - (k + 1) * i / 30
                    rows.append(
                        {
                            **COMMON,
                            "lexicon": "demo",
                            "category": category,
                            "dataset": dataset,
                            "group": kind,
                            "without": "",
                            "words": words,
                            "survival": value,
                            "low": np.nan if i == 0 else value - 0.05,
                            "high": np.nan if i == 0 else value,
                            "at_risk": 200 - 39 * i,
                            "n_events": 10 * i,
                            "n_traces": 200,
                        }
                    )
    return pd.DataFrame(rows)[TABLES["first_marker"].schema.names]


def lines(figure: Figure, prefix: str) -> dict[tuple[int, str], list[tuple[float, float]]]:
    """The points of every line whose gid starts with `prefix`, by panel and group."""
    found = {}
    for number, ax in enumerate(figure.axes):
        for line in ax.lines:
            gid = str(line.get_gid() or "")
            if gid.startswith(prefix):
                x, y = (np.asarray(values, float).tolist() for values in line.get_data())
                found[number, gid.partition(":")[2]] = list(zip(x, y, strict=True))
    return found


def test_rates_stand_where_the_bins_are() -> None:
    frame = position_curves.data(curves())
    assert set(frame["dataset"]) == {POOLED}
    found = lines(position_curves.draw(frame), "value")
    places = [(c, s) for c in ("doubt", "plan") for s in ("relative", "absolute")]
    for panel, place in enumerate(places):
        for kind in KINDS:
            here = (frame["category"] == place[0]) & (frame["scale"] == place[1]) & (frame["group"] == kind)
            mine = frame[here]
            x, y = zip(*found[panel, kind], strict=True)
            assert list(y) == mine["value"].tolist()
            if place[1] == "relative":
                np.testing.assert_allclose(x, (mine["start"] + mine["end"]) / 2)
            else:
                assert np.floor(x).tolist() == mine["bin"].tolist()


def test_bins_that_few_reach_are_not_drawn_and_the_others_say_how_many_do() -> None:
    frame = position_curves.data(curves())
    assert frame.query("scale == 'absolute'")["bin"].unique().tolist() == [0, 1, 2]
    running = lines(position_curves.draw(frame), "running")
    assert {tuple(y for _, y in points) for points in running.values()} == {(200.0, 90.0, 12.0)}
    figure = position_curves.draw(frame)
    assert [t.get_text() for t in figure.axes[-1].get_xticklabels()] == ["0", "100", "200", "500"]


def test_few_bins_have_lines_for_limits_and_many_have_bands() -> None:
    few, many = (position_curves.draw(position_curves.data(curves(size=n))) for n in (5, 20))
    gids = [{str(c.get_gid()).split(":")[0] for c in f.axes[0].collections} for f in (few, many)]
    assert gids == [{"limits"}, {"band"}]


def test_curves_come_down_from_one_and_stop_where_few_wait() -> None:
    frame = first_marker.data(markers())
    assert frame["words"].max() == 1000  # at 5,000 words five of 200 are waiting
    found = lines(first_marker.draw(frame), "curve")
    assert len(found) == 6
    for points in found.values():
        assert points[0] == (0, 1)
    mine = frame.query("category == 'doubt' and group == 'distilled'")
    assert found[0, "distilled"][1:] == list(zip(mine["words"], mine["survival"], strict=True))


@pytest.mark.parametrize(
    ("module", "table", "width"),
    [
        (position_curves, curves(), 6.75),
        (position_curves, curves(("a", "b", "c", "d"), MODEL_KINDS), 6.75),
        (position_curves, curves(("a",), size=5), 6.75),
        (first_marker, markers(), 6.75),
        (first_marker, markers(("a", "b", "c", "d"), MODEL_KINDS), 6.75),
        (first_marker, markers(("a",)), 3.25),
    ],
)
def test_nothing_is_cut_off_or_overlaps(module: ModuleType, table: pd.DataFrame, width: float) -> None:
    figure = module.draw(module.data(table))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer, page = canvas.get_renderer(), figure.bbox
    tight = figure.get_tightbbox(renderer)
    assert figure.get_size_inches()[0] == width
    assert min(tight.x0, tight.y0) >= -0.01
    assert tight.x1 * figure.dpi <= page.x1 + 1
    assert tight.y1 * figure.dpi <= page.y1 + 1
    key = figure.legends[0].get_window_extent(renderer)
    boxes = [ax.get_tightbbox(renderer) for ax in figure.axes if ax.get_visible() and ax.axison]
    assert all(box.y1 <= key.y0 + 1 for box in boxes)
    assert all(not a.overlaps(b.padded(-2)) for i, a in enumerate(boxes) for b in boxes[:i])
    for ax in figure.axes:
        marks = [t for t in ax.get_xticklabels() if t.get_text() and t.get_visible()] if ax.axison else []
        extents = [t.get_window_extent(renderer) for t in marks]
        assert all(not a.overlaps(b) for i, a in enumerate(extents) for b in extents[:i])
    for text in figure.texts:
        box = text.get_window_extent(renderer)
        assert all(not box.overlaps(other) for other in boxes)


def test_rows_without_flagged_traces_and_other_texts_are_not_drawn() -> None:
    for module, table in ((position_curves, curves()), (first_marker, markers())):
        noise = table.copy()
        noise["without"] = "looping"
        other = table.assign(part="answer")
        pd.testing.assert_frame_equal(module.data(pd.concat([table, noise, other])), module.data(table))


def test_one_data_set_is_drawn_where_none_are_pooled() -> None:
    assert set(first_marker.data(markers().query("dataset == 'a'"))["dataset"]) == {"a"}


def test_no_rows_no_figure() -> None:
    with pytest.raises(InputError, match="the table 'positions' is empty: make it with"):
        position_curves.data(curves().iloc[:0])
    with pytest.raises(SchemaError, match="first_marker lacks the columns survival, at_risk"):
        first_marker.data(markers().drop(columns=["survival", "at_risk"]))


def test_saving_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for module, table in ((position_curves, curves()), (first_marker, markers())):
        frame = module.data(table)
        files = [save(module.draw(frame), frame, tmp_path / n, "x") for n in ("one", "two")]
        for a, b in zip(*files, strict=True):
            assert a.read_bytes() == b.read_bytes(), a.name
