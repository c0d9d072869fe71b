"""Does a measure go with being right? Rows of the ``associations`` table.

Three scopes, never mixed: `SAME` compares right and wrong samples of one model to one problem; `OTHER`
compares a right response of one model with a wrong one of another to the same problem, so that it also
tells models apart; `ACROSS` correlates one number per model. None of them is an effect.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from reasonlens.stats.across_models import spearman_across
from reasonlens.stats.arrays import Floats
from reasonlens.stats.estimate import LIKE, Codes, Estimate
from reasonlens.stats.length_adjusted import LENGTH, odds_ratio
from reasonlens.stats.means import mean_against
from reasonlens.stats.measured import Mask, Sheet
from reasonlens.stats.pairs import Pairs, count_pairs, within_problem

__all__ = ["ACROSS", "OTHER", "OUTCOME", "SAME", "across_models", "within_problems"]

SAME = "same problem, same model"
OTHER = "same problem, different models"
ACROSS = "across models"
OUTCOME = "correct"
"""The column of `~reasonlens.stats.measured.Traces.numbers` that says whether a response is right."""

ALL_GROUPS = "(all)"
NONE_MIXED = {
    SAME: "no problem has right and wrong responses of one model",
    OTHER: "no problem has right and wrong responses of different models",
}


class _Responses:
    """The traces of some groups and a data set whose outcome and value are known."""

    def __init__(self, sheet: Sheet, groups: list[str], here: Mask) -> None:
        numbers, at = sheet.grouped.traces.numbers, np.concatenate([sheet.of_group(g, here) for g in groups])
        outcome = numbers[OUTCOME].to_numpy(dtype=np.float64)[sheet.rows[at]]
        words = numbers[LENGTH].to_numpy(dtype=np.float64)[sheet.rows[at]]
        lost = {"correctness unknown": np.isnan(outcome)}
        lost["no words"] = ~np.isnan(outcome) & ((sheet.bottom[at] <= 0) | ~(words > 0))
        kept = ~np.logical_or.reduce(list(lost.values()))
        self.lost = {why: int(mask.sum()) for why, mask in lost.items() if mask.any()}
        self.right, self.words = outcome[kept], words[kept]
        at = at[kept]
        self.value: Floats = sheet.measure.scale * sheet.top[at] / sheet.bottom[at]
        self.problem: Codes = sheet.grouped.problem[sheet.rows[at]]
        self.model: Codes = sheet.grouped.model[sheet.rows[at]]
        self.top, self.bottom = sheet.top[at], sheet.bottom[at]
        size = int(self.model.max(initial=0)) + 1
        self.cell: Codes = self.problem * size + self.model

    def pairs(self, scope: str, size: int) -> Pairs:
        same = count_pairs(self.value, self.right, self.cell, self.problem, size)
        if scope == SAME:
            return same
        return count_pairs(self.value, self.right, self.problem, self.problem, size).without(same)


def within_problems(sheet: Sheet, scope: str, *, level: float = 0.95) -> list[dict[str, Any]]:
    """Compare right with wrong responses to the same problem.

    Parameters
    ----------
    sheet
        The measure, summed. The outcome is the column `OUTCOME`.
    scope
        `SAME` or `OTHER`.

    Returns
    -------
    list of dict
        For each group and data set: ``AUC`` (mean over problems of the share of pairs in which the right
        one is higher), ``difference`` (mean over problems of right minus wrong) and ``odds ratio`` for one
        standard deviation within problems, plain and adjusted for log length. Without any pair there is
        one row, NaN with the reason.
    """
    rows = []
    for dataset in sheet.grouped.scopes:
        here = sheet.grouped.of_scope(dataset)
        groups = [name for name in sheet.grouped.names if sheet.has(name, dataset)]
        sets = [([name], name) for name in groups]
        if scope == OTHER and len(groups) > 1:
            sets.append((groups, ALL_GROUPS))
        for members, label in sets:
            if sheet.choice.without and not sheet.touched(members, dataset):
                continue
            found = _Responses(sheet, members, here)
            if scope == OTHER and len(np.unique(found.model)) < 2:
                continue
            for quantity, adjusted, unit, estimate in _within(found, sheet, scope, level):
                rows.append(
                    _row(sheet, scope, quantity, label, members, dataset, found, estimate, unit, adjusted)
                )
    return rows


def _within(
    found: _Responses, sheet: Sheet, scope: str, level: float
) -> list[tuple[str, str, str, Estimate]]:
    pairs = found.pairs(scope, len(sheet.grouped.dataset_of))
    used: Mask = np.asarray(pairs.number > 0, dtype=np.bool_)
    n, left = int(np.sum(used[found.problem])), len(np.unique(found.problem)) - int(used.sum())
    if not used.any():
        why = NONE_MIXED[scope]
        return [("AUC", "", "chance", Estimate(np.nan, np.nan, np.nan, level, why, 0, 0, LIKE))]
    note = f"{left} problems without such pairs left out"
    rows = [
        (
            "AUC",
            "",
            "chance",
            _cut(mean_against(pairs.auc()[used], 0.5, f"t on AUC of problems, {note}", level=level, n=n)),
        ),
        (
            "difference",
            "",
            sheet.measure.unit,
            mean_against(
                pairs.difference()[used], 0.0, f"t on differences of problems, {note}", level=level, n=n
            ),
        ),
    ]
    alone = scope == SAME or len(np.unique(found.cell)) == len(found.cell)
    if alone:
        stratum = found.cell if scope == SAME else found.problem
        rows += _odds(found, stratum, sheet.measure.kind, sheet.measure.unit, level)
    return rows


def _cut(found: Estimate) -> Estimate:
    """Keep the limits of a chance between 0 and 1."""
    if not (found.low < 0 or found.high > 1):
        return found
    low, high, method = max(found.low, 0.0), min(found.high, 1.0), f"{found.method}, cut to [0, 1]"
    return replace(found, low=low, high=high, method=method)


def _odds(
    found: _Responses, stratum: Codes, kind: str, unit: str, level: float
) -> list[tuple[str, str, str, Estimate]]:
    value = np.log(found.value) if kind == "mean" else found.value
    centred = within_problem(value, stratum)
    _, place = np.unique(stratum, return_inverse=True)
    good, total = np.bincount(place, weights=found.right), np.bincount(place)
    both: Mask = np.asarray((good > 0) & (good < total), dtype=np.bool_)
    mixed: Mask = both[place]
    spare = int(mixed.sum()) - int(both.sum())
    deviation = float(np.sqrt(np.sum(centred[mixed] ** 2) / spare)) if spare > 0 else 0.0
    if not deviation:
        why = "undefined: the measure does not vary within problems"
        return [("odds ratio", "", "odds ratio", Estimate(np.nan, np.nan, np.nan, level, why, 0, 0, LIKE))]
    what = f"{deviation:.3g} of the log" if kind == "mean" else f"{deviation:.3g} {unit}"
    label = f"odds ratio for one SD within problems ({what})"
    rows = [("odds ratio", "", label, odds_ratio(centred / deviation, found.right, stratum, level=level))]
    if kind != "mean":
        columns = np.column_stack([centred / deviation, np.log(found.words)])
        rows.append(("odds ratio", "length", label, odds_ratio(columns, found.right, stratum, level=level)))
    return rows


def across_models(sheet: Sheet, *, seed: int, level: float = 0.95) -> list[dict[str, Any]]:
    """Correlate a measure with accuracy over models, one benchmark at a time.

    Every model has one value of the measure and one accuracy, both over the problems that all of them
    have; models that would leave no shared problem make the row NaN.

    Parameters
    ----------
    sheet
        The measure, summed.
    seed
        Of random orders, for more than 8 models.
    """
    rows = []
    for dataset in sheet.grouped.datasets:
        if sheet.choice.without and not sheet.touched(sheet.grouped.names, dataset):
            continue
        found = _Responses(sheet, sheet.grouped.names, sheet.grouped.of_scope(dataset))
        models, place = np.unique(found.model, return_inverse=True)
        if len(models) < 3:
            continue
        have = np.zeros((len(models), len(sheet.grouped.dataset_of)), dtype=np.bool_)
        have[place, found.problem] = True
        shared: Mask = np.logical_and.reduce(have, axis=0)
        use = shared[found.problem]
        estimate = _spearman(found, place, use, int(shared.sum()), seed, level)
        row = _row(
            sheet,
            ACROSS,
            "Spearman",
            ALL_GROUPS,
            sheet.grouped.names,
            dataset,
            found,
            estimate,
            "rank correlation",
        )
        rows.append(
            row | {"n_problems": int(shared.sum()), "n_traces": int(use.sum()), "n_models": len(models)}
        )
    return rows


def _spearman(found: _Responses, place: Codes, use: Mask, shared: int, seed: int, level: float) -> Estimate:
    if shared < 1:
        why = "undefined: no problem has a response of every model"
        return Estimate(np.nan, np.nan, np.nan, level, why, 0, 0, "models like these")
    top, bottom, right, n = (
        np.bincount(place[use], weights=x[use])
        for x in (found.top, found.bottom, found.right, np.ones(len(use)))
    )
    rho = spearman_across(top / bottom, right / n, seed=seed, level=level)
    return replace(rho, value=0.0) if abs(rho.value) < 1e-12 else rho


def _row(
    sheet: Sheet,
    scope: str,
    quantity: str,
    label: str,
    members: list[str],
    dataset: str,
    found: _Responses,
    estimate: Estimate,
    unit: str,
    adjusted: str = "",
) -> dict[str, Any]:
    n, why = sheet.excluded(members, dataset)
    parts = [why] if why else []
    parts += [f"{reason}: {count}" for reason, count in found.lost.items()]
    return {
        "measure": sheet.measure.name,
        "outcome": OUTCOME,
        "scope": scope,
        "quantity": quantity,
        "by": sheet.grouped.by,
        "group": label,
        "dataset": dataset,
        "adjusted": adjusted,
        "without": "+".join(sheet.choice.without),
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "level": estimate.level,
        "unit": unit,
        "method": estimate.method,
        "estimand": estimate.estimand,
        "n_problems": estimate.n_clusters,
        "n_traces": estimate.n,
        "n_models": len(np.unique(found.model)),
        "p_value": estimate.p_value,
        "p_adjusted": np.nan,
        "family": "",
        "seed": estimate.seed,
        "excluded": n + sum(found.lost.values()),
        "excluded_why": "; ".join(parts),
    }
