"""What is known of the errors of the judge ``rules``: measured once, shipped as numbers.

``benchmarks/rules/measure.py`` writes ``_rules_quality.json`` from published labels of sentences, which were
made by a model. ``found`` and ``left`` correct the share of *sentences* of similar traces
(`reasonlens.stats.prevalence.rogan_gladen`); labels of people on traces of the study itself are better, and
correct whole responses too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from reasonlens.judges._cues import load_cues

__all__ = ["Quality", "measured", "qualities"]

_FILE = Path(__file__).resolve().with_name("_rules_quality.json")

Limits = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Quality:
    """The rules against one set of labels of one behavior.

    Attributes
    ----------
    behavior, labels, codes, note
        The behavior, the set of labels, its codes that were taken for the behavior, and a reservation.
    sentences, problems
        How many were labelled.
    sensitivity, specificity, kappa
        Value and 95% limits over problems; NaN where undefined.
    found, left
        ``(hits, n)`` for sensitivity and specificity, ``n`` being the effective number of sentences.
    source
        Where the labels come from.
    current
        Whether the cues are those that were measured.
    """

    behavior: str
    labels: str
    codes: tuple[str, ...]
    note: str
    sentences: int
    problems: int
    sensitivity: Limits
    specificity: Limits
    kappa: Limits
    found: tuple[float, float]
    left: tuple[float, float]
    source: str
    current: bool


def measured(behavior: str) -> Quality | None:
    """Return the measurement on the labels that come closest to a behavior, or ``None``.

    Examples
    --------
    >>> quality = measured("verification")
    >>> quality.labels, quality.current
    ('math/ss', True)
    """
    return next((q for q in qualities() if q.behavior == behavior), None)


@cache
def qualities() -> tuple[Quality, ...]:
    """Return all measurements; of one behavior the closest labels first."""
    data = json.loads(_FILE.read_text("utf-8"))
    digests = {name: load_cues(name).digest for name in data["cues"]}
    return tuple(_quality(row, data, digests) for row in data["rows"])


def _quality(row: dict[str, Any], data: dict[str, Any], digests: dict[str, str]) -> Quality:
    name = row["behavior"]
    return Quality(
        name,
        row["set"],
        tuple(row["codes"]),
        row["note"],
        row["sentences"],
        row["problems"],
        _limits(row["sensitivity"]),
        _limits(row["specificity"]),
        _limits(row["kappa"]),
        _pair(row["effective"]["sensitivity"]),
        _pair(row["effective"]["specificity"]),
        data["source"],
        digests[name] == data["cues"][name],
    )


def _limits(values: list[float | None]) -> Limits:
    value, low, high = (float("nan") if x is None else float(x) for x in values)
    return value, low, high


def _pair(values: list[float]) -> tuple[float, float]:
    return float(values[0]), float(values[1])
