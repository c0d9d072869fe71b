"""Agreement and judge quality with limits clustered by problem.

Items of one problem (several responses, several behaviors) are not independent, so problems are
left out, or drawn, as a whole. Without problem codes every item is a problem of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.agreement import coefficient
from reasonlens.stats.arrays import Floats, cluster_sums, share_of_sums
from reasonlens.stats.bootstrap import bootstrap_of_sums
from reasonlens.stats.estimate import LIKE, Codes, Estimate, Seed, choice, codes, vector
from reasonlens.stats.jackknife import jackknife_of_sums

__all__ = ["FEW", "JudgeQuality", "agreement", "judge_quality"]

FEW = 10
"""With the rarer values in fewer problems than this, and not in nearly all, limits of kappa and the like
cover about 90%."""

_MOST = 0.8


def agreement(
    ratings: npt.ArrayLike,
    name: str,
    problem: npt.ArrayLike | None = None,
    *,
    categories: Sequence[float] | None = None,
    limits: str = "jackknife",
    seed: Seed | None = None,
    draws: int = 2000,
    level: float = 0.95,
) -> Estimate:
    """Agreement coefficient with limits over problems.

    Parameters
    ----------
    ratings
        Items x raters, shape (N, R), NaN for missing.
    name
        A name of `reasonlens.stats.agreement.COEFFICIENTS`.
    problem
        Problem of each item, shape (N,).
    categories
        All values that could be given; default: those that occur.
    limits
        ``"jackknife"`` (t, Fisher's scale; no draws) or ``"bootstrap"`` (BCa, needs `seed`). Percent
        agreement is a share and has the limits of `reasonlens.stats.arrays.share_of_sums`.
    seed, draws, level
        For the bootstrap; confidence level.

    Returns
    -------
    Estimate
        NaN limits if all agree everywhere: there is no variation to make limits from. Where the
        rarer values occur in fewer than `FEW` problems and are absent from others, ``method`` says that
        limits are too short.

    Examples
    --------
    >>> e = agreement([[1, 1], [0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], "cohen", [0, 0, 1, 1, 2, 2])
    >>> round(e.value, 4), e.n_problems, e.n
    (0.3333, 3, 6)
    """
    choice("limits", limits, ("jackknife", "bootstrap"))
    prepared = coefficient(ratings, name, categories)
    where = _places(problem, len(prepared.features))
    if not prepared.features.size:
        return Estimate(np.nan, np.nan, np.nan, level, "no ratings", 0, 0, LIKE)
    sums = np.column_stack([cluster_sums(column, where) for column in prepared.features.T])
    n = len(prepared.features)
    if limits == "bootstrap" and seed is None:
        raise StatisticsError("bootstrap limits need a seed")
    if name == "percent" and limits == "jackknife":
        # a share: near 1 a t interval covers too little
        found = share_of_sums(sums[:, 1], sums[:, 0], level=level)
        return Estimate(found.value, found.low, found.high, level, found.method, found.n_clusters, n, LIKE)
    if seed is not None and limits == "bootstrap":
        e = bootstrap_of_sums(prepared.value, sums, seed=seed, draws=draws, level=level, n=n)
    else:
        e = jackknife_of_sums(prepared.value, sums, scale="fisher", level=level, n=n)
    rare = _problems_off_mode(np.asarray(ratings, dtype=np.float64), where)
    if np.isfinite(e.low) and rare < min(FEW, _MOST * e.n_problems):
        e = replace(e, method=f"{e.method}; only {rare} problems have the rarer values, limits too short")
    return e


@dataclass(frozen=True, slots=True)
class JudgeQuality:
    """A judge against gold labels. ``n`` of each estimate is its own denominator."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int
    sensitivity: Estimate
    specificity: Estimate
    positive_value: Estimate
    negative_value: Estimate


def judge_quality(
    judge: npt.ArrayLike, gold: npt.ArrayLike, problem: npt.ArrayLike | None = None, level: float = 0.95
) -> JudgeQuality:
    """Sensitivity, specificity and predictive values of 0/1 verdicts.

    Limits are those of `reasonlens.stats.arrays.share_of_sums` (Clopper-Pearson at the effective
    sample size, problems as units). Predictive values hold for the prevalence of these items only.

    Parameters
    ----------
    judge, gold
        0 or 1 per item, shape (N,).
    problem
        Problem of each item, shape (N,).

    Examples
    --------
    >>> q = judge_quality([1, 1, 0, 0, 1], [1, 1, 1, 0, 0])
    >>> q.true_positive, round(q.sensitivity.value, 4), q.specificity.value
    (2, 0.6667, 0.5)
    """
    said, true = vector("judge", judge), vector("gold", gold, np.size(judge))
    if not np.all(np.isin(np.r_[said, true], (0, 1))):
        raise StatisticsError("judge and gold must be 0 or 1; leave out what has no verdict, and count it")
    where = _places(problem, len(said))
    cells = [float(np.sum((said == s) & (true == t))) for s, t in ((1, 1), (1, 0), (0, 1), (0, 0))]
    tp, fp, fn, tn = (int(c) for c in cells)
    agree = (said == true).astype(np.float64)
    rates = [_rate(agree, kept, where, level) for kept in (true == 1, true == 0, said == 1, said == 0)]
    return JudgeQuality(tp, fp, fn, tn, *rates)


def _problems_off_mode(ratings: Floats, where: Codes) -> int:
    """Number of problems in which any rating differs from the most frequent value."""
    given = ~np.isnan(ratings)
    if not given.any():
        return 0
    values, counts = np.unique(ratings[given], return_counts=True)
    other = (given & (ratings != values[np.argmax(counts)])).any(axis=1)
    return len(np.unique(where[other]))


def _rate(agree: Floats, kept: npt.NDArray[np.bool_], where: Codes, level: float) -> Estimate:
    base = cluster_sums(kept.astype(np.float64), where)
    found = share_of_sums(cluster_sums(agree * kept, where), base, level=level)
    n = int(kept.sum())
    return Estimate(found.value, found.low, found.high, level, found.method, found.n_clusters, n, LIKE)


def _places(problem: npt.ArrayLike | None, n: int) -> Codes:
    if problem is None:
        return np.arange(n, dtype=np.int64)
    _, where = np.unique(codes("problem", problem, n), return_inverse=True)
    return where.astype(np.int64)
