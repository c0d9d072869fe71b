"""Bring a study up to date, one unit of input at a time.

A worker turns one unit into the parts of every table that is missing, in a folder of its own
(``STUDY/.pending/PART``). The parent alone moves finished parts into the study, in input
order, and drops traces that another unit has already given. A killed run therefore loses
only the parts in flight, and the result does not depend on the number of processes.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reasonlens.core.manifest import digest_of
from reasonlens.core.study import Study, commit
from reasonlens.lexicon import count
from reasonlens.readers import Context
from reasonlens.readers._account import Account
from reasonlens.readers._traces import Defaults
from reasonlens.readers._units import Unit, tables
from reasonlens.text import model_tokens
from reasonlens.workflow import pool
from reasonlens.workflow.reached import Here, watching
from reasonlens.workflow.seen import Seen

if TYPE_CHECKING:
    from reasonlens.lexicon.definition import Lexicon

__all__ = ["Plan", "Task", "bring_up_to_date", "content_of"]

_TEXTS = ("problem", "prompt", "reasoning", "answer", "response")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a study must hold once the run is done (picklable, the same for every unit).

    Parameters
    ----------
    study
        The folder.
    text
        The column that is counted.
    lexicons
        What is counted; none for ``ingest``.
    tokenizer
        A path or model id whose tokens are the denominator, or ``None``.
    keep_text
        Whether the traces keep their texts (not in a study that is thrown away).
    matches
        Whether every hit is kept with its place.
    """

    study: Path
    text: str = "response"
    lexicons: tuple[Lexicon, ...] = ()
    tokenizer: str | None = None
    keep_text: bool = True
    matches: bool = False
    context: Context = field(default_factory=lambda: Context(Path()))
    defaults: Defaults = field(default_factory=lambda: Defaults(""))

    def counts_folder(self, lexicon: Lexicon) -> tuple[str, str]:
        """Return the folders under ``counts/`` and ``matches/`` that hold one lexicon's parts."""
        return self.text, f"{lexicon.name}@{lexicon.digest}"

    def lengths_folder(self) -> tuple[str]:
        """Return the folder under ``lengths/``; another tokenizer is another folder."""
        return (f"{self.text}@{digest_of(self.tokenizer, 4)}" if self.tokenizer else self.text,)

    def uncounted(self, study: Study, part: str) -> list[Lexicon]:
        """Return the lexicons whose counts (or matches, if wanted) a part lacks."""
        tables = ("counts", "matches") if self.matches else ("counts",)
        return [
            x for x in self.lexicons if not all(study.has(t, part, *self.counts_folder(x)) for t in tables)
        ]

    def missing(self, study: Study, part: str) -> bool:
        """Tell whether a part that has its traces lacks anything else."""
        if not self.lexicons:
            return False
        return bool(self.uncounted(study, part)) or not study.has("lengths", part, *self.lengths_folder())


@dataclass(frozen=True, slots=True)
class Task:
    """One part of the study: the unit that it is read from, or ``None`` if its traces exist."""

    part: str
    unit: Unit | None
    size: int


def bring_up_to_date(
    plan: Plan, tasks: Sequence[Task], *, jobs: int, progress: Callable[[int], None] | None = None
) -> int:
    """Do `tasks` and commit their parts in order; return how many were done.

    With 0 `jobs` the work is done in this process. `progress` is called with bytes that came to be done,
    twice a second, from a thread of its own.
    """
    study = Study(plan.study)
    shutil.rmtree(study.path / ".pending", ignore_errors=True)  # of a run that was killed
    seen = Seen()
    redone = {content_of(task.part) for task in tasks if task.unit}
    for part in study.parts("traces") if redone else ():  # without new traces there are none to compare
        if content_of(part) not in redone:
            ids = pq.read_table(study.part_path("traces", part), columns=["trace_id"])
            seen.add(ids.column(0).to_pylist())
    preload = ["reasonlens.workflow.run"]
    try:
        with watching(study.path / ".pending", progress) as reached:
            for task, _ in pool.run(
                partial(_work, plan), tasks, jobs=max(1, jobs), apart=jobs > 0, preload=preload
            ):
                pending = Study(study.path / ".pending" / task.part)
                if task.unit:
                    _drop_known(pending, seen)
                    _remove_older(study, task.part)
                _commit(pending, study)
                reached.done(task.size)
    finally:
        shutil.rmtree(study.path / ".pending", ignore_errors=True)
    return len(tasks)


def _work(plan: Plan, task: Task) -> None:
    """Write every missing table of one part into the pending folder."""
    study, account = Study(plan.study), Account()
    folder = study.path / ".pending" / task.part
    shutil.rmtree(folder, ignore_errors=True)  # of a worker that was lost
    pending = Study(folder, create=True)
    if task.unit:
        context = replace(plan.context, path=task.unit.path)
        here = Here(folder, task.unit.start, task.size)
        defaults = replace(plan.defaults, name=task.unit.name)
        batches = _telling(tables(task.unit, context, defaults, account, here.follow), here)
        _write(plan, task, pending, batches, plan.lexicons, account, lengths=True)
        return
    missing = plan.uncounted(study, task.part)
    lengths = not study.has("lengths", task.part, *plan.lengths_folder())
    with pq.ParquetFile(study.part_path("traces", task.part)) as file:
        rows = file.iter_batches(batch_size=500, columns=["trace_id", "n_model_tokens", plan.text])
        stored = (pa.Table.from_batches([batch]) for batch in rows)
        _write(plan, task, pending, stored, missing, account, lengths=lengths)


