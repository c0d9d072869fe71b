"""Decompose the traces of a study: which, what is there already, and what is written.

::

    STUDY/steps/DECOMPOSER/PART.parquet

Steps are kept part by part of the traces. The manifest says with which codebook and model (digest) they were
made; once that changes the file counts as missing. What was paid for stays in the journal of the study
(``STUDY/judgements.sqlite``).

Decomposed is the reasoning. A trace without marks of thinking has none of its own, so there its whole
response is: the column ``part`` says which text the places refer to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.core.tables import table
from reasonlens.structure import Decomposition, Step
from reasonlens.structure.decompose import Decomposer, Item
from reasonlens.structure.llm import LlmDecomposer
from reasonlens.workflow import pool
from reasonlens.workflow.behaviors_store import judge_folder
from reasonlens.workflow.structure_chosen import Account, Chosen, choose

__all__ = ["Batch", "batches", "decompose_study", "folder_of", "plans_of", "rows_of_steps"]

_TEXTS = ["trace_id", "problem", "dataset", "reasoning", "response"]
_AT_ONCE = 400


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts of one part that lack their steps."""

    part: str
    trace_ids: tuple[str, ...]
    names: tuple[str, ...]
    items: tuple[Item, ...]


def folder_of(decomposer: str) -> str:
    """Return the folder of a decomposer under ``steps/``."""
    return judge_folder(decomposer)


def batches(
    study: Study, decomposer: Decomposer, chosen: Chosen, account: Account, at_once: int = _AT_ONCE
) -> Iterator[Batch]:
    """Yield what still lacks steps, part by part, at most `at_once` texts at a time.

    Raises
    ------
    InputError
        If nothing is chosen, or the study keeps no texts.
    """
    wanted = choose(study, chosen, account)
    for part, mine in wanted.groupby("part", sort=True):
        have = _answered(_known(study, decomposer, str(part)), chosen.retry)
        lacking = [trace_id for trace_id in mine["trace_id"] if trace_id not in have]
        account.kept += len(mine) - len(lacking)
        bodies = pq.read_table(study.part_path("traces", str(part)), columns=_TEXTS) if lacking else None
        for start in range(0, len(lacking), at_once):
            yield _batch(study, str(part), bodies, lacking[start : start + at_once])


def _batch(study: Study, part: str, bodies: pa.Table, ids: Sequence[str]) -> Batch:
    rows = bodies.filter(pc.is_in(bodies["trace_id"], pa.array(ids))).to_pylist()
    if any(row["response"] is None for row in rows):
        raise InputError(f"the study {study.path} was made without texts; read the files again with --study")
    names = tuple("reasoning" if (row["reasoning"] or "").strip() else "response" for row in rows)
    items = tuple(
        Item(row[name], row["problem"] or "", row["dataset"] or "")
        for row, name in zip(rows, names, strict=True)
    )
    return Batch(part, tuple(row["trace_id"] for row in rows), names, items)


def _known(study: Study, decomposer: Decomposer, part: str) -> pa.Table | None:
    where = folder_of(decomposer.name)
    if not study.has("steps", part, where):
        return None
    if study.manifest_of("steps", part, where).get("digest") != decomposer.digest:
        return None
    return pq.read_table(study.part_path("steps", part, where))


def _answered(steps: pa.Table | None, retry: Sequence[str]) -> set[str]:
    if steps is None:
        return set()
    frame = steps.select(["trace_id", "status"]).to_pandas()
    return set(frame.loc[~frame["status"].astype("str").isin(list(retry)), "trace_id"])


