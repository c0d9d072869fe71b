"""Traces out of a study and controls of them into rows that every command reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.core.study import Study
from reasonlens.lexicon import count
from reasonlens.lexicon.definition import Lexicon
from reasonlens.text.controls import Span

__all__ = ["batches", "marked", "row_of"]

_COLUMNS = [
    *("trace_id", "problem_id", "dataset", "model", "model_kind", "condition", "sample", "problem", "prompt"),
    *("reasoning", "answer", "response", "gold", "finish", "health", "think_rule"),
]


def row_of(
    row: dict[str, Any], reasoning: str, condition: str | None, control: dict[str, Any] | None
) -> dict[str, Any]:
    """Return one line: the columns that `reasonlens` reads by name."""
    if row["think_rule"] == "fields":
        texts = {"reasoning": reasoning, "response": row["answer"] or ""}
    else:
        whole, old = row["response"], row["reasoning"]
        at = whole.find(old)
        texts = {"response": whole[:at] + reasoning + whole[at + len(old) :]}
    made = {
        "model": row["model"],
        "model_kind": row["model_kind"],
        "benchmark": row["dataset"],
        "problem_id": row["problem_id"],
        "problem": row["problem"],
        "prompt": row["prompt"],
        "gold": row["gold"],
        "sample": row["sample"],
        "finish": row["finish"],
        "condition": condition,
        **texts,
    }
    known = {name: value for name, value in made.items() if value is not None}
    return known if control is None else {**known, "control": control}


def marked(batch: pa.Table, lexicon: Lexicon) -> list[tuple[int, list[tuple[Span, str]]]]:
    """Return words and markers with their places of the reasoning of each trace."""
    words = count.count_table(batch, [lexicon], part="reasoning")["n_words"].to_pylist()
    hits = count.match_table(batch, [lexicon], part="reasoning")
    found: dict[str, list[tuple[Span, str]]] = {}
    columns = (hits[name].to_pylist() for name in ("trace_id", "start", "end", "entry"))
    for trace_id, start, end, entry in zip(*columns, strict=True):
        found.setdefault(trace_id, []).append(((start, end), entry))
    return [(n, found.get(t, [])) for n, t in zip(words, batch["trace_id"].to_pylist(), strict=True)]


def batches(study: Study, group: str | None) -> Iterator[pa.Table]:
    """Yield the traces of a model or model kind (``None``: all).

    Raises
    ------
    UnknownNameError
        If no trace is of this model or kind.
    InputError
        If the study has no traces or was made without texts.
    """
    seen, there = False, set[str]()
    for part in study.parts("traces"):
        with pq.ParquetFile(study.part_path("traces", part)) as file:
            for batch in file.iter_batches(batch_size=200, columns=_COLUMNS):
                table = pa.Table.from_batches([batch])
                if table["response"].null_count:
                    raise InputError(f"the study {study.path} was made without texts; read the files again")
                names = list(zip(table["model"].to_pylist(), table["model_kind"].to_pylist(), strict=True))
                there |= {name for pair in names for name in pair if name}
                mask = [group is None or group in pair for pair in names]
                seen = seen or any(mask)
                yield table.filter(pa.array(mask, pa.bool_()))
    if not seen and group is not None:
        raise UnknownNameError("model or kind", group, there)
    if not seen:
        raise InputError(f"the study {study.path} has no traces")
