"""Which answers a ban turns, problem by problem, beside what chance and harmless bans turn."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from reasonlens.core.errors import InputError
from reasonlens.figures._benchmarks import place_footer
from reasonlens.figures._style import DOUBLE, RC

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "answers that bans turn, by problem"
NEEDS = ("flips",)

_ARMS = {
    "repeat": "baseline again (A/A)",
    "placebo": "placebo words",
    "control": "control set {arm}, the middle one of {n}",
    "target": "all words",
}
_ALL = "(all)"
_TO_WRONG, _TO_RIGHT = "#D55E00", "#0072B2"
_FEW = 60  # problems that are drawn apart from each other


def data(flips: pd.DataFrame) -> pd.DataFrame:
    """Return the flips of the repeat, the placebo, the middle control set and the target.

    The model with the most pairs is drawn; problems stand in the order of their accuracy at baseline.

    Raises
    ------
    InputError
        If there is no target.
    """
    sizes = flips[flips["role"] == "target"].groupby("model")["n_pairs"].sum()
    if sizes.empty:
        raise InputError("there is nothing to draw: make it with `reasonlens ban-ablation`")
    mine = flips[flips["model"] == sizes.idxmax()].copy()
    mine["label"] = mine["role"].map(_ARMS)
    controls = mine[(mine["role"] == "control") & (mine["problem_id"] == _ALL)]
    if len(controls):
        net = (controls["wrong_to_right"] - controls["right_to_wrong"]) / controls["n_pairs"]
        order = controls.assign(net=net).sort_values(["net", "arm"], kind="stable")["arm"]
        middle = str(order.iloc[(len(order) - 1) // 2])
        name = _ARMS["control"].format(arm=middle.removeprefix("control-"), n=len(order))
        mine.loc[mine["role"] == "control", "label"] = name
        mine = mine[(mine["role"] != "control") | (mine["arm"] == middle)]
    mine = mine[mine["role"].isin(list(_ARMS))]
    mine["place"] = mine["role"].map({role: i for i, role in enumerate(_ARMS)})
    accuracy = mine[mine["role"] == "target"].set_index("problem_id")["baseline"]
    mine["order"] = mine["problem_id"].map(accuracy)
    found = mine.sort_values(["place", "order", "problem_id"], ascending=[True, False, True], kind="stable")
    return found.drop(columns=["place", "order"]).reset_index(drop=True)


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the numbers that `data` returned."""
    target = frame[(frame["role"] == "target") & (frame["problem_id"] != _ALL)]
    place = {name: i for i, name in enumerate(target["problem_id"])}
    labels = list(dict.fromkeys(frame["label"]))
    height = 0.95 * len(labels) + 0.95
    with rc_context(RC):  # type: ignore[arg-type]
        figure = Figure(figsize=(DOUBLE, height), layout="constrained")
        axes = figure.subplots(len(labels), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
        for ax, label in zip(axes, labels, strict=True):
            _panel(ax, frame[frame["label"] == label], place)
            ax.set_title(_title(frame[frame["label"] == label]), loc="left")
        most = max(abs(limit) for limit in axes[0].get_ylim())
        axes[0].set_ylim(-most, most)
        axes[0].yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{abs(y):.0f}"))
        axes[-1].set_xlabel(
            f"{len(place)} problems, from those that the model solves to those that it does not"
        )
        figure.supylabel("samples turned, % of the problem's", fontsize=8)
        place_footer(figure, _footer(frame), 0.36 / height)
    return figure


def _panel(ax: Axes, rows: pd.DataFrame, place: dict[str, int]) -> None:
    known = rows[rows["problem_id"].isin(list(place))]
    x = known["problem_id"].map(place).to_numpy(np.float64)
    width = 0.8 if len(place) <= _FEW else 1.0
    for column, sign, color in (("wrong_to_right", 1, _TO_RIGHT), ("right_to_wrong", -1, _TO_WRONG)):
        share = 100 * sign * known[column].to_numpy(np.float64) / known["n_pairs"].to_numpy(np.float64)
        ax.bar(x, share, width=width, color=color, linewidth=0)
    ax.axhline(0, color="0.3", linewidth=0.6)
    ax.set_xticks([])
    ax.spines["bottom"].set_visible(False)
    ax.set_xlim(-0.7, len(place) - 0.3)


def _title(rows: pd.DataFrame) -> str:
    row = rows[rows["problem_id"] == _ALL].iloc[0]
    lost, won, p = row["right_to_wrong"], row["wrong_to_right"], row["p_value"]
    told = "no pairs, no test" if np.isnan(p) else "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
    return f"{row['label']}: {won:,} to right (up), {lost:,} to wrong (down) of {row['n_pairs']:,}; {told}"


def _footer(frame: pd.DataFrame) -> list[str]:
    model = frame["model"].iloc[0]
    what = "Up: wrong without the ban and right under it; down: the other way round"
    lines = [
        f"{model}. {what}. Same problems and seeds (A/A: other seeds).",
        "p: McNemar's exact test of all pairs that differ, about these problems alone.",
    ]
    left = int(frame.loc[frame["problem_id"] == _ALL, "excluded"].sum())
    return [*lines[:-1], f"{lines[-1]} Pairs without a verdict, left out: {left:,}."] if left else lines
