"""Words to the first marker of each category: Kaplan-Meier curves by model kind, with bands.

A response that ends without the marker is censored there, so short responses do not count as
responses that never have it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from reasonlens.figures._curves import band, chosen, key, notes, panels, title
from reasonlens.figures._style import DOUBLE, RC, SINGLE, Look, looks

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "words to the first marker of a category (Kaplan-Meier), with bands"
NEEDS = ("first_marker",)

_COLUMNS = (
    *("lexicon", "category", "part", "dataset", "group", "without", "words", "survival", "low", "high"),
    *("level", "at_risk", "n_events", "estimand", "n_problems", "n_traces", "seed", "excluded", "n_looping"),
)
_FEW = 10  # a curve is drawn as long as that many responses, or a tenth, are still waiting
_LEAST = 2
_HEIGHT = 1.6  # inches of a row
_ACROSS = 3


def data(first_marker: pd.DataFrame) -> pd.DataFrame:
    """Return the curves to plot, each up to where few responses of the group are still waiting.

    Parameters
    ----------
    first_marker
        The table of this name.
    """
    rows = chosen(first_marker, _COLUMNS, "first_marker")
    order = {name: place for place, name in enumerate(looks(rows["group"].tolist()))}
    keys = pd.DataFrame(
        {
            "panel": pd.factorize(rows["lexicon"] + "/" + rows["category"])[0],
            "group": rows["group"].map(order),
            "words": rows["words"],
        }
    )
    kept = rows.loc[keys.sort_values(list(keys.columns), kind="stable").index]
    few = (kept["n_traces"] / _FEW).clip(_LEAST, _FEW)
    return kept[(kept["at_risk"] >= few) | (kept["words"] == 0)].reset_index(drop=True)


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the curves that `data` returned; two columns wide (one for a single category)."""
    groups, every = looks(frame["group"].tolist()), panels(frame)
    across = min(_ACROSS, len(every))
    rows = -(-len(every) // across)
    width = DOUBLE if across > 1 else SINGLE
    lines = notes(_text(frame), width)
    bottom = 0.11 * len(lines) + 0.05
    keys = 7 if across > 1 else 3
    height = rows * _HEIGHT + 0.3 + 0.16 * -(-len(groups) // keys) + bottom
    with rc_context(RC):  # type: ignore[arg-type]
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = np.atleast_1d(figure.subplots(rows, across, sharex=True, sharey=True)).ravel()
        for place, (ax, pair) in enumerate(zip(axes, every, strict=False)):
            part = frame[(frame["lexicon"] == pair[0]) & (frame["category"] == pair[1])]
            for name, look in groups.items():
                _curve(ax, part[part["group"] == name], look, name)
            _scale(ax, float(frame["words"].max()))
            ax.set_title(title(pair, every), loc="left")
            if place + across >= len(every):
                ax.tick_params(labelbottom=True)
                ax.set_xlabel("words before")
            if place % across == 0:
                ax.set_ylabel("share still without")
        for ax in axes[len(every) :]:
            ax.set_visible(False)
        key(figure, groups, keys)
        engine = figure.get_layout_engine()
        assert engine is not None
        engine.set(rect=(0, bottom / height, 1, 1 - bottom / height))  # type: ignore[call-arg]
        place_of = bottom / height / 2
        figure.text(0.01, place_of, "\n".join(lines), fontsize=6, va="center", ha="left", color="0.25")
    return figure


def _curve(ax: Axes, mine: pd.DataFrame, look: Look, name: str) -> None:
    if mine.empty:
        return
    band(ax, mine["words"], mine["low"], mine["high"], look, name, step="post")
    ax.plot(
        [0, *mine["words"]],  # every curve comes down from 1
        [1, *mine["survival"]],
        color=look.color,
        drawstyle="steps-post",
        marker=look.marker,
        markersize=2.8,
        markevery=_marked(mine),
        linewidth=0.9,
        gid=f"curve:{name}",
    )


def _marked(mine: pd.DataFrame) -> list[int]:
    """Return the points of a curve that carry its marker: about one per factor of three, and the end."""
    words = mine["words"].to_numpy(dtype=np.float64)
    wanted = 3.0 ** np.arange(np.ceil(np.log(max(words.max(), 1)) / np.log(3)))
    return sorted({1, *(np.searchsorted(words, wanted) + 1).tolist(), len(words)})


def _scale(ax: Axes, longest: float) -> None:
    ax.set_xscale("symlog", linthresh=1, linscale=0.35)
    ax.set_xlim(-0.25, max(longest, 10) * 1.15)
    decades = [10.0**power for power in range(int(np.log10(max(longest, 10))) + 1)]
    ax.xaxis.set_major_locator(FixedLocator([0.0, *decades]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x / 1000:g}k" if x >= 1000 else f"{x:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_ylim(-0.02, 1.02)
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
    ax.grid(color="0.9", linewidth=0.4)
    ax.set_axisbelow(True)


def _text(frame: pd.DataFrame) -> str:
    lexicons, level = ", ".join(dict.fromkeys(frame["lexicon"])), 100 * float(frame["level"].iloc[0])
    whole = frame.drop_duplicates("group")
    return (
        f"Lexicon: {lexicons}. A response that ends without the marker is censored at its end. Bands: "
        f"{level:g}%, pointwise, cluster bootstrap over problems; estimand: {frame['estimand'].iloc[0]}. "
        f"{int(whole['n_traces'].sum()):,} responses ({int(whole['excluded'].sum()):,} more left out; "
        f"{int(whole['n_looping'].sum()):,} loop). A curve ends where fewer than {_FEW} responses of its "
        "kind (of few responses: than a tenth) are still waiting."
    )
