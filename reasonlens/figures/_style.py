"""The look of every figure, in one place: sizes, colors, markers and the names of model kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reasonlens.core.tables import MODEL_KINDS

__all__ = ["DOUBLE", "DPI", "RC", "SINGLE", "Look", "looks"]

SINGLE, DOUBLE = 3.25, 6.75
"""Widths of one and two columns of a paper, in inches."""

DPI = 300

RC: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "text.parse_math": False,  # a name with dollar signs is a name
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "figure.dpi": 100,
    "savefig.dpi": DPI,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.0,
    "svg.fonttype": "none",
    "svg.hashsalt": "reasonlens",
    "pdf.fonttype": 42,
}
"""Settings for drawing and saving; with them the same numbers give the same bytes."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a group is drawn: color and marker say the same, so that either will do."""

    label: str
    color: str
    marker: str


# Okabe & Ito's colors for the color-blind (yellow left out: too pale for thin lines)
_KINDS = {
    "base": Look("base", "#000000", "o"),
    "zero_rl": Look("zero-RL", "#E69F00", "s"),
    "rl_instruct": Look("RL from instruct", "#56B4E9", "^"),
    "instruct": Look("instruct", "#009E73", "D"),
    "distilled": Look("distilled", "#D55E00", "v"),
    "teacher": Look("teacher", "#0072B2", "P"),
    "other": Look("other", "#CC79A7", "X"),
}
_COLORS = [look.color for look in _KINDS.values()]
_MARKERS = [*(look.marker for look in _KINDS.values()), "<", ">", "p", "h"]


def looks(groups: Sequence[str]) -> dict[str, Look]:
    """Return the look of every group, model kinds first in their order, others as given."""
    found = {kind: _KINDS[kind] for kind in MODEL_KINDS if kind in groups}
    others = [name for name in dict.fromkeys(groups) if name not in found]
    for place, name in enumerate(others, start=len(found)):
        found[name] = Look(name, _COLORS[place % len(_COLORS)], _MARKERS[place % len(_MARKERS)])
    return found
