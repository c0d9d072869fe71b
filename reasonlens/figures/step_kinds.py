"""What steps students take more or less often than their teachers, on the problems that both have."""

from __future__ import annotations

import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from reasonlens.figures._benchmarks import place_footer
from reasonlens.figures._curves import key
from reasonlens.figures._steps import chosen, dot, model_looks, notes, short
from reasonlens.figures._style import DOUBLE, RC

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "share of each kind of step, student minus teacher"
NEEDS = ("structure_rates",)

_ORDER = ("read", "recall", "plan", "compute", "check", "alternative", "conclude")
_LINE, _GAP = 0.075, 0.12


def data(rates: pd.DataFrame) -> pd.DataFrame:
    """Return the differences of shares of every student to every teacher.

    Raises
    ------
    InputError
        If there is none.
    """
    rows = chosen(rates, ["share of steps"], differences=True)
    rows = rows.assign(place=rows["kind"].map({kind: i for i, kind in enumerate(_ORDER)}))
    order = ["reference", "place", "group"]
    return rows.sort_values(order, kind="stable").drop(columns="place").reset_index(drop=True)


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the numbers that `data` returned, a panel per teacher."""
    teachers = list(dict.fromkeys(frame["reference"]))
    groups = model_looks(frame["group"].tolist())
    kinds = [kind for kind in _ORDER if kind in set(frame["kind"])]
    slot = _LINE * len(groups) + _GAP
    lines = notes(frame, DOUBLE, "Differences of shares on the problems that student and teacher have.")
    bottom = 0.11 * len(lines) + 0.05
    height = slot * len(kinds) + 0.9 + bottom
    with rc_context(RC):  # type: ignore[arg-type]
        figure = Figure(figsize=(DOUBLE, height), layout="constrained")
        axes = figure.subplots(1, len(teachers), sharey=True, sharex=True, squeeze=False)[0]
        for ax, teacher in zip(axes, teachers, strict=True):
            ax.axvline(0, color="0.4", linewidth=0.6)
            for row in frame[frame["reference"] == teacher].to_dict("records"):
                at = slot * kinds.index(row["kind"]) + _LINE * list(groups).index(row["group"])
                points = {**row, **{name: 100 * row[name] for name in ("value", "low", "high")}}
                dot(ax, points, at, groups[row["group"]])
            ax.set_title(f"minus {short(teacher)}")
            ax.set_xlabel("difference of shares, points")
            ax.tick_params(axis="y", length=0)
        middle = _LINE * (len(groups) - 1) / 2
        axes[0].set_yticks([slot * i + middle for i in range(len(kinds))], kinds)
        axes[0].set_ylim(slot * len(kinds) - _GAP / 2, -_GAP)
        key(figure, groups, min(4, len(groups)))
        place_footer(figure, lines, bottom / height)
    return figure
