"""What an item adds to an agreement coefficient, and the coefficient of the sums.

``table_of_two``, ``coincidences`` and ``shares`` take N items and return N rows; each ``*_value`` takes
sums of such rows, shape (..., S), and returns values, shape (...).
"""

from __future__ import annotations

import numpy as np

from reasonlens.stats.arrays import Floats

__all__ = [
    "agreement_value",
    "alpha_value",
    "coincidences",
    "fleiss_value",
    "gwet_value",
    "kappa_value",
    "shares",
    "table_of_two",
]

_NONE = 1e-12


def table_of_two(data: Floats, values: Floats) -> Floats:
    """Cell of the table of two raters that an item is in, shape (N, q q)."""
    first = (data[:, 0, None] == values).astype(np.float64)
    second = (data[:, 1, None] == values).astype(np.float64)
    cells: Floats = (first[:, :, None] * second[:, None, :]).reshape(len(data), len(values) ** 2)
    return cells


def kappa_value(sums: Floats, q: int, weights: str) -> Floats:
    """Cohen's kappa of sums of `table_of_two`."""
    table = sums.reshape(*sums.shape[:-1], q, q)
    distance = np.abs(np.arange(q)[:, None] - np.arange(q)) / max(q - 1, 1)
    credit = {"none": np.eye(q), "linear": 1 - distance, "quadratic": 1 - distance**2}[weights]
    total = table.sum(axis=(-2, -1))
    both = table.sum(axis=-1)[..., :, None] * table.sum(axis=-2)[..., None, :]
    observed = _over((credit * table).sum(axis=(-2, -1)), total)
    return _corrected(observed, _over((credit * both).sum(axis=(-2, -1)), total**2))


def coincidences(counts: Floats) -> Floats:
    """Pairs of values within an item, each item weighing as its number of ratings, shape (N, q q).

    `counts` is how often each value was given to each item, shape (N, q).
    """
    ratings = counts.sum(axis=1)
    pairs = counts[:, :, None] * counts[:, None, :]
    q = counts.shape[1]
    pairs[:, np.arange(q), np.arange(q)] -= counts
    weight = np.where(ratings > 1, 1 / np.maximum(ratings - 1, 1), 0.0)
    rows: Floats = (pairs * weight[:, None, None]).reshape(len(counts), counts.shape[1] ** 2)
    return rows


def alpha_value(sums: Floats, values: Floats, level: str) -> Floats:
    """Krippendorff's alpha of sums of `coincidences`."""
    q = len(values)
    table = sums.reshape(*sums.shape[:-1], q, q)
    margin = table.sum(axis=-1)
    squared = _distance(margin, values, level)
    observed = (squared * table).sum(axis=(-2, -1))
    expected = (squared * margin[..., :, None] * margin[..., None, :]).sum(axis=(-2, -1))
    return 1 - _over((margin.sum(axis=-1) - 1) * observed, expected)


def _distance(margin: Floats, values: Floats, level: str) -> Floats:
    """Squared distance of two values; for ranks it depends on how often those between occur."""
    if level == "interval":
        return np.asarray((values[:, None] - values) ** 2, dtype=np.float64)
    if level == "nominal":
        return 1 - np.eye(len(values))
    middle = np.cumsum(margin, axis=-1) - margin / 2
    result: Floats = (middle[..., :, None] - middle[..., None, :]) ** 2
    return result


def shares(counts: Floats) -> Floats:
    """Agreement within an item and its shares of values, shape (N, 3 + q).

    Columns: has two ratings; share of pairs that agree; has a rating; share of each value.
    """
    ratings = counts.sum(axis=1)
    pairs = ratings * (ratings - 1)
    agree = _over((counts * (counts - 1)).sum(axis=1), pairs)
    rated = np.maximum(ratings, 1)[:, None]
    return np.column_stack([pairs > 0, np.where(pairs > 0, agree, 0.0), ratings > 0, counts / rated])


def agreement_value(sums: Floats) -> Floats:
    """Percent agreement of sums of `shares`."""
    return _over(sums[..., 1], sums[..., 0])


def fleiss_value(sums: Floats) -> Floats:
    """Fleiss' kappa of sums of `shares`."""
    pooled = _over(sums[..., 3:], sums[..., 2, None])
    return _corrected(agreement_value(sums), np.asarray((pooled**2).sum(axis=-1)))


def gwet_value(sums: Floats) -> Floats:
    """Gwet's AC1 of sums of `shares`."""
    q = sums.shape[-1] - 3
    pooled = _over(sums[..., 3:], sums[..., 2, None])
    spread = np.asarray((pooled * (1 - pooled)).sum(axis=-1))
    return _corrected(agreement_value(sums), spread / (q - 1) if q > 1 else np.full(spread.shape, np.nan))


def _over(top: Floats, bottom: Floats) -> Floats:
    result: Floats = np.asarray(top) / np.where(np.abs(bottom) > _NONE, bottom, np.nan)
    return result


def _corrected(observed: Floats, chance: Floats) -> Floats:
    return _over(observed - chance, 1 - chance)
