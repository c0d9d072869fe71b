"""Before labelling: how many labels a corrected share of a wanted precision needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.effective import Trials
from reasonlens.stats.prevalence import posterior_limits

__all__ = ["LabelPlan", "expected_width", "labels_needed"]

_MOST = 1_000_000
_SEED = 20250527
_DRAWS = 20_000


@dataclass(frozen=True, slots=True)
class LabelPlan:
    """How many labels are needed, and what they give.

    Attributes
    ----------
    labels
        With the judge; ``None`` if no number of labels is enough.
    labels_only
        Without the judge: the same width from labels alone.
    width
        Expected width with `labels`.
    least
        The width that is left however many are labelled: that of the judged items themselves.
    """

    labels: int | None
    labels_only: int | None
    width: float
    least: float


def expected_width(
    labels: float,
    *,
    prevalence: float,
    sensitivity: float,
    specificity: float,
    judged: int,
    design: float = 1.0,
    level: float = 0.95,
) -> float:
    """Width of the post-stratified interval if every share comes out as expected.

    Parameters
    ----------
    labels
        Number of items that people label, drawn at random.
    prevalence, sensitivity, specificity
        What is expected; guesses, or from a first round of labels.
    judged
        Number of items that the judge labels.
    design
        By how much items of one problem count less than independent ones, ``1 + (m - 1) r`` with m items
        per problem that correlate by r (Kish 1965). 1: one item per problem.
    level
        Confidence level.

    Examples
    --------
    >>> guess = {"prevalence": 0.3, "sensitivity": 0.85, "specificity": 0.9, "judged": 5000}
    >>> round(expected_width(100, **guess), 2)
    0.12
    """
    _check(prevalence, sensitivity, specificity, judged, design)
    positive = prevalence * sensitivity + (1 - prevalence) * (1 - specificity)
    hits, misses = prevalence * sensitivity, prevalence * (1 - sensitivity)
    n, size = labels / design, judged / design
    low, high = posterior_limits(
        Trials(positive * size, size),
        Trials(hits * n, positive * n),
        Trials(misses * n, (1 - positive) * n),
        np.random.default_rng(_SEED),
        _DRAWS,
        level,
    )
    return high - low


def labels_needed(
    width: float,
    *,
    prevalence: float,
    sensitivity: float,
    specificity: float,
    judged: int,
    design: float = 1.0,
    level: float = 0.95,
) -> LabelPlan:
    """Smallest number of labels with an expected width of at most `width` (see `expected_width`).

    Examples
    --------
    >>> plan = labels_needed(0.12, prevalence=0.3, sensitivity=0.85, specificity=0.9, judged=5000)
    >>> 90 < plan.labels < 120, plan.labels < plan.labels_only < 250
    (True, True)
    """
    if not 0 < width < 1:
        raise StatisticsError(f"the wanted width must be between 0 and 1, got {width:g}")
    _check(prevalence, sensitivity, specificity, judged, design)

    def with_judge(n: float) -> float:
        return expected_width(
            n,
            prevalence=prevalence,
            sensitivity=sensitivity,
            specificity=specificity,
            judged=judged,
            design=design,
            level=level,
        )

    def alone(n: float) -> float:
        hits, size = prevalence * n / design, n / design
        tails = [(1 - level) / 2, (1 + level) / 2]
        low, high = scipy.stats.beta.ppf(tails, hits + 0.5, size - hits + 0.5)
        return float(high - low)

    labels, only = _smallest(with_judge, width, judged), _smallest(alone, width, _MOST)
    found = with_judge(labels) if labels is not None else with_judge(judged)
    return LabelPlan(labels, only, found, with_judge(judged))


def _smallest(width_of: Callable[[float], float], width: float, most: int) -> int | None:
    if width_of(most) > width:
        return None
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if width_of(middle) <= width else (middle + 1, high)
    return low


def _check(prevalence: float, sensitivity: float, specificity: float, judged: int, design: float) -> None:
    for name, share in (
        ("prevalence", prevalence),
        ("sensitivity", sensitivity),
        ("specificity", specificity),
    ):
        if not 0 <= share <= 1:
            raise StatisticsError(f"{name} must be between 0 and 1, got {share:g}")
    if judged < 1 or design < 1:
        raise StatisticsError(f"judged items and design effect start at 1, got {judged} and {design:g}")
