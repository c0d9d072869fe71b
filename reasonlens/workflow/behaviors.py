"""Judge the traces of a study: which are asked, what is there already, and what is written.

Labels are kept part by part of the traces and behavior by behavior, so a run does only what is missing;
the journal of an ``llm`` judge lies beside them (``STUDY/judgements.sqlite``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.judges import Codebook, Judge, Label
from reasonlens.workflow import behaviors_store as store
from reasonlens.workflow import pool
from reasonlens.workflow.behaviors_chosen import Account, Wanted, chosen

__all__ = [
    "ASKING",
    "AT_ONCE",
    "JOURNAL",
    "Account",
    "Batch",
    "Wanted",
    "batches",
    "chosen",
    "journal_of",
    "judge_study",
    "outstanding",
]

JOURNAL = "judgements.sqlite"
"""The journal of a study."""

ASKING = ("llm", "decisions")
"""Kinds of judges that ask a server."""

_OFFLINE = ("rules@", "local:")

AT_ONCE = 400
"""Texts in memory at once."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts of one part that lack labels for the same behaviors and repeat."""

    part: str
    behaviors: tuple[Codebook, ...]
    repeat: int
    trace_ids: tuple[str, ...]
    texts: tuple[str, ...]


def batches(
    study: Study, judge: Judge, wanted: Wanted, ids: set[str], account: Account, at_once: int = AT_ONCE
) -> Iterator[Batch]:
    """Yield what is still to be judged, part by part, at most `at_once` texts at a time.

    Raises
    ------
    InputError
        If the judge cannot judge a behavior, or the study keeps no texts.
    """
    for behavior in wanted.behaviors:
        if why := judge.refuses(behavior):
            raise InputError(why)
    for part in study.parts("traces"):
        lacking = _lacking(study, judge, wanted, part, account, ids)
        if lacking:
            yield from _read(study, part, wanted.text, lacking, at_once)


Lacking = dict[tuple[tuple[Codebook, ...], int], list[str]]


def _lacking(
    study: Study, judge: Judge, wanted: Wanted, part: str, account: Account, ids: set[str]
) -> Lacking:
    """Return for each set of behaviors and repeat the traces that lack all of it."""
    stored = pq.read_table(study.part_path("traces", part), columns=["trace_id"])
    mine = [trace_id for trace_id in stored["trace_id"].to_pylist() if trace_id in ids]
    have = {
        behavior.name: store.answered(store.known(study, wanted.text, judge, behavior, part), wanted.retry)
        for behavior in wanted.behaviors
    }
    found: Lacking = {}
    for repeat in range(wanted.repeats):
        for trace_id in mine:
            lacks = tuple(b for b in wanted.behaviors if (trace_id, repeat) not in have[b.name])
            account.kept += len(wanted.behaviors) - len(lacks)
            if lacks:
                found.setdefault((lacks, repeat), []).append(trace_id)
    return found


def _read(study: Study, part: str, text: str, lacking: Lacking, at_once: int) -> Iterator[Batch]:
    bodies = pq.read_table(study.part_path("traces", part), columns=["trace_id", text])
    place = {trace_id: i for i, trace_id in enumerate(bodies["trace_id"].to_pylist())}
    for (behaviors, repeat), trace_ids in lacking.items():
        for start in range(0, len(trace_ids), at_once):
            some = trace_ids[start : start + at_once]
            texts = bodies[text].take(pa.array([place[i] for i in some])).to_pylist()
            if text == "response" and any(body is None for body in texts):
                raise InputError(
                    f"the study {study.path} was made without texts; read the files again with --study"
                )
            yield Batch(part, behaviors, repeat, tuple(some), tuple(body or "" for body in texts))


def judge_study(
    study: Study,
    judge: Judge,
    wanted: Wanted,
    *,
    at_once: int = AT_ONCE,
    begin: Callable[[int], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> Account:
    """Judge what is missing and write it; return what was done.

    Parameters
    ----------
    study
        The study; locked while this runs.
    judge
        Who is asked.
    wanted
        What is asked.
    at_once
        Texts in memory at a time; a judge that asks many questions at once needs several times as many.
    begin, progress
        Called with the number of texts to come, and with numbers of texts that are done. A text
        counts once for each repeat.

    Raises
    ------
    InputError
        If there is nothing to judge or the judge cannot.
    """
    with study.locked():
        ids, account = chosen(study, wanted)
        begin(outstanding(study, judge, wanted, ids))
        held: list[tuple[Codebook, pa.Table]] = []
        part = ""
        spread = judge.name.startswith(_OFFLINE)  # others have a journal, and tell of their progress
        work = partial(_judged, judge, wanted.text, None if spread else progress)
        todo = batches(study, judge, wanted, ids, account, at_once)
        for batch, tables in pool.run(work, todo, jobs=1, here=not spread):
            if spread:
                progress(len(batch.texts))
            if batch.part != part:
                _write(study, judge, wanted, part, held)
                part, held = batch.part, []
            held += tables
            account.done += len(batch.texts) * len(batch.behaviors)
        _write(study, judge, wanted, part, held)
    return account


def outstanding(study: Study, judge: Judge, wanted: Wanted, ids: set[str]) -> int:
    """Return how many texts are to be asked about, once for each repeat."""
    found = (_lacking(study, judge, wanted, part, Account(), ids) for part in study.parts("traces"))
    return sum(len(trace_ids) for lacking in found for trace_ids in lacking.values())


def _judged(
    judge: Judge, text: str, told: Callable[[int], None] | None, batch: Batch
) -> list[tuple[Codebook, pa.Table]]:
    """Return the labels of a batch, per behavior."""
    progress = told or (lambda _: None)
    tables = []
    filled = [i for i, body in enumerate(batch.texts) if body.strip()]
    asked = [batch.texts[i] for i in filled]
    progress(len(batch.texts) - len(asked))
    answers = judge.judge(asked, batch.behaviors, repeat=batch.repeat, done=progress)
    found = dict(zip(filled, answers, strict=True))
    for behavior in batch.behaviors:
        mine = [
            [label for label in found.get(i, ()) if label.behavior == behavior.name]
            or [Label(behavior.name, "unclear", problem=f"the {text} is empty", cost=0.0)]
            for i in range(len(batch.texts))
        ]
        rows = store.rows_of(
            batch.trace_ids, mine, batch.texts, behavior, text=text, judge=judge.name, repeat=batch.repeat
        )
        tables.append((behavior, rows))
    return tables


def _write(
    study: Study, judge: Judge, wanted: Wanted, part: str, held: Sequence[tuple[Codebook, pa.Table]]
) -> None:
    for behavior in wanted.behaviors:
        new = [rows for mine, rows in held if mine == behavior]
        if new:
            old = store.known(study, wanted.text, judge, behavior, part)
            tables = [*([] if old is None else [old]), *new]
            details = {
                "command": "behaviors",
                "sample": wanted.sample,
                "seed": wanted.seed,
                "unit": behavior.unit,
            }
            store.save(study, part, behavior, judge, tables, text=wanted.text, details=details)


def journal_of(study: Path) -> Path:
    """Return where the journal of a study lies."""
    return study / JOURNAL
