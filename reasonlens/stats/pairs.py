"""Pairs of responses to one problem, a right and a wrong one: how often, and by how much, right is higher.

Pairs of one model hold the model and the problem fixed. Pairs of different models hold only the
problem fixed: there the better model may simply write in another way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reasonlens.stats.arrays import Floats
from reasonlens.stats.estimate import Codes

__all__ = ["Pairs", "count_pairs", "ranks_within", "within_problem"]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Per problem, shape (P,): number of pairs, wins of the right one (ties one half), sum of differences."""

    number: Floats
    wins: Floats
    differences: Floats

    def without(self, other: Pairs) -> Pairs:
        """Return the pairs that are not in `other`."""
        return Pairs(self.number - other.number, self.wins - other.wins, self.differences - other.differences)

    def auc(self) -> Floats:
        """Share of pairs in which the right one is higher; NaN without pairs."""
        return _quotient(self.wins, self.number)

    def difference(self) -> Floats:
        """Mean of right minus wrong; NaN without pairs."""
        return _quotient(self.differences, self.number)


def within_problem(values: Floats, problem: Codes) -> Floats:
    """Take the mean of its problem off each value.

    Examples
    --------
    >>> within_problem(np.array([1.0, 3.0, 5.0]), np.array([0, 0, 1])).tolist()
    [-1.0, 1.0, 0.0]
    """
    _, where = np.unique(problem, return_inverse=True)
    means = np.bincount(where, weights=values) / np.bincount(where)
    result: Floats = values - means[where]
    return result


def ranks_within(values: Floats, stratum: Codes) -> Floats:
    """Rank of each value among those of its stratum, from 1; ties share their mean rank.

    Examples
    --------
    >>> ranks_within(np.array([5.0, 2.0, 5.0, 9.0]), np.array([0, 0, 0, 1])).tolist()
    [2.5, 1.0, 2.5, 1.0]
    """
    order = np.lexsort((values, stratum))
    v, s = values[order], stratum[order]
    fresh = np.r_[True, (v[1:] != v[:-1]) | (s[1:] != s[:-1])][: len(v)]
    run = np.cumsum(fresh) - 1
    first = np.flatnonzero(fresh)
    size = np.diff(np.r_[first, len(v)])
    begin = np.searchsorted(s, s)  # where the stratum of each begins
    result = np.empty(len(v))
    result[order] = first[run] - begin + (size[run] + 1) / 2
    return result


def count_pairs(values: Floats, right: Floats, stratum: Codes, problem: Codes, size: int) -> Pairs:
    """Compare every right with every wrong response of its stratum, summed up per problem.

    The number of wins is the Mann-Whitney statistic of each stratum.

    Parameters
    ----------
    values
        One number per response, shape (n,).
    right
        0 or 1 per response.
    stratum
        Codes of what is compared: the problem, or the problem and the model.
    problem
        Problem codes below `size`; a stratum lies within one problem.

    Examples
    --------
    >>> one = np.zeros(3, dtype=np.int64)
    >>> found = count_pairs(np.array([3.0, 1.0, 2.0]), np.array([1.0, 0.0, 0.0]), one, one, 1)
    >>> found.number.tolist(), found.wins.tolist(), found.differences.tolist()  # 3 - 1 and 3 - 2
    ([2.0], [2.0], [3.0])
    """
    if not len(values):
        return Pairs(np.zeros(size), np.zeros(size), np.zeros(size))
    _, first, place = np.unique(stratum, return_index=True, return_inverse=True)
    good, total = np.bincount(place, weights=right), np.bincount(place).astype(np.float64)
    bad = total - good
    ranks = np.bincount(place, weights=ranks_within(values, stratum) * right)
    wins = ranks - good * (good + 1) / 2
    mine = np.bincount(place, weights=values * right)
    other = np.bincount(place, weights=values) - mine
    where = problem[first]
    number, won, differences = (
        np.bincount(where, weights=x, minlength=size).astype(np.float64)
        for x in (good * bad, wins, bad * mine - good * other)
    )
    return Pairs(number, won, differences)


def _quotient(top: Floats, bottom: Floats) -> Floats:
    result: Floats = top / np.where(bottom > 0, bottom, np.nan)
    return result
