"""How far students follow their teachers, beside what a match is worth by chance."""

from __future__ import annotations

import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from reasonlens.figures._benchmarks import place_footer
from reasonlens.figures._steps import CHANCE, chosen, dot, notes, short
from reasonlens.figures._style import DOUBLE, RC, Look

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "how far students follow their teachers' steps, beside steps of other problems"
NEEDS = ("structure_rates",)

_SCORES = {
    "reward_normalized": "published reward per teacher step",
    "reward_aligned": "aligned reward per teacher step",
}
_REAL, _CHANCE = Look("same problem", "#D55E00", "o"), Look("another problem", "0.55", "s")
_ROW = 0.2


def data(rates: pd.DataFrame) -> pd.DataFrame:
    """Return both scores of every student and teacher, and what they are on other problems.

    Raises
    ------
    InputError
        If there is none.
    """
    names = [name + more for name in _SCORES for more in ("", CHANCE)]
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
    scores = [name for name in _SCORES if name in set(frame["quantity"])]
    lines = notes(
        frame, DOUBLE, "Filled: the teacher's trace of the same problem. Open: its trace of another problem."
    )
    bottom = 0.11 * len(lines) + 0.05
    height = _ROW * len(pairs) + 0.6 + bottom
    with rc_context(RC):  # type: ignore[arg-type]
        figure = Figure(figsize=(DOUBLE, height), layout="constrained")
        axes = figure.subplots(1, len(scores), sharey=True, squeeze=False)[0]
        for ax, name in zip(axes, scores, strict=True):
            for row in frame[frame["quantity"].isin([name, name + CHANCE])].to_dict("records"):
                real = row["quantity"] == name
                dot(
                    ax,
                    row,
                    pairs.index((row["teacher"], row["group"])),
                    _REAL if real else _CHANCE,
                    filled=real,
                )
            ax.set_xlabel(_SCORES[name])
            ax.set_xlim(left=min(0.0, ax.get_xlim()[0]))
            ax.tick_params(axis="y", length=0)
            ax.grid(axis="y", color="0.92", linewidth=0.5)
            ax.set_axisbelow(True)
        axes[0].set_yticks(range(len(pairs)), labels)
        axes[0].set_ylim(len(pairs) - 0.4, -0.6)
        place_footer(figure, lines, bottom / height)
    return figure
