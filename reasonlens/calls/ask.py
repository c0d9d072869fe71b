"""Ask many requests at once; every one ends in an answer or a named failure, and none is paid for twice.

The calls run in an event loop in a thread of its own, so that they work in notebooks and beside slow callers.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from reasonlens.calls import Answer, Endpoint, Request, Sampling
from reasonlens.calls.answers import Parse, Wire, chat
from reasonlens.calls.caller import Caller
from reasonlens.calls.journal import Journal
from reasonlens.calls.keys import api_key
from reasonlens.calls.limits import Budget, CostLimitError, Limits, Progress, StoppedError
from reasonlens.calls.prices import Price, load
from reasonlens.calls.transport import Transport
from reasonlens.core.errors import BackendError, InputError

__all__ = ["CostLimitError", "Limits", "Progress", "ask", "asked"]

_HELD = 4096  # answers that wait for the caller
_TICK = 0.5  # seconds between reports while nothing is answered


def ask(
    requests: Iterable[Request],
    endpoint: Endpoint,
    sampling: Sampling,
    journal: Journal,
    *,
    parse: Parse | None = None,
    limits: Limits | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Iterator[tuple[int, Answer]]:
    """Yield ``(place in requests, answer)`` as answers come; requests are taken as they are needed.

    Equal requests are asked once. What the journal holds is not asked again, unless `limits` say so. Ctrl-C
    and SIGTERM stop asking, keep what is on its way, and raise ``KeyboardInterrupt``; a second one leaves at
    once.

    Parameters
    ----------
    requests
        May be a generator; it runs in another thread.
    parse
        Checks and converts the JSON value of an answer; raises ``ValueError`` if it will not do.
    progress
        Called with the state of the run after each answer, and twice a second while none comes.

    Raises
    ------
    InputError
        If the address, the key or a limit is not usable.
    CostLimitError
        If the next call could pass ``max_cost``.
    BackendError
        If the server refuses all calls (key, quota, unknown model).
    """
    yield from asked(
        requests, endpoint, chat(endpoint, sampling, parse), journal, limits=limits, progress=progress
    )


@dataclass(slots=True)
class _Run:
    """One run, shared between the caller's thread and that of the event loop."""

    requests: Iterator[Any]
    endpoint: Endpoint
    wire: Wire
    journal: Journal
    limits: Limits
    price: Price | None
    secret: str | None
    report: Callable[[Progress], None]
    progress: Progress = field(default_factory=Progress)
    out: queue.SimpleQueue[Any] = field(default_factory=queue.SimpleQueue)
    waiting: dict[str, list[int]] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    left: bool = False  # nobody takes answers any more
    error: BaseException | None = None
    next_index: int = 0


def asked(
    requests: Iterable[Any],
    endpoint: Endpoint,
    wire: Wire,
    journal: Journal,
    *,
    limits: Limits | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Iterator[tuple[int, Answer]]:
    """Do what `ask` does, for any kind of call."""
    within = limits or Limits()
    price = (within.prices or load()).of(endpoint)
    if within.max_cost is not None and price is None:
        raise InputError(
            f"the price of {endpoint.model!r} is not known, so a limit of ${within.max_cost:g} cannot be "
            "kept; add it to a price table (--prices FILE), or lift the limit"
        )
    tell = progress or (lambda _: None)
    run = _Run(iter(requests), endpoint, wire, journal, within, price, api_key(endpoint), tell)
    if price is None:
        run.progress.cost = math.nan
    thread = threading.Thread(target=_loop, args=(run,), name="calls", daemon=True)
    with _terminated():
        thread.start()
        try:
            yield from _answers(run)
        finally:  # also on Ctrl-C, and if the caller has had enough: let the calls on their way end
            _finish(run, thread)
    if run.error is not None:
        raise run.error


@contextlib.contextmanager
def _terminated() -> Iterator[None]:
    """Make SIGTERM stop the run as Ctrl-C does, where this is the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _answers(run: _Run) -> Iterator[tuple[int, Answer]]:
    while True:
        try:
            item = run.out.get(timeout=_TICK)
        except queue.Empty:
            run.report(replace(run.progress))
            continue
        if item is None:
            return
        run.report(replace(run.progress))
        yield item


def _finish(run: _Run, thread: threading.Thread) -> None:
    run.left = True
    run.stop.set()
    while thread.is_alive():
        with contextlib.suppress(queue.Empty):
            run.out.get(timeout=0.05)
    thread.join()


def _loop(run: _Run) -> None:
    try:
        asyncio.run(_all(run))
    except BaseException as error:  # handed to the caller's thread
        run.error = run.error or error
    finally:
        run.out.put(None)


async def _all(run: _Run) -> None:
    at_once = max(1, run.limits.concurrency)
    transport = Transport(run.endpoint, run.secret, connections=at_once, timeout=run.limits.timeout)
    async with transport:
        caller = Caller(
            run.wire,
            transport,
            run.journal,
            run.limits,
            run.price,
            run.secret,
            run.stop.is_set,
            run.progress,
            Budget(run.limits.max_cost),
        )
        begun = time.monotonic()
        workers = [asyncio.create_task(_worker(run, caller, begun)) for _ in range(at_once)]
        done, pending = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
        errors = [error for task in done if (error := task.exception()) is not None]
        run.error = run.error or next(iter(errors), None)
        run.stop.set()
        if pending:
            await asyncio.gather(*pending, return_exceptions=True)


async def _worker(run: _Run, caller: Caller, begun: float) -> None:
    while not run.stop.is_set():
        request = next(run.requests, None)
        if request is None:
            return
        index, run.next_index = run.next_index, run.next_index + 1
        key = run.wire.key(request)
        if key in run.waiting:
            run.waiting[key].append(index)
            run.progress.duplicates += 1
            continue
        run.waiting[key] = [index]
        try:
            answer = await caller.answer(key, request)
        except StoppedError:
            return
        except BackendError as error:
            run.error = run.error or error
            run.stop.set()
            return
        run.progress.seconds = time.monotonic() - begun
        run.progress.rate_limit = caller.pace.rate
        for place in run.waiting.pop(key):
            await _emit(run, place, answer)


async def _emit(run: _Run, place: int, answer: Answer) -> None:
    run.progress.done += 1
    if answer.state != "ok":
        setattr(run.progress, answer.state, getattr(run.progress, answer.state) + 1)
    while run.out.qsize() >= _HELD:
        if run.left:
            return  # it is in the journal
        await asyncio.sleep(0.005)
    run.out.put((place, answer))
