"""pass@k beside the best structure of k samples: does trying more often reach the teacher's way?"""

from __future__ import annotations

import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from reasonlens.figures._benchmarks import place_footer
from reasonlens.figures._curves import band, key
from reasonlens.figures._steps import chosen, model_looks, notes
from reasonlens.figures._style import DOUBLE, RC

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "pass@k beside the expected best structure of k samples"
NEEDS = ("structure_rates",)

_PANELS = {"pass@k": "pass@k", "reward_aligned@k": "best aligned reward of k"}
_PANEL = 2.0


def data(rates: pd.DataFrame) -> pd.DataFrame:
    """Return pass@k and the best structure of k of every student, after the first teacher.

    Raises
    ------
    InputError
        If no student has several samples.
    """
    rows = chosen(rates, list(_PANELS))
    rows = rows[rows["teacher"] == rows["teacher"].iloc[0]]
    found: pd.DataFrame = rows.sort_values(["quantity", "group", "at"], kind="stable").reset_index(drop=True)
    return found


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the numbers that `data` returned."""
    groups = model_looks(frame["group"].tolist())
    lines = notes(
        frame, DOUBLE, f"Teacher: {frame['teacher'].iloc[0]}. Samples are drawn without replacement."
    )
    bottom = 0.11 * len(lines) + 0.05
    height = _PANEL + 0.35 + bottom
    with rc_context(RC):  # type: ignore[arg-type]
        figure = Figure(figsize=(DOUBLE, height), layout="constrained")
        axes = figure.subplots(1, 2)
        for ax, (name, label) in zip(axes, _PANELS.items(), strict=True):
            for group, look in groups.items():
                rows = frame[(frame["quantity"] == name) & (frame["group"] == group)]
                x = rows["at"].astype(int)
                band(ax, x, rows["low"], rows["high"], look, group)
                ax.plot(x, rows["value"], color=look.color, marker=look.marker, markersize=4)
            ax.set_xscale("log", base=2)
            ks = sorted(set(frame["at"].astype(int)))
            ax.xaxis.set_major_locator(FixedLocator(ks))
            ax.xaxis.set_minor_locator(NullLocator())
            ax.set_xticklabels([str(k) for k in ks])
            ax.set_xlabel("k")
            ax.set_ylabel(label)
            ax.set_ylim(-0.03, 1.03)
        key(figure, groups, min(4, len(groups)))
        place_footer(figure, lines, bottom / height)
    return figure
