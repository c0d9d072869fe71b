"""Accuracy by group and benchmark, with intervals."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reasonlens.figures._by_benchmark import draw_levels, levels

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "accuracy by group and benchmark, with intervals"
NEEDS = ("comparisons/compare-*",)


def data(comparisons: pd.DataFrame) -> pd.DataFrame:
    """Return the accuracy of every group, as `reasonlens compare` found it."""
    return levels(comparisons, "accuracy", "accuracy")


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the numbers that `data` returned."""
    return draw_levels(frame, _share, "share of responses that are right")


def _share(ax: Axes, frame: pd.DataFrame) -> float:
    ax.set_xlim(-0.02, 1.02)
    ax.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    return 1.02
