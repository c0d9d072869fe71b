"""Effect against dispersion of the words and phrases of two groups.

One panel per comparison. To the right are the terms of the first group, at the top those that are
spread evenly over the problems: what sets the groups apart in general stands in the upper corners.
The leading terms are named, as many as fit without an overlap.
"""

from __future__ import annotations

import textwrap

import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Bbox

from reasonlens.core.tables import POOLED
from reasonlens.figures._style import DOUBLE, RC, SINGLE
from reasonlens.figures._term_looks import TermLook, panels, term_looks, whole

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "words and phrases of two groups: effect against dispersion"
NEEDS = ("keyness",)

_NAMED = 10  # words, and phrases, of a group whose names are tried
_WIDE, _NARROW = 5, 2  # entries of the legend side by side
_TALL = 2.5  # inches of a panel
_HEAD, _FOOT, _LEFT, _RIGHT = 0.36, 0.42, 0.5, 0.12
_KEEP = (
    *("contrast", "part", "group_a", "group_b", "dataset", "kind", "term", "category", "lexicon"),
    *("rank", "log2_ratio", "dp", "p_adjusted", "method", "estimand", "n_problems", "n_traces"),
)
_PLACES = tuple(
    (dx * far, dy * far, "left" if dx > 0 else "right" if dx < 0 else "center", dy)
    for far in (1.0, 1.7, 3.0)
    for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
)
_STEP = 3.2  # points from a marker to its name
_CLEAR = 2.5  # points around a name that a line leads to


