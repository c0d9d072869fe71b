from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from reasonlens.core import registry
from reasonlens.core.errors import InputError, SchemaError, UnknownNameError
from reasonlens.core.tables import MODEL_KINDS, POOLED
from reasonlens.figures import FORMATS, save
from reasonlens.figures._style import looks
from reasonlens.figures.category_rates import data, draw

KINDS = ("base", "zero_rl", "distilled")


def estimates(datasets=3, kinds=KINDS, categories=("doubt", "formal", "plan"), per="words", lexicon="demo"):
    rng = np.random.default_rng(7)
    rows = []
    names = [f"benchmark_{i}" for i in range(datasets)] + ([POOLED] if datasets > 1 else [])
    for category in categories:
        for dataset in names:
            for kind in kinds:
                zero = kind == "base" and category == "doubt"
                value = 0.0 if zero else float(10 ** rng.uniform(-2, 1))
                value = min(value, 0.9) if per == "presence" else value
                rows.append(
                    {
                        "measure": f"{lexicon}/{category}/{per}",
                        "group": kind,
                        "contrast": "",
                        "dataset": dataset,
                        "value": value,
                        "low": value / 2,
                        "high": 0.05 if zero else value * 1.1,
                        "level": 0.95,
                        "unit": "share of responses" if per == "presence" else "per 1,000 words",
                        "method": "m",
                        "estimand": "problems like these",
                        "n_problems": 1 if dataset == "benchmark_1" else 30,
                        "n_traces": 240,
                        "excluded": 1,
                        "excluded_why": "empty: 1",
                        "n_looping": 2,
                    }
                )
    return pd.DataFrame(rows)


def artists(figure, prefix):
    for ax in figure.axes:
        for artist in (*ax.lines, *ax.collections):
            gid = artist.get_gid() or ""
            if gid.startswith(prefix):
                yield ax, gid.partition(":")[2], artist


def test_the_markers_stand_at_the_numbers():
    frame = data(estimates())
    figure = draw(frame)
    seen = {"value": [], "zero": []}
    for prefix, found in seen.items():
        for ax, kind, line in artists(figure, prefix):
            found += [(ax.get_title(loc="left"), kind, x) for x in line.get_xdata()]
    for prefix, mine in (("value", frame[frame["value"] > 0]), ("zero", frame[frame["value"] == 0])):
        wanted = list(zip(mine["category"], mine["group"], mine["value"], strict=True))
        assert sorted(seen[prefix]) == sorted(wanted)
    assert seen["zero"]


def test_the_lines_are_the_intervals():
    frame = data(estimates())
    found = []
    for ax, kind, lines in artists(draw(frame), "interval"):
        for (low, y), (high, same) in lines.get_segments():
            assert y == same
            found.append((ax.get_title(loc="left"), kind, low, high))
    wanted = list(zip(frame["category"], frame["group"], frame["low"], frame["high"], strict=True))
    assert sorted(found) == sorted(wanted)


def test_the_places_tell_benchmarks_and_kinds_apart():
    figure = draw(data(estimates()))
    ax = figure.axes[0]
    heights = [
        y for _, _, line in artists(figure, ("value", "zero")) if line.axes is ax for y in line.get_ydata()
    ]
    assert len(heights) == len(set(np.round(heights, 6))) == 12
    labels = [t.get_text() for t in ax.get_yticklabels()]
    assert labels[0] == "benchmark_0\n30 problems"
    assert labels[1] == "benchmark_1\n1 problem"
    assert labels[-1] == "all benchmarks\n30 problems"


def test_an_interval_beyond_the_axis_has_an_arrow():
    rows = estimates()
    rows.loc[rows.index[4], "high"] = 1e9
    figure = draw(data(rows))
    (arrow,) = list(artists(figure, "beyond"))
    assert len(arrow[2].get_xdata()) == 1
    assert figure.axes[0].get_xlim()[1] < 100


def test_undefined_rates_are_left_out_and_counted():
    rows = estimates()
    rows.loc[rows.index[4], ["value", "low", "high"]] = np.nan
    figure = draw(data(rows))
    shown = sum(len(line.get_xdata()) for _, _, line in artists(figure, ("value", "zero")))
    assert shown == len(rows) - 1
    assert "Undefined and not shown: 1." in figure.texts[-1].get_text().replace("\n", " ")


def test_a_rate_without_limits_is_a_marker_only():
    rows = estimates(1, categories=("doubt",))
    rows.loc[rows.index[1], ["low", "high"]] = np.nan
    figure = draw(data(rows))
    assert sum(len(lines.get_segments()) for _, _, lines in artists(figure, "interval")) == 2


