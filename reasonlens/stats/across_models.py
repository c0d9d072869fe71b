"""Rank correlation over a handful of models, with honesty about how few they are."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import numpy.typing as npt
import scipy

from reasonlens.stats.arrays import Floats
from reasonlens.stats.estimate import MODELS, Estimate, Seed, generator, vector

__all__ = ["spearman_across"]

EXACT = 8
"""Up to so many models all orders are enumerated (8! = 40,320)."""
FEWEST = 10
"""With fewer models there is no interval: it would cover nearly everything, and not reliably."""


def spearman_across(
    x: npt.ArrayLike, y: npt.ArrayLike, *, seed: Seed, draws: int = 9999, level: float = 0.95
) -> Estimate:
    """Spearman's rank correlation of two numbers per model.

    Models are the units, and they are neither many nor drawn at random; ``n`` is their number.
    With 4 models even a perfect order has p = 1/12. The p-value is exact over all orders up to 8
    models and by random orders beyond. Limits: Fisher's scale with ``sqrt((1 + r^2 / 2) / (n - 3))``
    (Bonett & Wright 2000, doi:10.1007/BF02294183) from 10 models on, else NaN.

    Parameters
    ----------
    x, y
        One number per model, shape (M,).
    seed
        Integer or generator; not used if exact.

    Returns
    -------
    Estimate
        With estimand "models like these"; NaN with fewer than three models or if one side does not
        vary.

    Examples
    --------
    >>> e = spearman_across([1, 2, 3, 4], [10, 20, 30, 50], seed=0)
    >>> round(e.value, 6), round(e.p_value, 4), e.method  # 2 of 24 orders
    (1.0, 0.0833, 'Spearman over 4 models, exact test, no interval with fewer than 10 models')
    """
    a = vector("x", x)
    b = vector("y", y, len(a))
    n = len(a)
    if n < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        why = f"undefined: {n} models" if n < 3 else "undefined: one side does not vary"
        return Estimate(np.nan, np.nan, np.nan, level, why, 0, n, MODELS)
    u, v = _standard(a), _standard(b)
    value = float(np.clip(u @ v, -1.0, 1.0))
    bound = abs(value) - 1e-9
    number: int | None = None
    if n <= EXACT:
        orders = np.array(list(permutations(range(n))))
        p, name = float(np.mean(np.abs(v[orders] @ u) >= bound)), "exact test"
    else:
        rng, number = generator(seed)
        drawn = rng.permuted(np.broadcast_to(v, (draws, n)), axis=1) @ u
        p = (int(np.sum(np.abs(drawn) >= bound)) + 1) / (draws + 1)
        name = f"{draws} random orders"
    method = f"Spearman over {n} models, {name}"
    low = high = np.nan
    if n < FEWEST:
        method += f", no interval with fewer than {FEWEST} models"
    elif abs(value) < 1:
        half = float(scipy.stats.norm.ppf((1 + level) / 2) * np.sqrt((1 + value**2 / 2) / (n - 3)))
        low, high = (float(np.tanh(np.arctanh(value) + s * half)) for s in (-1, 1))
        method += ", Bonett-Wright limits"
    return Estimate(value, low, high, level, method, 0, n, MODELS, p, number)


def _standard(values: Floats) -> Floats:
    ranks = scipy.stats.rankdata(values)
    ranks = ranks - ranks.mean()
    result: Floats = ranks / np.sqrt(np.sum(ranks**2))
    return result
