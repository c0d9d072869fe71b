"""What figures of steps share: which rows they show, lines with intervals, names that fit, the text below."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from reasonlens.core.errors import InputError, SchemaError
from reasonlens.core.tables import POOLED
from reasonlens.figures._style import Look, looks

__all__ = ["CHANCE", "COLUMNS", "chosen", "dot", "model_looks", "notes", "short"]

CHANCE = ", another problem"
"""Ends the name of a quantity for which the teacher's trace was of another problem."""

COLUMNS = (
    *("quantity", "teacher", "group", "reference", "dataset", "kind", "following", "at", "value", "low"),
    *("high", "level", "unit", "method", "estimand", "n_problems", "n_traces", "excluded", "excluded_why"),
    *("decomposer", "matcher"),
)
_LONGEST = 28


def chosen(rates: pd.DataFrame, quantities: Sequence[str], *, differences: bool = False) -> pd.DataFrame:
    """Return the rows of some quantities: all data sets together, or the first one; of one decomposer.

    Raises
    ------
    SchemaError
        If a column is missing.
    InputError
        If there is no such row.
    """
    missing = [name for name in COLUMNS if name not in rates]
    if missing:
        raise SchemaError(f"structure_rates lacks the columns {', '.join(missing)}")
    is_difference = rates["reference"].astype("str") != ""
    rows = rates[rates["quantity"].isin(list(quantities)) & (is_difference == differences)]
    rows = rows[np.isfinite(rows["value"].astype(float))]
    if rows.empty:
        raise InputError(f"there is no {quantities[0]} to draw: make it with `reasonlens structure`")
    first = rows[["decomposer", "matcher"]].iloc[0]
    rows = rows[(rows["decomposer"] == first["decomposer"]) & (rows["matcher"] == first["matcher"])]
    whole = POOLED if (rows["dataset"] == POOLED).any() else rows["dataset"].iloc[0]
    found: pd.DataFrame = rows.loc[rows["dataset"] == whole, list(COLUMNS)].reset_index(drop=True)
    return found


def short(model: str) -> str:
    """Return the name of a model without its owner, cut if it is long."""
    name = model.rpartition("/")[2]
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


def model_looks(models: Sequence[str]) -> dict[str, Look]:
    """Return a look for each model, in order of their names."""
    return {
        name: Look(short(name), look.color, look.marker) for name, look in looks(sorted(set(models))).items()
    }


def dot(ax: Axes, row: Mapping[Any, Any], y: float, look: Look, *, filled: bool = True) -> None:
    """Draw a value with its interval on line `y`."""
    if np.isfinite(row["low"]) and np.isfinite(row["high"]):
        ax.plot([row["low"], row["high"]], [y, y], color=look.color, linewidth=1.1, zorder=2)
    fill = look.color if filled else "white"
    ax.plot(
        row["value"],
        y,
        marker=look.marker,
        color=look.color,
        markerfacecolor=fill,
        markersize=4,
        linestyle="none",
        zorder=3,
    )


def notes(frame: pd.DataFrame, width: float, *more: str) -> list[str]:
    """Return the lines below a figure: what it rests on, and who made the steps."""
    where = "all benchmarks" if frame["dataset"].iloc[0] == POOLED else str(frame["dataset"].iloc[0])
    problems = int(frame["n_problems"].max())
    matcher = next((m for m in frame["matcher"] if m), "")
    made = f"steps by {frame['decomposer'].iloc[0]}" + (f", matched by {matcher}" if matcher else "")
    level = f"{100 * float(frame['level'].iloc[0]):g}%"
    text = f"{where}, up to {problems:,} problems; {made}. Intervals: {level}, clustered by problem."
    return [line for part in (*more, text) for line in textwrap.wrap(part, int(21 * width))]
