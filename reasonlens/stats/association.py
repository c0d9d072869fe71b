"""Does a quantity go with being right, among responses to the same problem?

Comparing responses to different problems confounds the quantity with difficulty: hard problems get
longer responses with more markers, and more wrong ones. Everything here compares within problems.
An association within problems is still not an effect; that takes an intervention.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats, cluster_sums
from reasonlens.stats.estimate import LIKE, Codes, Estimate, codes, vector
from reasonlens.stats.jackknife import jackknife_of_sums
from reasonlens.stats.means import mean_against

__all__ = ["problem_auc", "within_correlation", "within_difference", "within_problem_auc"]


def problem_auc(values: npt.ArrayLike, correct: npt.ArrayLike, problem: npt.ArrayLike) -> Floats:
    """Chance that a right response has a higher value than a wrong one, per problem.

    The Mann-Whitney statistic divided by the number of pairs; ties count one half.

    Parameters
    ----------
    values
        One number per response, shape (n,).
    correct
        0 or 1 per response, shape (n,).
    problem
        Problem codes, shape (n,).

    Returns
    -------
    numpy.ndarray
        Shape (largest code + 1,); NaN for a problem that is always, or never, solved.

    Examples
    --------
    >>> problem_auc([3, 1, 2, 5], [1, 0, 1, 1], [0, 0, 0, 1]).tolist()  # 3 > 1 and 2 > 1
    [1.0, nan]
    """
    x, y, where = _responses(values, correct, problem)
    order = np.argsort(where, kind="stable")
    size = int(where.max(initial=-1)) + 1
    result = np.full(size, np.nan)
    bounds = np.searchsorted(where[order], np.arange(size + 1))
    for p in range(size):
        group = order[bounds[p] : bounds[p + 1]]
        right = y[group] == 1
        good, bad = int(right.sum()), int(len(group) - right.sum())
        if good and bad:
            ranks = scipy.stats.rankdata(x[group])
            result[p] = (float(ranks[right].sum()) - good * (good + 1) / 2) / (good * bad)
    return result


def within_problem_auc(
    values: npt.ArrayLike, correct: npt.ArrayLike, problem: npt.ArrayLike, level: float = 0.95
) -> Estimate:
    """Mean over problems of `problem_auc`, with a t interval and the p-value of "one half".

    Problems without both outcomes say nothing and are left out (counted in ``method``); so the
    estimand is "problems like these that are sometimes solved".

    Parameters
    ----------
    values, correct, problem
        As in `problem_auc`.

    Examples
    --------
    >>> e = within_problem_auc([3, 1, 2, 5, 4, 6, 7], [1, 0, 1, 1, 0, 0, 1], [0, 0, 0, 1, 1, 2, 2])
    >>> e.value, e.n_problems
    (1.0, 3)
    """
    auc = problem_auc(values, correct, problem)
    _, _, where = _responses(values, correct, problem)
    present = np.bincount(where, minlength=len(auc)) > 0
    used = auc[~np.isnan(auc)]
    n = int(np.isin(where, np.flatnonzero(~np.isnan(auc))).sum())
    note = f"{int(present.sum()) - len(used)} problems always or never solved left out"
    return _over_problems(used, 0.5, level, n, f"t on AUC within problems, {note}")


def within_difference(
    values: npt.ArrayLike, correct: npt.ArrayLike, problem: npt.ArrayLike, level: float = 0.95
) -> Estimate:
    """Mean over problems of "mean of the right responses minus mean of the wrong ones".

    Parameters
    ----------
    values, correct, problem
        As in `problem_auc`; problems without both outcomes are left out.

    Examples
    --------
    >>> e = within_difference([3, 1, 2, 5, 4], [1, 0, 1, 1, 0], [0, 0, 0, 1, 1])  # 1.5 and 1
    >>> e.value
    1.25
    """
    x, y, where = _responses(values, correct, problem)
    good, total = cluster_sums(y, where), cluster_sums(np.ones(len(y)), where)
    both = (good > 0) & (good < total)
    right, everything = cluster_sums(x * y, where)[both], cluster_sums(x, where)[both]
    difference = right / good[both] - (everything - right) / (total - good)[both]
    left = int(np.sum((total > 0) & ~both))
    note = f"t on differences within problems, {left} problems always or never solved left out"
    return _over_problems(difference, 0.0, level, int(total[both].sum()), note)


def _over_problems(used: Floats, null: float, level: float, n: int, method: str) -> Estimate:
    return mean_against(used, null, method, level=level, n=n)


def within_correlation(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    problem: npt.ArrayLike,
    given: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Correlation of two quantities within problems, optionally with a third held fixed.

    All are centred on their problem's mean; with `given` (log length, say) the partial correlation
    ``(r_xy - r_xz r_yz) / sqrt((1 - r_xz^2) (1 - r_yz^2))`` follows. Limits and p-value: jackknife over
    problems on Fisher's scale.

    Parameters
    ----------
    x, y, given
        One number per response, shape (n,); y may be 0/1 (right or wrong).
    problem
        Problem codes, shape (n,).

    Returns
    -------
    Estimate
        NaN if a quantity does not vary within problems.

    Examples
    --------
    >>> e = within_correlation([1, 2, 11, 12, 5, 5], [1, 3, 5, 4, 1, 2], [0, 0, 1, 1, 2, 2])
    >>> round(e.value, 4)  # centred products 1 - .5 + 0 over sqrt(1 x 3)
    0.2887
    """
    a = vector("x", x)
    b = vector("y", y, len(a))
    where = codes("problem", problem, len(a))
    third = np.zeros(len(a)) if given is None else vector("given", given, len(a))
    _, where = np.unique(where, return_inverse=True)
    size = np.bincount(where)
    u, v, w = (s - (np.bincount(where, weights=s) / size)[where] for s in (a, b, third))
    products = (u * u, v * v, u * v, w * w, u * w, v * w)
    sums = np.column_stack([cluster_sums(s, where) for s in products])
    if not len(sums):
        return Estimate(np.nan, np.nan, np.nan, level, "no responses", 0, 0, LIKE)
    # a difference of rounding size between equal values must not count as variation
    sums[np.abs(sums) < 1e-18 * max(1.0, float(np.abs(sums).max()))] = 0.0
    kept = sums[:, 0] * sums[:, 1] + sums[:, 0] + sums[:, 1] > 0
    n = int(size[kept].sum())
    if not kept.any():
        why = "nothing varies within problems"
        return Estimate(np.nan, np.nan, np.nan, level, why, len(sums), len(a), LIKE)
    statistic = _partial if given is not None else _plain
    return jackknife_of_sums(statistic, sums[kept], scale="fisher", level=level, n=n, null=0.0)


def _plain(s: Floats) -> Floats:
    return _quotient(s[..., 2], s[..., 0] * s[..., 1])


def _partial(s: Floats) -> Floats:
    xy, xz, yz = (
        _quotient(s[..., i], s[..., j] * s[..., k]) for i, j, k in ((2, 0, 1), (4, 0, 3), (5, 1, 3))
    )
    return _quotient(xy - xz * yz, (1 - xz**2) * (1 - yz**2))


def _quotient(top: Floats, squared: Floats) -> Floats:
    result: Floats = np.asarray(top / np.sqrt(np.where(squared > 0, squared, np.nan)))
    return result


def _responses(
    values: npt.ArrayLike, correct: npt.ArrayLike, problem: npt.ArrayLike
) -> tuple[Floats, Floats, Codes]:
    x = vector("values", values)
    y = vector("correct", correct, len(x))
    if not np.all(np.isin(y, (0, 1))):
        raise StatisticsError("correct must be 0 or 1; leave out what could not be graded, and count it")
    return x, y, codes("problem", problem, len(x))
