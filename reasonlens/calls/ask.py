"""Ask many requests at once; every one ends in an answer or a named failure, and none is paid for twice."""

from __future__ import annotations

import asyncio
import contextlib
import math
import queue
import random
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from reasonlens.calls import Answer, Endpoint, Request, Sampling, body_of, request_key
from reasonlens.calls.answers import Parse, answer_of, problem_of, usage_of
from reasonlens.calls.journal import Journal, Stored
from reasonlens.calls.keys import api_key, redacted
from reasonlens.calls.pacing import Pace
from reasonlens.calls.prices import Prices, load
from reasonlens.calls.transport import Reply, Transport, TransportError
from reasonlens.core.errors import BackendError, InputError

__all__ = ["CostLimitError", "Limits", "Progress", "ask"]

_CHARS_PER_TOKEN = 3.0  # for what a prompt may cost at most, before the server has counted
_FATAL = {401: "the key is not accepted", 402: "payment is required", 403: "access is forbidden"}
_FATAL_CODES = {"insufficient_quota", "model_not_found", "invalid_api_key", "billing_hard_limit_reached"}
_SLOWEST = 30.0


class CostLimitError(BackendError):
    """The next call could pass the limit of cost; what was paid for is kept."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a run may go; no part of the key of a request.

    Parameters
    ----------
    concurrency
        Calls at once.
    timeout
        Seconds for one call.
    retries
        How often a call that failed is sent again ("too many requests" does not count).
    parses
        How often an answer of the wrong form is asked for in all.
    patience
        Seconds that a call may wait for a server that is too busy.
    max_cost
        US dollars that this run may spend; needs a known price.
    again
        Ask once more what the journal holds as refused or unparsed.
    prices
        The price table; default: the package's.
    """

    concurrency: int = 64
    timeout: float = 300.0
    retries: int = 5
    parses: int = 3
    patience: float = 1800.0
    max_cost: float | None = None
    again: bool = False
    prices: Prices | None = None


@dataclass(slots=True)
class Progress:
    """What a run has done so far. ``cost`` is NaN if the price is not known."""

    done: int = 0
    from_journal: int = 0
    duplicates: int = 0
    calls: int = 0
    limited: int = 0
    refused: int = 0
    unparsed: int = 0
    failed: int = 0
    in_flight: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0
    rate_limit: float | None = None