def data(keyness: pd.DataFrame) -> pd.DataFrame:
    """Return the terms to plot: all words and phrases that were tested over all problems.

    Parameters
    ----------
    keyness
        Rows of the ``keyness`` table. Openers of sentences are left out.

    Raises
    ------
    InputError
        If there is no term.
    """
    rows = whole(keyness, _KEEP)
    rows = rows[rows["kind"] != "opener"]
    return rows[list(_KEEP)].reset_index(drop=True)


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the terms that `data` returned; one comparison has the width of a column, more have two."""
    parts = panels(frame)
    columns = min(2, len(parts))
    lines = -(-len(parts) // columns)
    width = DOUBLE if columns > 1 else SINGLE
    categories = term_looks(frame["category"])
    note = textwrap.wrap(_note(frame), int(width * 23))
    keys = _WIDE if columns > 1 else _NARROW
    key = 0.17 * -(-(len(categories) + 1) // keys)
    foot = 0.11 * len(note) + 0.06
    tall = _TALL + _HEAD + _FOOT
    height = lines * tall + key + foot
    with rc_context(RC):  # type: ignore[arg-type]
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        for place, part in enumerate(parts):
            left = place % columns * width / columns + _LEFT
            bottom = height - key - (place // columns + 1) * tall + _FOOT
            size = width / columns - _LEFT - _RIGHT
            ax = figure.add_axes((left / width, bottom / height, size / width, _TALL / height))
            _panel(ax, part, categories)
            _name(ax, part)
        figure.legend(
            handles=_handles(categories),
            loc="upper center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=keys,
            frameon=False,
            borderaxespad=0.2,
            handletextpad=0.3,
            columnspacing=1.2,
        )
        figure.text(0.06 / width, foot / 2 / height, "\n".join(note), fontsize=6, va="center", color="0.25")
    return figure


def _panel(ax: Axes, part: pd.DataFrame, categories: dict[str, TermLook]) -> None:
    significant = (part["p_adjusted"] <= 0.05).to_numpy()
    x, y = part["log2_ratio"].to_numpy(), part["dp"].to_numpy()
    for name, look in reversed(categories.items()):
        for filled in (False, True):
            mine = (part["category"] == name).to_numpy() & (significant == filled)
            ax.plot(
                x[mine],
                y[mine],
                linestyle="none",
                marker=look.marker,
                markersize=3.4 if name else 2.4,
                markeredgewidth=0.6,
                color=look.color,
                markerfacecolor=look.color if filled else "white",
                gid=f"{'significant' if filled else 'other'}:{name or 'none'}",
            )
    one = part.iloc[0]
    low, high = float(min(x.min(), 0)), float(max(x.max(), 0))
    span = max(high - low, 1.0)
    ax.set_xlim(low - 0.1 * span, high + 0.26 * span)
    least, most = float(y.min()), float(y.max())
    room = max(most - least, 0.1)
    ax.set_ylim(most + 0.07 * room, max(0.0, least - 0.07 * room))
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.axvline(0, color="0.6", linewidth=0.5, zorder=0)
    ax.grid(color="0.93", linewidth=0.4)
    ax.set_axisbelow(True)
    ax.set_xlabel(f"log2 of the ratio of rates, {one['group_a']} / {one['group_b']}")
    ax.set_ylabel("dispersion over problems (0 even)")
    where = "all benchmarks" if one["dataset"] == POOLED else str(one["dataset"])
    ax.set_title(f"{one['contrast']}\n{where}, {one['n_problems']:,} problems", loc="left", fontsize=7)


def _name(ax: Axes, part: pd.DataFrame) -> None:
    """Write the names of the leading terms, each at the first free place around its marker."""
    figure = ax.figure
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    scale = figure.dpi / 72
    points = ax.transData.transform(part[["log2_ratio", "dp"]].to_numpy())
    markers = [Bbox.from_bounds(px - 2 * scale, py - 2 * scale, 4 * scale, 4 * scale) for px, py in points]
    inside, names = ax.get_window_extent(renderer), list[Bbox]()
    ranked = part.assign(second=part["log2_ratio"] < 0, own=range(len(part)))
    ranked = ranked[ranked["rank"] <= _NAMED].sort_values(["rank", "second"], kind="stable")
    columns = (ranked[name] for name in ("term", "log2_ratio", "dp", "own"))
    for name, x, y, own in zip(*columns, strict=True):
        others = [marker for place, marker in enumerate(markers) if place != own]
        for dx, dy, align, up in _PLACES:
            text = ax.annotate(
                str(name),
                (x, y),
                xytext=(dx * _STEP, dy * _STEP),
                textcoords="offset points",
                ha=align,
                va="center" if up == 0 else "bottom" if up > 0 else "top",
                fontsize=6,
                gid="name",
            )
            box = text.get_window_extent(renderer)
            far = max(abs(dx), abs(dy)) > 1
            wide = box.padded((_CLEAR if far else 0.5) * scale)  # far from its own marker, clear of others
            if _contains(inside, box) and not any(wide.overlaps(one) for one in (*names, *others)):
                names.append(box.padded(1.5 * scale))
                if far:
                    _line(ax, (x, y), (dx * _STEP, dy * _STEP))
                break
            text.remove()


def _line(ax: Axes, point: tuple[float, float], to: tuple[float, float]) -> None:
    arrow = {"arrowstyle": "-", "color": "0.6", "linewidth": 0.4, "shrinkA": 0, "shrinkB": 2}
    ax.annotate("", point, xytext=to, textcoords="offset points", arrowprops=arrow)


def _contains(outer: Bbox, inner: Bbox) -> bool:
    return bool(
        outer.x0 <= inner.x0 and inner.x1 <= outer.x1 and outer.y0 <= inner.y0 and inner.y1 <= outer.y1
    )


def _handles(categories: dict[str, TermLook]) -> list[Line2D]:
    found = [
        Line2D([], [], linestyle="none", marker=k.marker, color=k.color, markersize=4, label=k.label)
        for k in categories.values()
    ]
    found.append(
        Line2D(
            [],
            [],
            linestyle="none",
            marker="o",
            color="0.4",
            markerfacecolor="white",
            markersize=3.5,
            label="open: adjusted p above 0.05",
        )
    )
    return found


def _note(frame: pd.DataFrame) -> str:
    one = frame.iloc[0]
    lexicons = ", ".join(sorted({name for name in frame["lexicon"] if name})) or "none"
    return (
        "Words and phrases found in the texts, not listed in advance. Dispersion: DP of both sides together; "
        f"estimand: {one['estimand']}. {one['method'][0].upper()}{one['method'][1:]}. "
        f"Categories: {lexicons}."
    )
