"""Small studies and traces to diagnose, made by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reasonlens.core.study import Study
from reasonlens.signatures import Seen, Trace, load
from reasonlens.workflow.ingest import Settings, ingest
from reasonlens.workflow.run import Plan


def seen(
    signature: str, response: str = "", settled: float = float("nan"), **fields: Any
) -> Mapping[str, Seen]:
    """Let one signature look at one trace."""
    return load(signature).look(Trace("t", response=response, **fields), settled)


def study_of(folder: Path, rows: Iterable[Mapping[str, Any]]) -> Study:
    """Write rows as an output file and read it into a study."""
    path = folder / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    ingest([path], Plan(folder / "study"), Settings(), jobs=1)
    return Study(folder / "study")


def row(problem: int, response: str, model: str = "lab/m", kind: str = "base", **more: Any) -> dict[str, Any]:
    """Return one row of an output file."""
    made = {
        "model": model,
        "model_kind": kind,
        "benchmark": "toy",
        "problem": f"How many boxes are on shelf {problem}?",
        "response": response,
    }
    return {**made, **more}
