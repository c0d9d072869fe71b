"""What the wider statistics return, and the checks of what they are given.

An estimate names its estimand. `LIKE`: what would hold for more problems of this kind, so problems
are the sample. `THESE`: what would hold for more responses to exactly these problems. More
responses per problem narrow only the second (Miller 2024, arXiv:2411.00640).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats, Interval

__all__ = ["LIKE", "MODELS", "THESE", "Estimate", "Test", "choice", "codes", "generator", "vector"]

LIKE = "problems like these"
THESE = "these problems"
MODELS = "models like these"

Codes = npt.NDArray[np.int64]
Seed = int | np.random.Generator


@dataclass(frozen=True, slots=True)
class Estimate(Interval):
    """A number with its uncertainty and what it is an estimate of.

    Beside the fields of `Interval`: ``estimand`` (`LIKE`, `THESE` or `MODELS`), ``p_value`` of "no
    effect" where the method has one (else NaN), ``seed`` of the draws if an integer was given.
    """

    estimand: str = LIKE
    p_value: float = np.nan
    seed: int | None = None

    @property
    def n_problems(self) -> int:
        """Number of problems used."""
        return self.n_clusters


@dataclass(frozen=True, slots=True)
class Test:
    """A test of "no effect" without an interval; ``n`` counts responses (or problems)."""

    statistic: float
    p_value: float
    method: str
    estimand: str
    n_problems: int
    n: int
    seed: int | None = None

    __test__ = False  # keeps pytest from collecting a class of this name


def generator(seed: Seed) -> tuple[np.random.Generator, int | None]:
    """Return a generator, and the seed to report (``None`` if a generator was given)."""
    if isinstance(seed, np.random.Generator):
        return seed, None
    return np.random.default_rng(seed), seed


def vector(name: str, values: npt.ArrayLike, length: int | None = None) -> Floats:
    """Return finite values of one dimension, or say what is wrong with them."""
    data = np.asarray(values, dtype=np.float64)
    if data.ndim != 1:
        raise StatisticsError(f"{name} must have one dimension, got shape {data.shape}")
    if length is not None and len(data) != length:
        raise StatisticsError(f"{name} must have {length} entries, got {len(data)}")
    if not np.all(np.isfinite(data)):
        raise StatisticsError(f"{name} has values that are NaN or infinite; leave those out first")
    return data


def codes(name: str, values: npt.ArrayLike, length: int | None = None) -> Codes:
    """Return integer codes of one dimension, not negative."""
    data = np.asarray(values)
    if data.ndim != 1 or (data.size and data.dtype.kind not in "iub"):
        raise StatisticsError(f"{name} must be integer codes, got {data.dtype} of shape {data.shape}")
    if length is not None and len(data) != length:
        raise StatisticsError(f"{name} must have {length} entries, got {len(data)}")
    if data.size and int(data.min()) < 0:
        raise StatisticsError(f"{name} has the negative code {int(data.min())}")
    return data.astype(np.int64)


def choice(name: str, value: str, known: Sequence[str]) -> str:
    """Return `value` if it is one of `known`."""
    if value not in known:
        raise StatisticsError(f"{name} is {value!r}; it must be one of {', '.join(map(repr, known))}")
    return value
