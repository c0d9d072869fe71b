"""Rates and shares of lexicon categories as rows of the ``estimates`` table.

``measure`` is ``LEXICON/CATEGORY/PER``, where PER is one of `UNITS`; the same measure computed
without traces that carry a flag ends in ``/without-FLAG`` (a sensitivity row). ``dataset`` is
`~reasonlens.core.tables.POOLED` for all data sets together. ``contrast`` is empty (see ``comparisons``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from reasonlens.core.errors import UnknownNameError
from reasonlens.core.tables import HEALTH, TABLES
from reasonlens.stats.arrays import Interval, ratio_of_sums, share_of_sums
from reasonlens.stats.cells import Cells, Selection, ordered
from reasonlens.stats.sums import Sums

__all__ = ["UNITS", "entry_rates", "measure_name", "rates", "row", "selections", "table"]

UNITS = {
    "words": ("hits", "words", 1000.0, "per 1,000 words"),
    "model-tokens": ("hits", "model_tokens", 1000.0, "per 1,000 model tokens"),
    "response": ("hits", "traces", 1.0, "per response"),
    "presence": ("present", "traces", 1.0, "share of responses"),
}
"""What a rate can be divided by: (numerator, denominator, scale, unit as shown)."""

ESTIMAND = "problems like these"


def measure_name(lexicon: str, category: str, per: str, without: str = "") -> str:
    """Return the name of a measure.

    Examples
    --------
    >>> measure_name("anthropomorphic", "uncertainty", "words", "looping")
    'anthropomorphic/uncertainty/words/without-looping'
    """
    return "/".join([lexicon, category, per, *([f"without-{without}"] if without else [])])


def rates(
    sums: Sums,
    *,
    by: Sequence[str] = ("model_kind",),
    per: str = "words",
    exclude: Sequence[str] = ("empty",),
    sensitivity: Sequence[str] = ("looping",),
    condition: str | None = "baseline",
    pooled: bool = True,
    level: float = 0.95,
) -> pd.DataFrame:
    """Estimate the rate of every category in every group, per data set and pooled.

    Parameters
    ----------
    sums
        Sums over traces.
    by
        What makes a group: ``model_kind``, ``model``, ``condition`` or several of them.
    per
        A key of `UNITS`. Traces without a known number of model tokens are left out of
        ``model-tokens`` rates, and counted as excluded.
    exclude
        Health flags; a trace with any of them is left out.
    sensitivity
        Health flags; for each, groups with such traces get a second row without them.
    condition
        The condition to use, or ``None`` for all.
    pooled
        Add rows for all data sets together (if there are several).
    level
        Confidence level.

    Returns
    -------
    pandas.DataFrame
        Rows of the ``estimates`` table, sorted by measure, data set and group.
    """
    rows: list[dict[str, Any]] = []
    for selection in selections(per, exclude, sensitivity, condition):
        cells = Cells(sums, by, selection, pooled)
        for key in cells.groups():
            if selection.without and not cells.flagged(key, selection.without):
                continue
            for lexicon, category in sums.categories:
                interval = _interval(cells, key, (lexicon, category), per, level)
                name = measure_name(lexicon, category, per, selection.without)
                rows.append(row(name, key, interval, UNITS[per][3], ESTIMAND, cells))
    return table(rows)


def entry_rates(
    sums: Sums,
    *,
    by: str = "model_kind",
    exclude: Sequence[str] = ("empty",),
    condition: str | None = "baseline",
    dataset: str | None = None,
) -> pd.DataFrame:
    """Describe which entries make up a category: hits and rate per 1,000 words, without intervals.

    Returns
    -------
    pandas.DataFrame
        ``lexicon category entry`` and for every group in order ``GROUP hits``, ``GROUP rate`` and
        ``GROUP present`` (number of responses); most frequent entries of a category first.
    """
    selection = Selection("words", tuple(exclude), "", condition)
    sizes, entries = selection.kept(sums.sizes), selection.kept(sums.entries)
    if dataset is not None:
        sizes, entries = sizes[sizes["dataset"] == dataset], entries[entries["dataset"] == dataset]
    words = sizes.groupby(by)["words"].sum()
    keys = ["lexicon", "category", "entry"]
    total = entries.groupby(keys)["hits"].sum()
    result = total.rename("hits").to_frame()
    for group in ordered(words.index):
        part = entries[entries[by] == group].groupby(keys)[["hits", "present"]].sum()
        part = part.reindex(result.index, fill_value=0)
        result[f"{group} hits"] = part["hits"]
        result[f"{group} rate"] = 1000.0 * part["hits"] / (float(words[group]) or np.nan)
        result[f"{group} present"] = part["present"]
    return result.reset_index().sort_values(
        ["lexicon", "category", "hits", "entry"], ascending=[True, True, False, True], ignore_index=True
    )


def selections(
    per: str, exclude: Sequence[str], sensitivity: Sequence[str], condition: str | None
) -> list[Selection]:
    if per not in UNITS:
        raise UnknownNameError("unit", per, UNITS)
    for flag in (*exclude, *sensitivity):
        if flag not in HEALTH:
            raise UnknownNameError("health flag", flag, HEALTH)
    out = tuple(exclude)
    more = [Selection(per, (*out, flag), flag, condition) for flag in sensitivity if flag not in out]
    return [Selection(per, out, "", condition), *more]


def _interval(
    cells: Cells, key: tuple[str, str], category: tuple[str, str], per: str, level: float
) -> Interval:
    numerator, denominator, scale, _ = UNITS[per]
    problems = cells.problems(key)
    hits = cells.hits(key, category, numerator, problems)
    sizes = cells.sizes(key, denominator, problems)
    if per == "presence":
        return share_of_sums(hits, sizes, level=level)
    return ratio_of_sums(hits, sizes, level=level, scale=scale, n=cells.traces(key))


def row(
    name: str,
    key: tuple[str, str],
    interval: Interval,
    unit: str,
    estimand: str,
    cells: Cells,
    other: tuple[str, str] | None = None,
) -> dict[str, Any]:
    sides = [key] if other is None else [key, other]
    excluded, why = cells.excluded(sides)
    return {
        "measure": name,
        "group": key[1],
        "contrast": "",
        "dataset": key[0],
        "value": interval.value,
        "low": interval.low,
        "high": interval.high,
        "level": interval.level,
        "unit": unit,
        "method": interval.method,
        "estimand": estimand,
        "n_problems": interval.n_clusters,
        "n_traces": interval.n,
        "p_value": np.nan,
        "p_adjusted": np.nan,
        "family": "",
        "seed": None,
        "excluded": excluded,
        "excluded_why": why,
        "n_looping": sum(cells.flagged(side, "looping") for side in sides),
    }


def table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    names = TABLES["estimates"].schema.names
    frame = pd.DataFrame(rows, columns=names)
    frame["seed"] = frame["seed"].astype("Int64")
    for name in ("value", "low", "high", "level", "p_value", "p_adjusted"):
        frame[name] = frame[name].astype("float64")
    for name in ("measure", "group", "contrast", "dataset", "unit", "method", "estimand", "family"):
        frame[name] = frame[name].astype("str")
    return frame
