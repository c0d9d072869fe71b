"""Dose and response: what it costs to ban the words by and by."""

from __future__ import annotations

import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from reasonlens.figures._ban_points import ALL, about, of_one_model, point
from reasonlens.figures._benchmarks import place_footer
from reasonlens.figures._style import DOUBLE, RC

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "accuracy as words are banned by and by"
NEEDS = ("effects",)

_ORDERS = {
    "dose": ("most frequent first", "#E69F00", "s"),
    "dose_key": ("most telling first", "#CC79A7", "^"),
}


def data(effects: pd.DataFrame) -> pd.DataFrame:
    """Return the effects of the doses and of the whole set on accuracy, with the number of words.

    Raises
    ------
    InputError
        If there is no dose.
    """
    accuracy = (effects["measure"] == "accuracy") & (effects["dataset"] == ALL)
    doses = accuracy & effects["role"].isin(list(_ORDERS))
    rows = (accuracy & effects["role"].isin([*_ORDERS, "target"])) if doses.any() else doses
    found = of_one_model(effects, rows, "reasonlens ban-ablation --doses")
    found["n_words"] = found["words"].map(lambda words: len(words.split(", ")))
    return found.sort_values(["role", "n_words"], kind="stable").reset_index(drop=True)


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the numbers that `data` returned."""
    whole = frame[frame["role"] == "target"]
    with rc_context(RC):  # type: ignore[arg-type]
        figure = Figure(figsize=(DOUBLE, 2.8), layout="constrained")
        ax = figure.subplots()
        ax.axhline(0, color="0.4", linewidth=0.6)
        present = [role for role in _ORDERS if (frame["role"] == role).any()]
        for i, role in enumerate(present):
            name, color, marker = _ORDERS[role]
            mine = frame[frame["role"] == role]
            shift = 0.08 * (i - (len(present) - 1) / 2)
            for n, row in enumerate(mine.to_dict("records")):
                point(ax, row["n_words"] + shift, row, color=color, marker=marker, label="" if n else name)
            path = pd.concat([mine, whole])
            x, y = [0, *(path["n_words"] + shift)], [0, *(100 * path["value"])]  # from no ban
            ax.plot(x, y, color=color, linewidth=0.8, linestyle=":")
        for row in whole.to_dict("records"):
            point(ax, row["n_words"], row, color="#D55E00", marker="D", label="all words")
        ax.set_xticks(sorted({0, *frame["n_words"]}))
        ax.set_xlim(left=-0.04 * frame["n_words"].max())
        ax.set_xlabel("words banned")
        ax.set_ylabel("change in accuracy, points")
        ax.legend(frameon=False)
        place_footer(figure, [about(frame)], 0.08)
    return figure
