"""Right against wrong responses to the same problem: how often does the right one have more?

One panel for samples of one model and one for different models, which are not the same question. A
panel without any such pair says so.
"""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reasonlens.core.errors import InputError
from reasonlens.core.tables import POOLED
from reasonlens.figures._benchmarks import bands, legend, marks, place_footer, slots_of
from reasonlens.figures._style import DOUBLE, RC, Look, looks

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "measures of right against wrong responses to the same problem"
NEEDS = ("associations",)

_KEEP = (
    *("measure", "scope", "by", "group", "dataset", "value", "low", "high", "level", "method", "estimand"),
    *("n_problems", "n_traces", "n_models", "p_adjusted", "excluded", "excluded_why"),
)
_LONG = 18  # characters of a group's name up to which many fit beside one another
_ALL = "(all)"
_NONE = "no problem has both"
_LINE = 22  # characters of the name of a measure on one line


def data(associations: pd.DataFrame) -> pd.DataFrame:
    """Return the within-problem AUC of every measure and group, over all data sets if there are several.

    Raises
    ------
    InputError
        If there is none.
    """
    use = (associations["quantity"] == "AUC") & (associations["without"] == "")
    rows = associations.loc[use, list(_KEEP)]
    if rows.empty:
        raise InputError(
            "there is nothing to draw: make it with `reasonlens compare STUDY --outcome correct`"
        )
    rows = rows[rows["by"] == ("model_kind" if (rows["by"] == "model_kind").any() else rows["by"].iloc[0])]
    whole = POOLED if (rows["dataset"] == POOLED).any() else rows["dataset"].iloc[0]
    found: pd.DataFrame = rows[rows["dataset"] == whole].reset_index(drop=True)
    return found


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the numbers that `data` returned."""
    known = frame[frame["value"].notna()]
    groups = looks([name for name in known["group"] if name != _ALL])
    if _ALL in set(known["group"]):
        groups[_ALL] = Look("all together", "0.45", "*")
    scopes = list(dict.fromkeys(frame["scope"]))
    # the frame of slots has measures where other figures have benchmarks
    slots, tall = slots_of(known.assign(dataset=known["measure"]), groups)
    tall = tall or 0.8
    long = max((len(look.label) for look in groups.values()), default=0) > _LONG
    columns = 2 if long else 6
    lines = _footer(frame, known)
    bottom = 0.11 * len(lines) + 0.05
    height = tall + 0.65 + 0.16 * -(-max(len(groups), 1) // columns) + bottom
    with rc_context(RC):  # type: ignore[arg-type]
        figure = Figure(figsize=(DOUBLE, height), layout="constrained")
        axes = np.atleast_1d(figure.subplots(1, len(scopes), sharey=True))
        for ax, scope in zip(axes, scopes, strict=True):
            bands(ax, slots)
            _panel(ax, known[known["scope"] == scope], groups, {n: s.lines for n, s in slots.items()})
            ax.set_title(scope, loc="left")
        axes[0].set_ylim(tall, 0)
        names = [label(measure) for measure in slots]
        axes[0].set_yticks([slot.middle for slot in slots.values()], names, linespacing=1.05)
        for ax in axes:
            ax.tick_params(axis="y", length=0)
        if groups:
            legend(figure, groups, columns)
        place_footer(figure, lines, bottom / height)
    return figure


def _panel(ax: Axes, part: pd.DataFrame, groups: dict[str, Look], lines: dict[str, dict[str, float]]) -> None:
    ax.set_xlim(-0.02, 1.02)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
    ax.set_xlabel("chance that the right response has more")
    ax.axvline(0.5, color="0.4", linewidth=0.6, zorder=1)
    if part.empty:
        box = {"facecolor": "white", "edgecolor": "none", "pad": 2}
        ax.text(0.5, 0.5, _NONE, transform=ax.transAxes, ha="center", va="center", color="0.4", bbox=box)
    for name, look in groups.items():
        mine = part[part["group"] == name]
        y = np.array([lines[measure][name] for measure in mine["measure"]])
        marks(ax, mine, y, look, name, 1.02)


def label(measure: str) -> str:
    parts = measure.split("/")
    short = {"words": "", "presence": ", presence", "response": ", per response"}
    if len(parts) == 3:
        text = parts[1].replace("_", " ") + short.get(parts[2], f", {parts[2]}")
    else:
        text = " in ".join(parts).replace("_", " ")
    return "\n".join(textwrap.wrap(text, _LINE))


def _footer(frame: pd.DataFrame, known: pd.DataFrame) -> list[str]:
    level = f"{100 * float(frame['level'].iloc[0]):g}%"
    where = (
        "all data sets" if frame["dataset"].iloc[0] == POOLED else frame["dataset"].iloc[0] or "one data set"
    )
    least, most = (int(known["n_problems"].min()), int(known["n_problems"].max())) if len(known) else (0, 0)
    many = f"{most:,}" if least == most else f"{least:,} to {most:,}"
    what = f"Mean over problems ({where}) of the share of pairs, right against wrong, in which the right one"
    text = (
        f"{what} has the higher value; 0.5: no association. Lines: {level} over problems; "
        f"{many} problems with both. Different models: also tells models apart. Not an effect."
    )
    return textwrap.wrap(text, int(DOUBLE * 23))