@dataclass(slots=True)
class _Run:
    """One run, shared between the caller's thread and that of the event loop."""

    requests: Iterator[Request]
    endpoint: Endpoint
    sampling: Sampling
    journal: Journal
    parse: Parse | None
    limits: Limits
    key: str | None
    report: Callable[[Progress], None]
    prices: Prices
    out: queue.Queue[Any] = field(default_factory=lambda: queue.Queue(maxsize=4096))
    progress: Progress = field(default_factory=Progress)
    waiting: dict[str, list[int]] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None
    next_index: int = 0
    reserved: float = 0.0
    pace: Pace = field(default_factory=Pace)


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
    and SIGTERM stop asking, keep what is on its way, and raise ``KeyboardInterrupt``.

    Parameters
    ----------
    requests
        May be a generator; it runs in another thread.
    parse
        Checks and converts the JSON value of an answer; raises ``ValueError`` if it will not do.
    progress
        Called with the state of the run after each answer.

    Raises
    ------
    InputError
        If the address, the key or a limit is not usable.
    CostLimitError
        If the next call could pass ``max_cost``.
    BackendError
        If the server refuses all calls (key, quota, unknown model).
    """
    asked = limits or Limits()
    prices = asked.prices or load()
    if asked.max_cost is not None and prices.of(endpoint) is None:
        raise InputError(
            f"the price of {endpoint.model!r} is not known, so a limit of ${asked.max_cost:g} cannot be "
            "kept; add it to a price table (--prices FILE), or lift the limit"
        )
    run = _Run(
        iter(requests),
        endpoint,
        sampling,
        journal,
        parse,
        asked,
        api_key(endpoint),
        progress or (lambda _: None),
        prices,
    )
    if prices.of(endpoint) is None:
        run.progress.cost = math.nan
    thread = threading.Thread(target=_loop, args=(run,), name="calls", daemon=True)
    with _terminated(run):
        thread.start()
        yield from _drained(run, thread)
    if run.error is not None:
        raise run.error


@contextlib.contextmanager
def _terminated(run: _Run) -> Iterator[None]:
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


def _drained(run: _Run, thread: threading.Thread) -> Iterator[tuple[int, Answer]]:
    """Yield answers; on Ctrl-C, or if the caller has had enough, let the calls on their way end first."""
    try:
        while (item := run.out.get()) is not None:
            run.report(replace(run.progress))
            yield item
    except KeyboardInterrupt:
        _finish(run, thread)
        raise
    finally:
        _finish(run, thread)


def _finish(run: _Run, thread: threading.Thread) -> None:
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
    started = time.monotonic()
    connections = max(1, run.limits.concurrency)
    async with Transport(
        run.endpoint, run.key, connections=connections, timeout=run.limits.timeout
    ) as transport:
        workers = [asyncio.create_task(_worker(run, transport, started)) for _ in range(connections)]
        done, pending = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            if (error := task.exception()) is not None and run.error is None:
                run.error = error
        run.stop.set()
        if pending:
            await asyncio.wait(pending)


async def _worker(run: _Run, transport: Transport, started: float) -> None:
    while not run.stop.is_set():
        request = next(run.requests, None)
        if request is None:
            return
        index, run.next_index = run.next_index, run.next_index + 1
        key = request_key(run.endpoint, run.sampling, request)
        if key in run.waiting:
            run.waiting[key].append(index)
            run.progress.duplicates += 1
            continue
        run.waiting[key] = [index]
        try:
            answer = await _answer(run, transport, key, request)
        except BackendError as error:
            run.error = run.error or error
            run.stop.set()
            run.waiting.pop(key)
            return
        run.progress.seconds = time.monotonic() - started
        run.progress.rate_limit = run.pace.rate
        for place in run.waiting.pop(key):
            await _emit(run, place, answer)


async def _emit(run: _Run, place: int, answer: Answer) -> None:
    run.progress.done += 1
    if answer.state != "ok":
        setattr(run.progress, answer.state, getattr(run.progress, answer.state) + 1)
    while True:
        try:
            run.out.put_nowait((place, answer))
            return
        except queue.Full:
            if run.stop.is_set():
                return  # nobody takes it any more; it is in the journal
            await asyncio.sleep(0.005)


async def _answer(run: _Run, transport: Transport, key: str, request: Request) -> Answer:
    attempts = run.journal.get(key)
    if attempts:
        known = answer_of(key, run.endpoint, request, attempts, run.parse, from_journal=True)
        if known.state == "ok" or not (run.limits.again or _unfinished(run, known, attempts)):
            run.progress.from_journal += 1
            return known
    asked_now = 0
    body = orjson.dumps(body_of(run.endpoint, run.sampling, request))
    while True:
        stored, problem = await _call(run, transport, key, body, len(attempts))
        if stored is None:
            return Answer(key, "failed", problem=problem)
        attempts.append(stored)
        asked_now += 1
        latest = answer_of(key, run.endpoint, request, [stored], run.parse, from_journal=False)
        if latest.state != "unparsed" or asked_now >= run.limits.parses or run.stop.is_set():
            whole = answer_of(key, run.endpoint, request, attempts, run.parse, from_journal=False)
            return whole if latest.state == "unparsed" else replace(latest, cost=whole.cost)


def _unfinished(run: _Run, known: Answer, attempts: list[Stored]) -> bool:
    """Tell whether an earlier run was stopped before it had asked often enough."""
    return known.state == "unparsed" and len(attempts) < run.limits.parses


async def _call(
    run: _Run, transport: Transport, key: str, body: bytes, attempt: int
) -> tuple[Stored | None, str]:
    """Send one request until it is answered; return the stored answer, or why there is none."""
    price = run.prices.of(run.endpoint)
    estimate = price.of(int(len(body) / _CHARS_PER_TOKEN), run.sampling.max_tokens) if price else 0.0
    _reserve(run, estimate)
    begun, failures, problem = time.monotonic(), 0, ""
    try:
        while True:
            await run.pace.turn()
            sent = time.monotonic()
            run.progress.in_flight += 1
            try:
                reply = await transport.post("/chat/completions", body)
            except TransportError as error:
                reply, problem = None, str(error)
                if not error.again:
                    return None, problem
            finally:
                run.progress.in_flight -= 1
            if reply is not None and reply.status == 200:
                run.pace.answered(reply.headers, limited=False)
                return await _keep(run, key, reply, attempt, time.monotonic() - sent), ""
            wait = 0.0
            if reply is not None:
                problem = redacted(_judged(reply), run.key)
                wait = run.pace.answered(reply.headers, limited=reply.status == 429)
                if reply.status == 429:
                    run.progress.limited += 1
                elif reply.status < 500 and reply.status not in (408, 409):
                    return None, problem
            if reply is None or reply.status != 429:
                failures += 1
                wait = min(_SLOWEST, 0.25 * 2**failures) * (0.75 + 0.5 * random.random())
            if failures > run.limits.retries:
                return None, f"{problem} ({failures} attempts)"
            if time.monotonic() - begun + wait > run.limits.patience:
                return None, f"{problem} (gave up after {run.limits.patience:g} s)"
            await _sleep(run, wait)
            if run.stop.is_set():
                return None, f"{problem} (stopped)"
    finally:
        run.reserved -= estimate


async def _sleep(run: _Run, seconds: float) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and not run.stop.is_set():
        await asyncio.sleep(min(left, 0.2))


def _judged(reply: Reply) -> str:
    """Return the problem of an error, or raise if no further call can do better."""
    code, problem = problem_of(reply.status, reply.body)
    why = _FATAL.get(reply.status) or (f"{code.replace('_', ' ')}" if code in _FATAL_CODES else "")
    if why:
        raise BackendError(f"the server refuses every call: {why} ({redacted(problem)})")
    return problem


def _reserve(run: _Run, estimate: float) -> None:
    limit = run.limits.max_cost
    if limit is not None and run.progress.cost + run.reserved + estimate > limit:
        raise CostLimitError(
            f"stopped at ${run.progress.cost:.4f}: the next call could cost ${estimate:.4f} and pass the "
            f"limit of ${limit:g}; what was answered is kept. "
            "Run the same command with a larger --max-cost to go on"
        )
    run.reserved += estimate


async def _keep(run: _Run, key: str, reply: Reply, attempt: int, seconds: float) -> Stored:
    """Commit an answer to the journal, then count it."""
    usage, model = usage_of(reply.body)
    cost = usage.cost(run.prices.of(run.endpoint))
    stored = Stored(attempt, reply.status, reply.body, cost, model, time.time())
    await asyncio.wrap_future(run.journal.put(key, stored, seconds))
    run.progress.calls += 1
    run.progress.prompt_tokens += usage.prompt or 0
    run.progress.completion_tokens += usage.completion or 0
    run.progress.cost += cost if cost is not None else math.nan
    return stored
