"""Whether an effect differs between strata of problems: their labels permuted over the problems.

The statistic is the F ratio of the analysis of variance; under the null hypothesis the problems'
effects are exchangeable between strata, and the permutation test is exact (Fisher 1935; Pitman 1938,
doi:10.1093/biomet/29.3-4.322). Where only the spread of effects differs between strata, as that of
shares near 0 or 1 does, the test stays below its level in the simulations of its tests.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from reasonlens.stats.arrays import Floats
from reasonlens.stats.estimate import LIKE, Codes, Seed, Test, codes, generator, vector

__all__ = ["strata_test"]

_BLOCK = 4_000_000  # numbers held at once
_ROUNDING = 1e-9


def strata_test(differences: npt.ArrayLike, strata: npt.ArrayLike, *, seed: Seed, draws: int = 9999) -> Test:
    """Test that the mean effect is the same in all strata, with problems as units.

    Parameters
    ----------
    differences
        The effect on each problem, shape (P,).
    strata
        Integer codes of the problems' strata, shape (P,); codes that do not occur do not count.
    seed
        Integer or generator.
    draws
        Permutations; the p-value is ``(b + 1) / (draws + 1)`` (Phipson & Smyth 2010,
        doi:10.2202/1544-6115.1585).

    Returns
    -------
    Test
        ``statistic`` is the F ratio. It and the p-value are NaN with fewer than two strata or no more
        problems than strata.

    Raises
    ------
    StatisticsError
        If the shapes differ, or a value is not finite.

    Examples
    --------
    >>> t = strata_test([0, 1, 2, 8, 9, 10], [0, 0, 0, 1, 1, 1], seed=0)  # 2 of the 20 ways to part
    >>> t.statistic, round(t.p_value, 1)
    (96.0, 0.1)
    """
    data = vector("differences", differences)
    _, where = np.unique(codes("strata", strata, len(data)), return_inverse=True)
    problems, groups = len(data), int(where.max(initial=-1)) + 1
    if groups < 2 or problems <= groups:
        return Test(np.nan, np.nan, "fewer than two strata with problems to spare", LIKE, problems, problems)
    centered = data - data.mean()
    total = float(centered @ centered)
    observed = float(_between(centered[None], where, groups)[0])
    rng, number = generator(seed)
    least = observed - _ROUNDING * total
    hits, left = 0, draws
    while left:
        size = min(left, max(1, _BLOCK // problems))
        drawn = rng.permuted(np.broadcast_to(centered, (size, problems)), axis=1)
        hits += int(np.sum(_between(drawn, where, groups) >= least))
        left -= size
    method = f"permuted strata of problems, {draws} draws"
    ratio = _ratio(observed, total, problems, groups)
    return Test(ratio, (hits + 1) / (draws + 1), method, LIKE, problems, problems, number)


def _between(values: Floats, where: Codes, groups: int) -> Floats:
    """Return the sum of squares between strata of rows whose mean is 0; the F ratio rises with it."""
    sums = values @ np.eye(groups)[where]
    found: Floats = (sums**2 / np.bincount(where)).sum(axis=1)
    return found


def _ratio(between: float, total: float, problems: int, groups: int) -> float:
    within = total - between
    if total == 0:
        return np.nan  # no effect on any problem, or the same on all
    if within <= _ROUNDING * total:
        return np.inf
    return between / (groups - 1) / (within / (problems - groups))
