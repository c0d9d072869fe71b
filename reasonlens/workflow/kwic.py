"""A concordance over output files or a study, part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from reasonlens.core.study import Study
from reasonlens.lexicon import kwic
from reasonlens.lexicon.definition import Lexicon
from reasonlens.readers import Context
from reasonlens.readers._account import Account
from reasonlens.readers._units import tables
from reasonlens.workflow import pool
from reasonlens.workflow.ingest import Settings, look
from reasonlens.workflow.run import Task

__all__ = ["Wanted", "concordance"]

_COLUMNS = ["trace_id", "dataset", "problem_id", "model", "model_kind"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which hits: of what, in which text, how many, with how much around them, in what order."""

    lexicon: Lexicon
    text: str = "response"
    keep: int = 25
    width: int = 48
    seed: int = 0
    sort: str = "right"


def concordance(
    names: Sequence[str | Path],
    study: Study | None,
    settings: Settings,
    wanted: Wanted,
    *,
    jobs: int = 1,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[pa.Table, int]:
    """Return the sampled hits, sorted, and how many hits there are in all.

    Parameters
    ----------
    names
        Output files; none to search the traces that `study` holds.
    """
    if names:
        tasks = [task for found in look(names, settings) for task in found.tasks]
    elif study is not None:
        tasks = [Task(p, None, study.rows("traces", p)) for p in study.parts("traces")]
    else:
        tasks = []
    work = partial(_hits, study.path if study else None, settings, wanted)
    found, total = kwic.SCHEMA.empty_table(), 0
    for task, (part, n) in pool.run(work, tasks, jobs=max(1, min(jobs, len(tasks)))):
        found, total = kwic.merge([found, part], wanted.keep), total + n
        progress(task.size)
    return kwic.ordered(found, wanted.sort), total


def _hits(study: Path | None, settings: Settings, wanted: Wanted, task: Task) -> tuple[pa.Table, int]:
    found, total = kwic.SCHEMA.empty_table(), 0
    for batch in _batches(study, settings, wanted, task):
        part, n = kwic.concordance(
            batch,
            wanted.lexicon,
            part=wanted.text,
            width=wanted.width,
            keep=wanted.keep,
            seed=wanted.seed,
        )
        found, total = kwic.merge([found, part], wanted.keep), total + n
    return found, total


def _batches(study: Path | None, settings: Settings, wanted: Wanted, task: Task) -> Iterator[pa.Table]:
    if task.unit:
        context = Context(task.unit.path, settings.fields, settings.companions)
        yield from tables(task.unit, context, replace(settings.defaults(), name=task.unit.name), Account())
        return
    with pq.ParquetFile(Study(str(study)).part_path("traces", task.part)) as file:
        for rows in file.iter_batches(batch_size=500, columns=[*_COLUMNS, wanted.text]):
            yield pa.Table.from_batches([rows])
