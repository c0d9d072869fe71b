"""Output files to tasks: what each input is, how it is cut up, and what was refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from reasonlens.core.errors import InputError, ReasonlensError
from reasonlens.core.study import Study
from reasonlens.readers import Context
from reasonlens.readers._account import Account
from reasonlens.readers._detect import detect
from reasonlens.readers._inputs import inputs
from reasonlens.readers._open import Source
from reasonlens.readers._traces import Defaults
from reasonlens.readers._units import units
from reasonlens.workflow import pool
from reasonlens.workflow.run import Plan, Task, bring_up_to_date, content_of

__all__ = ["Input", "Outcome", "Settings", "ingest", "look"]

_SMALL = 4 * 2**20  # below this many bytes, starting processes costs more than it saves
_LOOKS = 16  # heads of objects on another filesystem that are fetched at a time


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user said of the inputs (the options that all reading commands share)."""

    format: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    model: str | None = None
    kind: str | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    dataset: str | None = None
    condition: str = "baseline"
    companions: Mapping[str, Path] = field(default_factory=dict)

    def key(self) -> dict[str, Any]:
        """Return what decides on the traces, for the keys of the parts."""
        return {
            "fields": dict(self.fields),
            "model": self.model,
            "kind": self.kind,
            "kinds": dict(self.kinds),
            "dataset": self.dataset,
            "condition": self.condition,
            "companions": {role: str(path) for role, path in self.companions.items()},
        }

    def defaults(self) -> Defaults:
        """Return what holds where a file says nothing; the input's name comes later."""
        return Defaults("", self.model, self.kind, self.dataset, self.condition, self.kinds)


@dataclass(frozen=True, slots=True)
class Input:
    """One input: its format and why, or why it was refused."""

    name: str
    format: str | None
    reason: str
    tasks: tuple[Task, ...] = ()


@dataclass(slots=True)
class Outcome:
    """What a run did: the account of everything read, now and in earlier runs on the study."""

    inputs: list[Input] = field(default_factory=list)
    account: Account = field(default_factory=Account)
    duplicates: int = 0
    parts_done: int = 0
    parts_kept: int = 0

    @property
    def refused(self) -> list[Input]:
        """The inputs that hold no traces, with the reason."""
        return [found for found in self.inputs if found.format is None]

    @property
    def n_traces(self) -> int:
        """How many traces the study got from these inputs."""
        return self.account.traces - self.duplicates


def look(names: Sequence[str | Path], settings: Settings) -> list[Input]:
    """Find out what each input is and cut it into tasks.

    Raises
    ------
    InputError
        If no input holds traces.
    """
    sources = inputs(names)
    with ThreadPoolExecutor(_LOOKS if any(source.remote for source in sources) else 1) as threads:
        found = list(threads.map(lambda source: _look(source, settings), sources))
    if not any(each.format for each in found):
        raise InputError("\n".join(dict.fromkeys(each.reason for each in found)))
    return found


def _look(source: Source, settings: Settings) -> Input:
    try:
        detected = detect(source, fields=settings.fields, format=settings.format)
        cut = units(source, detected, settings=settings.key())
    except InputError as error:
        return Input(str(source), None, str(error))
    size = source.remote.size if source.remote else source.path.stat().st_size
    tasks = tuple(Task(u.key, u, (u.end - u.start) if u.end else size) for u in cut)
    return Input(str(source), detected.format, detected.reason, tasks)


def ingest(
    names: Sequence[str | Path],
    plan: Plan,
    settings: Settings,
    *,
    jobs: int | None = None,
    begin: Callable[[int], None] = lambda _: None,
    progress: Callable[[int], None] | None = None,
) -> Outcome:
    """Read `names` into the study of `plan` and do what `plan` asks for each part.

    Parameters
    ----------
    names
        Files, patterns, folders, or ``-``; none for what the study already holds.
    begin, progress
        Called with the number of bytes to come, and with how many more are done.

    Raises
    ------
    InputError
        If no input holds traces.
    """
    study = Study(plan.study, create=True)
    outcome = Outcome()
    with study.locked():
        if names:
            outcome.inputs = look(names, settings)
        tasks = [task for found in outcome.inputs for task in found.tasks]
        named = {content_of(task.part) for task in tasks}
        others = [part for part in study.parts("traces") if content_of(part) not in named]
        tasks += [Task(part, None, _size(study, part)) for part in others]
        todo = [task for task in (_needed(study, plan, task) for task in tasks) if task]
        begin(sum(task.size for task in todo))
        context = Context(Path(), settings.fields, settings.companions)
        made = replace(plan, context=context, defaults=settings.defaults())
        outcome.parts_done = bring_up_to_date(made, todo, jobs=_jobs(todo, jobs), progress=progress)
        outcome.parts_kept = len(tasks) - outcome.parts_done
        for task in tasks:
            _add(outcome, study, task.part)
    return outcome


def _needed(study: Study, plan: Plan, task: Task) -> Task | None:
    """Return what is left to do of a task: all of it, its counts, or nothing."""
    if task.unit and not study.has("traces", task.part):
        return task
    return Task(task.part, None, _size(study, task.part)) if plan.missing(study, task.part) else None


def _size(study: Study, part: str) -> int:
    return study.part_path("traces", part).stat().st_size


def _jobs(tasks: Sequence[Task], wanted: int | None) -> int:
    """Return the number of processes, 0 for this one: what a process used is free once it ends."""
    if wanted is None and sum(task.size for task in tasks) < _SMALL:
        return 0
    return max(1, min(wanted or pool.cores(), len(tasks)))


def _add(outcome: Outcome, study: Study, part: str) -> None:
    stored = study.manifest_of("traces", part)
    if "account" not in stored:
        raise ReasonlensError(f"{study.part_path('traces', part)} has no account of its making; ingest again")
    outcome.account.merge(Account.from_dict(stored["account"]))
    outcome.duplicates += stored["account"]["traces"] - study.rows("traces", part)
