"""Whether a trace is right: by the grades of the study if it has them, else as its source says."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq

from reasonlens.core.study import Study

__all__ = ["correctness", "graded", "judged_by"]

_VALUES = {"correct": 1.0, "incorrect": 0.0, "no_answer": 0.0, "truncated": 0.0}


def graded(study: Study) -> bool:
    """Tell whether a study has grades."""
    return any((study.path / "grades").glob("*/*.parquet"))


def judged_by(study: Study) -> str:
    """Return whose verdicts count, in words.

    Examples
    --------
    >>> judged_by(study)  # doctest: +SKIP
    'the verdicts of the sources'
    """
    if not graded(study):
        return "the verdicts of the sources"
    names = sorted({path.parent.name for path in (study.path / "grades").glob("*/*.parquet")})
    return f"the grades of this study ({', '.join(names)}), and the source's verdict where there is none"


def correctness(study: Study, part: str, traces: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return 1 (right), 0 (wrong, or no answer) or NaN (not known) for each trace.

    Parameters
    ----------
    part
        The part of the study that `traces` come from.
    traces
        Columns ``trace_id`` and ``correct_source``.

    Notes
    -----
    An answer that could not be graded, and one without a gold, leave it to the source.
    """
    right: npt.NDArray[Any] = (
        traces["correct_source"].astype("float64").to_numpy(dtype=np.float64, na_value=np.nan).copy()
    )
    for path in (study.path / "grades").glob(f"*/{part}.parquet"):
        table = pq.read_table(path, columns=["trace_id", "verdict"]).to_pandas()
        values = table["verdict"].astype("str").map(_VALUES).to_numpy(dtype=np.float64)
        mine = pd.Series(values, index=table["trace_id"]).reindex(traces["trace_id"]).to_numpy()
        right = np.where(np.isnan(mine), right, mine)
    return np.asarray(right, dtype=np.float64)
