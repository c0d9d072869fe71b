"""Length of responses by group and benchmark, with intervals, on a logarithmic axis."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from reasonlens.core.errors import InputError
from reasonlens.figures._by_benchmark import draw_levels, levels

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "length of responses by group and benchmark, with intervals"
NEEDS = ("comparisons/compare-*",)

_STEPS = (1, 2, 5)
_EDGE = 1.15


def data(comparisons: pd.DataFrame) -> pd.DataFrame:
    """Return the mean length of every group: words, or else the first length that was compared."""
    names = [name for name in dict.fromkeys(comparisons["measure"]) if name.startswith("length/")]
    if not names:
        raise InputError("there is no length to draw: make it with `reasonlens compare STUDY`")
    return levels(comparisons, "length/words" if "length/words" in names else names[0], "length")


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the numbers that `data` returned."""
    return draw_levels(frame, _log, f"mean {frame['unit'].iloc[0]}")


def _log(ax: Axes, frame: pd.DataFrame) -> float:
    values = frame[["value", "low", "high"]].to_numpy(dtype=float)
    positive = values[np.isfinite(values) & (values > 0)]
    low, high = (float(positive.min()), float(positive.max())) if len(positive) else (1.0, 10.0)
    # an interval may reach below zero: its end is cut at the axis
    low = max(low, float(np.nanmin(frame.loc[frame["value"] > 0, "value"], initial=high)) / 10)
    low, high = low / _EDGE, high * _EDGE
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    steps = _STEPS if high / low < 300 else (1,)
    ticks = [s * 10.0**d for d in decades for s in steps if low <= s * 10.0**d <= high]
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}" if x >= 1 else f"{x:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    return high
