"""Rigid step-by-step outputs: numbered steps and not one word of hesitation or change of plan.

A response is rigid if it has at least two step headers (lines that start with "Step 3", "3." or
"3)", perhaps in bold or as a heading) and no hit of the anthropomorphic category or of the
markers of an alternative. The numbered list of a problem that the response copies would count too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from reasonlens.signatures import Measure, Seen, Trace, excerpt

TITLE = "Rigid step-by-step outputs"
MEASURES = (Measure("share", "responses in numbered steps without a marker of hesitation or shift", 0.5),)

FEWEST = 2
"""Step headers that make a response step-by-step."""

_HEADER = re.compile(
    r"^[ \t]{0,16}(?:[-*•][ \t]{1,4})?(?:#{1,6}[ \t]{0,4})?(?:\*\*|__)?[ \t]{0,4}"
    r"(?:step[ \t]{0,4}\d{1,3}\b|\d{1,2}[.)](?=\s|\*\*))",
    re.IGNORECASE | re.MULTILINE,
)


def headers(text: str) -> list[int]:
    """Return where the step headers of `text` start.

    Examples
    --------
    >>> headers("Step 1: add.\\n\\n**2.** Divide by 2. So 3.5 is it.")
    [0, 14]
    """
    return [match.start() for match in _HEADER.finditer(text)]


def look(trace: Trace, settled: float) -> Mapping[str, Seen]:
    """Quote the first header."""
    marked = trace.hits.get("anthropomorphic", 0) + trace.hits.get("alternatives", 0)
    found = headers(trace.response) if not marked else []
    rigid = len(found) >= FEWEST
    return {"share": Seen(float(rigid), quote=excerpt(trace.response, found[0]) if rigid else "")}
