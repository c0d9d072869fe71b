"""Rates, shares and means with intervals that cluster by problem.

The unit of inference is the problem: responses to one problem resemble each other, so an
interval that treats responses, words or hits as independent is too short. Every function has a
form that takes one entry per response with its problem code, and a form (``*_of_sums``) that
takes one entry per problem, which is all that is needed of a corpus of any size.

``docs/statistics.md`` says why each interval was chosen and what its coverage is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.special import stdtrit

from reasonlens.core.errors import StatisticsError

__all__ = [
    "Interval",
    "cluster_sums",
    "mean",
    "mean_of_sums",
    "ratio",
    "ratio_of_sums",
    "share",
    "share_of_sums",
]

Floats = npt.NDArray[np.float64]

LOG_JACKKNIFE = "jackknife over problems, log scale, t"
POISSON_ZERO = "no hits: exact Poisson upper limit, hits taken as independent"
POISSON_ONE = "hits in one problem only: exact Poisson limits for one such problem"
EFFECTIVE_BETA = "Clopper-Pearson at the effective sample size (Korn-Graubard)"
PROBLEM_BETA = "Clopper-Pearson with problems as units (share is 0 or 1)"
CLUSTER_T = "clustered by problem, t"
ONE_PROBLEM = "one problem: no interval"
UNDEFINED = "undefined: the denominator is zero"


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with its uncertainty.

    ``n_clusters`` is the number of problems, ``n`` the number of responses. Undefined values and
    limits are NaN; ``method`` says how the limits were made, or why there are none.
    """

    value: float
    low: float
    high: float
    level: float
    method: str
    n_clusters: int
    n: int


def cluster_sums(values: npt.ArrayLike, cluster: npt.ArrayLike, size: int | None = None) -> Floats:
    """Sum `values` within each cluster.

    Parameters
    ----------
    values
        One number per response, shape (n,).
    cluster
        Problem codes 0, 1, ..., shape (n,).
    size
        Length of the result; default: the largest code + 1.

    Examples
    --------
    >>> cluster_sums([1, 2, 5], [0, 0, 2]).tolist()
    [3.0, 0.0, 5.0]
    """
    codes = np.asarray(cluster)
    data = _vector("values", values)
    if codes.shape != data.shape or (codes.size and not np.issubdtype(codes.dtype, np.integer)):
        raise StatisticsError(
            f"problem codes must be integers, one per value: got {codes.dtype} of shape {codes.shape} "
            f"for values of shape {data.shape}"
        )
    sums = np.bincount(codes.astype(np.int64), weights=data, minlength=size or 0)
    return sums.astype(np.float64)


def ratio(
    numerator: npt.ArrayLike,
    denominator: npt.ArrayLike,
    cluster: npt.ArrayLike,
    level: float = 0.95,
    scale: float = 1000.0,
) -> Interval:
    """Rate of hits, ``scale * sum(numerator) / sum(denominator)``, from one entry per response.

    See `ratio_of_sums`.
    """
    hits, sizes = cluster_sums(numerator, cluster), cluster_sums(denominator, cluster)
    return ratio_of_sums(hits, sizes, level=level, scale=scale, n=int(np.size(numerator)))


def ratio_of_sums(
    hits: npt.ArrayLike,
    sizes: npt.ArrayLike,
    *,
    level: float = 0.95,
    scale: float = 1000.0,
    n: int | None = None,
) -> Interval:
    """Rate of hits with an interval for "problems like these".

    The variance is that of the delete-one-problem jackknife on the log scale (Efron & Stein 1981,
    doi:10.1214/aos/1176345462), the quantile is that of t with at most P - 1 degrees of freedom
    (see `log_error`). If no problem has a hit, the upper limit is the exact Poisson one,
    ``-ln((1 - level) / 2)`` hits, which takes hits as independent. If one problem has all the hits,
    Poisson limits for one event (Garwood 1936, doi:10.2307/2333958) stand for the number of such
    problems.

    Parameters
    ----------
    hits
        Number of hits per problem, shape (P,).
    sizes
        Words (or tokens, or responses) per problem, shape (P,). A problem of size 0 is left out.
    level
        Confidence level.
    scale
        Unit of the rate: 1000 for "per 1,000 words".
    n
        Number of responses, carried into the result.

    Returns
    -------
    Interval
        NaN value if all sizes are 0; NaN limits if there is one problem.

    Examples
    --------
    >>> one = ratio_of_sums([2, 4, 6], [1000, 1000, 1000])
    >>> one.value
    4.0
    >>> none = ratio_of_sums([0, 0], [1000, 1000])  # -ln(0.025) = 3.689 hits in 2,000 words
    >>> none.low, round(none.high, 3)
    (0.0, 1.844)
    """
    x, w = _sums("hits", hits, "sizes", sizes)
    problems, total, count = len(w), float(w.sum()), len(w) if n is None else n
    if not total:
        return Interval(np.nan, np.nan, np.nan, level, UNDEFINED, problems, count)
    events = float(x.sum())
    value = scale * events / total
    if problems < 2:
        return Interval(value, np.nan, np.nan, level, ONE_PROBLEM, problems, count)
    low, high, method = _hit_limits(x, w, (1 - level) / 2)
    return Interval(value, scale * low / total, scale * high / total, level, method, problems, count)


