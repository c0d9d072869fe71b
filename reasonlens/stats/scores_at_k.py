"""pass@k, avg@k and maj@k of groups, with intervals, as rows of the ``comparisons`` table.

A score is computed per problem and model from all of the model's samples (exact expectations over the
k-subsets, see `reasonlens.stats.sampling`), averaged over the models of a group, then over problems.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reasonlens.stats.arrays import Floats, share_of_sums
from reasonlens.stats.estimate import LIKE, THESE, Codes, Estimate
from reasonlens.stats.fixed_set import fixed_set_mean
from reasonlens.stats.group_contrasts import LIKE_SHARED, row_of
from reasonlens.stats.means import mean_of_problems, paired_difference
from reasonlens.stats.measured import Mask, Sheet
from reasonlens.stats.sampling import maj_at_k_of_counts, pass_at_k

__all__ = ["ANSWER", "MAJORITY_NEEDS", "scores_at_k"]

ANSWER = "answer"
"""Column of `~reasonlens.stats.measured.Traces.numbers`: equal for equal answers, NaN for none."""

MAJORITY_NEEDS = 0.5
"""Share of right responses whose answer must be known, else a majority cannot be told."""

UNIT = "share of problems"


def scores_at_k(
    sheet: Sheet,
    ks: Sequence[int],
    *,
    reference: str,
    estimand: str = LIKE,
    level: float = 0.95,
) -> list[dict[str, Any]]:
    """Return the scores of every group and their paired differences to `reference`.

    Parameters
    ----------
    sheet
        Accuracy, summed.
    ks
        Numbers of tries. A problem with fewer samples of a model than the largest is left out of all of
        them, so that every k rests on the same problems.
    reference
        The group to compare with.
    estimand
        `THESE` gives ``avg`` the error of sampling only; the others have no such interval.
    level
        Confidence level.

    Returns
    -------
    list of dict
        ``quantity`` is ``pass@k``, ``maj@k`` or ``avg@n`` (the mean over all n samples).
    """
    rows: list[dict[str, Any]] = []
    for scope in sheet.grouped.scopes:
        here = sheet.grouped.of_scope(scope)
        names = [name for name in sheet.grouped.names if sheet.has(name, scope)]
        if sheet.choice.without:
            names = [name for name in names if sheet.touched([name], scope)]
        scores = {name: _scores(_Cells(sheet, name, here, max(ks)), ks) for name in names}
        for name in names:
            for quantity, (values, counts) in scores[name].items():
                rows.append(_level(sheet, quantity, scope, name, values, counts, estimand, level, max(ks)))
        for name in names if reference in names else ():
            if name != reference:
                rows += _differences(sheet, scope, name, reference, scores, level)
    return rows


class _Cells:
    """Samples of a group per problem and model."""

    def __init__(self, sheet: Sheet, group: str, here: Mask, fewest: int) -> None:
        at = sheet.of_group(group, here)
        numbers = sheet.grouped.traces.numbers
        right = sheet.top[at] == 1
        problem, model = sheet.grouped.problem[sheet.rows[at]], sheet.grouped.model[sheet.rows[at]]
        cell = problem * (int(model.max(initial=0)) + 1) + model
        _, place, size = np.unique(cell, return_inverse=True, return_counts=True)
        enough = size[place] >= fewest
        at, right, problem = at[enough], right[enough], problem[enough]
        cells, place = np.unique(cell[enough], return_inverse=True)
        self.size = len(sheet.grouped.dataset_of)
        self.problem = np.zeros(len(cells), dtype=np.int64)
        self.problem[place] = problem
        self.n = np.bincount(place, minlength=len(cells)).astype(np.float64)
        self.right = np.bincount(place, weights=right, minlength=len(cells)).astype(np.float64)
        self.rivals: list[list[int]] | None = None
        if ANSWER in numbers:
            answer = numbers[ANSWER].to_numpy(dtype=np.float64)[sheet.rows[at]]
            if right.any() and float(np.mean(~np.isnan(answer[right]))) >= MAJORITY_NEEDS:
                self.rivals = _rivals(answer, right, place, len(cells))

    def over_problems(self, values: Floats) -> tuple[Floats, Floats]:
        """Return the mean over models per problem, NaN where there is none, and the samples behind it."""
        known = ~np.isnan(values)
        where = self.problem[known]
        models = np.bincount(where, minlength=self.size)
        total = np.bincount(where, weights=values[known], minlength=self.size)
        samples = np.bincount(where, weights=self.n[known], minlength=self.size)
        return total / np.where(models > 0, models, np.nan), samples.astype(np.float64)


def _rivals(answer: Floats, right: Mask, place: Codes, cells: int) -> list[list[int]]:
    """Return how many samples have each wrong answer, per cell."""
    found: list[list[int]] = [[] for _ in range(cells)]
    wrong = ~right & ~np.isnan(answer)
    pairs, counts = np.unique(np.column_stack([place[wrong], answer[wrong]]), axis=0, return_counts=True)
    for (cell, _), n in zip(pairs, counts, strict=True):
        found[int(cell)].append(int(n))
    return found


def _scores(cells: _Cells, ks: Sequence[int]) -> dict[str, tuple[Floats, Floats]]:
    most = int(cells.n.max(initial=0))
    found = {f"avg@{most}": cells.over_problems(cells.right / cells.n)}
    for k in ks:
        found[f"pass@{k}"] = cells.over_problems(pass_at_k(cells.n, cells.right, k))
    for k in ks if cells.rivals is not None else ():
        found[f"maj@{k}"] = cells.over_problems(_majority(cells, k))
    return found


def _majority(cells: _Cells, k: int) -> Floats:
    result = np.full(len(cells.n), np.nan)
    for i, others in enumerate(cells.rivals or ()):
        n, right = int(cells.n[i]), int(cells.right[i])
        if k <= n:
            result[i] = maj_at_k_of_counts(right, others, k, n - right - sum(others))
    return result


def _level(
    sheet: Sheet,
    quantity: str,
    scope: str,
    group: str,
    values: Floats,
    samples: Floats,
    estimand: str,
    level: float,
    fewest: int,
) -> dict[str, Any]:
    kept = ~np.isnan(values)
    found, what = _interval(values[kept], int(samples[kept].sum()), level), LIKE
    if estimand == THESE and quantity.startswith("avg@"):
        mine, what = sheet.of_group(group, kept), THESE
        rows = sheet.rows[mine]
        cell = sheet.grouped.problem[rows] * (int(sheet.grouped.model.max()) + 1) + sheet.grouped.model[rows]
        _, place, size = np.unique(cell, return_inverse=True, return_counts=True)
        enough = size[place] >= fewest
        found = fixed_set_mean(sheet.top[mine][enough], place[enough], level)
    row = row_of(sheet, quantity, scope, group, found, what, "", kept, unit=UNIT)
    return row | {
        "n_problems": int(kept.sum()),
        "n_traces": int(samples[kept].sum()),
        "excluded_why": row["excluded_why"].replace("problem not shared", "fewer samples than the largest k"),
    }


def _interval(values: Floats, n: int, level: float) -> Estimate:
    """Interval of a mean of scores between 0 and 1, kept between them."""
    if len(values) and np.all((values == 0) | (values == 1)):
        share = share_of_sums(values, np.ones(len(values)), level=level)
        return Estimate(share.value, share.low, share.high, level, share.method, len(values), n, LIKE)
    found = mean_of_problems(values, level=level, n=n)
    low, high = max(found.low, 0.0), min(found.high, 1.0)
    cut = "" if np.isnan(found.low) or (low, high) == (found.low, found.high) else ", cut to [0, 1]"
    if np.isnan(found.low):
        low = high = np.nan
    return Estimate(found.value, low, high, level, found.method + cut, len(values), n, LIKE)


def _differences(
    sheet: Sheet,
    scope: str,
    group: str,
    reference: str,
    scores: dict[str, dict[str, tuple[Floats, Floats]]],
    level: float,
) -> list[dict[str, Any]]:
    rows = []
    for quantity, (mine, samples) in scores[group].items():
        if quantity not in scores[reference] or (quantity.startswith("avg@") and "pass@1" in scores[group]):
            continue  # the average is pass@1: the same test again
        other, others = scores[reference][quantity]
        kept = ~np.isnan(mine) & ~np.isnan(other)
        n = int(samples[kept].sum() + others[kept].sum())
        found = paired_difference(mine[kept], other[kept], level=level, n=n)
        name = f"{quantity} difference"
        rows.append(row_of(sheet, name, scope, group, found, LIKE_SHARED, reference, kept, unit=UNIT))
    return rows
