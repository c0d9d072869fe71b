"""Scores of a model that answers each problem several times: pass@k, avg@k, maj@k.

All three are exact expectations over the k-subsets of the n responses at hand, so they do not
depend on the order of the responses or on a seed. They are given per problem; average them with
`reasonlens.stats.means.mean_of_problems`, which adds the interval.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats
from reasonlens.stats.estimate import codes, vector

__all__ = ["NO_ANSWER", "avg_at_k", "maj_at_k", "maj_at_k_of_counts", "pass_at_k"]

NO_ANSWER = -1
"""Answer code of a response without an answer: it is sampled like any other, but has no vote."""


def pass_at_k(n: npt.ArrayLike, correct: npt.ArrayLike, k: int) -> Floats:
    """Chance that at least one of k responses is right, ``1 - C(n - c, k) / C(n, k)``.

    Unbiased for the problem's true value, unlike ``1 - (1 - c/n)^k`` (Chen et al. 2021,
    arXiv:2107.03374).

    Parameters
    ----------
    n, correct
        Responses and right responses per problem, shape (P,).
    k
        Number of tries, at least 1.

    Returns
    -------
    numpy.ndarray
        Shape (P,); NaN where ``k > n``.

    Raises
    ------
    StatisticsError
        If a problem has more right responses than responses, or k < 1.

    Examples
    --------
    >>> pass_at_k([4, 4, 1], [2, 0, 1], 2).round(4).tolist()  # 1 - C(2,2) / C(4,2) = 5/6
    [0.8333, 0.0, nan]
    """
    size, right = _trials(n, correct)
    _at_least_one(k)
    wrong = size - right
    with np.errstate(invalid="ignore"):
        logs = (
            special.gammaln(wrong + 1)
            - special.gammaln(np.maximum(wrong - k, 0) + 1)
            - special.gammaln(size + 1)
            + special.gammaln(np.maximum(size - k, 0) + 1)
        )
        result: Floats = np.where(wrong < k, 1.0, -np.expm1(np.minimum(logs, 0.0)))
    result[right == 0] = 0.0  # exact, where the logs cancel only up to rounding
    result[size < k] = np.nan
    return result


def avg_at_k(n: npt.ArrayLike, correct: npt.ArrayLike) -> Floats:
    """Share of right responses per problem, shape (P,); NaN for a problem without responses.

    Examples
    --------
    >>> avg_at_k([4, 2, 0], [1, 2, 0]).tolist()
    [0.25, 1.0, nan]
    """
    size, right = _trials(n, correct)
    with np.errstate(invalid="ignore"):
        result: Floats = right / np.where(size > 0, size, np.nan)
    return result


def maj_at_k_of_counts(correct: int, others: Sequence[int], k: int, blank: int = 0) -> float:
    """Chance that the majority of k responses is right, for one problem.

    The most frequent answer among the k wins; ties are broken evenly, so with t rivals level the
    right answer wins with ``1 / (t + 1)``. A draw of k out of n without replacement is the same as
    independent Binomial(count, k/n) numbers of each answer given that they add up to k; that keeps
    the terms small. For every number m of right answers the rivals are added one by one to a table
    of (rivals level at m, responses used).

    Parameters
    ----------
    correct
        Number of responses with the right answer.
    others
        Number of responses with each wrong answer.
    k
        Number of responses that vote.
    blank
        Number of responses without an answer. If all k are blank, the vote is lost.

    Returns
    -------
    float
        NaN if k is larger than the number of responses.

    Examples
    --------
    >>> maj_at_k_of_counts(2, [1], 2)  # of 3 pairs, one is right + right, two are ties
    0.6666666666666666
    >>> round(maj_at_k_of_counts(4, [3, 2, 1], 5), 6)  # 141 of the 252 subsets
    0.559524
    """
    _at_least_one(k)
    if min([correct, blank, *others]) < 0:
        raise StatisticsError("numbers of responses must not be negative")
    n = correct + blank + sum(others)
    if k > n:
        return np.nan
    drawn = {c: stats.binom.pmf(np.arange(c + 1), c, k / n) for c in {correct, blank, *others}}
    total = 0.0
    for m in range(1, min(correct, k) + 1):
        total += float(drawn[correct][m]) * _won([drawn[c] for c in others], drawn[blank], m, k - m)
    return min(total / float(stats.binom.pmf(k, n, k / n)), 1.0)


def _won(others: Sequence[Floats], blank: Floats, m: int, room: int) -> float:
    """Weight of the draws of `room` other responses in which no rival has more than m."""
    table = np.zeros((room // m + 1, room + 1))
    table[0, : min(len(blank), room + 1)] = blank[: room + 1]
    for weight in others:
        grown = table * weight[0]
        for j in range(1, min(len(weight), m, room + 1)):
            grown[:, j:] += weight[j] * table[:, : room + 1 - j]
        if len(weight) > m and room >= m:
            grown[1:, m:] += weight[m] * table[:-1, : room + 1 - m]
        table = grown
    return float(np.sum(table[:, room] / np.arange(1, len(table) + 1)))


def maj_at_k(answers: npt.ArrayLike, gold: npt.ArrayLike, problem: npt.ArrayLike, k: int) -> Floats:
    """Chance that the majority of k responses is right, per problem.

    Parameters
    ----------
    answers
        Code of the answer of each response, shape (n,); equal answers have equal codes,
        `NO_ANSWER` stands for none.
    gold
        Code of the right answer of each problem, shape (P,); a code that no response has is fine.
    problem
        Problem codes 0 ... P - 1, shape (n,).
    k
        Number of responses that vote.

    Returns
    -------
    numpy.ndarray
        Shape (P,); NaN where a problem has fewer than k responses.

    Examples
    --------
    >>> maj_at_k([7, 7, 9, 3], [7, 5], [0, 0, 0, 1], 1).round(3).tolist()
    [0.667, 0.0]
    """
    given = np.asarray(answers)
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
        raise StatisticsError(f"answers must be integer codes, got {given.dtype} of shape {given.shape}")
    where = codes("problem", problem, len(given))
    right = np.asarray(gold)
    if np.any(right == NO_ANSWER):
        raise StatisticsError(f"gold has the code {NO_ANSWER}, which stands for 'no answer'")
    if where.size and int(where.max()) >= len(right):
        raise StatisticsError(f"gold has {len(right)} entries, but problem has the code {int(where.max())}")
    result = np.empty(len(right))
    order = np.argsort(where, kind="stable")
    groups = np.split(given[order], np.searchsorted(where[order], np.arange(1, len(right))))
    for p, group in enumerate(groups):
        kinds, counts = np.unique(group, return_counts=True)
        others = counts[(kinds != right[p]) & (kinds != NO_ANSWER)]
        mine, none = int(np.sum(group == right[p])), int(np.sum(group == NO_ANSWER))
        result[p] = maj_at_k_of_counts(mine, [int(c) for c in others], k, none)
    return result


def _trials(n: npt.ArrayLike, correct: npt.ArrayLike) -> tuple[Floats, Floats]:
    size = vector("n", n)
    right = vector("correct", correct, len(size))
    if np.any(right < 0) or np.any(right > size):
        at = int(np.argmax((right < 0) | (right > size)))
        raise StatisticsError(f"problem {at} has {right[at]:g} right responses of {size[at]:g}")
    return size, right


def _at_least_one(k: int) -> None:
    if k < 1:
        raise StatisticsError(f"k must be at least 1, got {k}")
