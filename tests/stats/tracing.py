"""Hand-made traces: one number or two per trace."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reasonlens.stats.measured import Measure, Traces

RATE = Measure("demo/doubt/words", "rate", "hits", "words", "per 1,000 words", 1000.0)
ACCURACY = Measure(
    "accuracy",
    "share",
    "correct",
    "traces",
    "share of responses",
    missing="correctness unknown",
    text=False,
)
LENGTH = Measure("length/words", "mean", "words", "traces", "words per response")


def traces(rows: list[dict[str, object]]) -> Traces:
    """One dict per trace; what is left out has a usual value."""
    usual = {
        "dataset": "math",
        "problem_id": "p",
        "model": "m",
        "model_kind": "base",
        "condition": "baseline",
        "health": "ok",
    }
    about = pd.DataFrame([{name: row.get(name, value) for name, value in usual.items()} for row in rows])
    numbers = {"hits": 0.0, "words": 100.0, "correct": np.nan, "traces": 1.0, "answer": np.nan}
    frame = pd.DataFrame([{name: row.get(name, value) for name, value in numbers.items()} for row in rows])
    return Traces(about, frame.astype("float64"))


def two_kinds(problems: int = 6, factor: float = 2.0) -> Traces:
    """Base and distilled answer the same problems; distilled has `factor` times the hits."""
    rows: list[dict[str, object]] = []
    for p in range(problems):
        for kind, times in (("base", 1.0), ("distilled", factor)):
            rows.append(
                {
                    "problem_id": f"p{p}",
                    "model": f"{kind}-1",
                    "model_kind": kind,
                    "hits": times * (1 + p % 3),
                    "words": 100.0 + 10 * p,
                    "correct": float((p + (kind == "base")) % 2),
                }
            )
    return traces(rows)
