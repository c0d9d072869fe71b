"""Entropy collapse: the model is sure of nearly every token.

Needs log-probabilities. The mean over tokens of the midpoint between the bounds of the entropy
(``reasonlens.stats.entropy``); and, of the 20% of a model's tokens with the highest entropy, the
share that belongs to a lexicon word. That share says where the model still hesitates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from reasonlens.signatures import BELOW, Measure, Prepared, Seen, Trace

TITLE = "Entropy collapse"
_NATS = "nats per token"
MEASURES = (
    Measure("mean", "token entropy, midpoint of its bounds", 0.1, "ratio", BELOW, unit=_NATS),
    Measure("lower_bound", "token entropy, lower bound", 0.1, "ratio", BELOW, unit=_NATS),
    Measure("upper_bound", "token entropy, upper bound", 0.1, "ratio", BELOW, unit=_NATS),
    Measure(
        "forking_words",
        "lexicon words among the 20% most uncertain tokens",
        0.02,
        "ratio",
        BELOW,
        unit="share of tokens",
    ),
)

FORKING = 0.2
"""Share of a model's tokens, from the highest entropy down, that count as forking."""

_STEP = math.log(1.01)
_NONE = "no log-probabilities"


def prepare(trace: Trace) -> Prepared:
    """Give the entropies, in steps of 1%."""
    if trace.tokens is None:
        return []
    values = trace.tokens.entropy
    steps, n = np.unique(_steps(values), return_counts=True)
    return [(float(np.exp(s * _STEP)), float(m)) for s, m in zip(steps, n, strict=True)]


def _steps(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    steps: npt.NDArray[np.float64] = np.floor(np.log(np.maximum(values, 1e-6)) / _STEP)
    return steps


def settle(weights: Mapping[float, float]) -> float:
    """Return the entropy from which on a token is among the top 20%.

    Examples
    --------
    >>> settle({0.1: 8, 1.0: 1, 2.0: 1})
    1.0
    """
    wanted, seen = FORKING * sum(weights.values()), 0.0
    for value in sorted(weights, reverse=True):
        seen += weights[value]
        if seen >= wanted - 1e-9:
            return value
    return math.nan


def look(trace: Trace, settled: float) -> Mapping[str, Seen]:
    """Quote the most uncertain tokens."""
    if trace.tokens is None:
        return {measure.name: Seen(0, 0, why=_NONE) for measure in MEASURES}
    tokens = trace.tokens
    level = round(math.log(max(settled, 1e-6)) / _STEP) if settled > 0 else -math.inf
    forking = _steps(tokens.entropy) >= level
    words = forking & tokens.in_lexicon
    quote = f"most uncertain: {tokens.quote}"
    n = float(len(tokens.entropy))
    return {
        "mean": Seen(float(tokens.entropy.sum()), n, quote=quote),
        "lower_bound": Seen(float(tokens.low.sum()), n),
        "upper_bound": Seen(float(tokens.high.sum()), n),
        "forking_words": Seen(float(words.sum()), float(forking.sum()), quote=quote, why="no forking token"),
    }
