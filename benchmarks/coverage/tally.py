"""Count how often intervals cover and tests reject."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import numpy.typing as npt

from reasonlens.stats.arrays import Interval

OTHER_NULL = " (its own null is false here)"
"""Marks a test of "no effect on any of these problems" where effects differ and cancel on average."""

Found = dict[str, dict[str, float]]


class Tally:
    """Rows of results by name."""

    def __init__(self) -> None:
        self._covered: dict[str, list[bool]] = defaultdict(list)
        self._rejected: dict[str, list[bool]] = defaultdict(list)
        self._undefined: dict[str, int] = defaultdict(int)
        self._width: dict[str, list[float]] = defaultdict(list)

    def add(self, name: str, covered: bool) -> None:
        """Count one interval."""
        self._covered[name].append(covered)

    def undefined(self, name: str) -> None:
        """Count an interval that is not defined."""
        self._undefined[name] += 1

    def width(self, name: str, width: float) -> None:
        """Keep the width of an interval."""
        self._width[name].append(width)

    def reject(self, name: str, p: float | npt.NDArray[np.float64], level: float = 0.05) -> None:
        """Count one p-value, or several; NaN counts as undefined, not as a rejection."""
        values = np.atleast_1d(np.asarray(p, dtype=np.float64))
        known = values[~np.isnan(values)]
        self._undefined[name] += len(values) - len(known)
        self._rejected[name].extend((known <= level).tolist())

    def found(self) -> Found:
        """Return the shares."""
        result: Found = {}
        for name in dict.fromkeys([*self._covered, *self._rejected, *self._undefined]):
            row = result.setdefault(name, {})
            if self._covered.get(name):
                row["coverage"] = round(float(np.mean(self._covered[name])), 4)
            if self._width.get(name):
                row["median_width"] = float(f"{np.median(self._width[name]):.3g}")
            if self._rejected.get(name):
                row["rejected"] = round(float(np.mean(self._rejected[name])), 4)
            row["n"] = max(len(self._covered.get(name, [])), len(self._rejected.get(name, [])))
            row["undefined"] = self._undefined[name]
        return result


def covers(tally: Tally, name: str, interval: Interval, truth: float) -> None:
    """Count whether an interval holds the truth."""
    if np.isnan(interval.low) or np.isnan(interval.high):
        tally.undefined(name)
        return
    tally.add(name, bool(interval.low <= truth <= interval.high))
    tally.width(name, interval.high - interval.low)
