"""Bootstrap over problems, for any statistic.

Most statistics here are functions of sums over problems (ratios, agreement coefficients,
correlations). For those a draw of problems is a row of multinomial weights, and all draws are one
matrix product. Other statistics are given as a function of the list of problems.

Percentile and BCa limits of a few dozen problems are too short, as the bootstrap has no factor
P / (P - 1) and no t quantile. Their tails are therefore those of ``sqrt(P / (P - 1)) t_{P-1}`` on the
normal scale (Hesterberg 2015, arXiv:1411.5279, section 5.3, "expanded"). No draw of fewer than `FEWEST`
problems reaches far enough for that to help: 5 problems are covered 90% of the time, and the method says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import scipy

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats
from reasonlens.stats.estimate import LIKE, Estimate, Seed, choice, generator

__all__ = [
    "FEWEST",
    "bootstrap",
    "bootstrap_of_sums",
    "drawn_limits",
    "expanded_tail",
    "multinomial_weights",
    "sum_rows",
]

LIMITS = ("bca", "percentile")
FEWEST = 8
"""With fewer problems than this, limits from draws of problems are too short (``benchmarks/coverage``)."""
_UNDEFINED_SHARE = 0.05

OfSums = Callable[[Floats], Floats]
"""From sums of shape (..., S) to values of shape (...)."""
OfGroups = Callable[[Sequence[Floats]], float]
"""From one array per problem to a value."""


def multinomial_weights(problems: int, draws: int, seed: Seed) -> Floats:
    """How often each problem is drawn in each bootstrap sample, shape (draws, problems).

    Examples
    --------
    >>> multinomial_weights(3, 2, 0).sum(axis=1).tolist()
    [3.0, 3.0]
    """
    rng, _ = generator(seed)
    drawn = rng.multinomial(problems, np.full(problems, 1 / problems), size=draws)
    return drawn.astype(np.float64)


def bootstrap_of_sums(
    statistic: OfSums,
    sums: npt.ArrayLike,
    *,
    seed: Seed,
    draws: int = 2000,
    limits: str = "bca",
    level: float = 0.95,
    n: int | None = None,
) -> Estimate:
    """Cluster bootstrap of a function of sums over problems.

    Parameters
    ----------
    statistic
        Vectorized function from sums (..., S) to values (...).
    sums
        One row per problem, shape (P, S).
    seed
        Integer or generator.
    draws
        Number of bootstrap samples.
    limits
        ``"bca"`` (Efron 1987, doi:10.1080/01621459.1987.10478410; acceleration from the jackknife
        over problems) or ``"percentile"``. Both expanded, see the module.
    level
        Confidence level.
    n
        Number of responses, carried into the result.

    Returns
    -------
    Estimate
        Draws with an undefined statistic are left out and counted in ``method``; with more than
        5% of them, or no variation, the limits are NaN.

    Examples
    --------
    >>> rate = lambda s: s[..., 0] / s[..., 1]
    >>> e = bootstrap_of_sums(rate, [[1, 10], [2, 10], [6, 10]], seed=1, draws=500)
    >>> e.value, e.low < 0.3 < e.high, e.seed
    (0.3, True, 1)
    """
    table = sum_rows(sums)
    problems = len(table)
    rng, number = generator(seed)
    without = None
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(statistic(table.sum(axis=0)))
        drawn = multinomial_weights(problems, draws, rng) @ table
        replicates = np.asarray(statistic(drawn), dtype=np.float64)
        if limits == "bca" and problems > 1:
            without = np.asarray(statistic(table.sum(axis=0) - table), dtype=np.float64)
    name = "cluster bootstrap"
    return _finish(value, replicates, without, problems, n, name, limits, level, number)


def bootstrap(
    statistic: OfGroups,
    groups: Sequence[npt.ArrayLike],
    *,
    seed: Seed,
    nested: bool = False,
    draws: int = 2000,
    limits: str = "bca",
    level: float = 0.95,
) -> Estimate:
    """Bootstrap of any function of the responses, given problem by problem.

    With ``nested``, responses are drawn anew within each drawn problem (two-level bootstrap). For a
    mean of unbiased problem values that adds the within-problem noise a second time, so the default
    draws problems only; nest where the statistic is fitted to responses, or where runs nest.

    Parameters
    ----------
    statistic
        Function from a list of arrays, one per problem with one entry (or row) per response.
    groups
        The responses of each problem.
    seed, draws, limits, level
        As in `bootstrap_of_sums`.

    Examples
    --------
    >>> from reasonlens.stats.sampling import pass_at_k
    >>> score = lambda gs: float(pass_at_k([len(g) for g in gs], [g.sum() for g in gs], 2).mean())
    >>> e = bootstrap(score, [[0, 1, 0], [1, 1, 1], [0, 0, 0]], seed=1, draws=200)
    >>> round(e.value, 4), e.n_problems, e.n  # (2/3 + 1 + 0) / 3
    (0.5556, 3, 9)
    """
    arrays = [np.asarray(g, dtype=np.float64) for g in groups]
    problems = len(arrays)
    if not problems or min(len(a) for a in arrays) == 0:
        raise StatisticsError("every problem must have at least one response; leave empty problems out")
    rng, number = generator(seed)
    value = float(statistic(arrays))
    replicates = np.empty(draws)
    for d in range(draws):
        drawn = [arrays[i] for i in rng.integers(0, problems, problems)]
        if nested:
            drawn = [a[rng.integers(0, len(a), len(a))] for a in drawn]
        replicates[d] = statistic(drawn)
    without = None
    if limits == "bca" and problems > 1:
        without = np.array([statistic(arrays[:i] + arrays[i + 1 :]) for i in range(problems)])
    name = "two-level bootstrap" if nested else "cluster bootstrap"
    n = sum(len(a) for a in arrays)
    return _finish(value, replicates, without, problems, n, name, limits, level, number)


def _finish(
    value: float,
    replicates: Floats,
    without: Floats | None,
    problems: int,
    n: int | None,
    name: str,
    limits: str,
    level: float,
    seed: int | None,
) -> Estimate:
    choice("limits", limits, LIMITS)
    known = replicates[np.isfinite(replicates)]
    lost, draws = len(replicates) - len(known), len(replicates)
    method = f"{name}, {'BCa' if limits == 'bca' else 'percentile'} limits, expanded, {draws} draws"
    method += f" ({lost} undefined)" if lost else ""
    method += _few(problems)
    low = high = np.nan
    if not np.isfinite(value) or problems < 2:
        method = "undefined" if problems > 1 else "fewer than two problems: no interval"
    elif lost > _UNDEFINED_SHARE * draws:
        method += ": too many for limits"
    elif np.ptp(known) <= 1e-12 * max(1.0, abs(value)):
        method += ": no variation, no limits"
    else:
        tails = _tails(value, known, without, problems, level)
        low, high = (float(q) for q in np.quantile(known, tails))
    return Estimate(value, low, high, level, method, problems, problems if n is None else n, LIKE, seed=seed)


def drawn_limits(problems: int, draws: int) -> str:
    """Name percentile limits from draws of problems; it says where they are too short.

    Examples
    --------
    >>> drawn_limits(30, 500)
    'cluster bootstrap, expanded percentile limits, 500 draws'
    >>> drawn_limits(5, 500)
    'cluster bootstrap, expanded percentile limits, 500 draws; fewer than 8 problems: limits too short'
    """
    return f"cluster bootstrap, expanded percentile limits, {draws} draws{_few(problems)}"


def _few(problems: int) -> str:
    return f"; fewer than {FEWEST} problems: limits too short" if problems < FEWEST else ""


def expanded_tail(problems: int, level: float) -> float:
    """Normal quantile (negative) of the lower tail, widened for few problems.

    Examples
    --------
    >>> round(expanded_tail(30, 0.95), 3)  # -2.045 * sqrt(30 / 29), against -1.96
    -2.08
    """
    return float(np.sqrt(problems / (problems - 1)) * scipy.stats.t.ppf((1 - level) / 2, problems - 1))


def _tails(value: float, known: Floats, without: Floats | None, problems: int, level: float) -> Floats:
    z = expanded_tail(problems, level) * np.array([1.0, -1.0])
    if without is None or not np.all(np.isfinite(without)):
        return np.asarray(scipy.stats.norm.cdf(z), dtype=np.float64)
    below = (np.sum(known < value) + np.sum(known == value) / 2) / len(known)
    below = min(max(float(below), 0.5 / len(known)), 1 - 0.5 / len(known))
    bias = float(scipy.stats.norm.ppf(below))
    change = without.mean() - without
    total = float(np.sum(change**2))
    skew = float(np.sum(change**3) / (6 * total**1.5)) if total > 0 else 0.0
    # with extreme skew the denominator would pass 0 and the limits swap sides
    shrink = np.maximum(1 - skew * (bias + z), 1e-3)
    return np.asarray(scipy.stats.norm.cdf(bias + (bias + z) / shrink), dtype=np.float64)


def sum_rows(sums: npt.ArrayLike) -> Floats:
    """Return sums as a finite table, one row per problem."""
    table = np.asarray(sums, dtype=np.float64)
    if table.ndim != 2 or not len(table):
        raise StatisticsError(f"sums must have one row per problem, got shape {table.shape}")
    if not np.all(np.isfinite(table)):
        raise StatisticsError("sums has values that are NaN or infinite; leave those responses out")
    return table
