"""Counts of judged behaviors by model kind: per response, and per 1,000 words.

Two panels with the same rows, because longer responses have more of everything: what is more frequent per
response need not be more frequent per word. The figure names the judge, and says whether anybody has
checked it.
"""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reasonlens.core.errors import InputError, SchemaError
from reasonlens.core.tables import POOLED
from reasonlens.figures._benchmarks import Slot, bands, legend, marks, place_footer, slots_of
from reasonlens.figures._style import DOUBLE, RC, looks

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "counts of judged behaviors by model kind, per response and per 1,000 words"
NEEDS = ("comparisons/behaviors-*",)

_PER = {"response": "instances per response", "words": "instances per 1,000 words"}
_CHECKED = "share, corrected"
_WIDE = 7  # entries of the legend side by side
_LINE = 20  # characters of the name of a behavior
_ROOM = 1.08  # of the axis beyond the largest value
_KEEP = (
    *("dataset", "group", "value", "low", "high", "level", "unit", "method", "estimand"),
    *("n_problems", "n_traces", "excluded", "excluded_why"),
)


def data(comparisons: pd.DataFrame) -> pd.DataFrame:
    """Return the counts to plot.

    Parameters
    ----------
    comparisons
        Rows that `reasonlens behaviors` keeps. Used are the levels of model kinds (or of models, if there
        are no kinds), for all data sets together if there are several, of one judge: one with an answer to
        most behaviors, of equal ones the first by name that is no baseline.

    Returns
    -------
    pandas.DataFrame
        ``judge behavior per checked``, then the estimate; in the order of plotting. ``checked`` says whether
        people labelled the behavior, so that the share of responses could be corrected.

    Raises
    ------
    InputError
        If there is no such row.
    """
    needed = (*_KEEP, "measure", "quantity", "by", "reference", "without", "adjusted")
    missing = [name for name in needed if name not in comparisons]
    if missing:
        raise SchemaError(f"comparisons lack the columns {', '.join(missing)}")
    parts = comparisons["measure"].astype("str").str.split("/")
    names = pd.DataFrame(
        [p if len(p) == 3 else ["", "", ""] for p in parts],
        columns=["judge", "behavior", "per"],
        index=comparisons.index,
    )
    rows = pd.concat([names, comparisons.loc[:, [n for n in needed if n not in names]]], axis=1)
    rows = rows[(rows["reference"] == "") & (rows["without"] == "") & (rows["adjusted"] == "")]
    checked = rows[rows["quantity"] == _CHECKED]
    rows = rows[rows["per"].isin(list(_PER)) & rows["quantity"].isin(["mean", "rate"])]
    if rows.empty:
        raise InputError("there are no counts of behaviors to draw: make them with `reasonlens behaviors`")
    rows = rows[rows["judge"] == _judge(rows)]
    rows = rows[rows["by"] == ("model_kind" if (rows["by"] == "model_kind").any() else rows["by"].iloc[0])]
    scope = POOLED if (rows["dataset"] == POOLED).any() else rows["dataset"].iloc[0]
    rows = rows[rows["dataset"] == scope].copy()
    known = set(zip(checked["judge"], checked["behavior"], strict=True))
    pairs = zip(rows["judge"], rows["behavior"], strict=True)
    rows["checked"] = [pair in known for pair in pairs]
    place = {name: i for i, name in enumerate(looks(rows["group"].tolist()))}
    rows["order"] = rows["group"].map(place)
    rows["panel"] = rows["per"].map({name: i for i, name in enumerate(_PER)})
    rows["first"] = pd.factorize(rows["behavior"])[0]
    rows = rows.sort_values(["panel", "first", "order"], kind="stable")
    found: pd.DataFrame = rows[["judge", "behavior", "per", "checked", *_KEEP]].reset_index(drop=True)
    return found


def _judge(rows: pd.DataFrame) -> str:
    known = rows[rows["value"].notna()].groupby("judge")["behavior"].nunique()
    ranked = sorted(known.index, key=lambda name: (-known[name], name.startswith("rules@"), name))
    return ranked[0] if ranked else str(rows["judge"].iloc[0])


def draw(frame: pd.DataFrame) -> Figure:
    """Draw what `data` returned."""
    groups = looks(frame["group"].tolist())
    as_slots = frame.assign(dataset=frame["behavior"])
    slots, tall = slots_of(as_slots, groups)
    lines = _footer(frame)
    bottom = 0.11 * len(lines) + 0.05
    height = tall + 0.5 + 0.16 * -(-len(groups) // _WIDE) + bottom
    with rc_context(RC):  # type: ignore[arg-type]
        figure = Figure(figsize=(DOUBLE, height), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        for ax, (per, label) in zip(axes, _PER.items(), strict=True):
            _panel(ax, frame[frame["per"] == per], slots, label)
        axes[0].set_ylim(tall, 0)
        names = [_label(frame, behavior) for behavior in slots]
        axes[0].set_yticks([slot.middle for slot in slots.values()], names, linespacing=1.05)
        legend(figure, groups, _WIDE)
        place_footer(figure, lines, bottom / height)
    return figure


def _panel(ax: Axes, part: pd.DataFrame, slots: dict[str, Slot], label: str) -> None:
    ends = part[["value", "high"]].to_numpy(dtype=float)
    values = part["value"].to_numpy(dtype=float)
    top = np.nanmax(values) if np.isfinite(values).any() else 1.0
    # an interval of few problems may be many times as long as anything else: it gets an arrow
    most = max(min(float(np.nanmax(ends)), 2.5 * float(top)), float(top)) if np.isfinite(ends).any() else 1.0
    most = most or 1.0
    ax.set_xlim(-0.02 * most, _ROOM * most)
    bands(ax, slots)
    for name, look in looks(part["group"].tolist()).items():
        mine = part[part["group"] == name]
        y = np.array([slots[behavior].lines[name] for behavior in mine["behavior"]])
        marks(ax, mine, y, look, name, _ROOM * most)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(label)


def _label(frame: pd.DataFrame, behavior: str) -> str:
    text = "\n".join(textwrap.wrap(behavior.replace("_", " "), _LINE))
    mine = frame[frame["behavior"] == behavior]
    return text if mine["checked"].any() or not frame["checked"].any() else f"{text}\n(not validated)"


def _footer(frame: pd.DataFrame) -> list[str]:
    judge = str(frame["judge"].iloc[0])
    what = "a baseline of word patterns that understands nothing" if judge.startswith("rules@") else "a model"
    if judge.startswith("local"):
        what = "a trained classifier"
    checked = (
        "not validated: nobody labelled these responses"
        if not frame["checked"].any()
        else "labels of people exist for some or all behaviors (see the corrected shares)"
    )
    level = f"{100 * float(frame['level'].iloc[0]):g}%"
    scope = frame["dataset"].iloc[0]
    where = "all data sets" if scope == POOLED else scope or "one data set"
    first = frame[(frame["per"] == "response") & (frame["behavior"] == frame["behavior"].iloc[0])]
    n, problems = int(first["n_traces"].sum()), int(first["n_problems"].max() if len(first) else 0)
    out = int(frame.groupby("group")["excluded"].max().sum())
    text = (
        f"Judge: {judge}, {what}; {checked}. The counts are the judge's, with its errors. "
        f"{where}: {n:,} responses to up to {problems:,} problems"
        + (f", {out:,} more without an answer or left out" if out else "")
        + f". Lines: {level} intervals clustered by problem; an arrow: it goes on."
    )
    return textwrap.wrap(text, int(DOUBLE * 23))
