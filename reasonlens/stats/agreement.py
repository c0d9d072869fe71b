"""Agreement of raters: percent agreement, Cohen, Fleiss, Krippendorff, Gwet.

Every coefficient is a function of sums over items, so each is given as ``features`` (what an item
adds) and ``value`` (from sums to the coefficient). That makes limits clustered by problem cheap; see
`reasonlens.stats.agreement_limits`. Report several coefficients and the table: with rare categories
kappa and alpha can be low, and AC1 high, at the same percent agreement (Feinstein & Cicchetti 1990,
doi:10.1016/0895-4356(90)90158-L).

Ratings are items x raters; NaN is "not rated". Values are numbers; for nominal coefficients any
codes will do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.agreement_formulas import (
    agreement_value,
    alpha_value,
    coincidences,
    fleiss_value,
    gwet_value,
    kappa_value,
    shares,
    table_of_two,
)
from reasonlens.stats.arrays import Floats
from reasonlens.stats.estimate import choice

__all__ = [
    "COEFFICIENTS",
    "Coefficient",
    "coefficient",
    "cohen_kappa",
    "confusion",
    "fleiss_kappa",
    "gwet_ac1",
    "krippendorff_alpha",
    "percent_agreement",
]

COEFFICIENTS = (
    "percent",
    "cohen",
    "cohen-linear",
    "cohen-quadratic",
    "fleiss",
    "alpha-nominal",
    "alpha-ordinal",
    "alpha-interval",
    "ac1",
)
_MOST = 50


@dataclass(frozen=True, slots=True)
class Coefficient:
    """Sums of an agreement coefficient: ``value(features.sum(axis=0))`` is the coefficient."""

    name: str
    features: Floats
    value: Callable[[Floats], Floats]

    def total(self) -> float:
        """Return the coefficient over all items; NaN where it is not defined."""
        return float(self.value(self.features.sum(axis=0)))


def coefficient(ratings: npt.ArrayLike, name: str, categories: Sequence[float] | None = None) -> Coefficient:
    """Prepare a coefficient for ratings.

    Parameters
    ----------
    ratings
        Items x raters, shape (N, R), R >= 2, NaN for missing.
    name
        One of `COEFFICIENTS`. Cohen's needs two raters (items with a gap are left out), Fleiss'
        the same number of ratings for every item; the others take gaps.
    categories
        All values that could be given, in order. Default: those that occur.

    Raises
    ------
    StatisticsError
        For another name, a value that is not among the categories, more than 50 categories, or
        ratings that do not suit the coefficient.
    """
    choice("coefficient", name, COEFFICIENTS)
    data = np.asarray(ratings, dtype=np.float64)
    if data.ndim != 2 or data.shape[1] < 2:
        raise StatisticsError(f"ratings must be items x raters with two raters or more, got {data.shape}")
    values = _categories(data, categories)
    counts = (data[:, :, None] == values).sum(axis=1).astype(np.float64)
    if name.startswith("cohen"):
        if data.shape[1] != 2:
            raise StatisticsError(f"Cohen's kappa compares two raters, got {data.shape[1]}; use alpha or AC1")
        weights = name.partition("-")[2] or "none"
        return Coefficient(name, table_of_two(data, values), lambda s: kappa_value(s, len(values), weights))
    if name.startswith("alpha"):
        level = name.partition("-")[2]
        return Coefficient(name, coincidences(counts), lambda s: alpha_value(s, values, level))
    if name == "fleiss" and (np.ptp(counts.sum(axis=1)) != 0 if len(counts) else False):
        raise StatisticsError("Fleiss' kappa needs the same number of ratings for every item; use alpha")
    value = {"percent": agreement_value, "fleiss": fleiss_value, "ac1": gwet_value}[name]
    return Coefficient(name, shares(counts), value)


def _categories(data: Floats, categories: Sequence[float] | None) -> Floats:
    if np.any(np.isinf(data)):
        raise StatisticsError("a rating is infinite; use NaN for missing")
    found = np.unique(data[~np.isnan(data)])
    values = found if categories is None else np.asarray(categories, dtype=np.float64)
    unknown = np.setdiff1d(found, values)
    if len(unknown):
        raise StatisticsError(f"the rating {unknown[0]:g} is not among the categories")
    if len(values) > _MOST:
        raise StatisticsError(
            f"ratings have {len(values)} different values, at most {_MOST} are used; bin them"
        )
    return values


def percent_agreement(ratings: npt.ArrayLike) -> float:
    """Mean over items of the share of pairs of ratings that agree.

    Examples
    --------
    >>> percent_agreement([[1, 1], [0, 0], [1, 0], [1, 1]])
    0.75
    """
    return coefficient(ratings, "percent").total()


def cohen_kappa(
    ratings: npt.ArrayLike, weights: str = "none", categories: Sequence[float] | None = None
) -> float:
    """Cohen's kappa of two raters (Cohen 1960, doi:10.1177/001316446002000104).

    ``(p_o - p_e) / (1 - p_e)`` with ``p_e`` from each rater's own shares; ``weights`` is ``"none"``,
    ``"linear"`` or ``"quadratic"`` in the rank of the category. NaN if ``p_e`` is 1.

    Examples
    --------
    >>> cohen_kappa([[1, 1], [0, 0], [1, 0], [1, 1]])  # p_o 3/4, p_e = 3/4 x 1/2 + 1/4 x 1/2
    0.5
    """
    choice("weights", weights, ("none", "linear", "quadratic"))
    return coefficient(ratings, "cohen" if weights == "none" else f"cohen-{weights}", categories).total()


def fleiss_kappa(ratings: npt.ArrayLike) -> float:
    """Fleiss' kappa of m ratings per item (Fleiss 1971, doi:10.1037/h0031619).

    Chance agreement is that of the pooled shares. NaN if all ratings are equal.

    Examples
    --------
    >>> round(fleiss_kappa([[1, 1], [0, 0], [1, 0], [1, 1]]), 4)  # p_e = (5/8)^2 + (3/8)^2
    0.4667
    """
    return coefficient(ratings, "fleiss").total()


def krippendorff_alpha(
    ratings: npt.ArrayLike, level: str = "nominal", categories: Sequence[float] | None = None
) -> float:
    """Krippendorff's alpha for any number of raters, with gaps (Krippendorff 2011).

    ``1 - D_o / D_e`` from the table of coincidences of values within items
    (https://repository.upenn.edu/asc_papers/43). NaN if all ratings are equal.

    Parameters
    ----------
    level
        ``"nominal"``, ``"ordinal"`` or ``"interval"``: how far apart two values are.

    Examples
    --------
    >>> round(krippendorff_alpha([[1, 1], [0, 0], [1, 0], [1, 1]]), 4)  # 1 - 7 x 2 / (2 x 5 x 3)
    0.5333
    """
    choice("level", level, ("nominal", "ordinal", "interval"))
    return coefficient(ratings, f"alpha-{level}", categories).total()


def gwet_ac1(ratings: npt.ArrayLike, categories: Sequence[float] | None = None) -> float:
    """Gwet's AC1 (Gwet 2008, doi:10.1348/000711006X126600), stable where one category dominates.

    Chance agreement is ``sum_k pi_k (1 - pi_k) / (q - 1)`` over q categories. NaN with one category;
    give `categories` if only one of several occurred.

    Examples
    --------
    >>> round(gwet_ac1([[1, 1], [0, 0], [1, 0], [1, 1]]), 4)  # p_e = 2 x 5/8 x 3/8
    0.5294
    """
    return coefficient(ratings, "ac1", categories).total()


def confusion(ratings: npt.ArrayLike, categories: Sequence[float] | None = None) -> npt.NDArray[np.int64]:
    """Count the pairs of two raters: rows are the first rater, columns the second.

    Examples
    --------
    >>> confusion([[1, 1], [0, 0], [1, 0], [1, 1]]).tolist()
    [[1, 0], [1, 2]]
    """
    prepared = coefficient(ratings, "cohen", categories)
    sums = prepared.features.sum(axis=0)
    size = round(len(sums) ** 0.5)
    table: npt.NDArray[np.int64] = sums.reshape(size, size).astype(np.int64)
    return table
