"""Benchmarks down the side, groups by color and marker: what figures of that shape share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reasonlens.core.tables import POOLED
from reasonlens.figures._style import Look

__all__ = ["Slot", "bands", "dataset_label", "legend", "marks", "place_footer", "slots_of"]

_MARK = 0.085  # inches between two kinds
_GAP = 0.09  # inches between two benchmarks
_LONGEST = 22  # characters of the name of a benchmark
_LABEL = 0.24  # inches that a label of two lines takes


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a benchmark is drawn, in inches from the top: its strip and the line of each kind."""

    top: float
    bottom: float
    lines: dict[str, float]

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


def slots_of(frame: pd.DataFrame, groups: dict[str, Look]) -> tuple[dict[str, Slot], float]:
    """Give every benchmark the room that its kinds need; return the slots and their height."""
    slots, top = {}, 0.0
    for dataset in dict.fromkeys(frame["dataset"]):
        here = set(frame.loc[frame["dataset"] == dataset, "group"])
        kinds = [name for name in groups if name in here]
        bottom = top + max(_MARK * len(kinds), _LABEL) + _GAP
        first = (top + bottom - _MARK * (len(kinds) - 1)) / 2
        slots[dataset] = Slot(top, bottom, {name: first + _MARK * i for i, name in enumerate(kinds)})
        top = bottom
    return slots, top


def bands(ax: Axes, slots: dict[str, Slot]) -> None:
    ax.axvline(0, color="0.6", linewidth=0.5, zorder=0)
    ax.grid(axis="x", color="0.9", linewidth=0.4)
    ax.set_axisbelow(True)
    for slot in list(slots.values())[::2]:
        ax.axhspan(slot.top, slot.bottom, color="0.965", linewidth=0, zorder=-1)
    if POOLED in slots:
        ax.axhline(slots[POOLED].top, color="0.4", linewidth=0.6, zorder=1)


def marks(
    ax: Axes, mine: pd.DataFrame, y: npt.NDArray[np.float64], look: Look, name: str, most: float
) -> None:
    """Draw one kind: intervals, then markers (open at zero), then arrows where an interval goes on."""
    value, low, high = (mine[c].to_numpy(dtype=float) for c in ("value", "low", "high"))
    has = ~np.isnan(low) & ~np.isnan(high)
    ax.hlines(y[has], low[has], high[has], colors=look.color, linewidth=0.9, zorder=2, gid=f"interval:{name}")
    for zero in (False, True):
        use = ~np.isnan(value) & ((value == 0) == zero)
        ax.plot(
            value[use],
            y[use],
            linestyle="none",
            marker=look.marker,
            markersize=3.4,
            markeredgewidth=0.7,
            color=look.color,
            markerfacecolor="white" if zero else look.color,
            zorder=3,
            gid=f"{'zero' if zero else 'value'}:{name}",
        )
    beyond = has & (high > most)
    if not beyond.any():
        return
    ax.plot(
        np.full(int(beyond.sum()), 1.0),
        y[beyond],
        linestyle="none",
        marker=">",
        markersize=2.5,
        color=look.color,
        clip_on=False,
        transform=ax.get_yaxis_transform(),
        gid=f"beyond:{name}",
    )


def dataset_label(frame: pd.DataFrame, dataset: str) -> str:
    sizes = frame.loc[(frame["dataset"] == dataset) & (frame["n_problems"] > 0), "n_problems"]
    low, high = (int(sizes.min()), int(sizes.max())) if len(sizes) else (0, 0)
    many = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    name = "all benchmarks" if dataset == POOLED else _short(dataset)
    return f"{name}\n{many} problem{'' if high == 1 else 's'}"


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}\u2026"


def legend(figure: Figure, groups: dict[str, Look], columns: int) -> None:
    handles = [
        Line2D([], [], color=k.color, marker=k.marker, markersize=4, linewidth=0.9, label=k.label)
        for k in groups.values()
    ]
    figure.legend(
        handles=handles,
        loc="outside upper center",
        ncols=min(columns, len(handles)),
        frameon=False,
        handlelength=1.6,
        columnspacing=1.2,
        handletextpad=0.5,
    )


def place_footer(figure: Figure, lines: list[str], share: float) -> None:
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.set(rect=(0, share, 1, 1 - share))  # type: ignore[call-arg]
    figure.text(0.01, share / 2, "\n".join(lines), fontsize=6, va="center", ha="left", color="0.25")
