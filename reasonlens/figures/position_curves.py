"""Rates of categories along the responses, by model kind, with bands.

One row of panels per category: on the left the share of the response's words that came before, on
the right the number of words, and below how many responses are still running by then. The two sides
differ where kinds differ in length.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from reasonlens.figures._curves import band, chosen, key, notes, panels, title
from reasonlens.figures._style import DOUBLE, RC, Look, looks

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "category rates along the responses: relative and absolute place, with bands"
NEEDS = ("positions",)

_COLUMNS = (
    *("lexicon", "category", "part", "dataset", "group", "without", "scale", "bin", "start", "end"),
    *("value", "low", "high", "level", "unit", "estimand", "n_problems", "n_traces", "hits", "words"),
    *("excluded", "n_looping"),
)
_RELATIVE, _ABSOLUTE = "relative", "absolute"
_FEW = 10  # a bin that fewer responses of a kind reach (of few: than a tenth) is not drawn
_MANY = 10  # bins; fewer have upright lines instead of a band
_SPREAD = 0.55  # of the width of a bin
_DECADE = 10  # with so large a range the axis of running responses is logarithmic
_HEIGHT = 1.25  # inches of a row
_ROOM = 1.15  # above the highest rate, as a factor: a band may go on


def data(positions: pd.DataFrame) -> pd.DataFrame:
    """Return the rates to plot: those of bins that enough responses of the group reach.

    Parameters
    ----------
    positions
        The table of this name.
    """
    rows = chosen(positions, _COLUMNS, "positions")
    order = {name: place for place, name in enumerate(looks(rows["group"].tolist()))}
    keys = pd.DataFrame(
        {
            "panel": pd.factorize(rows["lexicon"] + "/" + rows["category"])[0],
            "scale": rows["scale"] != _RELATIVE,
            "group": rows["group"].map(order),
            "bin": rows["bin"],
        }
    )
    kept = rows.loc[keys.sort_values(list(keys.columns), kind="stable").index]
    few = (kept.groupby("group")["n_traces"].transform("max") / _FEW).clip(1, _FEW)
    return kept[kept["n_traces"] >= few].reset_index(drop=True)


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the rates that `data` returned; the width is that of two columns."""
    groups, every = looks(frame["group"].tolist()), panels(frame)
    rows = len(every) + 1
    with rc_context(RC):  # type: ignore[arg-type]
        figure = Figure(figsize=(DOUBLE, rows * _HEIGHT + 0.55), layout="constrained")
        axes = np.atleast_2d(figure.subplots(rows, 2, sharex="col"))
        for pair, (left, right) in zip(every, axes[:-1], strict=True):
            part = frame[(frame["lexicon"] == pair[0]) & (frame["category"] == pair[1])]
            top = float(part["value"].max()) * _ROOM
            for ax, scale in ((left, _RELATIVE), (right, _ABSOLUTE)):
                _rates(ax, part[part["scale"] == scale], groups)
                ax.set_ylim(0, top or 1.0)
            right.tick_params(labelleft=False)
            left.set_title(title(pair, every), loc="left")
        first = frame[(frame["lexicon"] == every[0][0]) & (frame["category"] == every[0][1])]
        _running(axes[-1][1], first[first["scale"] == _ABSOLUTE], groups)
        _words_axis(axes[-1][1], first[first["scale"] == _ABSOLUTE])
        _share_axis(axes[-1][0], axes[-2][0], _text(frame))
        figure.supylabel(str(frame["unit"].iloc[0]), fontsize=8)
        key(figure, groups, 7)
    return figure


