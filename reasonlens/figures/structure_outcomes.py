"""Do right responses follow the teacher further than wrong ones? Over all problems, and within problems."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from reasonlens.figures._benchmarks import place_footer
from reasonlens.figures._steps import chosen, dot, notes, short
from reasonlens.figures._style import DOUBLE, RC, Look

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "structure of right and of wrong responses, and within problems"
NEEDS = ("structure_rates",)

_SCORE = "reward_aligned"
_SIDES = {"right": Look("right", "#009E73", "o"), "wrong": Look("wrong", "#D55E00", "X")}
_AUC = Look("within problems", "black", "D")
_ROW = 0.26


def data(rates: pd.DataFrame) -> pd.DataFrame:
    """Return the aligned score of right and of wrong responses, and the AUC within problems.

    Raises
    ------
    InputError
        If there is none.
    """
    names = [*(f"{_SCORE} if {side}" for side in _SIDES), f"{_SCORE}, AUC"]
    return (
        chosen(rates, names)
        .sort_values(["teacher", "group", "quantity"], kind="stable")
        .reset_index(drop=True)
    )


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the numbers that `data` returned."""
    pairs = list(dict.fromkeys(zip(frame["teacher"], frame["group"], strict=True)))
    several = frame["teacher"].nunique() > 1
    labels = [f"{short(b)} after {short(a)}" if several else short(b) for a, b in pairs]
    said = (
        "Left: means over all problems, which tell problems apart too. Right: the chance that a right "
        "response follows further than a wrong one to the same problem; only problems with both count. "
        "Open: without interval."
    )
    lines = notes(frame, DOUBLE, said)
    bottom = 0.11 * len(lines) + 0.05
    height = _ROW * len(pairs) + 0.8 + bottom
    with rc_context(RC):  # type: ignore[arg-type]
        figure = Figure(figsize=(DOUBLE, height), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        right.axvline(0.5, color="0.4", linewidth=0.6)
        for row in frame.to_dict("records"):
            y = pairs.index((row["teacher"], row["group"]))
            side = str(row["quantity"]).rpartition(" ")[2]
            if side in _SIDES:
                dot(left, row, y + (0.14 if side == "wrong" else -0.14), _SIDES[side])
            else:
                dot(right, row, y, _AUC, filled=bool(np.isfinite(row["low"])))
        for look in _SIDES.values():
            left.plot(
                [], [], marker=look.marker, color=look.color, linestyle="none", markersize=4, label=look.label
            )
        left.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
        left.set_xlabel("aligned reward per teacher step")
        right.set_xlabel("AUC within problems")
        right.set_xlim(-0.03, 1.03)
        for ax in (left, right):
            ax.tick_params(axis="y", length=0)
        left.set_yticks(range(len(pairs)), labels)
        left.set_ylim(len(pairs) - 0.4, -0.6)
        place_footer(figure, lines, bottom / height)
    return figure
