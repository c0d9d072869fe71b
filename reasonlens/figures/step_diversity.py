"""How much the samples of one problem differ in their steps, per model."""

from __future__ import annotations

import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from reasonlens.figures._benchmarks import place_footer
from reasonlens.figures._steps import chosen, dot, model_looks, notes
from reasonlens.figures._style import DOUBLE, RC

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "diversity of step patterns across samples of one problem"
NEEDS = ("structure_rates",)

_PANELS = {"distance between samples": "distance between samples", "effective patterns": "effective patterns"}
_ROW = 0.2


def data(rates: pd.DataFrame) -> pd.DataFrame:
    """Return distance and effective number of patterns of every model with several samples.

    Raises
    ------
    InputError
        If there is none.
    """
    return (
        chosen(rates, list(_PANELS)).sort_values(["quantity", "group"], kind="stable").reset_index(drop=True)
    )


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the numbers that `data` returned."""
    groups = model_looks(frame["group"].tolist())
    names = list(groups)
    n = int(frame["at"].iloc[0])
    said = (
        f"From {n} samples of a problem. 0 (left), 1 (right): all take the same kinds of steps in one order."
    )
    lines = notes(frame, DOUBLE, said)
    bottom = 0.11 * len(lines) + 0.05
    height = _ROW * len(names) + 0.6 + bottom
    with rc_context(RC):  # type: ignore[arg-type]
        figure = Figure(figsize=(DOUBLE, height), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        for ax, (quantity, label) in zip(axes, _PANELS.items(), strict=True):
            for row in frame[frame["quantity"] == quantity].to_dict("records"):
                dot(ax, row, names.index(row["group"]), groups[row["group"]])
            ax.set_xlabel(label)
            ax.tick_params(axis="y", length=0)
            low, high = (0.0, 1.0) if quantity.startswith("distance") else (1.0, float(n))
            ax.set_xlim(low - 0.03 * (high - low), high + 0.03 * (high - low))
        axes[0].set_yticks(range(len(names)), [groups[name].label for name in names])
        axes[0].set_ylim(len(names) - 0.4, -0.6)
        place_footer(figure, lines, bottom / height)
    return figure
