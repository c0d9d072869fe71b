"""Permutation tests with problems as units: sign flips, labels within problems, McNemar.

Monte Carlo p-values are ``(b + 1) / (m + 1)`` (Phipson & Smyth 2010, doi:10.2202/1544-6115.1585), so
they are never 0 and hold their level for any number of draws.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats
from reasonlens.stats.estimate import LIKE, THESE, Codes, Seed, Test, codes, generator, vector

__all__ = ["mcnemar_test", "random_signs", "sign_flip_test", "within_problem_test"]

EXACT_FLIPS = 16
"""With at most so many problems that differ, all sign patterns are enumerated."""
_BLOCK = 4_000_000  # numbers held at once
_ROUNDING = 1e-9


def sign_flip_test(
    differences: npt.ArrayLike, *, seed: Seed, draws: int = 9999, exact: int = EXACT_FLIPS
) -> Test:
    """Two-sided test that differences of problems are symmetric about 0, by flipping their signs.

    Exact over all ``2^m`` sign patterns if at most `exact` differences are not 0, else Monte Carlo.
    It holds its level if the sides are exchangeable within each problem, and close to it when
    effects differ between problems and are 0 on average.

    Parameters
    ----------
    differences
        One value per problem, shape (P,).
    seed
        Integer or generator; not used if exact.

    Returns
    -------
    Test
        ``statistic`` is the mean difference.

    Examples
    --------
    >>> t = sign_flip_test([1, 2, 3], seed=0)  # only +++ and --- are as far from 0: 2 of 8
    >>> t.statistic, t.p_value, t.seed
    (2.0, 0.25, None)
    """
    data = vector("differences", differences)
    problems = len(data)
    if not problems:
        return Test(np.nan, np.nan, "no problems", LIKE, 0, 0)
    value = float(data.mean())
    moved = data[data != 0]
    observed = abs(float(moved.sum())) - _ROUNDING * float(np.abs(moved).sum())
    if len(moved) <= exact:
        sums = np.zeros(1)
        for d in moved[1:]:  # the sign of the first is free: the test is two-sided
            sums = np.concatenate([sums + d, sums - d])
        extreme = np.abs(sums + (moved[0] if len(moved) else 0.0)) >= observed
        name = f"sign flips, exact over 2^{len(moved)} patterns"
        return Test(value, float(np.mean(extreme)), name, LIKE, problems, problems)
    rng, number = generator(seed)
    hits, left = 0, draws
    while left:
        size = min(left, max(1, _BLOCK // len(moved)))
        hits += int(np.sum(np.abs(random_signs(rng, size, len(moved)) @ moved) >= observed))
        left -= size
    name = f"sign flips, {draws} draws"
    return Test(value, (hits + 1) / (draws + 1), name, LIKE, problems, problems, number)


def random_signs(rng: np.random.Generator, rows: int, columns: int) -> Floats:
    """Draw -1 and 1 with equal chances, shape (rows, columns)."""
    return (2 * rng.integers(0, 2, (rows, columns), dtype=np.int8) - 1).astype(np.float64)


def mcnemar_test(a: npt.ArrayLike, b: npt.ArrayLike) -> Test:
    """Exact McNemar test for one 0/1 response per problem and side: binomial on the discordant.

    McNemar 1947, doi:10.1007/BF02295996. It is the exact sign-flip test of the differences.

    Returns
    -------
    Test
        ``statistic`` is the difference of shares; p is 1 if no problem is discordant.

    Examples
    --------
    >>> mcnemar_test([1, 1, 1, 1, 0], [0, 0, 0, 1, 0]).p_value  # 3 against 0: 2 / 2^3
    0.25
    """
    one = vector("a", a)
    two = vector("b", b, len(one))
    if not np.all(np.isin(np.r_[one, two], (0, 1))):
        raise StatisticsError("McNemar's test needs one 0/1 response per problem and side")
    more, less = int(np.sum(one > two)), int(np.sum(one < two))
    p = float(scipy.stats.binomtest(more, more + less).pvalue) if more + less else 1.0
    value = float(np.mean(one - two)) if len(one) else np.nan
    return Test(value, p, "McNemar, exact", LIKE, len(one), 2 * len(one))


def within_problem_test(
    values: npt.ArrayLike, side: npt.ArrayLike, problem: npt.ArrayLike, *, seed: Seed, draws: int = 9999
) -> Test:
    """Two-sided test of "no effect on any of these problems": labels permuted within problems.

    The statistic is the mean over problems of the difference of the two sides' means. For 0/1
    values and equal numbers of responses the distribution is exact (a convolution of hypergeometric
    ones). If effects differ between problems and cancel, this test rejects, and should: to
    ask about the mean effect use `sign_flip_test` or `reasonlens.stats.fixed_set.fixed_set_difference`.

    Parameters
    ----------
    values
        One number per response, shape (n,).
    side
        1 for side a, 0 for side b, shape (n,).
    problem
        Problem codes, shape (n,). Problems that lack a side are left out.

    Examples
    --------
    >>> t = within_problem_test([1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], seed=0)
    >>> t.statistic, round(t.p_value, 3)  # 2 of the 6 ways to label are as extreme
    (1.0, 0.333)
    """
    data = vector("values", values)
    label = codes("side", side, len(data))
    where = codes("problem", problem, len(data))
    if np.any(label > 1):
        raise StatisticsError("side must be 1 (side a) or 0 (side b)")
    size_a = np.bincount(where[label == 1], minlength=int(where.max(initial=-1)) + 1)
    size_b = np.bincount(where, minlength=len(size_a)) - size_a
    both = (size_a > 0) & (size_b > 0)
    kept = both[where] if len(where) else np.zeros(0, dtype=bool)
    _, where = np.unique(where[kept], return_inverse=True)
    data, label, size_a, size_b = data[kept], label[kept], size_a[both], size_b[both]
    problems = len(size_a)
    if not problems:
        return Test(np.nan, np.nan, "no problem has both sides", THESE, 0, 0)
    weight = np.where(label == 1, 1 / size_a[where], -1 / size_b[where]) / problems
    value = float(np.sum(weight * data))
    binary = bool(np.all(np.isin(data, (0, 1))))
    if binary and np.ptp(size_a) == 0 and np.ptp(size_b) == 0:
        p = _exact_labels(data, label, where, int(size_a[0]), int(size_b[0]))
        return Test(value, p, "labels within problems, exact", THESE, problems, len(data))
    rng, number = generator(seed)
    p = _drawn_labels(data, weight, where, value, rng, draws)
    return Test(value, p, f"labels within problems, {draws} draws", THESE, problems, len(data), number)


def _exact_labels(data: Floats, label: Codes, where: Codes, size_a: int, size_b: int) -> float:
    right = np.bincount(where, weights=data).astype(np.int64)
    ways = {int(r): _ways(int(r), size_a, size_b) for r in np.unique(right)}
    distribution = np.ones(1)
    for r in right:
        distribution = np.convolve(distribution, ways[int(r)])
    centre = float(right.sum()) * size_a / (size_a + size_b)
    distance = np.abs(np.arange(len(distribution)) - centre)
    observed = abs(float(data[label == 1].sum()) - centre)
    extreme = distribution[distance >= observed - _ROUNDING * (1 + observed)].sum()
    return float(min(extreme / distribution.sum(), 1.0))


def _ways(right: int, size_a: int, size_b: int) -> Floats:
    """Hypergeometric chances of 0 ... size_a right responses on side a."""
    x = np.arange(size_a + 1)
    chances: Floats = scipy.stats.hypergeom.pmf(x, size_a + size_b, right, size_a)
    return chances


def _drawn_labels(
    data: Floats, weight: Floats, where: Codes, value: float, rng: np.random.Generator, draws: int
) -> float:
    order = np.argsort(where, kind="stable")
    data, weight, where = data[order], weight[order], where[order]
    bound = abs(value) - _ROUNDING * float(np.sum(np.abs(weight * data)))
    hits, left = 0, draws
    while left:
        rows = min(left, max(1, _BLOCK // len(data)))
        # a random key below 1 plus the problem code sorts problems in order, responses at random
        shuffled = np.argsort(rng.random((rows, len(data))) + where, axis=1)
        hits += int(np.sum(np.abs(weight[shuffled] @ data) >= bound))
        left -= rows
    return (hits + 1) / (draws + 1)
