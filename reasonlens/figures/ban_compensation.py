"""Which words a model writes more often when others are banned."""

from __future__ import annotations

import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from reasonlens.figures._ban_points import of_one_model
from reasonlens.figures._benchmarks import place_footer
from reasonlens.figures._style import DOUBLE, RC

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "words that rise when others are banned"
NEEDS = ("effects",)

_MOST = 20
_TICKS = (0.5, 1, 2, 5, 10, 20, 50, 100)


def data(effects: pd.DataFrame) -> pd.DataFrame:
    """Return the words that rise, the surest `_MOST`, ordered by how much.

    Raises
    ------
    InputError
        If there is none.
    """
    found = of_one_model(effects, effects["measure"].str.startswith("word/"), "reasonlens ban-ablation")
    found["word"] = found["measure"].str.removeprefix("word/")
    surest = found.sort_values(["p_adjusted", "word"], kind="stable")[:_MOST]
    return surest.sort_values(["value", "word"], kind="stable").reset_index(drop=True)


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the numbers that `data` returned."""
    first = frame.iloc[0]
    ratio = "Rate under the ban as a multiple of the rate before, both among words that are not banned"
    mean = f"geometric mean over {first['n_problems']} problems; lines: 95% (t of log rates)."
    notes = [
        f"{first['model']}. {ratio} ({first['words']}):",
        f"{mean} Filled: p < .05 of {first['family']}.",
    ]
    with rc_context(RC):  # type: ignore[arg-type]
        height = 0.19 * len(frame) + 1.1
        figure = Figure(figsize=(DOUBLE, height), layout="constrained")
        ax = figure.subplots()
        ax.axvline(1, color="0.4", linewidth=0.6)
        for y, row in enumerate(frame.to_dict("records")):
            fill = "#009E73" if row["p_adjusted"] < 0.05 else "white"
            ax.plot([row["low"], row["high"]], [y, y], color="#009E73", linewidth=1.2)
            ax.plot(row["value"], y, "o", color="#009E73", markerfacecolor=fill, markersize=4.5)
        ax.set_xscale("log")
        ax.set_xticks([x for x in _TICKS if min(1, frame["low"].min()) <= x < 1.2 * frame["high"].max()])
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_locator(NullLocator())
        ax.set_ylim(-0.6, len(frame) - 0.4)
        ax.set_yticks(range(len(frame)), list(frame["word"]))
        ax.set_xlabel("times as often as before (log scale)")
        place_footer(figure, notes, 0.3 / height)
    return figure
