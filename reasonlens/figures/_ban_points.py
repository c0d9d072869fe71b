"""What the figures of ban experiments share: the rows of one model, and points with their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from reasonlens.core.errors import InputError

__all__ = ["ALL", "COLUMNS", "about", "of_one_model", "point"]

ALL = "(all)"
COLUMNS = [
    *("model", "measure", "arm", "role", "dataset", "words", "baseline", "value", "low", "high"),
    *("p_value", "p_adjusted", "n_problems", "n_traces", "method", "family"),
]


def of_one_model(effects: pd.DataFrame, rows: pd.Series, how: str) -> pd.DataFrame:
    """Return the chosen rows of the model with the most responses.

    Raises
    ------
    InputError
        If there is none; `how` says what makes them.
    """
    if not rows.any():
        raise InputError(f"there is nothing to draw: make it with `{how}`")
    model = effects.groupby("model")["n_traces"].sum().idxmax()
    mine = effects[rows & (effects["model"] == model)].copy()
    if mine.empty:
        raise InputError(f"there is nothing to draw for {model}: make it with `{how}`")
    mine["words"] = mine["words"].map(lambda words: ", ".join(words))
    found: pd.DataFrame = mine[COLUMNS].reset_index(drop=True)
    return found


def point(ax: Axes, x: float, row: Mapping[Any, Any], *, color: str, marker: str, label: str = "") -> None:
    """Draw an effect on accuracy in points, upright."""
    if np.isfinite(row["low"]):
        ax.plot([x, x], [100 * row["low"], 100 * row["high"]], color=color, linewidth=1.2)
    ax.plot(x, 100 * row["value"], color=color, marker=marker, markersize=4.5, linestyle="none", label=label)


def about(frame: pd.DataFrame) -> str:
    """Return what the points and lines are."""
    most = int(frame["n_problems"].max())
    return (
        f"{frame['model'].iloc[0]}. Points: mean over at most {most} problems of the change to the same "
        "problems and seeds without a ban; lines: 95% (paired t)."
    )
