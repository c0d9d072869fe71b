"""What banning words costs: the target beside its controls, and every arm that should do nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reasonlens.core.errors import InputError
from reasonlens.figures._benchmarks import place_footer
from reasonlens.figures._style import DOUBLE, RC

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "effects of banned words against control bans"
NEEDS = ("effects",)

_ORDER = ("repeat", "sham", "placebo", "control", "dose", "dose_key", "leave_in", "target")
_NAMES = {
    "repeat": "baseline again (A/A)",
    "sham": "sham",
    "placebo": "placebo words",
    "control": "control sets",
    "target": "all words",
}
_COLORS = {
    "target": "#D55E00",
    "dose": "#E69F00",
    "dose_key": "#CC79A7",
    "leave_in": "#0072B2",
    "control": "0.55",
}
_MARKERS = {"target": "D", "dose": "s", "dose_key": "^", "leave_in": "o", "control": "|"}
_ROW, _WIDEST = 0.21, 40


def data(effects: pd.DataFrame) -> pd.DataFrame:
    """Return the effects on accuracy and on length of the model with the most responses.

    Raises
    ------
    InputError
        If there is none.
    """
    rows = effects[effects["measure"].isin(["accuracy", "length/words"]) & (effects["dataset"] == "(all)")]
    if rows.empty:
        raise InputError("there is nothing to draw: make it with `reasonlens ban-ablation`")
    model = rows.groupby("model")["n_traces"].sum().idxmax()
    mine = rows[rows["model"] == model].copy()
    mine["words"] = mine["words"].map(lambda words: ", ".join(words))
    mine["place"] = mine["role"].map({role: i for i, role in enumerate(_ORDER)})
    columns = ["model", "measure", "arm", "role", "words", "baseline", "value", "low", "high", "p_adjusted"]
    more = ["n_problems", "n_traces", "method", "estimand", "excluded", "family"]
    found: pd.DataFrame = mine.sort_values(["place", "arm", "measure"], kind="stable")[[*columns, *more]]
    return found.reset_index(drop=True)


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the numbers that `data` returned."""
    lines = list(dict.fromkeys(_line(row) for row in frame.to_dict("records")))
    notes = _footer(frame)
    bottom = 0.11 * len(notes) + 0.05
    height = _ROW * len(lines) + 0.75 + bottom
    with rc_context(RC):  # type: ignore[arg-type]
        figure = Figure(figsize=(DOUBLE, height), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        for ax, measure, scale, title in (
            (left, "accuracy", 100, "accuracy, points"),
            (right, "length/words", 1, "words per response"),
        ):
            _panel(ax, frame[frame["measure"] == measure], lines, scale)
            ax.set_xlabel(f"change in {title}")
        left.set_yticks(range(len(lines)), lines)
        left.set_ylim(len(lines) - 0.4, -0.6)
        place_footer(figure, notes, bottom / height)
    return figure


def _line(row: Mapping[Any, Any]) -> str:
    role = str(row["role"])
    if role in _NAMES:
        return _NAMES[role]
    words = str(row["words"])
    text = (
        f"all but “{str(row['arm']).removeprefix('without-').replace('_', ' ')}”"
        if role == "leave_in"
        else words
    )
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _panel(ax: Axes, rows: pd.DataFrame, lines: list[str], scale: float) -> None:
    ax.axvline(0, color="0.4", linewidth=0.6, zorder=1)
    ax.tick_params(axis="y", length=0)
    for row in rows.to_dict("records"):
        role, y, value = str(row["role"]), lines.index(_line(row)), scale * row["value"]
        color, marker = _COLORS.get(role, "black"), _MARKERS.get(role, "x")
        if role == "control":
            ax.plot(value, y, marker=marker, color=color, markersize=8, linestyle="none")
            continue
        if np.isfinite(row["low"]):
            ax.plot([scale * row["low"], scale * row["high"]], [y, y], color=color, linewidth=1.2)
        ax.plot(value, y, marker=marker, color=color, markersize=4, linestyle="none")


def _footer(frame: pd.DataFrame) -> list[str]:
    first = frame[frame["measure"] == "accuracy"].iloc[0]
    controls = frame[(frame["role"] == "control") & (frame["measure"] == "accuracy")]
    target = frame[(frame["role"] == "target") & (frame["measure"] == "accuracy")]
    about = (
        f"{first['model']}, accuracy without a ban {100 * first['baseline']:.1f}%. Points: mean over "
        f"{first['n_problems']} problems of the change to the same problems and seeds; lines: 95% (paired t)."
    )
    lines = [about]
    if len(controls) and len(target):
        worse = int((controls["value"] <= target["value"].iloc[0]).sum())
        lines.append(
            f"Control sets (strokes): other words, about as frequent; {worse} of {len(controls)} cost as "
            "much as all words do."
        )
    return lines
