"""Which words does one corpus use more than another: effect sizes and dispersion.

These numbers describe. G2 in particular takes every word as an independent draw: at the level of
5% it rejects a true null in about half of the cases with 30 problems x 8 responses, so it is given
without a p-value. For tests see `reasonlens.stats.keyness_tests`; rank by effect size among words
that are dispersed enough (Lijffijt et al. 2016, doi:10.1093/llc/fqu064).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats
from reasonlens.stats.estimate import vector

__all__ = [
    "LogOdds",
    "dispersion",
    "g2_four_cells",
    "g2_two_terms",
    "log2_ratio",
    "log_odds",
    "percent_difference",
]


@dataclass(frozen=True, slots=True)
class LogOdds:
    """Difference of log odds per word, its standard error, and their quotient z."""

    delta: Floats
    error: Floats
    z: Floats


def log_odds(
    hits_a: npt.ArrayLike,
    words_a: float,
    hits_b: npt.ArrayLike,
    words_b: float,
    prior: npt.ArrayLike,
) -> LogOdds:
    """Log-odds ratio with an informative Dirichlet prior (Monroe et al. 2008, doi:10.1093/pan/mpn018).

    ``delta = ln((y_a + a) / (n_a + a0 - y_a - a)) - ln((y_b + a) / (n_b + a0 - y_b - a))`` with
    variance ``1 / (y_a + a) + 1 / (y_b + a)`` (eqs. 16, 19-22). The prior shrinks rare words.
    z takes words as independent: order by it, do not test with it.

    Parameters
    ----------
    hits_a, hits_b
        Hits of each word, shape (V,).
    words_a, words_b
        Sizes of the two corpora in words.
    prior
        Pseudo-counts of each word, positive, shape (V,) or one number. Usual: counts of a background
        corpus, scaled so that they add up to a few hundred words.

    Raises
    ------
    StatisticsError
        If a word has more hits than its corpus has words, or a pseudo-count is not positive.

    Examples
    --------
    >>> found = log_odds([30], 100, [10], 100, [5.0])  # ln(35 / 70) - ln(15 / 90)
    >>> round(float(found.delta[0]), 4), round(float(found.z[0]), 3)  # error sqrt(1/35 + 1/15)
    (1.0986, 3.56)
    """
    a, b = _hits(hits_a, hits_b, words_a, words_b)
    alpha = np.broadcast_to(np.asarray(prior, dtype=np.float64), a.shape)
    if not np.all(np.isfinite(alpha)) or np.any(alpha <= 0):
        raise StatisticsError("the prior must be positive for every word")
    total = float(alpha.sum())
    with np.errstate(divide="ignore"):
        odds_a = np.log(a + alpha) - np.log(words_a + total - a - alpha)
        odds_b = np.log(b + alpha) - np.log(words_b + total - b - alpha)
    delta = odds_a - odds_b
    error = np.sqrt(1 / (a + alpha) + 1 / (b + alpha))
    return LogOdds(delta, error, delta / error)


def g2_two_terms(hits_a: npt.ArrayLike, words_a: float, hits_b: npt.ArrayLike, words_b: float) -> Floats:
    """Log-likelihood of corpus linguistics, ``2 (O_a ln(O_a/E_a) + O_b ln(O_b/E_b))``, shape (V,).

    ``E_a = n_a (O_a + O_b) / (n_a + n_b)`` (Rayson & Garside 2000, doi:10.3115/1117729.1117730).

    Examples
    --------
    >>> g2_two_terms([30], 100, [10], 100).round(3).tolist()  # 2 (30 ln 1.5 + 10 ln .5)
    [10.465]
    """
    a, b = _hits(hits_a, hits_b, words_a, words_b)
    expected = (a + b) / (words_a + words_b)
    return _g2([(a, words_a * expected), (b, words_b * expected)])


def g2_four_cells(hits_a: npt.ArrayLike, words_a: float, hits_b: npt.ArrayLike, words_b: float) -> Floats:
    """Log-likelihood ratio of the 2 x 2 table with all other words (Dunning 1993), shape (V,).

    Equals ``scipy.stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")``.

    Examples
    --------
    >>> g2_four_cells([30], 100, [10], 100).round(3).tolist()  # and 2 (70 ln .875 + 90 ln 1.125)
    [12.972]
    """
    a, b = _hits(hits_a, hits_b, words_a, words_b)
    share = (a + b) / (words_a + words_b)
    cells = [(a, words_a * share), (b, words_b * share)]
    cells += [(words_a - a, words_a * (1 - share)), (words_b - b, words_b * (1 - share))]
    return _g2(cells)


def _g2(cells: list[tuple[Floats, Floats]]) -> Floats:
    terms = [special.xlogy(o, o / np.where(e > 0, e, 1.0)) for o, e in cells]
    result: Floats = np.maximum(2 * np.sum(terms, axis=0), 0.0)
    return result


def percent_difference(
    hits_a: npt.ArrayLike, words_a: float, hits_b: npt.ArrayLike, words_b: float
) -> Floats:
    """%DIFF, ``100 (rate_a - rate_b) / rate_b`` (Gabrielatos & Marchi 2011), shape (V,).

    NaN where b has no hit.

    Examples
    --------
    >>> percent_difference([30, 1], 100, [10, 0], 100).tolist()
    [200.0, nan]
    """
    a, b = _hits(hits_a, hits_b, words_a, words_b)
    rate_b = np.where(b > 0, b, np.nan) / words_b
    result: Floats = 100 * (a / words_a - rate_b) / rate_b
    return result


def log2_ratio(
    hits_a: npt.ArrayLike, words_a: float, hits_b: npt.ArrayLike, words_b: float, added: float = 0.5
) -> Floats:
    """Binary log of the rate ratio, `added` hits on both sides; one point is a factor of two.

    NaN where neither side has a hit.

    Examples
    --------
    >>> log2_ratio([30, 0], 100, [7, 0], 100).round(3).tolist()  # log2(30.5 / 7.5)
    [2.024, nan]
    """
    a, b = _hits(hits_a, hits_b, words_a, words_b)
    seen = np.where(a + b > 0, 1.0, np.nan)
    with np.errstate(divide="ignore"):
        result: Floats = np.log2((a + added) * seen / words_a) - np.log2((b + added) * seen / words_b)
    return result


def dispersion(hits: npt.ArrayLike, words: npt.ArrayLike, *, normed: bool = True) -> Floats:
    """Deviation of proportions DP of each word over parts (problems): 0 even, 1 in one part only.

    ``DP = sum_i |v_i - s_i| / 2`` with the part's share ``v_i`` of the word's hits and ``s_i`` of all
    words (Gries 2008, doi:10.1075/ijcl.13.4.02gri). ``normed`` divides by ``1 - min s`` so that 1 can be
    reached (Lijffijt & Gries 2012, doi:10.1075/ijcl.17.1.08lij).

    Parameters
    ----------
    hits
        Parts x words, shape (P, V), or one word, shape (P,).
    words
        Size of each part, positive, shape (P,).

    Returns
    -------
    numpy.ndarray
        Shape (V,), or () for one word; NaN for a word without hits.

    Examples
    --------
    >>> round(float(dispersion([5, 0], [50, 50], normed=False)), 2)  # (|1 - .5| + |0 - .5|) / 2
    0.5
    >>> float(dispersion([5, 0], [50, 50]))
    1.0
    """
    table, size = np.asarray(hits, dtype=np.float64), vector("words", words)
    if table.ndim not in (1, 2) or len(table) != len(size):
        raise StatisticsError(f"hits {table.shape} must have one row per part ({len(size)} parts)")
    if not len(size) or np.any(size <= 0):
        raise StatisticsError("every part must have words; leave empty parts out")
    total = table.sum(axis=0)
    share = table / np.where(total > 0, total, np.nan)
    expected = (size / size.sum()).reshape((-1,) + (1,) * (table.ndim - 1))
    deviation = np.abs(share - expected).sum(axis=0) / 2
    least = 1 - float(expected.min())
    result: Floats = np.asarray(deviation / least if normed and least > 0 else deviation)
    return result


def _hits(
    hits_a: npt.ArrayLike, hits_b: npt.ArrayLike, words_a: float, words_b: float
) -> tuple[Floats, Floats]:
    a = vector("hits_a", hits_a)
    b = vector("hits_b", hits_b, len(a))
    if not (words_a > 0 and words_b > 0):
        raise StatisticsError(f"both corpora must have words, got {words_a:g} and {words_b:g}")
    if min(float(a.min(initial=0.0)), float(b.min(initial=0.0))) < 0:
        raise StatisticsError("hits must not be negative")
    if float(a.max(initial=0.0)) > words_a or float(b.max(initial=0.0)) > words_b:
        raise StatisticsError("a word has more hits than its corpus has words")
    return a, b
