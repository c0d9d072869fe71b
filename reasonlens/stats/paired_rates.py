"""Rates compared problem by problem: the geometric mean of the problems' rate ratios.

A different estimand from the ratio of pooled rates: every problem counts the same, and a ratio of 2
on one problem balances a ratio of 1/2 on another.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats
from reasonlens.stats.estimate import LIKE, Estimate, vector

__all__ = ["paired_log_rates", "paired_rate_ratio"]

_WORST = 0.25
"""Bias in standard errors up to which limits are given: it costs about 1% of coverage."""
_WORST_UNEVEN = 0.1
"""The same where one side has more than `_UNEVEN` times the words: there, the bias is one-sided."""
_UNEVEN = 1.25


def paired_log_rates(
    hits_a: npt.ArrayLike,
    words_a: npt.ArrayLike,
    hits_b: npt.ArrayLike,
    words_b: npt.ArrayLike,
    *,
    added: float = 1.0,
) -> Floats:
    """Log rate ratio of every problem, NaN where neither side has a hit or a side has no words.

    Zeros: `added` hits are shared out by words, ``w_a / (w_a + w_b)`` of them to side a, so that
    the ratio is pulled towards 1 (with equal words: half a hit each, as usual). Adding one half to
    both sides would pull it towards the ratio of words instead.

    Parameters
    ----------
    hits_a, words_a, hits_b, words_b
        Sums per problem, shape (P,).
    added
        Number of hits added to each problem.

    Examples
    --------
    >>> paired_log_rates([3, 0, 0], [100, 100, 100], [1, 0, 0], [100, 300, 0]).round(4).tolist()
    [0.8473, nan, nan]
    """
    xa, wa = vector("hits_a", hits_a), vector("words_a", words_a)
    xb, wb = vector("hits_b", hits_b, len(xa)), vector("words_b", words_b, len(xa))
    if len(wa) != len(xa) or min(float(v.min(initial=0.0)) for v in (xa, wa, xb, wb)) < 0:
        raise StatisticsError("hits and words must not be negative, and list the same problems")
    known = (wa > 0) & (wb > 0) & (xa + xb > 0)
    result = np.full(len(xa), np.nan)
    a, b = wa[known], wb[known]
    share = a / (a + b)
    with np.errstate(divide="ignore"):
        logs = np.log((xa[known] + added * share) / a) - np.log((xb[known] + added * (1 - share)) / b)
    result[known] = logs
    return result


def paired_rate_ratio(
    hits_a: npt.ArrayLike,
    words_a: npt.ArrayLike,
    hits_b: npt.ArrayLike,
    words_b: npt.ArrayLike,
    *,
    added: float = 1.0,
    level: float = 0.95,
    n: int | None = None,
) -> Estimate:
    """Geometric mean of the problems' rate ratios, with a t interval and test on the log scale.

    Problems without a hit on either side say nothing about a ratio and are left out (counted in
    ``method``). The mean log of a small count m is too low by about ``1 / (2 m)``. If that, for the
    side with fewer words, exceeds a quarter of the standard error, there is no interval. If the
    words of the two sides differ by more than a quarter, a tenth is allowed, and beyond it there is
    no p-value either: with five times the words it would reject a true null in 25-100% of cases.
    Then, and as the first choice, use `reasonlens.stats.contrast.contrast_of_sums`.

    Parameters
    ----------
    hits_a, words_a, hits_b, words_b, added
        As in `paired_log_rates`.
    n
        Number of responses, carried into the result.

    Examples
    --------
    >>> e = paired_rate_ratio([40, 10, 20], [100] * 3, [10, 10, 20], [100] * 3, added=0)
    >>> round(e.value, 3)  # (4 x 1 x 1)^(1/3)
    1.587
    """
    logs = paired_log_rates(hits_a, words_a, hits_b, words_b, added=added)
    used = logs[~np.isnan(logs)]
    if not np.all(np.isfinite(used)):
        raise StatisticsError("a side of a problem has no hits: 'added' must be positive")
    problems, silent = len(used), len(logs) - len(used)
    count = len(logs) if n is None else n
    method = f"t on log rates of problems, {added:g} hits added, {silent} problems without hits left out"
    if problems < 2 or float(used.std()) <= 1e-15:
        value = float(np.exp(used.mean())) if problems else np.nan
        why = (
            "no variation between problems: no interval"
            if problems > 1
            else "fewer than two problems with hits"
        )
        return Estimate(value, np.nan, np.nan, level, why, problems, count, LIKE)
    middle, error = float(used.mean()), float(used.std(ddof=1) / np.sqrt(problems))
    p = float(2 * scipy.stats.t.sf(abs(middle) / error, problems - 1))
    bias, uneven = _bias([hits_a, words_a, hits_b, words_b], ~np.isnan(logs))
    if bias > (_WORST_UNEVEN if uneven > _UNEVEN else _WORST) * error:
        why = f"{method}; too few hits (bias up to {bias:.2g} in the log): no interval"
        if uneven > _UNEVEN:
            p, why = np.nan, f"{why}, and no test, as one side has {uneven:.2g} times the words"
        return Estimate(float(np.exp(middle)), np.nan, np.nan, level, why, problems, count, LIKE, p)
    half = float(scipy.stats.t.ppf((1 + level) / 2, problems - 1)) * error
    low, value, high = (float(np.exp(m)) for m in (middle - half, middle, middle + half))
    return Estimate(value, low, high, level, method, problems, count, LIKE, p)


def _bias(sums: list[npt.ArrayLike], used: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Largest bias of a mean log, from total hits only, and how many times the words one side has.

    It must not look at the difference of the sides: that would select which intervals are shown.
    """
    xa, wa, xb, wb = (np.asarray(v, dtype=np.float64)[used] for v in sums)
    fewer = (xa + xb) * np.minimum(wa, wb) / (wa + wb)
    factor = float(wa.sum() / wb.sum())
    return float(np.mean(0.5 / fewer)), max(factor, 1 / factor)