def _hit_limits(x: Floats, w: Floats, tail: float) -> tuple[float, float, str]:
    """Limits of the expected total number of hits."""
    events, where = float(x.sum()), int(np.count_nonzero(x))
    if where == 0:
        return 0.0, float(-np.log(tail)), POISSON_ZERO
    if where == 1:
        low, high = stats.chi2.ppf(tail, 2) / 2, stats.chi2.ppf(1 - tail, 4) / 2
        return events * float(low), events * float(high), POISSON_ONE
    error, degrees = log_error(x, w)
    with np.errstate(over="ignore"):  # two problems can give an upper limit beyond any float
        factor = float(np.exp(-stdtrit(degrees, tail) * error))
    return events / factor, events * factor, LOG_JACKKNIFE


def log_error(x: Floats, w: Floats) -> tuple[float, float]:
    """Jackknife standard error of the log rate, and its degrees of freedom.

    A few problems may carry most of the variance; then it is known less well than P - 1 says. The
    variance of a variance gives ``2 P / (kurtosis - 1)`` degrees of freedom (at most P - 1).

    Parameters
    ----------
    x, w
        Hits and sizes per problem, shape (P,), with hits in at least two problems.
    """
    # log rate minus log rate without the problem
    change = np.log1p(-w / w.sum()) - np.log1p(-x / x.sum())
    size, square = len(x), float(np.mean(change**2))
    if square == 0:  # every problem has the same rate and size
        return 0.0, size - 1.0
    kurtosis = float(np.mean((change / np.sqrt(square)) ** 4))
    degrees = 2 * size / (kurtosis - 1) if kurtosis > 1 else size - 1.0
    return float(np.sqrt((size - 1) * square)), min(max(degrees, 1.0), size - 1.0)


def share(present: npt.ArrayLike, cluster: npt.ArrayLike, level: float = 0.95) -> Interval:
    """Share of responses that have something, from one 0/1 entry per response.

    See `share_of_sums`.
    """
    hits = cluster_sums(present, cluster)
    return share_of_sums(hits, cluster_sums(np.ones(np.size(present)), cluster), level=level)


def share_of_sums(present: npt.ArrayLike, traces: npt.ArrayLike, *, level: float = 0.95) -> Interval:
    """Share of responses that have something, with an interval for "problems like these".

    Clopper-Pearson limits at the effective sample size ``p (1 - p) / variance`` with the clustered
    variance and the factor ``(z / t)^2`` for few problems (Korn & Graubard 1998, Survey Methodology
    24, 193-201). A share of 0 or 1 has no variance: there the problems count as the sample.

    Parameters
    ----------
    present
        Number of responses per problem that have it, shape (P,).
    traces
        Number of responses per problem, shape (P,). A problem without responses is left out.
    level
        Confidence level.

    Examples
    --------
    >>> none = share_of_sums([0] * 30, [8] * 30)
    >>> none.value, none.low, none.method
    (0.0, 0.0, 'Clopper-Pearson with problems as units (share is 0 or 1)')
    """
    x, k = _sums("present", present, "traces", traces)
    if np.any(x > k):
        raise StatisticsError("a problem has more responses with a hit than responses")
    problems, total = len(k), float(k.sum())
    if not total:
        return Interval(np.nan, np.nan, np.nan, level, UNDEFINED, problems, 0)
    value = float(x.sum()) / total
    if problems < 2:
        return Interval(value, np.nan, np.nan, level, ONE_PROBLEM, problems, int(total))
    tail = (1 - level) / 2
    few = float((stats.norm.ppf(1 - tail) / stats.t.ppf(1 - tail, problems - 1)) ** 2)
    if value in (0.0, 1.0):
        effective, method = problems * few, PROBLEM_BETA
    else:
        variance = linear_variance(residuals(x, k))
        spread = value * (1 - value)
        effective, method = min(spread / variance * few if variance else total, total), EFFECTIVE_BETA
    hits = value * effective
    low = float(stats.beta.ppf(tail, hits, effective - hits + 1)) if hits else 0.0
    high = float(stats.beta.ppf(1 - tail, hits + 1, effective - hits)) if value < 1 else 1.0
    return Interval(value, low, high, level, method, problems, int(total))


