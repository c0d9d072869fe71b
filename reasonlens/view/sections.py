"""Tables of a report beside the contrasts: what bans cost, and how far students follow their teachers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from reasonlens.core.study import Study
from reasonlens.core.tables import POOLED

__all__ = ["Section", "sections"]

_MEASURES = (("accuracy", 100.0, "accuracy, points"), ("length/words", 1.0, "words per response"))
_FOLLOWED = {
    "reward_normalized": "per teacher step",
    "reward_normalized, another problem": "(another problem)",
    "reward_aligned": "aligned",
    "reward_aligned, another problem": "(another problem)",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A table with what it says; the first `left` columns are text."""

    title: str
    lead: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int


def sections(study: Study) -> list[Section]:
    """Return the sections that the tables of a study allow."""
    found = []
    if study.parts("effects"):
        found.append(_bans(study.read("effects").to_pandas()))
    if study.parts("structure_rates"):
        found += _followed(study.read("structure_rates").to_pandas())
    return found


def _bans(effects: pd.DataFrame) -> Section:
    rows = []
    for (model, _), mine in effects.groupby(["model", "arm"], sort=False):
        first = mine.iloc[0]
        cells = [_cell(mine[mine["measure"] == name], scale) for name, scale, _ in _MEASURES]
        words = ", ".join(first["words"]) if first["words"] is not None else ""
        rows.append((str(model), str(first["role"]), words, *cells, f"{int(first['n_problems']):,}"))
    heads = ("Model", "Arm", "Banned", *(title for *_, title in _MEASURES), "Problems")
    lead = (
        "Changes to the baseline on the same problems and seeds, paired by problem. Read the target beside "
        "the control sets: other words, about as frequent."
    )
    return Section("What banned words cost", lead, heads, tuple(rows), 3)


def _followed(rates: pd.DataFrame) -> list[Section]:
    rates = rates[(rates["reference"] == "") & rates["quantity"].isin(list(_FOLLOWED))]
    if rates.empty:
        return []
    rates = rates[
        rates["dataset"] == (POOLED if (rates["dataset"] == POOLED).any() else rates["dataset"].iloc[0])
    ]
    rows = []
    for (teacher, student, by), mine in rates.groupby(["teacher", "group", "decomposer"], sort=True):
        cells = [_cell(mine[mine["quantity"] == name], 1.0) for name in _FOLLOWED]
        rows.append((str(teacher), str(student), str(by), *cells, f"{int(mine['n_problems'].max()):,}"))
    heads = ("Teacher", "Student", "Steps by", *_FOLLOWED.values(), "Problems")
    lead = "RLKD's reward per step of the teacher; with inserted steps forgiven; beside other problems."
    return [Section("How far students follow their teachers", lead, heads, tuple(rows), 3)]


def _cell(rows: pd.DataFrame, scale: float) -> str:
    if rows.empty or math.isnan(float(rows["value"].iloc[0])):
        return "–"
    value, low, high = (scale * float(rows[name].iloc[0]) for name in ("value", "low", "high"))
    return _n(value) if math.isnan(low) else f"{_n(value)} [{_n(low)}, {_n(high)}]"


def _n(value: float) -> str:
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2g}"
