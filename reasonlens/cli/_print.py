"""Text and tables for the terminal.

A trace is hostile input, so control characters are made visible.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

import click

from reasonlens.core.cells import plain

__all__ = ["HARDLY", "NONE", "SHORT", "interval", "number", "number_of", "p_value", "plain", "show_table"]


SHORT = "*"
"""Marks an interval that is too short in simulation, for the number of problems (with hits) at hand."""

NONE = "^"
"""Marks the upper limit of a rate without hits: right if hits come one at a time, as most do."""

HARDLY = "~"
"""Marks a rate, or a ratio of rates, whose limits are a factor of 100 or more apart."""

_LINES = {
    SHORT: "too few problems, or problems with hits, for an interval that holds its level "
    "(see docs/statistics.md)",
    NONE: "no hits: the upper limit takes hits as independent; hits in bursts (loops) allow for more",
    HARDLY: "a few problems decide it: no more than its order of magnitude is known",
}
_APART = 100.0
_RATE = re.compile("log scale|burst|one hit")

_NOTHING = 1e-12  # what is left of a difference that is none


def interval(row: dict[Any, Any]) -> str:
    """Return an estimate with its limits, marked where they need a word (`SHORT`, `NONE`, `HARDLY`)."""
    value, low, high = row["value"], row["low"], row["high"]
    if math.isnan(value):
        return "undefined"
    if math.isnan(low) and math.isnan(high):
        return f"{number(value)} [no interval]"
    method = str(row.get("method", ""))
    return f"{number(value)} [{number(low)}, {number(high)}]{_mark(method, low, high)}"


def _mark(method: str, low: float, high: float) -> str:
    if "too short" in method:
        return SHORT
    if method.startswith("no hits"):
        return NONE
    return HARDLY if _RATE.search(method) and 0 < _APART * low <= high else ""


def number(value: float) -> str:
    """Return a number with about three digits that count; "-" where it is undefined."""
    if math.isnan(value):
        return "-"
    size = abs(value)
    if size < _NOTHING:
        return "0.00"
    if 0.005 <= size < 99.95:
        return f"{value:.2f}" if size < 9.995 else f"{value:.1f}"
    return f"{value:,.0f}" if size >= 99.95 else f"{value:.1g}"


def p_value(value: float) -> str:
    """Return a p-value as a reader wants it."""
    return "-" if math.isnan(value) else "<0.001" if value < 0.001 else f"{value:.3f}"


def show_table(table: list[list[object]], heads: Iterable[str], title: str, left: int) -> None:
    """Print a table; the first `left` columns are aligned to the left, the others to the right."""
    import tabulate

    if not table:
        return
    rows = [[plain(c) if isinstance(c, str) else c for c in row] for row in table]
    names = list(heads)
    align = ["left"] * left + ["right"] * (len(names) - left)
    text = tabulate.tabulate(rows, names, tablefmt="simple", colalign=align, disable_numparse=True)
    click.echo(f"\n{click.style(title, bold=True)}\n{text}")
    for mark, meaning in _LINES.items():
        if any(isinstance(cell, str) and cell.endswith(f"]{mark}") for row in rows for cell in row):
            click.echo(f"{mark} {meaning}")


def number_of(n: int, one: str, several: str = "") -> str:
    """Return a number with its noun: ``1 question``, ``2 questions``.

    Examples
    --------
    >>> number_of(1, "row without a verdict", "rows without a verdict"), number_of(1200, "call")
    ('1 row without a verdict', '1,200 calls')
    """
    return f"{n:,} {one if n == 1 else several or one + 's'}"