def mean(values: npt.ArrayLike, cluster: npt.ArrayLike, level: float = 0.95) -> Interval:
    """Mean over responses of any quantity, from one entry per response.

    See `mean_of_sums`.
    """
    sums = cluster_sums(values, cluster)
    return mean_of_sums(sums, cluster_sums(np.ones(np.size(values)), cluster), level=level)


def mean_of_sums(sums: npt.ArrayLike, traces: npt.ArrayLike, *, level: float = 0.95) -> Interval:
    """Mean over responses with the standard error clustered by problem and a t quantile.

    The standard error is that of Miller 2024 (arXiv:2411.00640, eq. 4) times ``sqrt(P / (P - 1))``;
    with the same number of responses to every problem it is the t interval of the problem means.

    Parameters
    ----------
    sums
        Sum of the values per problem, shape (P,).
    traces
        Number of responses per problem, shape (P,). A problem without responses is left out.
    level
        Confidence level.

    Examples
    --------
    >>> three = mean_of_sums([1, 2, 3], [1, 1, 1])  # 2 -+ 4.303 / sqrt(3)
    >>> three.value, round(three.low, 3), round(three.high, 3)
    (2.0, -0.484, 4.484)
    """
    x, k = _vector("sums", sums), _vector("traces", traces)
    _same_length("sums", x, "traces", k)
    x, k = x[k > 0], k[k > 0]
    problems, total = len(k), float(k.sum())
    if not total:
        return Interval(np.nan, np.nan, np.nan, level, UNDEFINED, problems, 0)
    value = float(x.sum()) / total
    if problems < 2:
        return Interval(value, np.nan, np.nan, level, ONE_PROBLEM, problems, int(total))
    error = float(np.sqrt(linear_variance(residuals(x, k))))
    half = float(stats.t.ppf((1 + level) / 2, problems - 1)) * error
    return Interval(value, value - half, value + half, level, CLUSTER_T, problems, int(total))


def residuals(x: Floats, w: Floats) -> Floats:
    """Influence of each problem on ``sum(x) / sum(w)``, shape (P,); they add up to 0."""
    total = w.sum()
    result: Floats = (x - x.sum() / total * w) / total
    return result


def linear_variance(influence: Floats) -> float:
    """Clustered variance of a ratio, ``P / (P - 1) * sum(influence^2)``; P counts the entries."""
    size = len(influence)
    return float(size / (size - 1) * np.sum(influence**2))


def _vector(name: str, values: npt.ArrayLike) -> Floats:
    data = np.asarray(values, dtype=np.float64)
    if data.ndim != 1:
        raise StatisticsError(f"{name} must have one dimension, got shape {data.shape}")
    if not np.all(np.isfinite(data)):
        raise StatisticsError(f"{name} has values that are NaN or infinite; leave those responses out")
    return data


def _same_length(name: str, x: Floats, other: str, w: Floats) -> None:
    if len(x) != len(w):
        raise StatisticsError(f"{name} and {other} differ in length: {len(x)} and {len(w)}")


def _sums(name: str, values: npt.ArrayLike, other: str, sizes: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Check sums per problem and leave out the problems of size 0."""
    x, w = _vector(name, values), _vector(other, sizes)
    _same_length(name, x, other, w)
    if np.any(x < 0) or np.any(w < 0):
        raise StatisticsError(f"{name} and {other} must not be negative")
    if np.any((w == 0) & (x > 0)):
        raise StatisticsError(f"a problem has {name} but no {other}")
    return x[w > 0], w[w > 0]
