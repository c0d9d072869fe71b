r"""The final answer that a response boxes, as a code: equal codes for equal answers.

The rule is plain: the last complete ``\boxed{...}`` of the text, without white space and dollar signs.
Two ways to write one value are two answers here; which answers are *right* comes from the source.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from reasonlens.core.study import Study
from reasonlens.workflow.run import Plan

__all__ = ["answer_columns", "last_boxed"]

_MARK = "\\boxed"
_BITS = 52  # a float holds them all


def last_boxed(text: str) -> str | None:
    r"""Return what the last complete ``\boxed{...}`` holds, or ``None``.

    Examples
    --------
    >>> last_boxed(r"so \boxed{1} or rather \boxed{\frac{1}{2}}.")
    '\\frac{1}{2}'
    >>> last_boxed(r"it is \boxed{\frac{1}") is None
    True
    """
    end = len(text)
    while (at := text.rfind(_MARK, 0, end)) >= 0:
        inside = _braced(text, at + len(_MARK))
        if inside is not None:
            return inside
        end = at
    return None


def _braced(text: str, begin: int) -> str | None:
    if not text.startswith("{", begin):
        return None
    depth, place = 0, begin
    while place < len(text):
        char = text[place]
        if char == "\\":
            place += 1
        elif char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if not depth:
                return text[begin + 1 : place]
        place += 1
    return None


def _code(text: str | None) -> float:
    boxed = last_boxed(text) if text else None
    if boxed is None:
        return float("nan")
    plain = "".join(boxed.split()).replace("$", "")
    digest = blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=8).digest()
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
