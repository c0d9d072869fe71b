"""What figures of curves share: which rows they show, their key, the text below, their bands."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reasonlens.core.errors import InputError, SchemaError
from reasonlens.core.tables import POOLED
from reasonlens.figures._style import Look

__all__ = ["band", "chosen", "key", "notes", "panels", "title"]

_PER_INCH = 23  # characters of the notes


def chosen(table: pd.DataFrame, columns: Sequence[str], what: str) -> pd.DataFrame:
    """Return the rows that a figure is about: all data sets together, nothing left out on top.

    Of several data sets that were not pooled, and of several texts, the first.

    Raises
    ------
    SchemaError
        If a column is missing.
    InputError
        If there is no such row.
    """
    missing = [name for name in columns if name not in table]
    if missing:
        raise SchemaError(f"{what} lacks the columns {', '.join(missing)}")
    rows = table[table["without"].astype("str") == ""]
    if rows.empty:
        raise InputError(f"the table {what!r} is empty: make it with `reasonlens tokens --positions`")
    whole = POOLED if (rows["dataset"] == POOLED).any() else rows["dataset"].iloc[0]
    rows = rows[(rows["dataset"] == whole) & (rows["part"] == rows["part"].iloc[0])]
    kept: pd.DataFrame = rows[list(columns)].reset_index(drop=True)
    return kept


def panels(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the (lexicon, category) pairs in order."""
    return list(dict.fromkeys(zip(frame["lexicon"], frame["category"], strict=True)))


def title(pair: tuple[str, str], every: Sequence[tuple[str, str]]) -> str:
    """Return the title of a panel; the lexicon is named if there are several."""
    name = pair[1].replace("_", " ")
    return f"{pair[0]}: {name}" if len({lexicon for lexicon, _ in every}) > 1 else name


def band(
    ax: Axes, x: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, look: Look, name: str, **more: str
) -> None:
    """Fill between the limits, where there are any."""
    at, bottom, top = (np.asarray(values, dtype=np.float64) for values in (x, low, high))
    known = np.isfinite(bottom) & np.isfinite(top)
    ax.fill_between(
        at,
        bottom,
        top,
        where=known.tolist(),
        color=look.color,
        alpha=0.18,
        linewidth=0,
        gid=f"band:{name}",
        **more,  # type: ignore[arg-type]
    )


def key(figure: Figure, groups: dict[str, Look], columns: int) -> None:
    """Place the key above the panels."""
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


def notes(text: str, width: float) -> list[str]:
    """Break the text below a figure of a width in inches."""
    return textwrap.wrap(text, int(width * _PER_INCH))
