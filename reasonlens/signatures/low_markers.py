"""Hardly any anthropomorphic words or connectors, compared with the other models on the same problems.

The rate per word, divided by the rate of all other models of the study together (each word counts
the same), on the problems that both have. What others do is the yardstick, so the verdict depends
on which models are in the study.
"""

from __future__ import annotations

from collections.abc import Mapping

from reasonlens.signatures import BELOW, Measure, Seen, Trace, excerpt

TITLE = "Near-zero marker rates"
_UNIT = "ratio to the other models"
MEASURES = (
    Measure("anthropomorphic", "rate of anthropomorphic words", 0.1, "against", BELOW, unit=_UNIT),
    Measure("logical_connectors", "rate of logical connectors", 0.25, "against", BELOW, unit=_UNIT),
)


def look(trace: Trace, settled: float) -> Mapping[str, Seen]:
    """Quote the start of texts that have none."""
    found = {}
    for measure in MEASURES:
        hits = trace.hits.get(measure.name, 0)
        found[measure.name] = Seen(
            float(hits),
            float(trace.n_words),
            quote="" if hits else excerpt(trace.response.lstrip()),
            why="" if trace.n_words else "no words",
        )
    return found
