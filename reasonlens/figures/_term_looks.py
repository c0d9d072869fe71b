"""How terms that were found in data are drawn: a color, a hatch and a marker for each category."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from reasonlens.core.errors import InputError, SchemaError
from reasonlens.core.tables import POOLED

__all__ = ["NONE", "TermLook", "panels", "term_looks", "whole"]

NONE = ""
"""The category of a term that no lexicon has."""

MOST_PANELS = 4


@dataclass(frozen=True, slots=True)
class TermLook:
    """Color, hatch (bars) and marker (points) say the same."""

    label: str
    color: str
    hatch: str
    marker: str


# Okabe & Ito's colors, as in `reasonlens.figures._style`
_LOOKS = (
    ("#D55E00", "////", "v"),
    ("#0072B2", "....", "s"),
    ("#E69F00", "xxxx", "D"),
    ("#009E73", "\\\\\\\\", "^"),
    ("#CC79A7", "++++", "P"),
    ("#56B4E9", "oooo", "X"),
)
_FIRST = ("anthropomorphic", "logical_connectors", "mathematical_reasoning")  # the same in every figure
_PLAIN = ("#999999", "", "o")


def term_looks(categories: Iterable[str]) -> dict[str, TermLook]:
    """Return the look of every category, by name, and last that of no category."""
    here = {name for name in categories if name}
    found = {
        name: TermLook(name.replace("_", " "), *_LOOKS[place % len(_LOOKS)])
        for place, name in enumerate([*_FIRST, *sorted(here.difference(_FIRST))])
        if name in here
    }
    found[NONE] = TermLook("in no category", *_PLAIN)
    return found


def whole(keyness: pd.DataFrame, needed: Iterable[str]) -> pd.DataFrame:
    """Return the rows of each comparison over all its problems, of at most `MOST_PANELS` comparisons.

    Raises
    ------
    SchemaError
        If a column is missing.
    InputError
        If there is no row.
    """
    missing = [name for name in ("contrast", "part", "dataset", *needed) if name not in keyness]
    if missing:
        raise SchemaError(f"keyness lacks the columns {', '.join(missing)}")
    several = keyness.groupby(["contrast", "part"])["dataset"].transform("nunique") > 1
    rows = keyness[(keyness["dataset"] == POOLED) | ~several]
    first = rows[["contrast", "part"]].drop_duplicates().head(MOST_PANELS)
    rows = rows.merge(first, on=["contrast", "part"])
    if rows.empty:
        raise InputError("there are no words to draw: find some with `reasonlens tokens STUDY --keyness A:B`")
    return rows


def panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Split the rows to draw into one frame per comparison, in their order."""
    return [part for _, part in frame.groupby(["contrast", "part"], sort=False)]
