"""Groups compared on any measure: levels and contrasts as rows of the ``comparisons`` table.

A level (``quantity`` is ``rate``, ``share`` or ``mean``; ``reference`` empty) is a group's own value. A
contrast has a ``ratio`` row and a ``difference`` row, each with the p-value that its interval implies, on
the problems that both groups have. ``without`` names the flags that a sensitivity row leaves out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from reasonlens.core.tables import POOLED, TABLES
from reasonlens.stats.arrays import Interval, ratio_of_sums, share_of_sums
from reasonlens.stats.contrast import contrast_of_sums
from reasonlens.stats.estimate import LIKE, THESE, Estimate
from reasonlens.stats.fixed_set import fixed_set_difference, fixed_set_mean
from reasonlens.stats.measured import Codes, Mask, Sheet
from reasonlens.stats.multiplicity import benjamini_hochberg, holm

__all__ = [
    "LIKE_SHARED",
    "RATIOS",
    "corrected",
    "corrected_contrasts",
    "frame_of",
    "group_contrasts",
    "group_levels",
    "row_of",
]

LIKE_SHARED = "problems like the shared ones"
THESE_SHARED = "the shared problems"

RATIOS = "ratios, "
"""Begins the names of the families of ratios, which repeat the tests of the differences."""

CORRECTIONS = {"holm": (holm, "Holm"), "bh": (benjamini_hochberg, "BH")}


def group_levels(sheet: Sheet, *, estimand: str = LIKE, level: float = 0.95) -> list[dict[str, Any]]:
    """Return the value of every group, per data set and for all together.

    Parameters
    ----------
    sheet
        The measure, summed.
    estimand
        `~reasonlens.stats.estimate.LIKE`: intervals cluster by problem. `~reasonlens.stats.estimate.THESE`:
        only the noise of sampling responses counts; for shares and means, where every problem has
        several responses of one model. Rates keep the first.
    level
        Confidence level.
    """
    rows = []
    for scope in sheet.grouped.scopes:
        here = sheet.grouped.of_scope(scope)
        for group in sheet.grouped.names:
            if sheet.has(group, scope) and (not sheet.choice.without or sheet.touched([group], scope)):
                found, what = _level(sheet, group, here, estimand, level)
                rows.append(row_of(sheet, sheet.measure.kind, scope, group, found, what))
    return rows


def _level(sheet: Sheet, group: str, here: Mask, estimand: str, level: float) -> tuple[Interval, str]:
    g, measure = sheet.place(group), sheet.measure
    if estimand == THESE and measure.kind != "rate":
        mine = sheet.of_group(group, here)
        lone = _several_models(sheet, mine)
        found: Interval = fixed_set_mean(sheet.top[mine], sheet.grouped.problem[sheet.rows[mine]], level)
        found = (
            Estimate(found.value, np.nan, np.nan, level, lone, found.n_clusters, found.n) if lone else found
        )
        return _scaled(found, measure.scale), THESE
    hits, sizes = sheet.hits[g, here], sheet.sizes[g, here]
    count = int(sheet.counts[g, here].sum())
    if measure.kind == "share":
        return share_of_sums(hits, sizes, level=level), LIKE
    return ratio_of_sums(hits, sizes, level=level, scale=measure.scale, n=count), LIKE


def _several_models(sheet: Sheet, mine: Codes) -> str:
    """Say why responses of a group are no repetitions of one another; empty if they are."""
    models = len(np.unique(sheet.grouped.model[sheet.rows[mine]]))
    return f"{models} models in the group are no samples of one: compare by model" if models > 1 else ""


def _scaled(found: Interval, scale: float) -> Interval:
    value, low, high = (scale * x for x in (found.value, found.low, found.high))
    p = getattr(found, "p_value", np.nan)
    return Estimate(value, low, high, found.level, found.method, found.n_clusters, found.n, p_value=p)


def group_contrasts(
    sheet: Sheet, *, reference: str, estimand: str = LIKE, level: float = 0.95
) -> list[dict[str, Any]]:
    """Compare every group with `reference` on the problems that both have.

    Parameters
    ----------
    sheet, estimand, level
        As in `group_levels`.
    reference
        The group in the denominator.

    Returns
    -------
    list of dict
        A ``ratio`` and a ``difference`` row for each group and data set (for `THESE` a difference only).
    """
    rows = []
    for scope in sheet.grouped.scopes:
        for group in sheet.grouped.names:
            sides = [group, reference]
            if group == reference or not all(sheet.has(side, scope) for side in sides):
                continue
            if sheet.choice.without and not sheet.touched(sides, scope):
                continue
            kept = shared(sheet, group, reference, scope)
            for quantity, found, what in _contrast(sheet, group, reference, kept, estimand, level):
                rows.append(row_of(sheet, quantity, scope, group, found, what, reference, kept))
    return rows


def shared(sheet: Sheet, group: str, reference: str, scope: str) -> Mask:
    """Tell for each problem of a data set whether both groups have a trace that is used."""
    a, b = sheet.place(group), sheet.place(reference)
    kept: Mask = (sheet.sizes[a] > 0) & (sheet.sizes[b] > 0) & sheet.grouped.of_scope(scope)
    return kept


def _contrast(
    sheet: Sheet, group: str, reference: str, kept: Mask, estimand: str, level: float
) -> list[tuple[str, Interval, str]]:
    measure = sheet.measure
    if estimand == THESE and measure.kind != "rate":
        return [("difference", _fixed(sheet, group, reference, kept, level), THESE_SHARED)]
    sides = [
        sums[sheet.place(side), kept] for side in (group, reference) for sums in (sheet.hits, sheet.sizes)
    ]
    n = int(sum(sheet.counts[sheet.place(side), kept].sum() for side in (group, reference)))
    found = contrast_of_sums(*sides, shares=measure.kind == "share", level=level, scale=measure.scale, n=n)
    return [("ratio", found.ratio, LIKE_SHARED), ("difference", found.difference, LIKE_SHARED)]


def _fixed(sheet: Sheet, group: str, reference: str, kept: Mask, level: float) -> Interval:
    mine, other = sheet.of_group(group, kept), sheet.of_group(reference, kept)
    problem = sheet.grouped.problem[sheet.rows]
    found = fixed_set_difference(sheet.top[mine], problem[mine], sheet.top[other], problem[other], level)
    why = _several_models(sheet, mine) or _several_models(sheet, other)
    if why:
        found = Estimate(found.value, np.nan, np.nan, level, why, found.n_clusters, found.n)
    return _scaled(found, sheet.measure.scale)


def row_of(
    sheet: Sheet,
    quantity: str,
    scope: str,
    group: str,
    found: Interval,
    estimand: str,
    reference: str = "",
    kept: Mask | None = None,
    *,
    unit: str | None = None,
    adjusted: str = "",
) -> dict[str, Any]:
    """Return one row of the ``comparisons`` table."""
    excluded, why = sheet.excluded([group, reference] if reference else [group], scope, kept)
    return {
        "measure": sheet.measure.name,
        "quantity": quantity,
        "by": sheet.grouped.by,
        "group": group,
        "reference": reference,
        "dataset": scope,
        "adjusted": adjusted,
        "without": "+".join(sheet.choice.without),
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "level": found.level,
        "unit": unit or ("ratio" if quantity == "ratio" else sheet.measure.unit),
        "method": found.method,
        "estimand": estimand,
        "n_problems": found.n_clusters,
        "n_traces": found.n,
        "p_value": getattr(found, "p_value", np.nan),
        "p_adjusted": np.nan,
        "family": "",
        "seed": getattr(found, "seed", None),
        "excluded": excluded,
        "excluded_why": why,
    }


def frame_of(rows: list[dict[str, Any]], table: str = "comparisons") -> pd.DataFrame:
    """Return rows as a DataFrame with the columns and types of a table."""
    schema = TABLES[table].schema
    frame = pd.DataFrame(rows, columns=schema.names)
    for field in schema:
        kind = {"double": "float64", "int64": "Int64"}.get(str(field.type), "str")
        frame[field.name] = frame[field.name].astype(kind)
    return frame


def corrected(
    frame: pd.DataFrame, tests: pd.Series[bool], keys: Sequence[str], correction: str, what: str = ""
) -> pd.DataFrame:
    """Fill ``p_adjusted`` and ``family``: one family pooled and one over the data sets.

    Parameters
    ----------
    frame
        Rows with ``p_value`` and ``dataset``.
    tests
        Which rows count. Sensitivity rows repeat a test and are left alone.
    keys
        Columns that name a test: rows that agree in them share one p-value and count once.
    correction
        ``"holm"`` or ``"bh"``.
    what
        Begins the name of the family.
    """
    adjust, name = CORRECTIONS[correction]
    frame = frame.copy()
    pooled = frame["dataset"] == POOLED
    for flag, where in ((True, "all data sets together"), (False, "by data set")):
        mine = frame[tests & (pooled == flag) & frame["p_value"].notna()]
        if mine.empty:
            continue
        one = mine.drop_duplicates(list(keys))
        values = pd.Series(adjust(one["p_value"].to_numpy()), index=pd.MultiIndex.from_frame(one[list(keys)]))
        found = values.reindex(pd.MultiIndex.from_frame(mine[list(keys)])).to_numpy()
        frame.loc[mine.index, "p_adjusted"] = found
        frame.loc[mine.index, "family"] = f"{what}{where}: {len(one)} tests ({name})"
    return frame


def corrected_contrasts(
    frame: pd.DataFrame, tests: pd.Series[bool], keys: Sequence[str], correction: str
) -> pd.DataFrame:
    """Fill ``p_adjusted`` and ``family`` as `corrected` does, the ratios being a family of their own."""
    ratio = frame["quantity"] == "ratio"
    frame = corrected(frame, tests & ~ratio, keys, correction)
    return corrected(frame, tests & ratio, keys, correction, RATIOS)
