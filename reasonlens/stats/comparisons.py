"""Groups compared with a reference group, as rows of the ``estimates`` table.

A comparison gives two rows: ``contrast`` is ``a / b`` for the ratio of two rates and ``a - b`` for
their difference. Each has the p-value that its own interval implies.
"""

from __future__ import annotations

import itertools
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
    ``p_adjusted`` is Holm's over a family: all differences of one lexicon shown per data set, and
    those pooled, and the ratios likewise, each without the sensitivity rows (whose p-values stay
    unadjusted).

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
        one["p_value"] = interval.p_value
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
    """Fill ``family`` and ``p_adjusted``; differences are one family, ratios another."""
    main = ~rows["measure"].str.contains("/without-", regex=False)
    ratio = rows["contrast"].str.contains(" / ", regex=False)
    lexicon = rows["measure"].str.split("/").str[0]
    pooled = rows["dataset"] == POOLED
    for name, is_ratio, is_pooled in itertools.product(lexicon.unique(), (False, True), (True, False)):
        chosen = main & (lexicon == name) & (ratio == is_ratio) & (pooled == is_pooled)
        tests = rows.loc[chosen, "p_value"]
        if tests.empty:
            continue
        what = f"{'ratios' if is_ratio else 'differences'}, {'pooled' if is_pooled else 'by data set'}"
        rows.loc[chosen, "p_adjusted"] = holm(tests.to_numpy())
        rows.loc[chosen, "family"] = f"{name}, {what}: {int(tests.notna().sum())} tests (Holm)"
    return rows