@pytest.mark.parametrize(
    ("rows", "width"),
    [
        (estimates(), 6.75),
        (estimates(11, MODEL_KINDS), 6.75),
        (estimates(1, categories=("doubt",)), 3.25),
        (estimates(3, per="presence", categories=tuple("abcd")), 6.75),
    ],
)
def test_nothing_is_cut_off_or_overlaps(rows, width):
    figure = draw(data(rows))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    page = figure.bbox
    tight = figure.get_tightbbox(renderer)
    assert figure.get_size_inches()[0] == width
    assert tight.x0 >= -0.01
    assert tight.y0 >= -0.01
    assert tight.x1 * figure.dpi <= page.x1 + 1
    assert tight.y1 * figure.dpi <= page.y1 + 1
    footer = figure.texts[-1].get_window_extent(renderer)
    legend = figure.legends[0].get_window_extent(renderer)
    for ax in figure.axes:
        if ax.get_visible():
            box = ax.get_tightbbox(renderer)
            assert box.y0 >= footer.y1 - 1
            assert box.y1 <= legend.y0 + 1
            ticks = [t.get_window_extent(renderer) for t in ax.get_yticklabels() if t.get_text()]
            assert all(not a.overlaps(b) for i, a in enumerate(ticks) for b in ticks[:i])
            marks = [t for t in ax.get_xticklabels() if t.get_text() and t.get_visible()]
            boxes = [t.get_window_extent(renderer) for t in marks]
            assert all(not a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_only_rates_of_kinds_are_used():
    rows = estimates(1)
    noise = rows.iloc[[0, 0, 0, 0]].copy()
    noise["measure"] = ["demo/doubt/words/without-looping", *["demo/doubt/words"] * 3]
    noise["contrast"] = ["", "base / teacher", "", ""]
    noise["group"] = ["base", "base", "base | model", "a-model"]
    pd.testing.assert_frame_equal(data(pd.concat([rows, noise])), data(rows))


def test_models_are_drawn_if_there_are_no_kinds():
    rows = estimates(1, kinds=("model-b", "model-a"))
    assert data(rows)["group"].unique().tolist() == ["model-b", "model-a"]
    assert draw(data(rows)).legends[0].get_texts()[0].get_text() == "model-b"


def test_of_several_units_the_first_is_drawn():
    rows = pd.concat([estimates(1), estimates(1, per="presence")])
    assert set(data(rows)["per"]) == {"words"}


def test_two_lexicons_are_told_apart():
    rows = pd.concat([estimates(1), estimates(1, lexicon="other")])
    titles = [ax.get_title(loc="left") for ax in draw(data(rows)).axes]
    assert titles[0] == "demo: doubt"
    assert titles[-1] == "other: plan"


def test_no_rates_no_figure():
    rows = estimates(1)
    with pytest.raises(InputError, match="no category rates to draw"):
        data(rows.assign(contrast="a / b"))
    with pytest.raises(SchemaError, match="estimates lack the columns low, n_traces"):
        data(rows.drop(columns=["low", "n_traces"]))


def test_saving_twice_gives_the_same_bytes(tmp_path):
    frame = data(estimates())
    files = [save(draw(frame), frame, tmp_path / name, "category_rates") for name in ("one", "two")]
    assert [p.name for p in files[0]] == [f"category_rates.{e}" for e in (*FORMATS, "csv", "json")]
    for a, b in zip(*files, strict=True):
        assert a.read_bytes() == b.read_bytes(), a.name


def test_the_bytes_do_not_depend_on_hashing(tmp_path, root):
    code = (
        "import sys\nfrom pathlib import Path\nfrom tests.figures.test_category_rates import *\n"
        "f = data(estimates(1)); save(draw(f), f, Path(sys.argv[1]), 'x')"
    )
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / seed)],
            check=True,
            cwd=root,
            env=os.environ | {"PYTHONHASHSEED": seed},
        )
    for kind in FORMATS:
        assert (tmp_path / "1" / f"x.{kind}").read_bytes() == (tmp_path / "2" / f"x.{kind}").read_bytes()


def test_the_csv_holds_the_plotted_numbers_and_the_manifest_their_origin(tmp_path):
    frame = data(estimates())
    save(draw(frame), frame, tmp_path, "x", formats=["png"], details={"study": "s"})
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "x.csv"), frame, check_dtype=False)
    about = json.loads((tmp_path / "x.json").read_text("utf-8"))
    assert (about["figure"], about["study"], about["formats"]) == ("x", "s", ["png"])
    assert len(about["data_digest"]) == 16


def test_an_unknown_format_is_refused(tmp_path):
    frame = data(estimates(1))
    with pytest.raises(UnknownNameError, match="no figure format is named 'gif'"):
        save(draw(frame), frame, tmp_path / "new", "x", formats=["gif"])
    assert not (tmp_path / "new").exists()


def test_every_figure_module_keeps_the_protocol():
    for name in registry.names("reasonlens.figures"):
        module = registry.load("reasonlens.figures", name)
        assert module.TITLE
        assert isinstance(module.NEEDS, tuple)
        assert callable(module.data)
        assert callable(module.draw)


def test_every_kind_has_its_own_color_and_marker():
    found = looks(MODEL_KINDS)
    assert list(found) == list(MODEL_KINDS)
    assert len({look.color for look in found.values()}) == len(MODEL_KINDS)
    assert len({look.marker for look in found.values()}) == len(MODEL_KINDS)


def test_drawing_needs_no_pyplot():
    code = "import sys, reasonlens.figures.category_rates; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
