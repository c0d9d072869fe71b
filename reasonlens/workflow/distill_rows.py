"""What the two passes of ``reasonlens distill prepare`` share: the settings, what is remembered, the rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from reasonlens.backends._templates import Template
from reasonlens.core.study import Study
from reasonlens.distill.rows import Texts, response_text, texts
from reasonlens.distill.shingles import Sketch

__all__ = ["BATCH", "COLUMNS", "Seen", "Settings", "rows_of", "texts_of"]

BATCH = 200
"""Traces in memory at once."""

COLUMNS = [
    *("trace_id", "problem_id", "dataset", "model", "problem", "reasoning", "answer", "response"),
    *("gold", "correct_source", "health"),
]
"""What is read of a trace."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is kept and how it is written (see ``reasonlens distill prepare --help``)."""

    template: Template
    teachers: tuple[str, ...] = ()
    layout: str = "think"
    only_correct: bool = False
    tokenizer: str | None = None
    max_tokens: int | None = None
    min_tokens: int = 0
    keep_long: bool = False
    duplicate: float = 0.8
    same_problem: float = 0.8
    per_problem: int = 1
    order: str = "source"
    limit: int | None = None
    seed: int = 0


@dataclass(slots=True)
class Seen:
    """What is remembered of a trace between the passes."""

    place: tuple[str, int]
    problem_id: str
    correct: float
    n_tokens: int | None
    size: int
    sketch: Sketch
    loses: bool


def rows_of(study: Study, part: str, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
    with pq.ParquetFile(study.part_path("traces", part)) as file:
        for batch in file.iter_batches(batch_size=BATCH, columns=list(columns)):
            yield batch.to_pandas()


def texts_of(row: dict[Any, Any], settings: Settings) -> Texts:
    response = response_text(row["reasoning"], row["answer"], row["response"], settings.layout)
    return texts(settings.template, row["problem"], response)
