"""PPI++: a mean of what people would say, from predictions for all items and labels for some.

Angelopoulos, Duchi & Zrnic 2023, arXiv:2311.01453, for means: with ``f`` the prediction and ``Y`` the
label, ``mean of l f over the others + mean of (Y - l f) over the labelled``. The weight ``l`` in [0, 1] is
the one with the smallest estimated variance, so that a useless judge does no harm. Here the variance is
clustered by problem. For rare behaviors with few labels the interval is too short (75 to 87% at 3%);
there `reasonlens.stats.prevalence.post_stratified` covers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats, cluster_sums
from reasonlens.stats.estimate import LIKE, Estimate, codes, vector

__all__ = ["ppi_mean"]


def ppi_mean(
    predicted: npt.ArrayLike,
    gold: npt.ArrayLike,
    problem: npt.ArrayLike | None = None,
    *,
    weight: float | None = None,
    level: float = 0.95,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> Estimate:
    """Mean of the labels that all items would have.

    Parameters
    ----------
    predicted
        What the judge says of each item (a verdict, a count), shape (N,).
    gold
        The label, NaN where there is none, shape (N,). Labelled items must be a random sample.
    problem
        Problem of each item, shape (N,); default: each its own.
    weight
        How much the predictions count: 0 labels only, 1 plain prediction-powered inference; ``None``: the
        best one.
    level, bounds
        Confidence level; values and limits are cut to the bounds.

    Returns
    -------
    Estimate
        NaN limits if fewer than two items (or problems) are labelled, or none is not.

    Examples
    --------
    >>> nan = float("nan")
    >>> e = ppi_mean([1, 0, 1, 1, 0, 0], [1, 0, nan, nan, nan, nan], weight=1)
    >>> e.value  # .5 of the four others + 0 errors of the two labelled
    0.5
    """
    f = vector("predicted", predicted)
    y = np.asarray(gold, dtype=np.float64)
    if y.shape != f.shape or np.any(np.isinf(y)):
        raise StatisticsError(f"gold must have {len(f)} entries, finite or NaN, got shape {y.shape}")
    if weight is not None and not 0 <= weight <= 1:
        raise StatisticsError(f"the weight must be between 0 and 1, got {weight:g}")
    where = np.arange(len(f)) if problem is None else codes("problem", problem, len(f))
    _, where = np.unique(where, return_inverse=True)
    known = ~np.isnan(y)
    n, problems = int(known.sum()), int(where.max()) + 1 if len(f) else 0
    if not n:
        return Estimate(np.nan, np.nan, np.nan, level, "not validated: no labels", problems, len(f), LIKE)
    if n == len(f):
        weight = 0.0  # with every item labelled there is nothing to predict
    best, error = _weight(f, y, known, where, weight)
    others = best * float(np.mean(f[~known])) if n < len(f) else 0.0
    value = others + float(np.mean(y[known] - best * f[known]))
    groups = len(np.unique(where[known]))
    low = high = np.nan
    if groups > 1:
        half = float(scipy.stats.t.ppf((1 + level) / 2, groups - 1)) * error
        low, high = value - half, value + half
    method = f"PPI++, weight {best:.2f}, clustered by problem, t; {n:,} labels"
    value, low, high = (float(np.clip(number, *bounds)) for number in (value, low, high))
    return Estimate(value, low, high, level, method, problems, len(f), LIKE)


def _weight(
    f: Floats,
    y: Floats,
    known: npt.NDArray[np.bool_],
    where: npt.NDArray[np.int64],
    given: float | None,
) -> tuple[float, float]:
    """Return the weight and the standard error; both come from what each problem adds to the estimate.

    A problem adds ``a + l b`` to the deviation of the estimate, so ``l = -sum(a b) / sum(b^2)``.
    """
    a = np.where(known, _centered(y, known), 0.0) / known.sum()
    b = -np.where(known, _centered(f, known), 0.0) / known.sum()
    if not known.all():
        b = b + np.where(~known, _centered(f, ~known), 0.0) / (~known).sum()
    by_a, by_b = cluster_sums(a, where), cluster_sums(b, where)
    square = float(by_b @ by_b)
    best = 0.0 if square == 0 else min(max(float(-(by_a @ by_b)) / square, 0.0), 1.0)
    best = best if given is None else given
    influence = by_a + best * by_b
    groups = len(np.unique(where[known]))  # problems without labels say little: they count for no degree
    return best, float(np.sqrt(groups / (groups - 1) * (influence @ influence))) if groups > 1 else np.nan


def _centered(values: Floats, kept: npt.NDArray[np.bool_]) -> Floats:
    return values - float(np.mean(values[kept]))
