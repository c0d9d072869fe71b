"""The traces of a study as the signatures see them: with groups, counts and log-probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.lexicon import count, definition
from reasonlens.lexicon.definition import Lexicon
from reasonlens.signatures import Tokens, Trace
from reasonlens.signatures._tally import Group

__all__ = ["ALTERNATIVES", "Tokenized", "lexicons", "traces"]

ALTERNATIVES = (
    "alternatives=alternatively,another way,another approach,another method,another idea,"
    "different approach,different method,different way,on second thought,on the other hand"
)
"""Markers of a change of plan, in the form of a ``--category`` option."""

_COLUMNS = (
    *("trace_id", "problem_id", "dataset", "model", "model_kind", "condition", "response", "reasoning"),
    *("answer", "gold", "finish", "health", "think_rule", "n_model_tokens"),
)
_BATCH = 500


class Tokenized(Protocol):
    """Whatever has the tokens of a trace: a dict, or `reasonlens.workflow.logprobs.Store`."""

    def get(self, trace_id: str, /) -> Tokens | None:
        """Return the tokens of a trace, or ``None``."""


def lexicons() -> tuple[Lexicon, Lexicon]:
    """Return the two lexicons that signatures count: the paper's categories and alternatives."""
    return definition.load("flexible_reasoning"), replace(
        definition.from_options([ALTERNATIVES]), name="alternatives"
    )


def traces(
    study: Study, part: str, counted: tuple[Lexicon, ...], tokens: Tokenized | None
) -> Iterator[tuple[Group, str, str, Trace]]:
    """Yield group, data set, problem and trace for each trace of a part.

    Raises
    ------
    InputError
        If the study was made without texts.
    """
    with pq.ParquetFile(study.part_path("traces", part)) as file:
        for batch in file.iter_batches(batch_size=_BATCH, columns=list(_COLUMNS)):
            table = pa.Table.from_batches([batch])
            hits, words = _hits(table, counted)
            for i, row in enumerate(table.to_pylist()):
                if row["response"] is None:
                    raise InputError(
                        f"the study {study.path} was made without texts; read the files again with --study"
                    )
                group = Group(row["model_kind"] or "other", row["model"] or "", row["condition"] or "")
                yield (
                    group,
                    row["dataset"] or "",
                    row["problem_id"] or "",
                    _trace(row, hits[i], words[i], tokens),
                )


def _trace(row: dict[str, Any], hits: dict[str, int], words: int, tokens: Tokenized | None) -> Trace:
    return Trace(
        row["trace_id"],
        row["response"],
        row["reasoning"] or "",
        row["answer"] or "",
        row["gold"],
        row["finish"],
        row["think_rule"] or "none",
        tuple(row["health"] or ()),
        row["n_model_tokens"],
        words,
        hits,
        tokens.get(row["trace_id"]) if tokens is not None else None,
    )


def _hits(table: pa.Table, counted: tuple[Lexicon, ...]) -> tuple[list[dict[str, int]], list[int]]:
    """Count the categories in each trace."""
    found: list[dict[str, int]] = [{} for _ in range(table.num_rows)]
    if not counted:
        return found, [0] * table.num_rows
    result = count.count_table(table, counted)
    names: list[str] = count.entry_index(counted)["category"].to_pylist()
    for i, (entries, numbers) in enumerate(
        zip(result["entry"].to_pylist(), result["n"].to_pylist(), strict=True)
    ):
        for entry, n in zip(entries, numbers, strict=True):
            found[i][names[entry]] = found[i].get(names[entry], 0) + n
    return found, result["n_words"].to_pylist()
