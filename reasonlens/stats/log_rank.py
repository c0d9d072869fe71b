"""Log-rank test stratified by problem: which side shows the marker sooner."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats
from reasonlens.stats.estimate import THESE, Codes, Test, codes, vector

__all__ = ["log_rank_contributions", "stratified_log_rank"]


def stratified_log_rank(
    time: npt.ArrayLike, event: npt.ArrayLike, side: npt.ArrayLike, problem: npt.ArrayLike
) -> Test:
    """Compare times to the first marker on the same problems (Mantel 1966; Peto & Peto 1972).

    ``chi2 = (sum (O - E))^2 / sum V`` with one degree of freedom, with ``E = d n_1 / n`` and
    ``V = d n_0 n_1 (n - d) / (n^2 (n - 1))`` at each time within each problem
    (doi:10.2307/2344317). The null is "no difference on any of these problems". If the difference may
    vary between problems, test `log_rank_contributions` with
    `reasonlens.stats.permutation.sign_flip_test`, which asks about problems like these.

    Parameters
    ----------
    time, event
        As in `reasonlens.stats.survival.kaplan_meier`.
    side
        1 or 0 per response, shape (n,).
    problem
        Problem codes, shape (n,). A problem that lacks a side adds nothing.

    Returns
    -------
    Test
        ``statistic`` is chi-square; NaN if no time can tell the sides apart.

    Examples
    --------
    >>> t = stratified_log_rank([1, 2], [1, 1], [1, 0], [0, 0])  # O - E = 1 - 1/2, V = 1/4
    >>> t.statistic, t.n_problems
    (1.0, 1)
    """
    excess, variance = _tally(time, event, side, problem)
    problems, n = int(np.sum(variance > 0)), int(np.size(np.asarray(time)))
    total = float(variance.sum())
    name = "log-rank, stratified by problem"
    if total <= 0:
        return Test(np.nan, np.nan, f"{name}: no time compares the sides", THESE, 0, n)
    statistic = float(excess.sum()) ** 2 / total
    return Test(statistic, float(scipy.stats.chi2.sf(statistic, 1)), name, THESE, problems, n)


def log_rank_contributions(
    time: npt.ArrayLike, event: npt.ArrayLike, side: npt.ArrayLike, problem: npt.ArrayLike
) -> Floats:
    """Observed minus expected markers of side 1, per problem that can compare the sides.

    Positive: side 1 shows the marker sooner than side 0.

    Examples
    --------
    >>> log_rank_contributions([1, 2, 5], [1, 1, 1], [1, 0, 1], [0, 0, 1]).tolist()
    [0.5]
    """
    excess, variance = _tally(time, event, side, problem)
    result: Floats = excess[variance > 0]
    return result


def _tally(
    time: npt.ArrayLike, event: npt.ArrayLike, side: npt.ArrayLike, problem: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """O - E and its variance per problem."""
    t = vector("time", time)
    seen, group = vector("event", event, len(t)), codes("side", side, len(t))
    where = codes("problem", problem, len(t))
    if not np.all(np.isin(seen, (0, 1))) or np.any(group > 1):
        raise StatisticsError("event and side must be 0 or 1")
    if not len(t):
        return np.zeros(0), np.zeros(0)
    pairs, place = np.unique(np.column_stack([where, t]), axis=0, return_inverse=True)
    place, stratum = place.reshape(-1), pairs[:, 0].astype(np.int64)
    n, n_1 = _at_risk(place, np.ones(len(t)), stratum), _at_risk(place, group.astype(float), stratum)
    d = np.bincount(place, seen, len(pairs))
    d_1 = np.bincount(place, seen * group, len(pairs))
    share = n_1 / n
    spread = d * share * (1 - share) * (n - d) / np.maximum(n - 1, 1)
    excess: Floats = np.bincount(stratum, d_1 - d * share).astype(np.float64)
    return excess, np.bincount(stratum, spread).astype(np.float64)


def _at_risk(place: Codes, weight: Floats, stratum: Codes) -> Floats:
    """Responses of the stratum that last at least to each (stratum, time), in that order."""
    after = np.cumsum(np.bincount(place, weight, len(stratum))[::-1])[::-1]
    end = np.searchsorted(stratum, stratum, side="right")
    result: Floats = after - np.r_[after, 0.0][end]
    return result
