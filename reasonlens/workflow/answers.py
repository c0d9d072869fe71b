"""The final answer of a response as a code: equal codes for equal answers, for votes.

Answers are compared in the plain form of the graders: white space, dollar signs and the like do not count,
but two ways to write one value that need algebra are two answers here.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from reasonlens.core.study import Study
from reasonlens.graders import plain
from reasonlens.text.answers import final_answer
from reasonlens.workflow.run import Plan

__all__ = ["answer_columns"]

_BITS = 52  # a float holds them all


def _code(text: str | None) -> float:
    found = final_answer(text) if text else None
    if found is None or not found.text or not found.closed:
        return float("nan")
    digest = blake2b(plain(found.text).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return float(int.from_bytes(digest) >> (64 - _BITS))


def answer_columns(study: Study, plan: Plan, part: str, traces: pd.DataFrame) -> pd.DataFrame:
    """Return the column ``answer`` for a part, reading the texts in batches."""
    codes: dict[str, float] = {}
    with pq.ParquetFile(study.part_path("traces", part)) as file:
        for batch in file.iter_batches(batch_size=500, columns=["trace_id", "response"]):
            texts = batch.column("response").to_pylist()
            codes.update(zip(batch.column("trace_id").to_pylist(), map(_code, texts), strict=True))
    values = np.array([codes[name] for name in traces["trace_id"]], dtype=np.float64)
    return pd.DataFrame({"answer": values}, index=traces.index)
