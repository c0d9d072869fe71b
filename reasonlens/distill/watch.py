"""Does a reward rise while accuracy falls? Then the model may have learned to please the judge."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["LEAST", "Hacking", "hacking"]

LEAST = 8
"""Logged steps below which nothing is said: halves of fewer are noise."""


@dataclass(frozen=True, slots=True)
class Hacking:
    """Means of the first and of the last half of a run."""

    reward: str
    reward_before: float
    reward_after: float
    accuracy_before: float
    accuracy_after: float

    def __str__(self) -> str:
        """Return the warning."""
        return (
            f"{self.reward} rose from {self.reward_before:.3f} to {self.reward_after:.3f} while accuracy "
            f"fell from {self.accuracy_before:.3f} to {self.accuracy_after:.3f}: read some completions "
            "before you trust this reward"
        )


def hacking(
    log: Sequence[Mapping[str, float]], reward: str, accuracy: str, margin: float = 2.0
) -> Hacking | None:
    """Return that `reward` rose and `accuracy` fell, or ``None``.

    Each is compared between the first and the second half of the logged steps; a change counts if it is more
    than `margin` standard errors of the difference (steps taken as independent, which they are not quite:
    this is an alarm, no test).
    """
    rows = [(row[reward], row[accuracy]) for row in log if reward in row and accuracy in row]
    rows = [pair for pair in rows if not any(math.isnan(value) for value in pair)]
    if len(rows) < LEAST:
        return None
    half = len(rows) // 2
    up, down = (_change([pair[i] for pair in rows], half) for i in (0, 1))
    if up[2] <= margin or down[2] >= -margin:
        return None
    return Hacking(reward, up[0], up[1], down[0], down[1])


def _change(values: Sequence[float], half: int) -> tuple[float, float, float]:
    """Return the means before and after, and their difference in standard errors."""
    before, after = values[:half], values[half:]
    a, b = (sum(part) / len(part) for part in (before, after))
    spread = sum(_variance(part) / len(part) for part in (before, after))
    if spread == 0:
        return a, b, math.copysign(math.inf, b - a) if a != b else 0.0
    return a, b, (b - a) / math.sqrt(spread)


def _variance(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / (len(values) - 1)
