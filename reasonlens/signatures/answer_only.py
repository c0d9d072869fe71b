"""An answer without reasoning: next to nothing is said before the final answer.

Words, numbers and LaTeX commands are counted over the whole response up to the marked answer, so a
calculation without words is reasoning, and so is a solution that stands in the answer part. Without
a marked answer the whole text counts. Where the file kept the reasoning apart and gave none of it,
nobody can tell, and the trace is left out.
"""

from __future__ import annotations

from collections.abc import Mapping

from reasonlens.signatures import Measure, Seen, Trace, excerpt
from reasonlens.text.answers import final_answer
from reasonlens.text.words import codepoints, tokenize

TITLE = "Answer without reasoning"
MEASURES = (Measure("share", "responses with fewer than 10 words and numbers before the answer", 0.05),)

FEWEST = 10
"""Words, numbers and LaTeX commands before the answer that count as reasoning."""

_FAR = 500  # characters that hold ten words in any text worth the name


def look(trace: Trace, settled: float) -> Mapping[str, Seen]:
    """Quote the whole short text."""
    if trace.think_rule == "fields" and "no_reasoning" in trace.health:
        return {"share": Seen(0, 0, why="reasoning withheld or kept elsewhere")}
    text = trace.response.strip()
    found = final_answer(trace.response)
    before = trace.response[: found.start] if found else text
    bare = len(tokenize(codepoints(before.lstrip()[:_FAR])).starts) < FEWEST
    return {"share": Seen(float(bare), quote=excerpt(text) if bare else "")}
