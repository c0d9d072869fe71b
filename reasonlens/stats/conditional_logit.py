"""Odds of being right for a unit more of something, among responses to the same problem."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats
from reasonlens.stats.estimate import LIKE, Codes, Estimate, codes, vector

__all__ = ["ConditionalLogit", "conditional_logit"]

_STEPS = 60
_CLOSE = 1e-9
_FARTHEST = 30.0  # log odds for one standard deviation: beyond, the estimate is infinite


@dataclass(frozen=True, slots=True)
class ConditionalLogit:
    """A fitted model; ``n_problems`` and ``n`` count the problems with both outcomes."""

    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    n_problems: int
    n: int
    left_out: int

    def odds_ratio(self, column: int, level: float = 0.95) -> Estimate:
        """Odds ratio for one unit of a column, with limits and the p-value of "1"."""
        value = float(self.coefficients[column])
        error = float(np.sqrt(self.covariance[column, column]))
        method = f"conditional logit by problem, jackknife over problems (CR3), t, {self.left_out} left out"
        if not (np.isfinite(error) and error > 0):
            low = high = p = np.nan
            method += ": too few problems for an interval"
        else:
            half = float(scipy.stats.t.ppf((1 + level) / 2, self.n_problems - 1)) * error
            low, high = float(np.exp(value - half)), float(np.exp(value + half))
            p = float(2 * scipy.stats.t.sf(abs(value) / error, self.n_problems - 1))
        return Estimate(float(np.exp(value)), low, high, level, method, self.n_problems, self.n, LIKE, p)


def conditional_logit(
    covariates: npt.ArrayLike, correct: npt.ArrayLike, problem: npt.ArrayLike
) -> ConditionalLogit:
    """Logistic regression with a constant per problem, conditioned away (Chamberlain 1980).

    The likelihood of a problem is that of *which* of its responses are right given how many are,
    ``exp(sum_right x beta) / sum_subsets exp(sum_subset x beta)`` (doi:10.2307/2297110); the
    denominator is an elementary symmetric function, computed by recursion. To adjust for length,
    add log words as a column. Errors: one-step jackknife over problems.

    Parameters
    ----------
    covariates
        Shape (n,) or (n, k), no constant.
    correct
        0 or 1 per response, shape (n,).
    problem
        Problem codes, shape (n,). Problems always or never solved are left out (counted).

    Raises
    ------
    StatisticsError
        If no problem has both outcomes, a column is constant within every problem, or a column
        separates right from wrong, so that the estimate is infinite.

    Examples
    --------
    >>> x, y = [1, 0, 0, 1, 1, 0], [1, 0, 1, 0, 1, 0]  # x is higher for the right one in 2 of 3
    >>> m = conditional_logit(x, y, [0, 0, 1, 1, 2, 2])
    >>> round(m.odds_ratio(0).value, 4)
    2.0
    """
    y = vector("correct", correct)
    x = np.asarray(covariates, dtype=np.float64)
    x = x[:, None] if x.ndim == 1 else x
    where = codes("problem", problem, len(y))
    if x.ndim != 2 or len(x) != len(y) or not np.all(np.isfinite(x)) or not np.all(np.isin(y, (0, 1))):
        raise StatisticsError(f"covariates {x.shape} must be finite with one row per 0/1 entry of correct")
    x, y, where, left = _informative(x, y, where)
    strata = _padded(x, y, where)
    spread = np.sqrt(np.sum(x**2, axis=0) / max(len(x), 1))
    if np.linalg.matrix_rank(x / np.where(spread > 0, spread, 1.0)) < x.shape[1]:
        raise StatisticsError("a column does not vary within problems, or is a sum of others; leave it out")
    beta, value = _newton(strata, spread)
    _, score, info = _likelihood(strata, beta)
    problems = len(score)
    covariance = np.full(info.shape[1:], np.nan)
    without = info.sum(axis=0) - info
    if problems > 1 and np.all(np.linalg.cond(without) < 1e12):
        change = np.linalg.solve(without, score[:, :, None])[:, :, 0]
        covariance = (problems - 1) / problems * change.T @ change
    return ConditionalLogit(beta, covariance, value, problems, len(y), left)


Strata = tuple[Floats, npt.NDArray[np.bool_], Floats, Codes]
"""Covariates (G, N, k) with the problem mean taken off, which entries exist (G, N), sum of the
covariates of the right responses (G, k), number of right responses (G,)."""


def _informative(x: Floats, y: Floats, where: Codes) -> tuple[Floats, Floats, Codes, int]:
    total, good = np.bincount(where), np.bincount(where, weights=y)
    both = (good > 0) & (good < total)
    if not both.any():
        raise StatisticsError("no problem has right and wrong responses, so nothing can be compared")
    kept = both[where]
    _, place = np.unique(where[kept], return_inverse=True)
    centre = np.zeros((len(total), x.shape[1]))
    np.add.at(centre, where, x)
    centred = x - (centre / np.maximum(total, 1)[:, None])[where]
    return centred[kept], y[kept], place.astype(np.int64), int(np.sum((total > 0) & ~both))


def _padded(x: Floats, y: Floats, where: Codes) -> Strata:
    size = np.bincount(where)
    order = np.argsort(where, kind="stable")
    column = np.arange(len(where)) - np.repeat(np.cumsum(size) - size, size)
    table = np.zeros((len(size), int(size.max()), x.shape[1]))
    there = np.zeros(table.shape[:2], dtype=np.bool_)
    right = np.zeros(table.shape[:2])
    table[where[order], column], there[where[order], column] = x[order], True
    right[where[order], column] = y[order]
    good = right.sum(axis=1).astype(np.int64)
    # which are right given how many is also which are wrong: take the rarer, the sums stay small
    flip = 2 * good > size
    right[flip] = np.where(there[flip], 1 - right[flip], 0.0)
    table[flip] *= -1
    return table, there, (right[:, :, None] * table).sum(axis=1), np.where(flip, size - good, good)


def _likelihood(strata: Strata, beta: Floats) -> tuple[float, Floats, Floats]:
    """Log-likelihood, and score (G, k) and information (G, k, k) of each problem."""
    table, there, chosen, good = strata
    theta = table @ beta
    top = np.where(there, theta, -np.inf).max(axis=1, keepdims=True)
    weight = np.where(there, np.exp(np.minimum(theta - top, 0.0)), 0.0)
    groups, size, k = table.shape
    most = int(good.max())
    e = np.zeros((groups, most + 1))
    e[:, 0] = 1.0
    d, h = np.zeros((groups, most + 1, k)), np.zeros((groups, most + 1, k, k))
    for i in range(size):
        w, x = weight[:, i], table[:, i]
        xe = x[:, None, :] * e[:, :-1, None]
        cross = x[:, None, :, None] * d[:, :-1, None, :]
        outer = x[:, None, :, None] * xe[:, :, None, :]
        h[:, 1:] += w[:, None, None, None] * (h[:, :-1] + cross + cross.swapaxes(2, 3) + outer)
        d[:, 1:] += w[:, None, None] * (d[:, :-1] + xe)
        e[:, 1:] += w[:, None] * e[:, :-1]
    at = np.arange(groups)
    total = np.maximum(e[at, good], 1e-300)
    mean = d[at, good] / total[:, None]
    info = h[at, good] / total[:, None, None] - mean[:, :, None] * mean[:, None, :]
    value = float(np.sum(chosen @ beta - np.log(total) - good * top[:, 0]))
    return value, chosen - mean, info


def _newton(strata: Strata, spread: Floats) -> tuple[Floats, float]:
    beta = np.zeros(len(spread))
    value, score, info = _likelihood(strata, beta)
    for _ in range(_STEPS):
        try:
            step = np.linalg.solve(info.sum(axis=0), score.sum(axis=0))
        except np.linalg.LinAlgError:
            break
        for _ in range(30):
            found = _likelihood(strata, beta + step)
            if found[0] >= value - 1e-12 * abs(value):
                break
            step = step / 2
        beta = beta + step
        value, score, info = found
        if np.any(np.abs(beta * spread) > _FARTHEST):
            break
        if float(np.max(np.abs(step * spread))) < _CLOSE:
            return beta, value
    raise StatisticsError("a column separates right from wrong responses: its odds ratio is infinite or 0")
