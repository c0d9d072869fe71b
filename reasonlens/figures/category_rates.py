"""Rates of lexicon categories by model kind and benchmark, with intervals.

One panel per category, benchmarks down the side, model kinds by color and marker. Rates span
several orders of magnitude and some are zero, so the axis is logarithmic down to the smallest rate
and linear from there to zero; a zero is an open marker on the zero line with its upper limit.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from reasonlens.core.errors import InputError, SchemaError
from reasonlens.core.tables import MODEL_KINDS, POOLED
from reasonlens.figures._style import DOUBLE, RC, SINGLE, Look, looks

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "category rates by model kind and benchmark, with intervals"
NEEDS = ("estimates",)

_JOIN = " | "
_SHARE = "presence"
_PARTS = 3  # LEXICON/CATEGORY/PER; more parts are sensitivity rows
_COLUMNS = 3
_MARK = 0.085  # inches between two kinds
_GAP = 0.09  # inches between two benchmarks
_EDGE = 1.6  # room on the axis beyond the largest value, as a factor
_LONGEST = 22  # characters of the name of a benchmark
_LABEL = 0.24  # inches that a label of two lines takes
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
    slots, tall = _slots(frame, groups)
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
            _bands(ax, slots)
            _panel(ax, part, slots, groups, limits[1])
            ax.set_title(_title(lexicon, category, several), loc="left")
            if place + columns >= len(panels):
                ax.tick_params(labelbottom=True)
                ax.set_xlabel(str(frame["unit"].iloc[0]))
        for ax in axes[len(panels) :]:
            ax.set_visible(False)
        axes[0].set_ylim(tall, 0)
        names = [_name(frame, dataset) for dataset in slots]
        axes[0].set_yticks([slot.middle for slot in slots.values()], names, linespacing=1.05)
        for ax in axes:
            ax.tick_params(axis="y", length=0)
        _legend(figure, groups, keys)
        _place_footer(figure, footer, bottom / height)
    return figure


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where a benchmark is drawn, in inches from the top: its strip and the line of each kind."""

    top: float
    bottom: float
    lines: dict[str, float]

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


def _slots(frame: pd.DataFrame, groups: dict[str, Look]) -> tuple[dict[str, _Slot], float]:
    """Give every benchmark the room that its kinds need; return the slots and their height."""
    slots, top = {}, 0.0
    for dataset in dict.fromkeys(frame["dataset"]):
        here = set(frame.loc[frame["dataset"] == dataset, "group"])
        kinds = [name for name in groups if name in here]
        bottom = top + max(_MARK * len(kinds), _LABEL) + _GAP
        first = (top + bottom - _MARK * (len(kinds) - 1)) / 2
        slots[dataset] = _Slot(top, bottom, {name: first + _MARK * i for i, name in enumerate(kinds)})
        top = bottom
    return slots, top


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


def _bands(ax: Axes, slots: dict[str, _Slot]) -> None:
    ax.axvline(0, color="0.6", linewidth=0.5, zorder=0)
    ax.grid(axis="x", color="0.9", linewidth=0.4)
    ax.set_axisbelow(True)
    for slot in list(slots.values())[::2]:
        ax.axhspan(slot.top, slot.bottom, color="0.965", linewidth=0, zorder=-1)
    if POOLED in slots:
        ax.axhline(slots[POOLED].top, color="0.4", linewidth=0.6, zorder=1)


def _panel(
    ax: Axes, part: pd.DataFrame, slots: dict[str, _Slot], groups: dict[str, Look], most: float
) -> None:
    for name, look in groups.items():
        mine = part[part["group"] == name]
        y = np.array([slots[dataset].lines[name] for dataset in mine["dataset"]])
        _marks(ax, mine, y, look, name, most)


def _marks(
    ax: Axes, mine: pd.DataFrame, y: npt.NDArray[np.float64], look: Look, name: str, most: float
) -> None:
    """Draw one kind: intervals, then markers (open at zero), then arrows where an interval goes on."""
    value, low, high = (mine[c].to_numpy(dtype=float) for c in ("value", "low", "high"))
    has = ~np.isnan(low) & ~np.isnan(high)
    ax.hlines(y[has], low[has], high[has], colors=look.color, linewidth=0.9, zorder=2, gid=f"interval:{name}")
    for zero in (False, True):
        use = ~np.isnan(value) & ((value == 0) == zero)
        ax.plot(
            value[use],
            y[use],
            linestyle="none",
            marker=look.marker,
            markersize=3.4,
            markeredgewidth=0.7,
            color=look.color,
            markerfacecolor="white" if zero else look.color,
            zorder=3,
            gid=f"{'zero' if zero else 'value'}:{name}",
        )
    beyond = has & (high > most)
    if not beyond.any():
        return
    ax.plot(
        np.full(int(beyond.sum()), 1.0),
        y[beyond],
        linestyle="none",
        marker=">",
        markersize=2.5,
        color=look.color,
        clip_on=False,
        transform=ax.get_yaxis_transform(),
        gid=f"beyond:{name}",
    )


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


def _name(frame: pd.DataFrame, dataset: str) -> str:
    sizes = frame.loc[(frame["dataset"] == dataset) & (frame["n_problems"] > 0), "n_problems"]
    low, high = (int(sizes.min()), int(sizes.max())) if len(sizes) else (0, 0)
    many = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    name = "all benchmarks" if dataset == POOLED else _short(dataset)
    return f"{name}\n{many} problem{'' if high == 1 else 's'}"


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}\u2026"


def _title(lexicon: str, category: str, several: bool) -> str:
    name = category.replace("_", " ")
    return f"{lexicon}: {name}" if several else name


def _legend(figure: Figure, groups: dict[str, Look], columns: int) -> None:
    handles = [
        Line2D([], [], color=k.color, marker=k.marker, markersize=4, linewidth=0.9, label=k.label)
        for k in groups.values()
    ]
    figure.legend(
        handles=handles,
        loc="outside upper center",
        ncols=min(columns, len(handles)),
        frameon=False,
        handlelength=1.6,
        columnspacing=1.2,
        handletextpad=0.5,
    )


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


def _place_footer(figure: Figure, lines: list[str], share: float) -> None:
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.set(rect=(0, share, 1, 1 - share))  # type: ignore[call-arg]
    figure.text(0.01, share / 2, "\n".join(lines), fontsize=6, va="center", ha="left", color="0.25")
