"""The figures of keyness show exactly the numbers of their data, and no name lies on another."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from reasonlens.core.errors import InputError, SchemaError
from reasonlens.core.tables import POOLED
from reasonlens.figures import distinctive_tokens, keyness, save
from reasonlens.figures._term_looks import MOST_PANELS, term_looks

CATEGORIES = ("anthropomorphic", "logical_connectors", "")


def table(contrasts=1, terms=30, datasets=(POOLED, "aime", "math")):
    rng = np.random.default_rng(11)
    rows = []
    for c in range(contrasts):
        for dataset in datasets:
            for i in range(terms):
                ratio = float(rng.normal(2, 3))
                rows.append(
                    {
                        "contrast": f"kind{c} / base",
                        "group_a": f"kind{c}",
                        "group_b": "base",
                        "part": "response",
                        "dataset": dataset,
                        "kind": ("word", "phrase", "opener")[i % 3],
                        "term": f"a rather long term {i}" if i == 3 else f"term{i}",
                        "category": CATEGORIES[i // 3 % len(CATEGORIES)],
                        "lexicon": "demo" if CATEGORIES[i // 3 % len(CATEGORIES)] else "",
                        "log2_ratio": ratio,
                        "rank": float(i // 3 + 1) if i % 5 else np.nan,
                        "ranked_by": "log2_ratio",
                        "rate_a": 2.0**ratio,
                        "rate_b": 0.0 if i == 0 else 1.0,
                        "unit": "per 1,000 words",
                        "dp": float(rng.uniform(0.1, 0.5)),
                        "p_adjusted": 0.2 if i % 5 == 0 else 0.001,
                        "method": "tested: in 5 problems or more",
                        "estimand": "problems like the shared ones",
                        "n_problems": 30,
                        "n_traces": 240,
                        "n_looping": 2,
                    }
                )
    return pd.DataFrame(rows)


def points(figure):
    return sorted(
        (line.get_gid(), x, y)
        for ax in figure.axes
        for line in ax.lines
        if (line.get_gid() or "").partition(":")[0] in ("significant", "other")
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    )


def test_the_points_stand_at_the_numbers():
    frame = keyness.data(table())
    assert set(frame["kind"]) == {"word", "phrase"}
    assert frame["dataset"].unique().tolist() == [POOLED]
    wanted = sorted(
        (
            f"{'significant' if row.p_adjusted <= 0.05 else 'other'}:{row.category or 'none'}",
            row.log2_ratio,
            row.dp,
        )
        for row in frame.itertuples()
    )
    assert points(keyness.draw(frame)) == wanted


@pytest.mark.parametrize("contrasts", [1, 2, 4])
def test_names_lie_neither_on_another_nor_outside(contrasts):
    figure = keyness.draw(keyness.data(table(contrasts, terms=90)))
    renderer = FigureCanvasAgg(figure).get_renderer()
    for ax in figure.axes:
        names = [text for text in ax.texts if text.get_gid() == "name"]
        boxes = [text.get_window_extent(renderer) for text in names]
        assert len(names) >= 5
        assert len({text.get_text() for text in names}) == len(names)
        for i, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[i + 1 :])
            inside = ax.get_window_extent(renderer)
            assert inside.x0 <= box.x0 <= box.x1 <= inside.x1
            assert inside.y0 <= box.y0 <= box.y1 <= inside.y1


def test_the_bars_are_the_numbers():
    frame = distinctive_tokens.data(table(2))
    assert set(frame["rank"].dropna()) == set(frame["rank"])
    figure = distinctive_tokens.draw(frame)
    assert len(figure.axes) == 2
    for ax, (_, part) in zip(figure.axes, frame.groupby("contrast", sort=False), strict=True):
        bars = sorted(ax.patches, key=lambda bar: bar.get_y())
        assert [bar.get_width() for bar in bars] == part["log2_ratio"].tolist()
        looks = term_looks(frame["category"])
        assert [bar.get_hatch() or "" for bar in bars] == [looks[c].hatch for c in part["category"]]
        names = [t.get_text() for t in ax.get_yticklabels()]
        wanted = [term if len(term) <= 16 else f"{term[:15]}…" for term in part["term"]]
        assert names == wanted
        assert ("a rather long t…" in names) == ("a rather long term 3" in part["term"].tolist())
        rates = [t.get_text() for t in ax.texts if " : " in t.get_text()][1:]
        assert rates[0].endswith(" : 0" if part["rate_b"].iloc[0] == 0 else " : 1.00")


def test_the_first_group_stands_above_the_second_each_by_rank():
    frame = distinctive_tokens.data(table())
    above = frame["log2_ratio"] > 0
    assert above.is_monotonic_decreasing
    assert frame[above]["rank"].is_monotonic_increasing
    assert frame[~above]["rank"].is_monotonic_increasing
    assert (frame["rank"] <= 15).all()


def test_categories_look_the_same_in_every_figure():
    one, two = (
        term_looks(["logical_connectors", ""]),
        term_looks(["anthropomorphic", "logical_connectors", "z"]),
    )
    assert one["logical_connectors"] == two["logical_connectors"]
    assert list(one) == ["logical_connectors", ""]
    looks = list(two.values())
    assert len({(k.color, k.hatch, k.marker) for k in looks}) == len({k.hatch for k in looks}) == 4


@pytest.mark.parametrize("module", [keyness, distinctive_tokens])
def test_a_study_of_one_benchmark_is_drawn(module):
    figure = module.draw(module.data(table(datasets=("math",))))
    assert "math, 30 problems" in figure.axes[0].get_title(loc="left")


@pytest.mark.parametrize("module", [keyness, distinctive_tokens])
def test_at_most_four_comparisons_are_drawn(module):
    assert len(module.draw(module.data(table(6))).axes) == MOST_PANELS


@pytest.mark.parametrize("module", [keyness, distinctive_tokens])
def test_the_same_numbers_give_the_same_bytes(module, tmp_path):
    frame = module.data(table(2))
    made = [save(module.draw(frame), frame, tmp_path / name, "f") for name in ("a", "b")]
    for one, two in zip(*made, strict=True):
        if one.suffix != ".json":
            assert one.read_bytes() == two.read_bytes(), one.name


@pytest.mark.parametrize("module", [keyness, distinctive_tokens])
def test_tables_that_cannot_be_drawn(module):
    with pytest.raises(SchemaError, match="keyness lacks the columns term"):
        module.data(table().drop(columns="term"))
    with pytest.raises(InputError, match="reasonlens tokens STUDY --keyness A:B"):
        module.data(table().head(0))


def test_without_a_ranked_word_there_are_no_bars():
    with pytest.raises(InputError, match="no word sets the groups apart: loosen the floor"):
        distinctive_tokens.data(table().assign(rank=np.nan))
