"""Groups compared at equal length of their responses to the same problem.

Longer responses may differ in their rates for the sole reason that they are longer: markers come late, and
a loop adds words. The adjusted ratio asks what is left. For a rate,

    log E[hits] = log(words) + a + b * side + c * z,    z = log(words) - mean of log(words) on the problem,

fitted as a quasi-Poisson model on the shared problems, errors by the jackknife over problems;
``exp(b)`` is the ratio of the rates of two responses of the same length to a problem. For a share (accuracy),

    logit P(yes) = a_problem + b * side + c * log(words)

with the constant of each problem conditioned away; ``exp(b)`` is an odds ratio. Both take the effect of log
length as linear and the same on both sides. Length is itself a result of training: this is a description
at equal length, neither the total difference nor an effect with length held fixed by design.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats
from reasonlens.stats.conditional_logit import conditional_logit
from reasonlens.stats.count_models import count_model
from reasonlens.stats.estimate import LIKE, Codes, Estimate
from reasonlens.stats.group_contrasts import LIKE_SHARED, row_of, shared
from reasonlens.stats.measured import Sheet
from reasonlens.stats.pairs import count_pairs, within_problem

__all__ = ["LENGTH", "adjusted_odds", "adjusted_ratio", "length_adjusted", "odds_ratio"]

LENGTH = "words"
"""The column of `~reasonlens.stats.measured.Traces.numbers` that is the length."""

_FARTHEST = 8.0  # log odds: beyond, the estimate is taken for infinite


def adjusted_ratio(
    hits: Floats, words: Floats, side: Codes, problem: Codes, *, level: float = 0.95
) -> Estimate:
    """Ratio of the rates of side 1 and side 0 at equal length (see the module for the formula).

    Parameters
    ----------
    hits, words
        Per response, shape (n,); words must be positive.
    side
        1 or 0 per response.
    problem
        Problem codes, shape (n,).

    Returns
    -------
    Estimate
        NaN, with the reason in ``method``, if a side has no hits or length and side cannot be told apart.
        ``method`` says how often the response of side 1 is the longer one of a pair: near 0 or 1 the two
        sides hardly overlap in length, and the ratio is an extrapolation.

    Examples
    --------
    >>> words = np.array([100.0, 400.0, 100.0, 400.0, 200.0, 200.0])
    >>> hits = words / 100 * np.array([2, 2, 1, 1, 2, 1]) * words / 100  # twice as many, rising with length
    >>> e = adjusted_ratio(hits, words, np.array([1, 1, 0, 0, 1, 0]), np.array([0, 0, 0, 0, 1, 1]))
    >>> round(e.value, 3)
    2.0
    """
    if not len(hits) or min(float(hits[side == s].sum()) for s in (0, 1)) <= 0:
        return _undefined("a side has no hits", problem, level)
    z = within_problem(np.log(words), problem)
    design = np.column_stack([np.ones(len(hits)), side, z])
    try:
        found = count_model(hits, words, design, problem).ratio(1, level)
    except StatisticsError as error:
        return _undefined(str(error), problem, level)
    method = f"{found.method}, log length within the problem as covariate; {_overlap(words, side, problem)}"
    return _with(found, method)


def adjusted_odds(
    yes: Floats, words: Floats, side: Codes, problem: Codes, *, level: float = 0.95
) -> Estimate:
    """Odds ratio of side 1 against side 0 on the same problem at equal length.

    Parameters
    ----------
    yes
        0 or 1 per response, shape (n,).
    words, side, problem
        As in `adjusted_ratio`.
    """
    found = odds_ratio(np.column_stack([side, np.log(words)]), yes, problem, level=level)
    if np.isnan(found.value):
        return found
    return _with(found, f"{found.method}, log length as covariate; {_overlap(words, side, problem)}")


def odds_ratio(columns: Floats, yes: Floats, stratum: Codes, *, level: float = 0.95) -> Estimate:
    """Odds ratio of the first column by conditional logit, NaN with the reason where there is none.

    Parameters
    ----------
    columns
        Shape (n,) or (n, k); the others are held fixed.
    yes
        0 or 1 per response, shape (n,).
    stratum
        Codes of what is compared within, shape (n,).
    """
    _, place = np.unique(stratum, return_inverse=True)
    try:
        model = conditional_logit(columns, yes, place.astype(np.int64))
    except StatisticsError as error:
        return _undefined(str(error), stratum, level)
    value, variance = float(model.coefficients[0]), float(model.covariance[0, 0])
    if abs(value) > _FARTHEST:  # the fit stopped on its way to infinity
        return _undefined("the measure separates right from wrong responses", stratum, level)
    if variance == 0:
        found = _undefined("no variation between problems: no interval", stratum, level)
        return replace(found, value=float(np.exp(value)), method=found.method.removeprefix("undefined: "))
    return model.odds_ratio(0, level)


def length_adjusted(sheet: Sheet, *, reference: str, level: float = 0.95) -> list[dict[str, Any]]:
    """Compare every group with `reference` at equal length, as rows of the ``comparisons`` table.

    Rates give a ``ratio``, shares an ``odds ratio``; a length is not adjusted for itself.
    """
    rows: list[dict[str, Any]] = []
    if sheet.measure.kind == "mean" or sheet.measure.flag:
        return rows
    for scope in sheet.grouped.scopes:
        for group in sheet.grouped.names:
            sides = [group, reference]
            if group == reference or not all(sheet.has(side, scope) for side in sides):
                continue
            if not sheet.choice.without or sheet.touched(sides, scope):
                rows.append(_row(sheet, group, reference, scope, level))
    return rows


def _row(sheet: Sheet, group: str, reference: str, scope: str, level: float) -> dict[str, Any]:
    kept = shared(sheet, group, reference, scope)
    mine, other = sheet.of_group(group, kept), sheet.of_group(reference, kept)
    at = np.r_[mine, other]
    side = np.r_[np.ones(len(mine), np.int64), np.zeros(len(other), np.int64)]
    words = sheet.grouped.traces.numbers[LENGTH].to_numpy(dtype=np.float64)[sheet.rows[at]]
    problem = sheet.grouped.problem[sheet.rows[at]]
    here = words > 0  # a response without words has no log length
    top, words, side, problem = sheet.top[at][here], words[here], side[here], problem[here]
    if sheet.measure.kind == "rate":
        found, quantity = adjusted_ratio(top, words, side, problem, level=level), "ratio"
    else:
        found, quantity = adjusted_odds(top, words, side, problem, level=level), "odds ratio"
    row = row_of(
        sheet, quantity, scope, group, found, LIKE_SHARED, reference, kept, unit=quantity, adjusted="length"
    )
    if not here.all():
        lost = int(np.sum(~here))
        row["excluded"] += lost
        row["excluded_why"] = "; ".join(filter(None, [row["excluded_why"], f"no words: {lost}"]))
    return row


def _overlap(words: Floats, side: Codes, problem: Codes) -> str:
    _, place = np.unique(problem, return_inverse=True)
    pairs = count_pairs(words, side.astype(np.float64), place, place, int(place.max()) + 1)
    share = float(np.nanmean(pairs.auc()))
    return f"the group's response is the longer one in {100 * share:.0f}% of pairs on a problem"


def _undefined(why: str, problem: Codes, level: float) -> Estimate:
    n = len(problem)
    return Estimate(np.nan, np.nan, np.nan, level, f"undefined: {why}", len(np.unique(problem)), n, LIKE)


def _with(found: Estimate, method: str) -> Estimate:
    return replace(found, method=method, estimand=LIKE_SHARED)
