"""Run a function over units of work in processes, or on a cluster, results in order.

The parent alone commits results, so a killed run leaves only whole parts. Workers ignore
Ctrl-C: the parent stops them and tells the user how to go on.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

from reasonlens.core.errors import ReasonlensError
from reasonlens.core.processes import without_main

__all__ = ["Elsewhere", "cores", "elsewhere", "run"]

Unit = TypeVar("Unit")
Result = TypeVar("Result")

_AHEAD = 2  # units handed out per worker before their results are taken


class Elsewhere(Protocol):
    """Where units of work can go instead of the processes of this machine."""

    @property
    def slots(self) -> int:
        """The number of units that can be worked on at a time."""
        ...

    def map(self, work: Callable[[Any], Any], units: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield ``(unit, work(unit))`` in the order of `units`."""
        ...


_engine: ContextVar[Elsewhere | None] = ContextVar("engine", default=None)


@contextmanager
def elsewhere(engine: Elsewhere) -> Iterator[None]:
    """Send the units of `run` to `engine` while the block runs."""
    before = _engine.set(engine)
    try:
        yield
    finally:
        _engine.reset(before)


def cores() -> int:
    """Return how many units can be worked on at a time: cores of this process, or slots of a cluster."""
    engine = _engine.get()
    if engine is not None:
        return engine.slots
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(
    work: Callable[[Unit], Result],
    units: Iterable[Unit],
    *,
    jobs: int,
    apart: bool = False,
    here: bool = False,
    preload: Iterable[str] = (),
) -> Iterator[tuple[Unit, Result]]:
    """Yield ``(unit, work(unit))`` in the order of `units`.

    Parameters
    ----------
    work
        A picklable function.
    jobs
        Number of processes; 1 works in this process.
    apart
        Start a process even for one job: what it used is free once it ends.
    here
        Stay on this machine even if the block of `elsewhere` runs.
    preload
        Modules that the processes need, imported once before they are forked.

    Raises
    ------
    ReasonlensError
        If a process dies, which is nearly always for want of memory.
    """
    engine = None if here else _engine.get()
    if engine is not None:
        yield from engine.map(work, units)
        return
    if jobs <= 1 and not apart:
        for unit in units:
            yield unit, work(unit)
        return
    yield from _parallel(work, units, max(1, jobs), list(preload))


def _parallel(
    work: Callable[[Unit], Result], units: Iterable[Unit], jobs: int, preload: list[str]
) -> Iterator[tuple[Unit, Result]]:
    context: Any = multiprocessing.get_context("spawn" if sys.platform != "linux" else "forkserver")
    if sys.platform == "linux":
        context.set_forkserver_preload(preload)
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin_worker)
    waiting: deque[tuple[Unit, Future[Result]]] = deque()
    rest = iter(units)
    done = False
    try:
        for unit in itertools.islice(rest, jobs * _AHEAD):
            waiting.append((unit, _submit(pool, work, unit)))
        while waiting:
            unit, future = waiting.popleft()
            result = future.result()
            for following in itertools.islice(rest, 1):
                waiting.append((following, _submit(pool, work, following)))
            yield unit, result
        done = True
    except BrokenProcessPool as error:
        raise ReasonlensError(
            "a worker process died, most likely because memory ran out; what was finished is kept. "
            f"Run the same command with fewer processes: --jobs {max(1, jobs // 2)}"
        ) from error
    finally:
        if not done:  # an error, Ctrl-C, or the caller has had enough
            _stop(pool)
        pool.shutdown()


def _submit(pool: ProcessPoolExecutor, work: Callable[[Unit], Result], unit: Unit) -> Future[Result]:
    with without_main():  # a process starts when the first units are handed over
        return pool.submit(work, unit)


def _stop(pool: ProcessPoolExecutor) -> None:
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()


def _begin_worker() -> None:
    """Leave Ctrl-C to the parent, and end with it: a killed parent cannot stop its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
