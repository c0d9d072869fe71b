"""Which kind of step follows on which, one matrix per model."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reasonlens.figures._benchmarks import place_footer
from reasonlens.figures._steps import chosen, notes, short
from reasonlens.figures._style import DOUBLE, RC

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "transition matrix of kinds of steps, per model"
NEEDS = ("structure_rates",)

_ORDER = ("(begin)", "read", "recall", "plan", "compute", "check", "alternative", "conclude", "(end)")
_COLUMNS, _PANEL = 3, 2.0
_DARK = 0.55  # above this share, white numbers


def data(rates: pd.DataFrame) -> pd.DataFrame:
    """Return the share of every kind of step that follows on each kind, per model.

    Raises
    ------
    InputError
        If there is none.
    """
    return chosen(rates, ["transition"]).sort_values("group", kind="stable").reset_index(drop=True)


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the numbers that `data` returned."""
    models = list(dict.fromkeys(frame["group"]))
    columns = 2 if len(models) == 4 else min(_COLUMNS, len(models))
    rows = -(-len(models) // columns)
    used = {name for name in _ORDER if (frame.loc[frame["kind"] == name, "value"] > 0).any()}
    used |= set(frame.loc[frame["value"] > 0, "following"])
    names = [name for name in _ORDER if name in used]
    lines = notes(
        frame, DOUBLE, "Each row adds up to 100%: of the steps of this kind, how many are followed by which."
    )
    bottom = 0.11 * len(lines) + 0.05
    height = _PANEL * rows + 0.5 + bottom
    with rc_context(RC):  # type: ignore[arg-type]
        figure = Figure(figsize=(DOUBLE, height), layout="constrained")
        axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for ax, model in zip(axes.ravel(), models, strict=False):
            _matrix(ax, frame[frame["group"] == model], names)
            ax.set_title(short(model))
        for ax in axes.ravel()[len(models) :]:
            ax.set_axis_off()
        for ax in axes[:, 0]:
            ax.set_ylabel("step")
        for ax in axes[-1]:
            ax.set_xlabel("following step")
        place_footer(figure, lines, bottom / height)
    return figure


def _matrix(ax: Axes, rows: pd.DataFrame, names: list[str]) -> None:
    befores, afters = [n for n in names if n != "(end)"], [n for n in names if n != "(begin)"]
    table = np.full((len(befores), len(afters)), np.nan)
    for row in rows.to_dict("records"):
        if row["kind"] in befores and row["following"] in afters:
            table[befores.index(row["kind"]), afters.index(row["following"])] = row["value"]
    # squares, not an image: its bytes would differ from run to run
    ax.pcolormesh(np.ma.masked_invalid(table), cmap="Blues", vmin=0, vmax=1)
    for (i, j), value in np.ndenumerate(table):
        if np.isfinite(value) and value >= 0.005:
            color = "white" if value > _DARK else "black"
            ax.text(j + 0.5, i + 0.5, f"{100 * value:.0f}", ha="center", va="center", fontsize=6, color=color)
    ax.set_xticks(
        np.arange(len(afters)) + 0.5, afters, rotation=60, ha="right", rotation_mode="anchor", fontsize=6
    )
    ax.set_yticks(np.arange(len(befores)) + 0.5, befores, fontsize=6)
    ax.set_ylim(len(befores), 0)
    ax.tick_params(length=0)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
