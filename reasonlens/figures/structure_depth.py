"""Where students leave the way of their teachers: by depth of steps, beside steps of other problems."""

from __future__ import annotations

import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reasonlens.figures._benchmarks import place_footer
from reasonlens.figures._curves import band, key
from reasonlens.figures._steps import CHANCE, chosen, model_looks, notes, short
from reasonlens.figures._style import DOUBLE, RC, Look

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "match rate and share still followed by depth of steps"
NEEDS = ("structure_rates",)

_CURVES = {"still followed": "share followed so far", "match rate": "share that match here"}
_PANEL = 1.75


def data(rates: pd.DataFrame) -> pd.DataFrame:
    """Return both curves of every student and teacher, and what they are on other problems.

    They end one step after the last that anybody reaches.

    Raises
    ------
    InputError
        If there is none.
    """
    names = [name + more for name in _CURVES for more in ("", CHANCE)]
    order = ["teacher", "group", "quantity", "at"]
    rows = chosen(rates, names)
    deepest = rows.loc[rows["value"] > 0, "at"].max()  # beyond, nobody follows
    rows = rows[~(rows["at"] > deepest + 1)]
    found: pd.DataFrame = rows.sort_values(order, kind="stable").reset_index(drop=True)
    return found


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the numbers that `data` returned: a row per curve, a column per teacher."""
    teachers = list(dict.fromkeys(frame["teacher"]))
    groups = model_looks(frame["group"].tolist())
    lines = notes(
        frame,
        DOUBLE,
        "Dotted: the teacher's trace is of another problem. Depths with fewer than 10 pairs are left out.",
    )
    bottom = 0.11 * len(lines) + 0.05
    height = 2 * _PANEL + 0.35 + bottom
    with rc_context(RC):  # type: ignore[arg-type]
        figure = Figure(figsize=(DOUBLE, height), layout="constrained")
        axes = figure.subplots(2, len(teachers), sharey="row", sharex="col", squeeze=False)
        for j, teacher in enumerate(teachers):
            for i, (name, label) in enumerate(_CURVES.items()):
                ax, mine = axes[i, j], frame[frame["teacher"] == teacher]
                _panel(ax, mine, name, groups)
                if not j:
                    ax.set_ylabel(label)
            axes[0, j].set_title(f"after {short(teacher)}")
            axes[1, j].set_xlabel("step of the teacher")
        key(figure, groups, min(4, len(groups)))
        place_footer(figure, lines, bottom / height)
    return figure


def _panel(ax: Axes, frame: pd.DataFrame, name: str, groups: dict[str, Look]) -> None:
    for group, look in groups.items():
        for quantity in (name, name + CHANCE):
            rows = frame[(frame["group"] == group) & (frame["quantity"] == quantity)]
            if rows.empty:
                continue
            x, y = rows["at"].astype(int), rows["value"]
            if quantity == name:
                band(ax, x, rows["low"], rows["high"], look, group)
                ax.plot(x, y, color=look.color, marker=look.marker, markersize=3)
            else:
                ax.plot(x, y, color=look.color, linestyle=":", linewidth=0.9)
    ax.set_ylim(0, 1)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