def _rates(ax: Axes, part: pd.DataFrame, groups: dict[str, Look]) -> None:
    """Draw one panel: bands where there are many bins, else (and along the words) a line for each bin."""
    ax.grid(axis="y", color="0.9", linewidth=0.4)
    ax.set_axisbelow(True)
    for place, (name, look) in enumerate(groups.items()):
        mine = part[part["group"] == name]
        relative = (mine["scale"] == _RELATIVE).all()
        many = relative and mine["bin"].max() >= _MANY
        beside = 0.5 if many else _beside(place, len(groups))
        x = mine["start"] + (mine["end"] - mine["start"]) * beside if relative else mine["bin"] + beside
        if many:
            band(ax, x, mine["low"], mine["high"], look, name)
        else:
            known = np.isfinite(mine["low"]) & np.isfinite(mine["high"])
            lines = mine[known]
            ax.vlines(
                x[known], lines["low"], lines["high"], colors=look.color, linewidth=0.7, gid=f"limits:{name}"
            )
        _line(ax, x, mine["value"], look, f"value:{name}")


def _line(ax: Axes, x: pd.Series[float], y: pd.Series[float], look: Look, gid: str) -> None:
    ax.plot(x, y, color=look.color, marker=look.marker, markersize=2.6, linewidth=0.9, gid=gid)


def _beside(place: int, groups: int) -> float:
    """Return where in a bin a group stands, so that the lines of limits do not hide each other."""
    return 0.5 + _SPREAD * ((place + 0.5) / groups - 0.5)


def _running(ax: Axes, part: pd.DataFrame, groups: dict[str, Look]) -> None:
    for place, (name, look) in enumerate(groups.items()):
        mine = part[part["group"] == name]
        _line(ax, mine["bin"] + _beside(place, len(groups)), mine["n_traces"], look, f"running:{name}")
    if part["n_traces"].max() >= _DECADE * part["n_traces"].min():
        ax.set_yscale("log")
        ax.yaxis.set_minor_locator(NullLocator())
    else:
        ax.set_ylim(0, float(part["n_traces"].max()) * _ROOM)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.0f}"))
    ax.grid(axis="y", color="0.9", linewidth=0.4)
    ax.set_title("responses that reach these words", loc="left")


def _words_axis(ax: Axes, part: pd.DataFrame) -> None:
    """Name the edges of the absolute bins, which are all drawn with the same width."""
    bins = part.drop_duplicates("bin").sort_values("bin")
    edges = [*bins["start"], bins["end"].iloc[-1]]
    ax.set_xlim(float(bins["bin"].min()), float(bins["bin"].max()) + 1)
    ax.set_xticks([*bins["bin"], int(bins["bin"].max()) + 1], [_short(edge) for edge in edges])
    ax.set_xlabel("words before (bins, each drawn with the same width)")


def _short(edge: float) -> str:
    if np.isinf(edge):
        return "end"
    return f"{edge / 1000:g}k" if edge >= 1000 else f"{edge:g}"


def _share_axis(spare: Axes, lowest: Axes, text: str) -> None:
    """Label the axis of the left column at its lowest panel; the spare one below holds the text."""
    lowest.set_xlim(0, 1)
    lowest.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
    lowest.tick_params(labelbottom=True)
    lowest.set_xlabel("share of the response's words before")
    spare.set_axis_off()
    lines = "\n".join(notes(text, 0.42 * DOUBLE))
    spare.text(0, 0.72, lines, transform=spare.transAxes, fontsize=6, va="top", color="0.25")


def _text(frame: pd.DataFrame) -> str:
    lexicons, level = ", ".join(dict.fromkeys(frame["lexicon"])), 100 * float(frame["level"].iloc[0])
    whole = frame[frame["scale"] == _RELATIVE].drop_duplicates("group")
    out, loops = int(whole["excluded"].sum()), int(whole["n_looping"].sum())
    return (
        f"Lexicon: {lexicons}. Bands and upright lines: {level:g}% limits of each bin, clustered by problem; "
        f"estimand: {frame['estimand'].iloc[0]}. Rates: hits over words, both of the bin. "
        f"Responses left out: {out:,}; looping: {loops:,}. Not drawn: bins that fewer than {_FEW} responses "
        "of a kind (of few: than a tenth) reach. Limits may go beyond the panel."
    )
