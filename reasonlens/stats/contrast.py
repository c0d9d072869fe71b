"""Two groups compared: rate ratio, rate difference and a test, clustered and paired by problem.

The limits are built from the limits of each side ("method of variance estimates recovery",
Zou & Donner 2008, doi:10.1002/sim.3095), with the correlation of the two sides over problems. So
they stay defined when a side has no hits, and agree with what is shown for each side alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import (
    Floats,
    Interval,
    cluster_sums,
    ratio_of_sums,
    residuals,
    share_of_sums,
)
from reasonlens.stats.difference import combine, rate_test, share_test

__all__ = ["Contrast", "contrast_of_sums", "rate_contrast"]

_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Contrast:
    """Side a against side b: ``a / b``, ``a - b`` and the p-value of "no difference"."""

    ratio: Interval
    difference: Interval
    p_value: float
    test: str
    n_clusters: int


def rate_contrast(
    n_a: npt.ArrayLike,
    w_a: npt.ArrayLike,
    cluster_a: npt.ArrayLike,
    n_b: npt.ArrayLike,
    w_b: npt.ArrayLike,
    cluster_b: npt.ArrayLike,
    *,
    paired: bool = True,
    level: float = 0.95,
    scale: float = 1000.0,
) -> Contrast:
    """Compare two rates from one entry per response; both sides share the problem codes.

    See `contrast_of_sums`.
    """
    size = 1 + max(int(np.max(c, initial=-1)) for c in (np.asarray(cluster_a), np.asarray(cluster_b)))
    sums = [
        cluster_sums(values, codes, size)
        for values, codes in ((n_a, cluster_a), (w_a, cluster_a), (n_b, cluster_b), (w_b, cluster_b))
    ]
    return contrast_of_sums(*sums, paired=paired, level=level, scale=scale)


def contrast_of_sums(
    hits_a: npt.ArrayLike,
    sizes_a: npt.ArrayLike,
    hits_b: npt.ArrayLike,
    sizes_b: npt.ArrayLike,
    *,
    paired: bool = True,
    shares: bool = False,
    level: float = 0.95,
    scale: float = 1000.0,
    n: int | None = None,
) -> Contrast:
    """Compare two rates, or two shares of responses, on the same list of problems.

    Parameters
    ----------
    hits_a, sizes_a, hits_b, sizes_b
        Sums per problem, each of shape (P,), in one order of problems. Size 0 means that the side
        has no response to that problem.
    paired
        Use the problems that both sides have. Otherwise each side keeps all of its problems, and
        those in common still count as such.
    shares
        Hits are responses with at least one hit and sizes are responses; `scale` is then 1.
    level
        Confidence level.
    scale
        Unit of the rates.
    n
        Number of responses, carried into the result.

    Returns
    -------
    Contrast
        The ratio is NaN if a side has no hits; the difference is always defined if both sides have
        at least two problems. The p-value of two rates agrees with the interval of their ratio if
        both sides have hits in at least 10 problems; else, and for shares, it is that of a t test
        of the difference clustered by problem.

    Examples
    --------
    >>> c = contrast_of_sums([4, 8, 6], [1000, 1000, 1000], [2, 4, 3], [1000, 1000, 1000])
    >>> c.ratio.value, c.difference.value, c.n_clusters
    (2.0, 3.0, 3)
    """
    xa, wa, xb, wb = _sides(hits_a, sizes_a, hits_b, sizes_b, paired)
    scale = 1.0 if shares else scale
    each = [
        share_of_sums(x, w, level=level) if shares else ratio_of_sums(x, w, level=level, scale=scale)
        for x, w in ((xa, wa), (xb, wb))
    ]
    a, b = each
    problems = int(np.count_nonzero((wa > 0) | (wb > 0)))
    count = n if n is not None else problems
    if min(a.n_clusters, b.n_clusters) < _FEWEST:
        why = "fewer than two problems: no interval"
        return _undefined(a, b, why, problems, count)
    ea, eb = residuals(xa, wa), residuals(xb, wb)
    both = (wa > 0) & (wb > 0)
    told = min(int(np.count_nonzero(x[both])) for x in (xa, xb))
    link = _correlation(ea, eb, told)
    if shares:
        p_value, test = share_test((xa, wa, ea), (xb, wb, eb), paired)
    else:
        p_value, test = rate_test((xa, wa, ea), (xb, wb, eb), link, paired)
    how = "paired by problem" if paired else "all problems of each side"
    return Contrast(
        _ratio(a, b, link, f"limits of both sides combined (MOVER), log scale, {how}", problems, count),
        _difference(a, b, link, f"limits of both sides combined (MOVER), {how}", problems, count),
        p_value,
        test,
        problems,
    )


def _sides(
    hits_a: npt.ArrayLike, sizes_a: npt.ArrayLike, hits_b: npt.ArrayLike, sizes_b: npt.ArrayLike, paired: bool
) -> tuple[Floats, Floats, Floats, Floats]:
    xa, wa, xb, wb = (np.asarray(v, dtype=np.float64) for v in (hits_a, sizes_a, hits_b, sizes_b))
    if not xa.shape == wa.shape == xb.shape == wb.shape or xa.ndim != 1:
        raise StatisticsError(
            "the two sides must list the same problems: got shapes "
            f"{xa.shape}, {wa.shape}, {xb.shape}, {wb.shape}"
        )
    use = (wa > 0) & (wb > 0) if paired else (wa > 0) | (wb > 0)
    return xa[use], wa[use], xb[use], wb[use]


def _undefined(a: Interval, b: Interval, why: str, problems: int, count: int) -> Contrast:
    ratio = a.value / b.value if a.value > 0 and b.value > 0 else np.nan
    return Contrast(
        Interval(ratio, np.nan, np.nan, a.level, why, problems, count),
        Interval(a.value - b.value, np.nan, np.nan, a.level, why, problems, count),
        np.nan,
        why,
        problems,
    )


def _correlation(ea: Floats, eb: Floats, told: int) -> float:
    """Correlation of two sides over problems; 0 if fewer than two shared problems tell of it."""
    norm = float(np.sqrt(np.sum(ea**2) * np.sum(eb**2)))
    if not norm or told < _FEWEST:
        return 0.0
    return min(max(float(np.sum(ea * eb)) / norm, -1.0), 1.0)


def _difference(a: Interval, b: Interval, link: float, method: str, problems: int, count: int) -> Interval:
    value = a.value - b.value
    down = combine(a.value - a.low, b.high - b.value, link)
    up = combine(a.high - a.value, b.value - b.low, link)
    return Interval(value, value - down, value + up, a.level, method, problems, count)


def _ratio(a: Interval, b: Interval, link: float, method: str, problems: int, count: int) -> Interval:
    if not (a.value > 0 and b.value > 0):
        why = "undefined: a side has no hits"
        return Interval(np.nan, np.nan, np.nan, a.level, why, problems, count)
    down = combine(_log(a.value, a.low), _log(b.high, b.value), link)
    up = combine(_log(a.high, a.value), _log(b.value, b.low), link)
    value = a.value / b.value
    with np.errstate(over="ignore"):
        return Interval(
            value, value * float(np.exp(-down)), value * float(np.exp(up)), a.level, method, problems, count
        )


def _log(more: float, less: float) -> float:
    """Log of a ratio of limits, kept finite so that infinite limits do not become NaN."""
    tiny = np.finfo(np.float64).tiny
    return float(np.log(min(more, 1 / tiny)) - np.log(max(less, tiny)))
