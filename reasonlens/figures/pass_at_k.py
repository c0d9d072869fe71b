"""pass@k, maj@k and avg of groups against the number of tries, with intervals."""

from __future__ import annotations

import textwrap
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from reasonlens.core.errors import InputError
from reasonlens.core.tables import POOLED
from reasonlens.figures._benchmarks import place_footer
from reasonlens.figures._style import DOUBLE, RC, SINGLE, Look, looks

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "pass@k and maj@k against the number of tries, with intervals"
NEEDS = ("comparisons/scores-*",)

_KEEP = (
    *("by", "group", "dataset", "value", "low", "high", "level", "unit", "method", "estimand"),
    *("n_problems", "n_traces", "excluded", "excluded_why"),
)
_STYLES: dict[str, Literal["-", "--", ":"]] = {"pass": "-", "maj": "--", "avg": ":"}
_PANEL = 2.1  # inches
_COLUMNS = 3
_APART = 0.06  # of a doubling of k, between two groups


def data(comparisons: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of every group: ``score`` is pass, maj or avg, ``k`` the number of tries.

    Raises
    ------
    InputError
        If there is none.
    """
    parts = comparisons["quantity"].astype("str").str.extract(r"^(pass|maj|avg)@(\d+)$")
    use = parts[0].notna() & (comparisons["reference"] == "") & (comparisons["without"] == "")
    if not use.any():
        raise InputError("there are no scores to draw: make them with `reasonlens compare STUDY --k 1,2,4,8`")
    rows = comparisons.loc[use, list(_KEEP)]
    rows.insert(0, "k", parts.loc[use, 1].astype("int64"))
    rows.insert(0, "score", parts.loc[use, 0])
    rows = rows[(rows["by"] == rows["by"].iloc[0]) & (rows["n_problems"] > 0)]
    rows.insert(0, "whole", rows["dataset"] == POOLED)
    found: pd.DataFrame = rows.sort_values(["whole", "dataset", "group", "score", "k"], kind="stable")
    return found.drop(columns="whole").reset_index(drop=True)


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the numbers that `data` returned, one panel per benchmark."""
    groups = looks(frame["group"].tolist())
    datasets = list(dict.fromkeys(frame["dataset"]))
    columns = min(_COLUMNS, len(datasets))
    rows = -(-len(datasets) // columns)
    width = SINGLE if columns == 1 else DOUBLE
    lines = _footer(frame, width)
    bottom = 0.11 * len(lines) + 0.05
    keys = 1 if columns == 1 else 2
    height = rows * _PANEL + 0.17 * -(-(len(groups) + frame["score"].nunique()) // keys) + bottom
    with rc_context(RC):  # type: ignore[arg-type]
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = np.atleast_1d(figure.subplots(rows, columns, sharey=True)).ravel()
        for ax, dataset in zip(axes, datasets, strict=False):
            _panel(ax, frame[frame["dataset"] == dataset], groups)
            ax.set_title("all benchmarks" if dataset == POOLED else dataset, loc="left")
        for ax in axes[len(datasets) :]:
            ax.set_visible(False)
        axes[0].set_ylabel("share of problems")
        low = float(np.nanmin(frame[["value", "low"]].to_numpy(dtype=float)))
        axes[0].set_ylim(max(-0.02, np.floor(low * 10) / 10 - 0.02), 1.02)
        figure.legend(
            handles=_keys(frame, groups),
            loc="outside upper left",
            ncols=keys,
            frameon=False,
            handlelength=2.4,
        )
        place_footer(figure, lines, bottom / height)
    return figure


def _panel(ax: Axes, part: pd.DataFrame, groups: dict[str, Look]) -> None:
    ticks = sorted({int(k) for k in part.loc[part["score"] != "avg", "k"]})
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(ticks, [str(k) for k in ticks])
    ax.set_xlim(min(ticks) / 1.2, max(ticks) * 1.2)
    ax.set_xlabel("number of tries k")
    ax.grid(axis="y", color="0.9", linewidth=0.4)
    ax.set_axisbelow(True)
    names = [name for name in groups if name in set(part["group"])]
    for place, group in enumerate(names):
        # several groups stand a little apart, so that their intervals can be told from one another
        apart = 2.0 ** (_APART * (place - (len(names) - 1) / 2))
        for score, mine in part[part["group"] == group].groupby("score", sort=False):
            _curve(ax, mine, groups[group], f"{score}:{group}", apart, alone=len(names) == 1)


def _curve(ax: Axes, mine: pd.DataFrame, look: Look, gid: str, apart: float, *, alone: bool) -> None:
    score = gid.partition(":")[0]
    k = mine["k"].to_numpy(dtype=float) * apart
    value, low, high = (mine[name].to_numpy(dtype=float) for name in ("value", "low", "high"))
    if score == "avg":
        ax.axhline(value[0], color=look.color, linestyle=_STYLES["avg"], linewidth=0.8, gid=gid)
        return
    if score == "pass" and alone:
        ax.fill_between(k, low, high, color=look.color, alpha=0.15, linewidth=0, gid=f"band:{gid}")
    elif score == "pass":
        ax.vlines(k, low, high, colors=look.color, linewidth=0.8, gid=f"interval:{gid}")
    ax.plot(
        k,
        value,
        color=look.color,
        linestyle=_STYLES[score],
        marker=look.marker,
        markersize=3.4,
        markerfacecolor=look.color if score == "pass" else "white",
        gid=gid,
    )


def _keys(frame: pd.DataFrame, groups: dict[str, Look]) -> list[Line2D]:
    names = {"pass": "pass@k with interval", "maj": "maj@k", "avg": "average"}
    handles = [
        Line2D([], [], color=x.color, marker=x.marker, markersize=4, linewidth=0.9, label=x.label)
        for x in groups.values()
    ]
    return handles + [
        Line2D([], [], color="0.3", linestyle=style, linewidth=0.9, label=names[score])
        for score, style in _STYLES.items()
        if (frame["score"] == score).any()
    ]


def _footer(frame: pd.DataFrame, width: float) -> list[str]:
    level = f"{100 * float(frame['level'].iloc[0]):g}%"
    estimand = "; ".join(dict.fromkeys(frame["estimand"]))
    most, traces = int(frame["n_problems"].max()), int(frame["n_traces"].max())
    text = (
        f"Exact expectations over the k-subsets of a problem's samples. Intervals: {level} over problems; "
        f"estimand: {estimand}. Up to {most:,} problems with {traces:,} responses a group."
    )
    return textwrap.wrap(text, int(width * 23))
