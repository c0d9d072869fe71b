"""Groups compared with a reference group, as rows of the ``estimates`` table.

A comparison gives two rows: ``contrast`` is ``a / b`` for the ratio of two rates and ``a - b`` for
their difference. They share one p-value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from reasonlens.core.errors import StatisticsError, UnknownNameError
from reasonlens.core.tables import MODEL_KINDS, POOLED
from reasonlens.stats.cells import Cells, Key, ordered
from reasonlens.stats.contrast import Contrast, contrast_of_sums
from reasonlens.stats.multiplicity import holm
from reasonlens.stats.rates import ESTIMAND, UNITS, measure_name, row, selections, table
from reasonlens.stats.sums import Sums

__all__ = ["contrasts"]

ESTIMAND_SHARED = "problems like the shared ones"


def contrasts(
    sums: Sums,
    *,
    by: Sequence[str] = ("model_kind",),
    reference: str | None = None,
    per: str = "words",
    exclude: Sequence[str] = ("empty",),
    sensitivity: Sequence[str] = ("looping",),
    condition: str | None = "baseline",
    all_problems: bool = False,
    pooled: bool = True,
    level: float = 0.95,
) -> pd.DataFrame:
    """Compare every group with a reference group: a ratio row and a difference row for each.

    The groups are compared on the problems that both have, unless `all_problems` is set.
    ``p_adjusted`` is Holm's over a family: all contrasts of one lexicon shown per data set, and
    those pooled, each without the sensitivity rows (whose p-values stay unadjusted).

    Parameters
    ----------
    sums, by, per, exclude, sensitivity, condition, pooled, level
        As in `rates`.
    reference
        The group to compare with. Default: ``base`` if there is one, else the first kind in the
        order of `reasonlens.core.tables.MODEL_KINDS` (or by name).
    all_problems
        Use all problems of both groups.
    """
    rows: list[dict[str, Any]] = []
    for selection in selections(per, exclude, sensitivity, condition):
        cells = Cells(sums, by, selection, pooled)
        base = _reference(cells, reference)
        for dataset, group in cells.groups():
            key, other = (dataset, group), (dataset, base)
            if group == base or other not in cells.groups():
                continue
            flag = selection.without
            if flag and not (cells.flagged(key, flag) or cells.flagged(other, flag)):
                continue
            for pair in sums.categories:
                found = _contrast(cells, key, other, pair, per, all_problems, level)
                name = measure_name(*pair, per, flag)
                rows += _contrast_rows(name, key, other, found, per, cells, all_problems)
    return _adjusted(table(rows))


def _contrast(
    cells: Cells,
    key: Key,
    other: Key,
    category: tuple[str, str],
    per: str,
    all_problems: bool,
    level: float,
) -> Contrast:
    numerator, denominator, scale, _ = UNITS[per]
    if all_problems:
        problems = np.union1d(cells.problems(key), cells.problems(other))
    else:
        problems = np.intersect1d(cells.problems(key), cells.problems(other))
    sides = [
        values
        for side in (key, other)
        for values in (
            cells.hits(side, category, numerator, problems),
            cells.sizes(side, denominator, problems),
        )
    ]
    n = int(sum(cells.sizes(side, "traces", problems).sum() for side in (key, other)))
    return contrast_of_sums(
        *sides, paired=not all_problems, shares=per == "presence", level=level, scale=scale, n=n
    )


def _contrast_rows(
    name: str,
    key: Key,
    other: Key,
    found: Contrast,
    per: str,
    cells: Cells,
    all_problems: bool,
) -> list[dict[str, Any]]:
    estimand = ESTIMAND if all_problems else ESTIMAND_SHARED
    rows = []
    for sign, interval, unit in (
        ("/", found.ratio, "ratio"),
        ("-", found.difference, UNITS[per][3]),
    ):
        one = row(name, key, interval, unit, estimand, cells, other)
        one["contrast"] = f"{key[1]} {sign} {other[1]}"
        one["p_value"] = found.p_value
        one["method"] = f"{interval.method}; p: {found.test}"
        rows.append(one)
    return rows


def _reference(cells: Cells, reference: str | None) -> str:
    names = ordered({group for _, group in cells.groups()})
    if reference is not None:
        if reference not in names:
            raise UnknownNameError("group", reference, names)
        return reference
    if not names:
        raise StatisticsError("there are no traces to compare: every trace is excluded")
    return MODEL_KINDS[0] if MODEL_KINDS[0] in names else names[0]


def _adjusted(rows: pd.DataFrame) -> pd.DataFrame:
    """Fill ``family`` and ``p_adjusted``; the two rows of a contrast are one test."""
    main = ~rows["measure"].str.contains("/without-", regex=False)
    one = main & rows["contrast"].str.contains(" / ", regex=False)
    lexicon = rows["measure"].str.split("/").str[0]
    pooled = rows["dataset"] == POOLED
    keys = ["measure", "group", "dataset"]
    for name in lexicon.unique():
        for flag, where in ((True, "pooled"), (False, "by data set")):
            chosen = main & (lexicon == name) & (pooled == flag)
            tests = rows[chosen & one]
            if tests.empty:
                continue
            size = int(tests["p_value"].notna().sum())
            table = tests[keys].assign(p_adjusted=holm(tests["p_value"].to_numpy()))
            values = rows.loc[chosen, keys].merge(table, on=keys, how="left")["p_adjusted"]
            rows.loc[chosen, "p_adjusted"] = values.to_numpy()
            rows.loc[chosen, "family"] = f"{name}, {where}: {size} tests (Holm)"
    return rows
