"""Slow, plain versions of the statistics, written from their definitions."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from scipy import stats


def rate(hits: Sequence[float], sizes: Sequence[float], scale: float = 1000.0) -> float:
    """Hits per `scale` words."""
    return scale * sum(hits) / sum(sizes)


def jackknife_log_limits(
    hits: Sequence[float], sizes: Sequence[float], level: float = 0.95
) -> tuple[float, float]:
    """Limits of a rate per 1,000: leave out one problem at a time, log scale, t, wider for few problems."""
    count, whole = len(hits), rate(hits, sizes)
    changes = []
    for i in range(count):
        rest_hits = [x for j, x in enumerate(hits) if j != i]
        rest_sizes = [w for j, w in enumerate(sizes) if j != i]
        changes.append((whole - rate(rest_hits, rest_sizes)) / whole)
    error = math.sqrt((count - 1) / count * sum(c**2 for c in changes) * (1 + 4 / count))
    second = sum(c**2 for c in changes) / count
    kurtosis = sum(c**4 for c in changes) / count / second**2
    degrees = min(max(2 * count / (kurtosis - 1), 1), count - 1)
    reach = stats.t.ppf((1 + level) / 2, degrees) * error
    return whole * math.exp(-reach), whole * math.exp(reach)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values: step down, never below an earlier one, at most 1."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, least = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = least
    return adjusted


def totals(
    traces: Iterable[Mapping[str, object]], keys: Sequence[str], entries: Mapping[int, tuple[str, str, str]]
) -> dict[tuple[object, ...], dict[str, int]]:
    """Hits, traces with hits, traces and words per group and category, by plain loops."""
    traces = list(traces)
    pairs = sorted({(lexicon, category) for lexicon, category, _ in entries.values()})
    found: dict[tuple[object, ...], dict[str, int]] = defaultdict(
        lambda: {"hits": 0, "present": 0, "traces": 0, "words": 0}
    )
    for trace in traces:
        for pair in pairs:
            cell = found[(*(trace[k] for k in keys), *pair)]
            ids, counts = trace["entry"], trace["n"]
            assert isinstance(ids, list)
            assert isinstance(counts, list)
            n = sum(c for i, c in zip(ids, counts, strict=True) if entries[i][:2] == pair)
            cell["hits"] += n
            cell["present"] += n > 0
            cell["traces"] += 1
            words = trace["n_words"]
            assert isinstance(words, int)
            cell["words"] += words
    return dict(found)
