"""The words that set two groups apart most, as bars: effect, category and the two rates.

One panel per comparison, the words of the first group above those of the second. The length of a bar
is the binary log of the ratio of rates: one more is twice as often. Color and hatch are the
category of the word in the lexicon that was used.
"""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from reasonlens.core.errors import InputError
from reasonlens.core.tables import POOLED
from reasonlens.figures._style import DOUBLE, RC, SINGLE
from reasonlens.figures._term_looks import NONE, TermLook, panels, term_looks, whole

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "the words that set two groups apart most, by category"
NEEDS = ("keyness",)

_TOP = 15  # words of a group
_BAR = 0.135  # inches
_HEAD, _FOOT = 0.36, 0.42
_NAMES, _RATES = 0.95, 0.78  # inches beside the bars
_LONGEST = 16  # characters of a word
_KEEP = (
    *(
        "contrast",
        "part",
        "group_a",
        "group_b",
        "dataset",
        "term",
        "category",
        "lexicon",
        "rank",
        "ranked_by",
    ),
    *("log2_ratio", "rate_a", "rate_b", "unit", "dp", "p_adjusted", "method", "estimand"),
    *("n_problems", "n_traces", "n_looping"),
)


def data(keyness: pd.DataFrame) -> pd.DataFrame:
    """Return the words to plot: the ranked words of each comparison, in the order of plotting.

    Parameters
    ----------
    keyness
        Rows of the ``keyness`` table. Used are single words over all problems.

    Raises
    ------
    InputError
        If no word has a rank.
    """
    rows = whole(keyness, ("kind", *_KEEP))
    rows = rows[(rows["kind"] == "word") & (rows["rank"] <= _TOP)]
    if rows.empty:
        raise InputError("no word sets the groups apart: loosen the floor of `reasonlens tokens --keyness`")
    order = rows.assign(second=rows["log2_ratio"] < 0, place=rows.groupby(["contrast", "part"]).ngroup())
    order = order.sort_values(["place", "second", "rank"], kind="stable")
    return order[list(_KEEP)].reset_index(drop=True)


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the words that `data` returned; one comparison has the width of a column, more have two."""
    parts = panels(frame)
    columns = min(2, len(parts))
    lines = [parts[i : i + columns] for i in range(0, len(parts), columns)]
    tall = [max(len(part) for part in line) * _BAR + _HEAD + _FOOT for line in lines]
    width = DOUBLE if columns > 1 else SINGLE
    categories = term_looks(frame["category"])
    note = textwrap.wrap(_note(frame), int(width * 23))
    key = 0.17 * -(-len(categories) // (2 * columns))
    foot = 0.11 * len(note) + 0.06
    height = sum(tall) + key + foot
    with rc_context(RC):  # type: ignore[arg-type]
        figure = Figure(figsize=(width, height))
        top = height - key
        for line, size in zip(lines, tall, strict=True):
            for place, part in enumerate(line):
                left = place * width / columns + _NAMES
                box = (
                    left,
                    top - _HEAD - len(part) * _BAR,
                    width / columns - _NAMES - _RATES,
                    len(part) * _BAR,
                )
                ax = figure.add_axes((box[0] / width, box[1] / height, box[2] / width, box[3] / height))
                _panel(ax, part, categories, box[2])
            top -= size
        handles = [
            Patch(facecolor=look.color, hatch=look.hatch, edgecolor="white", linewidth=0, label=look.label)
            for look in categories.values()
        ]
        figure.legend(
            handles=handles,
            loc="upper center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=2 * columns,
            frameon=False,
            borderaxespad=0.2,
            handlelength=1.6,
            columnspacing=1.2,
        )
        figure.text(0.06 / width, foot / 2 / height, "\n".join(note), fontsize=6, va="center", color="0.25")
    return figure


def _panel(ax: Axes, part: pd.DataFrame, categories: dict[str, TermLook], wide: float) -> None:
    places = np.arange(len(part), dtype=np.float64)
    for name, look in categories.items():
        mine = (part["category"] == name).to_numpy()
        ax.barh(
            places[mine],
            part["log2_ratio"].to_numpy()[mine],
            height=0.78,
            color=look.color,
            hatch=look.hatch,
            edgecolor="white",
            linewidth=0,
            gid=f"bars:{name or 'none'}",
        )
    one = part.iloc[0]
    ax.set_ylim(len(part) - 0.5, -0.5)
    ax.set_yticks(places, [_short(term) for term in part["term"]])
    ax.tick_params(axis="y", length=0, pad=2)
    for label, name in zip(ax.get_yticklabels(), part["category"], strict=True):
        label.set_fontweight("bold" if name != NONE else "normal")
    ax.axvline(0, color="0.3", linewidth=0.6)
    ax.grid(axis="x", color="0.9", linewidth=0.4)
    ax.set_axisbelow(True)
    second = int((part["log2_ratio"] > 0).sum())
    if 0 < second < len(part):
        ax.axhline(second - 0.5, color="0.6", linewidth=0.5, linestyle=(0, (3, 2)))
    ax.set_xlabel(f"log2 of the ratio of rates, {one['group_a']} / {one['group_b']}", fontsize=7)
    x = 1.04
    ax.text(x, 1.012, "rate A : B", transform=ax.transAxes, fontsize=6, va="bottom", color="0.25")
    for place, a, b in zip(places, part["rate_a"], part["rate_b"], strict=True):
        ax.text(
            x, place, f"{_rate(a)} : {_rate(b)}", transform=ax.get_yaxis_transform(), fontsize=6, va="center"
        )
    where = "all benchmarks" if one["dataset"] == POOLED else str(one["dataset"])
    title = f"A {one['group_a']}, B {one['group_b']}\n{where}, {one['n_problems']:,} problems"
    ax.set_title(title, loc="left", fontsize=7, x=(0.06 - _NAMES) / wide)


def _rate(value: float) -> str:
    return "0" if value == 0 else f"{value:.2f}" if value < 9.995 else f"{value:.1f}"


def _short(term: str) -> str:
    return term if len(term) <= _LONGEST else f"{term[: _LONGEST - 1]}…"


def _note(frame: pd.DataFrame) -> str:
    one = frame.iloc[0]
    lexicons = ", ".join(sorted({name for name in frame["lexicon"] if name})) or "none"
    return (
        f"Words found in the texts, not listed in advance; at most {_TOP} of each group, ranked by "
        f"{one['ranked_by'].replace('_', ' ')}, adjusted p at most 0.05. Rates {one['unit']}; estimand: "
        f"{one['estimand']}. {one['method'][0].upper()}{one['method'][1:]}. "
        f"Categories (color, hatch, bold): {lexicons}."
    )
