"""The final answer of a response as a code: equal codes for equal answers, for votes.

The answer is the one that is graded (`reasonlens.text.answers.answer_of`), in the plain form of the graders,
or its exact value: white space, dollar signs and units do not count, but two ways to write one value that
need algebra are two answers here.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from reasonlens.core.study import Study
from reasonlens.graders import fraction, plain
from reasonlens.text.answers import answer_of
from reasonlens.workflow.run import Plan

__all__ = ["answer_columns"]

_COLUMNS = ["trace_id", "response", "answer", "health"]
_BITS = 52  # a float holds them all


def _code(response: str | None, answer: str | None = "", health: Sequence[str] | None = ()) -> float:
    truncated = bool({"truncated", "looping"} & set(health or ()))
    found = answer_of(response or "", answer or "", truncated=truncated)
    if found is None:
        return float("nan")
    value = fraction(plain(found.text))
    text = plain(found.text) if value is None else str(value)
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return float(int.from_bytes(digest) >> (64 - _BITS))


def answer_columns(study: Study, plan: Plan, part: str, traces: pd.DataFrame) -> pd.DataFrame:
    """Return the column ``answer`` for a part, reading the texts in batches."""
    codes: dict[str, float] = {}
    with pq.ParquetFile(study.part_path("traces", part)) as file:
        for batch in file.iter_batches(batch_size=500, columns=_COLUMNS):
            names, *texts = (batch.column(name).to_pylist() for name in _COLUMNS)
            codes.update(zip(names, map(_code, *texts), strict=True))
    values = np.array([codes[name] for name in traces["trace_id"]], dtype=np.float64)
    return pd.DataFrame({"answer": values}, index=traces.index)