def _telling(batches: Iterable[pa.Table], here: Here) -> Iterator[pa.Table]:
    for batch in batches:
        here.tell()
        yield batch


def _write(
    plan: Plan,
    task: Task,
    pending: Study,
    batches: Iterable[pa.Table],
    lexicons: Sequence[Lexicon],
    account: Account,
    *,
    lengths: bool,
) -> None:
    """Pass each batch of traces through every stage, straight into the parts."""
    made: dict[str, Any] = {"part": task.part}
    with ExitStack() as stack:

        def writer(name: str, *folders: str) -> Callable[[pa.Table], None]:
            opened = stack.enter_context(pending.writer(name, task.part, *folders, details=made))
            return cast("Callable[[pa.Table], None]", opened)

        traces = writer("traces") if task.unit else None
        denominators = writer("lengths", *plan.lengths_folder()) if lengths and plan.lexicons else None
        counts = {x.name: writer("counts", *plan.counts_folder(x)) for x in lexicons}
        hits = {x.name: writer("matches", *plan.counts_folder(x)) for x in lexicons if plan.matches}
        unit_ids = Seen()
        for batch in batches:
            if task.unit:
                batch = batch.filter(pa.array(~unit_ids.add(batch["trace_id"].to_pylist())))
            if traces:
                traces(batch if plan.keep_text else _without_text(batch))
            if denominators or counts:
                counted = count.count_table(batch, lexicons, part=plan.text)
                if denominators:
                    denominators(_lengths(plan, batch, counted))
                rows = count.counts_rows(counted, lexicons)
                for name, write in counts.items():
                    write(rows.filter(pc.equal(rows["lexicon"].cast(pa.string()), name)))
            for lexicon in lexicons if hits else ():
                hits[lexicon.name](count.match_table(batch, [lexicon], part=plan.text))
        made["account"] = account.as_dict()


def _lengths(plan: Plan, batch: pa.Table, counted: pa.Table) -> pa.Table:
    rows = count.lengths_rows(counted)
    if plan.tokenizer:
        n = pa.array(model_tokens.count(batch[plan.text].to_pylist(), plan.tokenizer), pa.int64())
    elif plan.text == "response":
        n = batch["n_model_tokens"]  # as the source reports it
    else:
        return rows
    return rows.set_column(rows.schema.get_field_index("n_model_tokens"), "n_model_tokens", n)


def _without_text(batch: pa.Table) -> pa.Table:
    for name in _TEXTS:
        place = batch.schema.get_field_index(name)
        batch = batch.set_column(place, name, pa.nulls(batch.num_rows, batch.schema.field(place).type))
    return batch


def _drop_known(pending: Study, seen: Seen) -> None:
    """Take out of every pending table the traces that an earlier part has."""
    ids = pq.read_table(pending.part_path("traces", pending.path.name), columns=["trace_id"]).column(0)
    known = ids.filter(pa.array(seen.add(ids.to_pylist())))
    if len(known):
        for path in sorted(pending.path.rglob("*.parquet")):
            _rewrite_without(path, known)


def _rewrite_without(path: Path, known: pa.ChunkedArray) -> None:
    temporary = path.with_suffix(".kept")
    with pq.ParquetFile(path) as file:
        stored = {k.decode(): v.decode() for k, v in (file.metadata.metadata or {}).items()}
        schema = file.schema_arrow.remove_metadata()
        with pq.ParquetWriter(temporary, schema, compression="zstd") as out:
            for batch in file.iter_batches(batch_size=500):
                rows = pa.Table.from_batches([batch]).replace_schema_metadata()
                out.write_table(rows.filter(pc.invert(pc.is_in(rows["trace_id"], known))))
            out.add_key_value_metadata({k: v for k, v in stored.items() if k != "ARROW:schema"})
    temporary.replace(path)


def content_of(part: str) -> str:
    """Return the piece of a part's name that says what was read, without how it was read."""
    return part.rpartition("-")[0]


def _remove_older(study: Study, part: str) -> None:
    """Remove what the same input gave when it was read with other settings."""
    for older in study.parts("traces"):
        if older != part and content_of(older) == content_of(part):
            for path in study.path.rglob(f"{older}.parquet"):
                path.unlink()


def _commit(pending: Study, study: Study) -> None:
    """Move the finished parts into the study, the traces last: they say that a unit is done."""
    files = sorted(pending.path.rglob("*.parquet"), key=lambda p: ("traces" in p.parts, p))
    for path in files:
        final = study.path / path.relative_to(pending.path)
        final.parent.mkdir(parents=True, exist_ok=True)
        commit(path, final)
    shutil.rmtree(pending.path)
