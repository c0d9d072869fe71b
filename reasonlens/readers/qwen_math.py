"""Outputs of the Qwen2.5-Math evaluation harness and its copies (SimpleRL and others).

JSON lines, one problem each: ``code`` lists the outputs, ``score`` whether each is right, and
``gt`` the reference. SimpleRL adds ``finish_reason``. The model is not named in the file; the
data set is taken from the path where that tells it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reasonlens.readers import Context, Record, Refusal, Row, Sample, Skipped
from reasonlens.readers import _math_harness as harness

TITLE = "Qwen2.5-Math evaluation harness, SimpleRL (JSON lines with code, pred, score)"
SHAPE = "rows"
SPLITTABLE = True


def sniff(sample: Sample) -> str | Refusal | None:
    """Recognise the columns, unless the outputs are programs; refuse the metrics file."""
    if harness.is_harness(sample) and not harness.is_tool_integrated(sample):
        return "has the columns code, pred and gt of the Qwen2.5-Math evaluation harness"
    return harness.refusal(sample)


def read(items: Iterable[Row], context: Context) -> Iterator[Record | Skipped]:
    """Yield one record per output."""
    yield from harness.read_rows(items, context)
