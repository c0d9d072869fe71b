"""Rates of lexicon categories by model kind and benchmark, with intervals.

One panel per category, benchmarks down the side, model kinds by color and marker. Rates span
several orders of magnitude and some are zero, so the axis is logarithmic down to the smallest rate
and linear from there to zero; a zero is an open marker on the zero line with its upper limit.
"""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from reasonlens.core.errors import InputError, SchemaError
from reasonlens.core.tables import MODEL_KINDS, POOLED
from reasonlens.figures._benchmarks import Slot, bands, dataset_label, legend, marks, place_footer, slots_of
from reasonlens.figures._style import DOUBLE, RC, SINGLE, Look, looks

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "category rates by model kind and benchmark, with intervals"
NEEDS = ("estimates/tokens",)

_JOIN = " | "
_SHARE = "presence"
_PARTS = 3  # LEXICON/CATEGORY/PER; more parts are sensitivity rows
_COLUMNS = 3
_EDGE = 1.6  # room on the axis beyond the largest value, as a factor
_WIDE, _NARROW = 7, 3  # entries of the legend side by side
_KEEP = (
    *("value", "low", "high", "level", "unit", "method", "estimand"),
    *("n_problems", "n_traces", "excluded", "excluded_why", "n_looping"),
)


def data(estimates: pd.DataFrame) -> pd.DataFrame:
    """Return the rates to plot.

    Parameters
    ----------
    estimates
        Rows of the ``estimates`` table. Used are rates (no contrasts, no sensitivity rows) of model
        kinds, or of other groups if no row is of a model kind; of several units the first.

    Returns
    -------
    pandas.DataFrame
        ``lexicon category per dataset group``, then the estimate; in the order of plotting.

    Raises
    ------
    InputError
        If there is no such row.
    """
    missing = [c for c in ("measure", "group", "contrast", "dataset", *_KEEP) if c not in estimates]
    if missing:
        raise SchemaError(f"estimates lack the columns {', '.join(missing)}")
    parts = estimates["measure"].astype("str").str.split("/")
    contrast = estimates["contrast"].astype("str")
    group = estimates["group"].astype("str")
    use = (parts.map(len) == _PARTS) & (contrast == "") & ~group.str.contains(_JOIN, regex=False)
    if (use & group.isin(MODEL_KINDS)).any():
        use &= group.isin(MODEL_KINDS)
    if not use.any():
        raise InputError("there are no category rates to draw: count first with `reasonlens tokens`")
    names = pd.DataFrame(parts[use].tolist(), columns=["lexicon", "category", "per"], index=parts[use].index)
    rows = pd.concat([names, estimates.loc[use, ["dataset", "group", *_KEEP]]], axis=1)
    rows = rows[rows["per"] == rows["per"].iloc[0]]
    keys = pd.DataFrame(
        {
            "panel": pd.factorize(rows["lexicon"] + "/" + rows["category"])[0],
            "pooled": (rows["dataset"] == POOLED).to_numpy(),
            "dataset": rows["dataset"].to_numpy(),
            "kind": rows["group"].map({n: i for i, n in enumerate(looks(rows["group"].tolist()))}).to_numpy(),
        },
        index=rows.index,
    )
    order = keys.sort_values(["panel", "pooled", "dataset", "kind"], kind="stable").index
    ordered: pd.DataFrame = rows.loc[order].reset_index(drop=True)
    return ordered


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the rates that `data` returned; the width is that of two columns (one for one panel)."""
    groups = looks(frame["group"].tolist())
    panels = list(dict.fromkeys(zip(frame["lexicon"], frame["category"], strict=True)))
    several = len({lexicon for lexicon, _ in panels}) > 1
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    width, keys = (DOUBLE, _WIDE) if columns > 1 else (SINGLE, _NARROW)
    slots, tall = slots_of(frame, groups)
    footer = _footer(frame, width)
    bottom = 0.11 * len(footer) + 0.05
    height = rows * (tall + 0.24) + 0.42 + 0.16 * -(-len(groups) // keys) + bottom
    with rc_context(RC):  # type: ignore[arg-type]
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = np.atleast_1d(figure.subplots(rows, columns, sharex=True, sharey=True)).ravel()
        limits = _limits(frame)
        for place, (lexicon, category) in enumerate(panels):
            ax = axes[place]
            part = frame[(frame["lexicon"] == lexicon) & (frame["category"] == category)]
            _scale(ax, limits)
            bands(ax, slots)
            _panel(ax, part, slots, groups, limits[1])
            ax.set_title(_title(lexicon, category, several), loc="left")
            if place + columns >= len(panels):
                ax.tick_params(labelbottom=True)
                ax.set_xlabel(str(frame["unit"].iloc[0]))
        for ax in axes[len(panels) :]:
            ax.set_visible(False)
        axes[0].set_ylim(tall, 0)
        names = [dataset_label(frame, dataset) for dataset in slots]
        axes[0].set_yticks([slot.middle for slot in slots.values()], names, linespacing=1.05)
        for ax in axes:
            ax.tick_params(axis="y", length=0)
        legend(figure, groups, keys)
        place_footer(figure, footer, bottom / height)
    return figure


def _scale(ax: Axes, limits: tuple[float, float, bool]) -> None:
    least, most, linear = limits
    if linear:
        ax.set_xlim(-0.03 * most, most * 1.03)
        ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
        return
    ax.set_xscale("symlog", linthresh=least, linscale=0.7)
    ax.set_xlim(-0.35 * least, most)
    decades = 10.0 ** np.arange(round(np.log10(least)), np.floor(np.log10(most)) + 1)
    shown = {0.0, *decades[:: -max(1, -(-len(decades) // 4))]}
    ax.xaxis.set_major_locator(FixedLocator([0.0, *decades]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}" if x in shown else ""))
    ax.xaxis.set_minor_locator(NullLocator())


def _panel(
    ax: Axes, part: pd.DataFrame, slots: dict[str, Slot], groups: dict[str, Look], most: float
) -> None:
    for name, look in groups.items():
        mine = part[part["group"] == name]
        y = np.array([slots[dataset].lines[name] for dataset in mine["dataset"]])
        marks(ax, mine, y, look, name, most)


def _limits(frame: pd.DataFrame) -> tuple[float, float, bool]:
    """Return the smallest decade, the right end and whether the axis is linear (shares)."""
    value, high = frame["value"].to_numpy(dtype=float), frame["high"].to_numpy(dtype=float)
    if (frame["per"] == _SHARE).all():
        return 0.0, 1.0, True
    positive = value[value > 0]
    finite = high[np.isfinite(high)]
    if not len(positive):
        top = float(finite.max(initial=0.0)) or 1.0
        return 10.0 ** np.floor(np.log10(top)), top * _EDGE, False
    seen = finite[finite <= 5 * positive.max()]
    most = max(float(positive.max()), float(seen.max(initial=0.0)))
    return float(10.0 ** np.floor(np.log10(positive.min()))), most * _EDGE, False


def _title(lexicon: str, category: str, several: bool) -> str:
    name = category.replace("_", " ")
    return f"{lexicon}: {name}" if several else name


def _footer(frame: pd.DataFrame, width: float) -> list[str]:
    """Say below the figure what the marks are and what they rest on."""
    lexicons = ", ".join(dict.fromkeys(frame["lexicon"]))
    level = f"{100 * float(frame['level'].iloc[0]):g}%"
    estimand = "; ".join(dict.fromkeys(frame["estimand"]))
    first = frame[(frame["lexicon"] == frame["lexicon"].iloc[0])]
    first = first[first["category"] == first["category"].iloc[0]]
    total = first[first["dataset"] != POOLED]
    traces, out = int(total["n_traces"].sum()), int(total["excluded"].sum())
    text = (
        f"Lexicon: {lexicons}. Lines: {level} intervals, clustered by problem; estimand: {estimand}. "
        f"{traces:,} responses ({out:,} more left out; {int(total['n_looping'].sum()):,} loop). "
        "Open marker: no hits (the line ends at the upper limit). Arrow: the interval goes on."
    )
    lost = int(frame["value"].isna().sum())
    if lost:
        text += f" Undefined and not shown: {lost}."
    return textwrap.wrap(text, int(width * 23))
