"""The words of two sides compared, over sparse matrices of problems x terms.

What is tested is chosen without a look at the sides: terms in enough problems whose hits, both sides
together, are spread over the problems. So the choice is independent of the tests under their null,
and the correction is for the tested terms only (Bourgon et al. 2010, doi:10.1073/pnas.0914005107).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats
from reasonlens.stats.estimate import vector
from reasonlens.stats.keyness import dispersion, g2_two_terms, log2_ratio, log_odds, percent_difference
from reasonlens.stats.keyness_limits import log2_ratio_limits
from reasonlens.stats.keyness_tests import paired_keyness, unpaired_keyness
from reasonlens.stats.multiplicity import benjamini_hochberg

__all__ = ["COLUMNS", "Floor", "Side", "distinctive", "spread"]

COLUMNS = (
    *("term", "hits_a", "hits_b", "rate_a", "rate_b", "percent_difference", "log2_ratio"),
    *("log2_ratio_low", "log2_ratio_high"),
    *("log_odds_z", "g2", "dp", "dp_a", "dp_b", "problems_a", "problems_b", "p_value", "p_adjusted"),
)
"""Columns of `distinctive`; rates are per 1,000."""

_BLOCK = 2_000_000  # numbers of a dense block
_PRIOR = 500.0  # words of the prior of the log odds
_SCALE = 1000.0
_FEWEST = 2  # problems of a side whose labels can be permuted

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Side:
    """One side: hits as a sparse matrix of problems x terms, and words per problem, shape (P,)."""

    hits: Any
    words: Floats


@dataclass(frozen=True, slots=True)
class Floor:
    """What a term must reach to be tested: problems with a hit, and evenness (DP at most this)."""

    problems: int = 5
    dispersion: float = 0.5


def spread(hits: Any, words: npt.ArrayLike) -> tuple[Ints, Floats]:
    """Return, per term, the number of problems with a hit and the dispersion DP over problems.

    Parameters
    ----------
    hits
        Sparse, problems x terms, shape (P, V).
    words
        Words per problem, shape (P,). Problems without words are left out.

    Returns
    -------
    problems, dp
        Shape (V,); DP is normed, and NaN for a term without hits.

    Examples
    --------
    >>> from scipy.sparse import csc_array
    >>> problems, dp = spread(csc_array([[4, 1], [0, 1]]), [50, 50])
    >>> problems.tolist(), dp.tolist()
    ([1, 2], [1.0, 0.0])
    """
    size = vector("words", words)
    table = hits.tocsr()[np.flatnonzero(size > 0)].tocsc()
    terms = table.shape[1]
    problems = np.diff(table.indptr).astype(np.int64)
    if not table.shape[0]:
        return problems, np.full(terms, np.nan)
    blocks = [dispersion(block.toarray(), size[size > 0]) for block in _blocks(table)]
    return problems, np.concatenate([*blocks, np.zeros(0)])


def distinctive(
    a: Side,
    b: Side,
    *,
    floor: Floor | None = None,
    sizes: npt.ArrayLike | None = None,
    paired: bool = True,
    seed: int = 0,
    draws: int = 9999,
    progress: Callable[[float], None] | None = None,
) -> pd.DataFrame:
    """Compare two sides term by term: effects, dispersion and a test that takes problems as units.

    Parameters
    ----------
    a, b
        The sides, over the same problems and terms.
    floor
        Which terms are tested.
    sizes
        Words of each term, shape (V,): the log odds are taken among terms of one size.
    paired
        Flip signs within problems that both sides answered; else permute the labels of problems (a
        problem that both answered is then one unit on each side).
    seed, draws
        Of the permutations.
    progress
        Called with a number of draws as they are done; they add up to `draws`.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`, one row per tested term; ``term`` is its column in the matrices. ``p_adjusted`` is
        Benjamini & Hochberg's over these rows.

    Raises
    ------
    StatisticsError
        If the sides differ in shape.
    """
    if a.hits.shape != b.hits.shape:
        raise StatisticsError(f"the sides must list the same problems: {a.hits.shape}, {b.hits.shape}")
    limit = floor or Floor()
    in_problems, dp = spread(a.hits + b.hits, a.words + b.words)
    tested = np.flatnonzero((in_problems >= limit.problems) & (dp <= limit.dispersion))
    one = Side(a.hits.tocsc()[:, tested], a.words)
    two = Side(b.hits.tocsc()[:, tested], b.words)
    size = np.ones(len(tested), np.int64) if sizes is None else np.asarray(sizes, np.int64)[tested]
    found = _effects(one, two, size)
    found["term"], found["dp"] = tested, dp[tested]
    for name, side in (("a", one), ("b", two)):
        found[f"problems_{name}"], found[f"dp_{name}"] = spread(side.hits, side.words)
    found["log2_ratio_low"], found["log2_ratio_high"] = _limits(one, two)
    found["p_value"] = _p_values(one, two, paired, seed, draws, progress)
    found["p_adjusted"] = benjamini_hochberg(found["p_value"].to_numpy())
    return found[list(COLUMNS)]


def _effects(a: Side, b: Side, size: Ints) -> pd.DataFrame:
    hits = [np.asarray(side.hits.sum(axis=0), dtype=np.float64).ravel() for side in (a, b)]
    words = [float(side.words.sum()) for side in (a, b)]
    both = (hits[0], words[0], hits[1], words[1])
    z = np.full(len(size), np.nan)
    for each in np.unique(size):
        z[size == each] = _z(hits[0][size == each], words[0], hits[1][size == each], words[1])
    return pd.DataFrame(
        {
            "hits_a": hits[0].astype(np.int64),
            "hits_b": hits[1].astype(np.int64),
            "rate_a": _SCALE * hits[0] / words[0],
            "rate_b": _SCALE * hits[1] / words[1],
            "percent_difference": percent_difference(*both),
            "log2_ratio": log2_ratio(*both),
            "log_odds_z": z,
            "g2": g2_two_terms(*both),
        }
    )


def _z(hits_a: Floats, words_a: float, hits_b: Floats, words_b: float) -> Floats:
    """Return the z of the log odds; the prior is the pooled rates in `_PRIOR` words, untested ones too."""
    prior = _PRIOR * (hits_a + hits_b) / (words_a + words_b)
    rest = max(_PRIOR - float(prior.sum()), np.finfo(np.float64).tiny)  # all other words as one
    a, b = np.append(hits_a, 0.0), np.append(hits_b, 0.0)
    return log_odds(a, words_a, b, words_b, np.append(prior, rest)).z[:-1]


def _limits(a: Side, b: Side) -> tuple[Floats, Floats]:
    blocks = zip(_blocks(a.hits), _blocks(b.hits), strict=True)
    found = [log2_ratio_limits(x.toarray(), a.words, y.toarray(), b.words) for x, y in blocks]
    low, high = (np.concatenate([*(each[i] for each in found), np.zeros(0)]) for i in (0, 1))
    return low, high


def _p_values(
    a: Side, b: Side, paired: bool, seed: int, draws: int, progress: Callable[[float], None] | None
) -> Floats:
    """Test block by block; the same seed gives every block the same draws."""
    found = [np.zeros(0)]
    if progress and not a.hits.shape[1]:
        progress(draws)
    for x, y in zip(_blocks(a.hits), _blocks(b.hits), strict=True):
        tell = _part(progress, x.shape[1] / a.hits.shape[1])
        if paired:
            test = paired_keyness(
                x.toarray(), a.words, y.toarray(), b.words, seed=seed, draws=draws, progress=tell
            )
        else:
            here = [side.words > 0 for side in (a, b)]
            table = np.concatenate([x.toarray()[here[0]], y.toarray()[here[1]]])
            words = np.concatenate([a.words[here[0]], b.words[here[1]]])
            number = [int(each.sum()) for each in here]
            if min(number) < _FEWEST:
                found.append(np.full(x.shape[1], np.nan))
                if tell:
                    tell(draws)
                continue
            label = np.repeat([1, 0], number)
            test = unpaired_keyness(table, words, label, seed=seed, draws=draws, progress=tell)
        found.append(test.p_value)
    return np.concatenate(found)


def _part(progress: Callable[[float], None] | None, share: float) -> Callable[[int], None] | None:
    """Count the draws of a block of terms as its share of those of all terms."""
    return (lambda n: progress(n * share)) if progress else None


def _blocks(table: Any) -> list[Any]:
    """Cut a sparse matrix into columns that fit into memory when dense."""
    step = max(1, _BLOCK // max(1, table.shape[0]))
    return [table[:, start : start + step] for start in range(0, table.shape[1], step)]
