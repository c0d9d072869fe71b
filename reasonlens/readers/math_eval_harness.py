"""Tool-integrated outputs of ZubinGou's math-evaluation-harness (also used for rho and ToRA).

The columns are those of `reasonlens.readers.qwen_math`; the prompt type in the file name, or
outputs that all start with a ``python`` block, tell the two apart. Each text alternates what
the model wrote with ``output`` blocks that the executor inserted: those are counted as text of
the response too, since the file does not keep them apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reasonlens.readers import Context, Record, Refusal, Row, Sample, Skipped
from reasonlens.readers import _math_harness as harness

TITLE = "math-evaluation-harness, tool-integrated (JSON lines with code, pred, score)"
SHAPE = "rows"
SPLITTABLE = True


def sniff(sample: Sample) -> str | Refusal | None:
    """Recognise the columns together with outputs that are programs."""
    if harness.is_harness(sample) and harness.is_tool_integrated(sample):
        return "has the columns code, pred and gt of math-evaluation-harness, and its outputs are programs"
    return None


def read(items: Iterable[Row], context: Context) -> Iterator[Record | Skipped]:
    """Yield one record per output."""
    yield from harness.read_rows(items, context)
