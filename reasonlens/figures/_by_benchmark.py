"""One number per group and benchmark with its interval: the frame of several figures."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reasonlens.core.errors import InputError, SchemaError
from reasonlens.core.tables import POOLED
from reasonlens.figures._benchmarks import bands, dataset_label, legend, marks, place_footer, slots_of
from reasonlens.figures._style import DOUBLE, RC, SINGLE, looks

__all__ = ["draw_levels", "footer", "levels"]

KEEP = (
    *("measure", "by", "group", "dataset", "value", "low", "high", "level", "unit", "method", "estimand"),
    *("n_problems", "n_traces", "excluded", "excluded_why"),
)
_WIDE, _NARROW = 6, 3  # entries of the legend side by side
_LONG = 18  # characters of a group's name up to which many fit beside one another


def levels(comparisons: pd.DataFrame, measure: str, what: str) -> pd.DataFrame:
    """Return the values of groups on one measure, by model kind if both ways are there.

    Raises
    ------
    InputError
        If there is none.
    """
    needed = (*KEEP, "quantity", "reference", "without", "adjusted")
    missing = [name for name in needed if name not in comparisons]
    if missing:
        raise SchemaError(f"comparisons lack the columns {', '.join(missing)}")
    use = (
        (comparisons["measure"] == measure)
        & comparisons["quantity"].isin(["share", "mean", "rate"])
        & (comparisons["reference"] == "")
        & (comparisons["without"] == "")
    )
    rows = comparisons[use]
    if rows.empty:
        raise InputError(f"there is no {what} to draw: make it with `reasonlens compare STUDY`")
    ways = list(dict.fromkeys(rows["by"]))
    rows = rows[rows["by"] == ("model_kind" if "model_kind" in ways else ways[0])]
    rows = rows[rows["estimand"] == rows["estimand"].iloc[0]]
    keys = pd.DataFrame(
        {
            "pooled": (rows["dataset"] == POOLED).to_numpy(),
            "dataset": rows["dataset"].to_numpy(),
            "group": rows["group"]
            .map({n: i for i, n in enumerate(looks(rows["group"].tolist()))})
            .to_numpy(),
        },
        index=rows.index,
    )
    found: pd.DataFrame = rows.loc[keys.sort_values(["pooled", "dataset", "group"]).index, list(KEEP)]
    return found.reset_index(drop=True)


def draw_levels(frame: pd.DataFrame, scale: Callable[[Axes, pd.DataFrame], float], label: str) -> Figure:
    """Draw what `levels` returned; `scale` sets up the axis of values and returns its end."""
    groups = looks(frame["group"].tolist())
    long = max(len(look.label) for look in groups.values()) > _LONG
    width = DOUBLE if long or frame["dataset"].nunique() > 1 else SINGLE
    columns = (2 if long else _WIDE) if width == DOUBLE else (1 if long else _NARROW)
    slots, tall = slots_of(frame, groups)
    lines = footer(frame, width)
    bottom = 0.11 * len(lines) + 0.05
    height = tall + 0.45 + 0.16 * -(-len(groups) // columns) + bottom
    with rc_context(RC):  # type: ignore[arg-type]
        figure = Figure(figsize=(width, height), layout="constrained")
        ax = figure.subplots()
        most = scale(ax, frame)
        bands(ax, slots)
        for name, look in groups.items():
            mine = frame[frame["group"] == name]
            y = np.array([slots[dataset].lines[name] for dataset in mine["dataset"]])
            marks(ax, mine, y, look, name, most)
        ax.set_ylim(tall, 0)
        names = [dataset_label(frame, dataset) for dataset in slots]
        ax.set_yticks([slot.middle for slot in slots.values()], names, linespacing=1.05)
        ax.tick_params(axis="y", length=0)
        ax.set_xlabel(label)
        legend(figure, groups, columns)
        place_footer(figure, lines, bottom / height)
    return figure


def footer(frame: pd.DataFrame, width: float, more: str = "") -> list[str]:
    """Say what the lines are and what they rest on."""
    level = f"{100 * float(frame['level'].iloc[0]):g}%"
    estimand = "; ".join(dict.fromkeys(frame["estimand"]))
    total = frame[frame["dataset"] != POOLED]
    traces, out = int(total["n_traces"].sum()), int(total["excluded"].sum())
    text = f"Lines: {level} intervals; estimand: {estimand}. {traces:,} responses ({out:,} more left out). "
    lost = int(frame["value"].isna().sum())
    text += more + (f" Undefined and not shown: {lost}." if lost else "")
    return textwrap.wrap(text, int(width * 23))
