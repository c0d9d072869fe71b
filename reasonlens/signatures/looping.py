"""Looping: the text has fallen into degenerate repetition (the health flag of that name)."""

from __future__ import annotations

from collections.abc import Mapping

from reasonlens.signatures import Measure, Seen, Trace, excerpt

TITLE = "Looping"
MEASURES = (Measure("share", "responses that loop", 0.01, without=("truncated",)),)


def look(trace: Trace, settled: float) -> Mapping[str, Seen]:
    """Quote the end of the text: that is where a loop shows."""
    text = trace.response or trace.reasoning
    loops = "looping" in trace.health
    return {"share": Seen(float(loops), quote=excerpt(text, len(text), end=True) if loops else "")}