def decompose_study(
    study: Study,
    decomposer: Decomposer,
    chosen: Chosen,
    *,
    jobs: int = 1,
    begin: Callable[[int], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> Account:
    """Decompose what is missing and write it, part by part; return what was done.

    Parameters
    ----------
    study
        The study; locked while this runs.
    decomposer, chosen
        By whom, and which traces.
    jobs
        Processes, unless a model is asked.
    begin, progress
        Called with the number of texts to come, and with numbers of texts that are done.

    Raises
    ------
    InputError
        If nothing is chosen, or the study keeps no texts.
    """
    with study.locked():
        begin(sum(len(b.items) for b in batches(study, decomposer, chosen, Account())))
        account = Account()
        asking = isinstance(decomposer, LlmDecomposer)  # it has a journal, and tells of its progress
        work = partial(_decomposed, decomposer, progress if asking else None)
        todo = batches(study, decomposer, chosen, account)
        for batch, (rows, cost) in pool.run(work, todo, jobs=1 if asking else jobs, here=asking):
            account.cost += cost
            _save(study, decomposer, batch.part, rows)
            account.done += len(batch.items)
            if not asking:
                progress(len(batch.items))
        _count_states(study, decomposer, chosen, account)
    return account


def _decomposed(
    decomposer: Decomposer, progress: Callable[[int], None] | None, batch: Batch
) -> tuple[list[dict[str, object]], float]:
    """Return the rows of a batch, and what they cost."""
    rows: list[dict[str, object]] = []
    cost = 0.0
    found = decomposer.decompose(batch.items, progress or (lambda _: None))
    for trace_id, name, one in zip(batch.trace_ids, batch.names, found, strict=True):
        rows += rows_of_steps(trace_id, name, one, decomposer)
        cost += one.cost
    return rows, cost


def _count_states(study: Study, decomposer: Decomposer, chosen: Chosen, account: Account) -> None:
    ids = set(choose(study, chosen, Account())["trace_id"])
    frame = study.read(
        "steps", folder_of(decomposer.name), columns=["trace_id", "step", "status"]
    ).to_pandas()
    frame = frame[frame["trace_id"].isin(ids)]
    status = frame["status"].astype("str")
    failed = status[frame["step"] == 0]
    account.steps = int((frame["step"] > 0).sum())
    account.unplaced = int((status == "unplaced").sum())
    account.states = {"ok": frame["trace_id"].nunique() - len(failed), **failed.value_counts().to_dict()}


def rows_of_steps(
    trace_id: str, part: str, found: Decomposition, decomposer: Decomposer
) -> list[dict[str, object]]:
    """Return a decomposition as rows of the table ``steps``; one that failed is a row with step 0."""
    same = {
        "trace_id": trace_id,
        "part": part,
        "decomposer": decomposer.name,
        "version": decomposer.version,
        "digest": decomposer.digest,
    }
    if not found.steps:
        why = {"meta": found.problem, "sub_problem": None, "answer": None}
        return [{**same, "step": 0, "kind": "", **why, "start": -1, "end": -1, "status": found.status}]
    return [
        {
            **same,
            "step": n,
            "kind": step.kind,
            "meta": step.meta,
            "sub_problem": step.query,
            "answer": step.answer,
            "start": step.start,
            "end": step.end,
            "status": step.place,
        }
        for n, step in enumerate(found.steps, start=1)
    ]


def _save(study: Study, decomposer: Decomposer, part: str, rows: list[dict[str, object]]) -> None:
    new = pa.Table.from_pylist(rows, schema=table("steps").schema)
    old = _known(study, decomposer, part)
    if old is not None:
        ids = pc.unique(new["trace_id"])
        kept = old.cast(new.schema)
        new = pa.concat_tables([kept.filter(pc.invert(pc.is_in(kept["trace_id"], ids))), new])
    order = pc.sort_indices(new, sort_keys=[("trace_id", "ascending"), ("step", "ascending")])
    details = {"command": "structure", "part": part, "digest": decomposer.digest}
    study.write("steps", part, new.take(order), folder_of(decomposer.name), details=details)


def plans_of(study: Study, decomposer: str, ids: set[str] | None = None) -> dict[str, Decomposition]:
    """Return the steps of every trace that has been decomposed, by ``trace_id``.

    Raises
    ------
    InputError
        If nothing has been decomposed.
    """
    found: dict[str, Decomposition] = {}
    columns = ["trace_id", "step", "kind", "meta", "sub_problem", "answer", "start", "end", "status"]
    for part in study.parts("steps", folder_of(decomposer)):
        path = study.part_path("steps", part, folder_of(decomposer))
        rows = pq.read_table(path, columns=columns)
        if ids is not None:
            rows = rows.filter(pc.is_in(rows["trace_id"], pa.array(list(ids), pa.string())))
        steps: dict[str, list[Step]] = {}
        for row in rows.to_pylist():
            if row["step"] == 0:
                found[row["trace_id"]] = Decomposition((), row["status"], row["meta"] or "")
                continue
            texts = (row["meta"] or "", row["sub_problem"] or "", row["answer"] or "", row["kind"] or "")
            step = Step(*texts, "", row["start"], row["end"], row["status"])
            steps.setdefault(row["trace_id"], []).append(step)
        found.update({trace_id: Decomposition(tuple(mine)) for trace_id, mine in steps.items()})
    if not found and ids is None:
        raise InputError(
            f"the study {study.path} has no steps of {decomposer}; make them with `reasonlens structure`"
        )
    return found
