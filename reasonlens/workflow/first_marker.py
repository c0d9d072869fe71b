"""Words to the first marker: rows of the ``first_marker`` and ``estimates`` tables.

A response without the marker is censored at its end. So the share of responses that ever have the
marker stands beside every time, and no mean is taken over the responses that have it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from reasonlens.core.errors import UnknownNameError
from reasonlens.core.tables import MODEL_KINDS
from reasonlens.stats.arrays import Interval, share
from reasonlens.stats.cells import ordered
from reasonlens.stats.estimate import LIKE
from reasonlens.stats.log_rank import log_rank_contributions, stratified_log_rank
from reasonlens.stats.marker_curves import curve_and_median, drawn
from reasonlens.stats.marker_difference import horizon, restricted_mean, restricted_mean_difference
from reasonlens.stats.permutation import sign_flip_test
from reasonlens.stats.survival import Band
from reasonlens.workflow.placed import Ints
from reasonlens.workflow.placed_groups import Question, Side, excluded

__all__ = ["contrast_rows", "curve_rows", "measure", "reference_of"]

SHARED, SHARED_THESE = "problems like the shared ones", "these shared problems"
WORDS = "words"
_POINTS = 120  # of the grid of a curve

Row = dict[str, Any]
Categories = Sequence[tuple[str, str]]


def measure(pair: tuple[str, str], what: str, without: str = "") -> str:
    """Return the name of a measure.

    Examples
    --------
    >>> measure(("demo", "doubt"), "median", "looping")
    'demo/doubt/first/median/without-looping'
    """
    return "/".join([*pair, "first", what, *([f"without-{without}"] if without else [])])


def at_most(until: float) -> str:
    """Return the unit of a restricted mean."""
    return f"{WORDS}, at most {until:g}"


def grid(longest: int) -> Ints:
    """Return the times of a curve: from 0 to `longest` words, each a constant factor after the last.

    Examples
    --------
    >>> grid(6).tolist()
    [0, 1, 2, 3, 4, 5, 6]
    """
    steps = np.geomspace(1, max(longest, 1), _POINTS).round().astype(np.int64)
    return np.unique(np.concatenate([[0], steps]))


def curve_rows(
    side: Side, categories: Categories, question: Question, text: str, until: float
) -> tuple[list[Row], list[Row]]:
    """Return the Kaplan-Meier curve of every category with cluster bands, and what sums it up.

    Parameters
    ----------
    until
        The limit of the restricted mean, the same for all groups of a data set.

    Returns
    -------
    tuple of list
        Rows of the ``first_marker`` table; rows of ``estimates``: the share of responses that ever
        have the marker, the median and the restricted mean.
    """
    curves: list[Row] = []
    rows: list[Row] = []
    if not len(side.n_words):
        return curves, rows
    problem = np.unique(side.problem, return_inverse=True)[1].reshape(-1)
    weights = drawn(int(problem.max()) + 1, question.draws, question.seed)
    every = grid(int(side.n_words.max()))
    for place, pair in enumerate(categories):
        time, event = side.waiting(place)
        points = every[every <= time.max()]
        band, median = curve_and_median(
            time, event, problem, points, weights=weights, seed=question.seed, level=question.level
        )
        curves += _curve(side, pair, text, band, time, event)
        rows.append(
            _row(pair, "share", [side], share(event, problem, question.level), "share of responses", LIKE)
        )
        rows.append(_row(pair, "median", [side], median, WORDS, median.estimand, seed=median.seed))
        area = restricted_mean(time, event, problem, until, question.level)
        rows.append(_row(pair, "restricted-mean", [side], area, at_most(until), area.estimand))
    return curves, rows


def _curve(
    side: Side, pair: tuple[str, str], text: str, band: Band, time: Ints, event: Ints
) -> Iterator[Row]:
    out, why = excluded([side])
    ranked, marks = np.sort(time), np.sort(time[event == 1])
    points = band.time.astype(np.int64)
    at_risk, events = (
        len(time) - np.searchsorted(ranked, points),
        np.searchsorted(marks, points, side="right"),
    )
    for i, words in enumerate(points.tolist()):
        yield {
            "lexicon": pair[0],
            "category": pair[1],
            "part": text,
            "dataset": side.dataset,
            "group": side.group,
            "without": side.without,
            "words": words,
            "survival": band.survival[i],
            "low": band.low[i],
            "high": band.high[i],
            "level": band.level,
            "at_risk": int(at_risk[i]),
            "n_events": int(events[i]),
            "method": band.method,
            "estimand": band.estimand,
            "n_problems": band.n_problems,
            "n_traces": band.n,
            "seed": band.seed,
            "excluded": out,
            "excluded_why": why,
            "n_looping": side.n_looping,
        }


def contrast_rows(side: Side, other: Side, categories: Categories, question: Question) -> Iterator[Row]:
    """Yield for every category the comparison of `side` with `other` on the problems of both.

    Three rows: the difference of restricted means, the log-rank test stratified by problem (these
    problems), and the sign-flip test of its contributions (problems like these).
    """
    shared = np.intersect1d(side.problem, other.problem)
    kept = [np.isin(each.problem, shared) for each in (side, other)]
    if not len(shared):
        return
    problem = np.concatenate([each.problem[k] for each, k in zip((side, other), kept, strict=True)])
    which = np.repeat([1, 0], [int(k.sum()) for k in kept])
    until = horizon(side.n_words[kept[0]], other.n_words[kept[1]])
    name = f"{side.group} - {other.group}"
    for place, pair in enumerate(categories):
        waits = [each.waiting(place) for each in (side, other)]
        time = np.concatenate([t[k] for (t, _), k in zip(waits, kept, strict=True)])
        event = np.concatenate([e[k] for (_, e), k in zip(waits, kept, strict=True)])
        add = partial(_row, pair, of=[side, other], contrast=name)
        gap = restricted_mean_difference(time, event, which, problem, until, question.level)
        yield add("restricted-mean", found=gap, unit=at_most(until), estimand=SHARED, p_value=gap.p_value)
        test = stratified_log_rank(time, event, which, problem)
        found = Interval(test.statistic, np.nan, np.nan, question.level, test.method, test.n_problems, test.n)
        yield add("log-rank", found=found, unit="chi-square", estimand=SHARED_THESE, p_value=test.p_value)
        excess = log_rank_contributions(time, event, which, problem)
        flip = sign_flip_test(excess, seed=question.seed)
        method = f"observed - expected first markers, log-rank; {flip.method}"
        found = Interval(flip.statistic, np.nan, np.nan, question.level, method, flip.n_problems, test.n)
        yield add(
            "log-rank-excess",
            found=found,
            unit="first markers per problem",
            estimand=SHARED,
            p_value=flip.p_value,
            seed=flip.seed,
        )


def reference_of(groups: Sequence[str], wanted: str | None) -> str:
    """Return the group that others are compared with.

    Raises
    ------
    UnknownNameError
        If `wanted` is no group.
    """
    names = ordered(set(groups))
    if wanted is not None and wanted not in names:
        raise UnknownNameError("group", wanted, names)
    if wanted is not None:
        return wanted
    return MODEL_KINDS[0] if MODEL_KINDS[0] in names else names[0]


def _row(
    pair: tuple[str, str],
    what: str,
    of: Sequence[Side],
    found: Interval,
    unit: str,
    estimand: str,
    *,
    contrast: str = "",
    p_value: float = np.nan,
    seed: int | None = None,
) -> Row:
    out, why = excluded(of)
    return {
        "measure": measure(pair, what, of[0].without),
        "group": of[0].group,
        "contrast": contrast,
        "dataset": of[0].dataset,
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "level": found.level,
        "unit": unit,
        "method": found.method,
        "estimand": estimand,
        "n_problems": found.n_clusters,
        "n_traces": found.n,
        "p_value": p_value,
        "p_adjusted": np.nan,
        "family": "",
        "seed": seed,
        "excluded": out,
        "excluded_why": why,
        "n_looping": sum(side.n_looping for side in of),
    }
