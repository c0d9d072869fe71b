"""Tests for keyness with problems as units, over a matrix of problems x words.

The statistic of every word is the difference of the two rates over its clustered error, and
p-values come from re-labelling problems. ``p_adjusted`` is max-T over all words, which keeps the
dependence between words; for long lists apply `reasonlens.stats.multiplicity.benjamini_hochberg` to
``p_value``. Leave out very rare words first: they cannot be significant but cost power.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats
from reasonlens.stats.estimate import Seed, generator, vector
from reasonlens.stats.max_t import MaxT, max_t

__all__ = ["paired_keyness", "score_contributions", "unpaired_keyness"]

_BLOCK = 2_000_000  # numbers held at once
_ROUNDING = 1e-9

Matrix = Any
"""A NumPy array or a SciPy sparse matrix of problems x words."""


def score_contributions(
    hits_a: Matrix, words_a: npt.ArrayLike, hits_b: Matrix, words_b: npt.ArrayLike
) -> Floats:
    """What each problem adds to the difference of two rates under "same rate", problems x words.

    ``u_p = (x_a,p - r w_a,p) / W_a - (x_b,p - r w_b,p) / W_b`` with the pooled rate r of the word. They
    add up to ``rate_a - rate_b``. With equal words on both sides of a problem, flipping the sign of u_p
    is the same as swapping the two labels of problem p; the form with r stays valid where one side
    writes several times as much, where a plain swap would lose the pairing.

    Parameters
    ----------
    hits_a, hits_b
        Hits, problems x words, shape (P, V), dense or sparse.
    words_a, words_b
        Words of each side per problem, shape (P,).

    Examples
    --------
    >>> score_contributions([[3], [1]], [100, 100], [[1], [1]], [100, 100]).round(4).tolist()
    [[0.01], [0.0]]
    """
    a, b = _dense(hits_a), _dense(hits_b)
    if a.shape != b.shape:
        raise StatisticsError(f"both sides must have the same problems and words: {a.shape}, {b.shape}")
    wa, wb = vector("words_a", words_a, len(a)), vector("words_b", words_b, len(a))
    if not (wa.sum() > 0 and wb.sum() > 0) or min(float(wa.min()), float(wb.min())) < 0:
        raise StatisticsError("both sides must have words, and none may be negative")
    rate = (a.sum(axis=0) + b.sum(axis=0)) / (wa.sum() + wb.sum())
    result: Floats = a / wa.sum() - b / wb.sum() - np.outer(wa / wa.sum() - wb / wb.sum(), rate)
    return result


def paired_keyness(
    hits_a: Matrix,
    words_a: npt.ArrayLike,
    hits_b: Matrix,
    words_b: npt.ArrayLike,
    *,
    seed: Seed,
    draws: int = 9999,
    progress: Callable[[int], None] | None = None,
) -> MaxT:
    """Test every word on problems that both sides answered, by sign flips of whole problems.

    Exact in distribution for equal words; for unequal words a score test with flipped signs
    (Kline & Santos 2012, doi:10.1515/2156-6674.1006), which holds its level in the simulations of
    ``benchmarks/coverage``.

    Parameters
    ----------
    hits_a, words_a, hits_b, words_b
        As in `score_contributions`; leave out problems that a side did not answer.
    seed
        Integer or generator.
    draws
        Number of sign patterns.
    progress
        Called with the number of draws of each block once it is done.

    Examples
    --------
    >>> a, b = [[3, 1], [4, 2], [5, 1], [2, 2]], [[1, 1], [1, 2], [2, 2], [1, 1]]
    >>> found = paired_keyness(a, [100] * 4, b, [100] * 4, seed=0, draws=999)
    >>> found.statistic.round(2).tolist()  # differences 2 3 3 1: 9 / sqrt(23)
    [1.88, 0.0]
    """
    return max_t(
        score_contributions(hits_a, words_a, hits_b, words_b), seed=seed, draws=draws, progress=progress
    )


def unpaired_keyness(
    hits: Matrix,
    words: npt.ArrayLike,
    side: npt.ArrayLike,
    *,
    seed: Seed,
    draws: int = 9999,
    progress: Callable[[int], None] | None = None,
) -> MaxT:
    """Test every word where the two sides have different problems, by permuting labels of problems.

    The statistic is studentized, so the level holds also if the sides differ in spread
    (Chung & Romano 2013, doi:10.1214/13-AOS1090).

    Parameters
    ----------
    hits
        Problems x words, shape (P, V), dense or sparse; every problem belongs to one side.
    words
        Words per problem, shape (P,).
    side
        1 or 0 per problem, shape (P,).
    seed
        Integer or generator.
    draws
        Number of permutations.
    progress
        Called with the number of draws of each block once it is done.

    Returns
    -------
    MaxT
        Single-step max-T. A word without hits has statistic 0 and p-values 1.

    Raises
    ------
    StatisticsError
        If a side has fewer than two problems.

    Examples
    --------
    >>> found = unpaired_keyness([[5], [6], [1], [2]], [10] * 4, [1, 1, 0, 0], seed=0, draws=999)
    >>> round(float(found.statistic[0]), 3)  # (.55 - .15) / sqrt(8 x .025^2)
    5.657
    """
    table = _dense(hits)
    w = vector("words", words, len(table))
    label = vector("side", side, len(table))
    if not np.all(np.isin(label, (0, 1))) or min(label.sum(), len(label) - label.sum()) < 2:
        raise StatisticsError("side must be 0 or 1, with at least two problems on each side")
    if np.any(w <= 0):
        raise StatisticsError("every problem must have words; leave empty problems out")
    products = (table, table * table, table * w[:, None], w)
    observed = _studentized(label[None, :], *products)[0]
    rng, number = generator(seed)
    single, joint, left = np.zeros(len(observed)), np.zeros(len(observed)), draws
    bound = np.abs(observed) - _ROUNDING
    while left:
        rows = min(left, max(1, _BLOCK // max(table.shape)))
        labels = rng.permuted(np.broadcast_to(label, (rows, len(label))), axis=1)
        drawn = np.abs(_studentized(labels, *products))
        single += np.sum(drawn >= bound, axis=0)
        joint += np.sum(drawn.max(axis=1, initial=0.0)[:, None] >= bound, axis=0)
        left -= rows
        if progress:
            progress(rows)
    name = f"labels of problems permuted, studentized, single-step max-T, {draws} draws"
    raw, adjusted = (single + 1) / (draws + 1), (joint + 1) / (draws + 1)
    return MaxT(observed, raw, adjusted, name, len(table), number)


def _studentized(labels: Floats, x: Floats, xx: Floats, xw: Floats, w: Floats) -> Floats:
    """Difference of rates over its clustered error for many labellings, shape (draws, V)."""
    rates, variance = [], np.zeros(1)
    for member in (labels, 1 - labels):
        size = (member @ w)[:, None]
        rate = member @ x / size
        squares = member @ xx - 2 * rate * (member @ xw) + rate**2 * (member @ w**2)[:, None]
        count = member.sum(axis=1, keepdims=True)
        variance = variance + np.maximum(squares, 0.0) / size**2 * count / (count - 1)
        rates.append(rate)
    difference = rates[0] - rates[1]
    scale = np.maximum(rates[0], rates[1])
    floor = 1e-18 * scale**2  # a side without any spread: rounding only
    result: Floats = np.where(
        np.abs(difference) > 1e-12 * scale,
        difference / np.sqrt(np.maximum(variance, floor) + (scale == 0)),
        0.0,
    )
    return result


def _dense(hits: Matrix) -> Floats:
    table = hits.toarray() if sparse.issparse(hits) else np.asarray(hits)
    data = np.asarray(table, dtype=np.float64)
    if data.ndim != 2 or not data.size or not np.all(np.isfinite(data)) or np.any(data < 0):
        raise StatisticsError(f"hits must be finite numbers, problems x words, got shape {data.shape}")
    return data
