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
from reasonlens.stats.arrays import Floats, checked_sums, cluster_sums
from reasonlens.stats.difference import combined_difference, combined_ratio, implied_p, widened
from reasonlens.stats.estimate import LIKE, Estimate
from reasonlens.stats.limits import Limits, hit_limits, most_hits, residuals, share_limits

__all__ = ["Contrast", "contrast_of_sums", "rate_contrast"]

INVERTED = "where its limits come to touch no difference"

_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Contrast:
    """Side a against side b: ``a / b`` and ``a - b``, each with the p-value that its limits imply."""

    ratio: Estimate
    difference: Estimate
    n_clusters: int

    @property
    def p_value(self) -> float:
        """The p-value of the difference, which is defined whether or not a side has hits."""
        return self.difference.p_value


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
        at least two problems. Each has the p-value at which its limits come to touch "no difference",
        so that it is below ``1 - level`` exactly if its interval leaves that out.

    Examples
    --------
    >>> c = contrast_of_sums([4, 8, 6], [1000, 1000, 1000], [2, 4, 3], [1000, 1000, 1000])
    >>> c.ratio.value, c.difference.value, c.n_clusters
    (2.0, 3.0, 3)
    """
    xa, wa, xb, wb = _sides(hits_a, sizes_a, hits_b, sizes_b, paired)
    scale = 1.0 if shares else scale
    problems = int(np.count_nonzero((wa > 0) | (wb > 0)))
    about = (level, problems, n if n is not None else problems)
    if min(np.count_nonzero(wa), np.count_nonzero(wb)) < _FEWEST:
        return _undefined(_value(xa, wa), _value(xb, wb), scale, *about)
    a, b = (_limits(x, w, shares, scale) for x, w in ((xa, wa), (xb, wb)))
    ea, eb = residuals(xa, wa), residuals(xb, wb)
    both = (wa > 0) & (wb > 0)
    told = min(int(np.count_nonzero(x[both])) for x in (xa, xb))
    link = _correlation(ea, eb, told)
    how = "paired by problem" if paired else "all problems of each side"
    apart = 1 - np.count_nonzero(both) / min(np.count_nonzero(wa), np.count_nonzero(wb))
    difference = combined_difference(a, b, link, apart)
    if not shares:
        difference = widened(difference, (xa, wa, ea), (xb, wb, eb), paired)
    return Contrast(
        _estimate(combined_ratio(a, b, link, apart), 1.0, 1.0, 1.0, how, *about),
        _estimate(difference, 0.0, a.value + b.value, scale, how, *about),
        problems,
    )


def _limits(hits: Floats, sizes: Floats, shares: bool, scale: float) -> Limits:
    x, w = checked_sums("hits", hits, "sizes", sizes, shares=shares)
    return share_limits(x, w) if shares else hit_limits(x, w, most_hits(x, w, scale))


def _estimate(
    found: Limits, null: float, size: float, scale: float, how: str, level: float, problems: int, n: int
) -> Estimate:
    low, high = found.at((1 - level) / 2)
    p = implied_p(found, null, level, size)
    method = found.method if np.isnan(found.value) else f"{found.method}, {how}; p: {INVERTED}"
    value = scale * found.value
    return Estimate(value, scale * low, scale * high, level, method, problems, n, LIKE, p)


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


def _value(x: Floats, w: Floats) -> float:
    return float(x.sum() / w.sum()) if w.sum() else np.nan


def _undefined(a: float, b: float, scale: float, level: float, problems: int, n: int) -> Contrast:
    why = "fewer than two problems: no interval"
    ratio = a / b if a > 0 and b > 0 else np.nan
    return Contrast(
        Estimate(ratio, np.nan, np.nan, level, why, problems, n),
        Estimate(scale * (a - b), np.nan, np.nan, level, why, problems, n),
        problems,
    )


def _correlation(ea: Floats, eb: Floats, told: int) -> float:
    """Correlation of two sides over problems; 0 if fewer than two shared problems tell of it."""
    norm = float(np.sqrt(np.sum(ea**2) * np.sum(eb**2)))
    if not norm or told < _FEWEST:
        return 0.0
    return min(max(float(np.sum(ea * eb)) / norm, -1.0), 1.0)
