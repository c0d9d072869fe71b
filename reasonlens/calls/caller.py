"""One request until it has its answer: retries, waiting, asking again, and what is kept of it."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import orjson

from reasonlens.calls import Answer
from reasonlens.calls.answers import Wire, answer_of, problem_of, usage_of
from reasonlens.calls.journal import Journal, Stored
from reasonlens.calls.keys import redacted
from reasonlens.calls.limits import Budget, Limits, Progress, StoppedError
from reasonlens.calls.pacing import Pace
from reasonlens.calls.prices import Price
from reasonlens.calls.transport import Reply, Transport, TransportError
from reasonlens.core.errors import BackendError

__all__ = ["Caller"]

_BYTES_PER_TOKEN = 2.0  # for what a prompt costs at most, before the server has counted
_FATAL = {401: "the key is not accepted", 402: "payment is required", 403: "access is forbidden"}
_FATAL_CODES = {"insufficient_quota", "model_not_found", "invalid_api_key", "billing_hard_limit_reached"}
_SLOWEST = 30.0  # seconds between two tries at most
_ABSENT = 8  # requests, each with all of its retries, that find nobody to ask before a run ends
_AGAIN = {408, 409}  # besides 429 and what is the server's fault


@dataclass(slots=True)
class Caller:
    """Asks single requests for a run; all of its workers share it.

    Parameters
    ----------
    price
        Of the model, or ``None`` if it is not known.
    stopped
        Whether no further call may be made.
    """

    wire: Wire
    transport: Transport
    journal: Journal
    limits: Limits
    price: Price | None
    secret: str | None
    stopped: Callable[[], bool]
    progress: Progress
    budget: Budget
    pace: Pace = field(default_factory=Pace)
    _absent: int = field(default=0, init=False)  # calls in a row that found nobody to ask

    async def answer(self, key: str, request: Any) -> Answer:
        """Return the answer to a request, from the journal or from the server.

        Raises
        ------
        StoppedError
            If the run is stopped before there is one.
        BackendError
            If no call can succeed, or the next one could cost too much.
        """
        read = partial(self.wire.read, request)
        attempts = self.journal.get(key)
        if attempts:
            known = answer_of(key, attempts, read, from_journal=True)
            unfinished = known.state == "unparsed" and len(attempts) < self.limits.parses
            if known.state == "ok" or not (self.limits.again or unfinished):
                self.progress.from_journal += 1
                return known
        body, asked = orjson.dumps(self.wire.body(request)), 0
        while True:
            stored, problem = await self._call(key, body, len(attempts))
            if stored is None:
                free = self.price is not None and self.price.free
                return Answer(key, "failed", problem=problem, cost=0.0 if free else None)
            attempts.append(stored)
            asked += 1
            latest = answer_of(key, [stored], read, from_journal=False)
            whole = answer_of(key, attempts, read, from_journal=False) if len(attempts) > 1 else latest
            if latest.state != "unparsed":
                return replace(latest, cost=whole.cost)
            if asked >= self.limits.parses:
                return whole
            if self.stopped():
                raise StoppedError

    async def _call(self, key: str, body: bytes, attempt: int) -> tuple[Stored | None, str]:
        """Send a request until it is answered; return the stored reply, or why there is none."""
        begun, failures, limited = time.monotonic(), 0, 0
        while True:
            sent = time.monotonic()
            reply, problem, again = await self._send(body)
            if reply is not None and reply.status == 200:
                return await self._keep(key, reply, attempt, time.monotonic() - sent), ""
            if not again:
                return None, problem
            if reply is not None and reply.status == 429:  # waiting is no failure
                wait = self.pace.answered(reply.headers, limited=True, again=limited)
                limited += 1
                self.progress.limited += 1
            else:
                failures += 1
                wait = min(_SLOWEST, 0.25 * 2.0**failures) * (0.75 + 0.5 * random.random())
                if failures > self.limits.retries:
                    self._given_up(problem)
                    return None, f"{problem} ({failures} attempts)"
            if time.monotonic() - begun + wait > self.limits.patience:
                return None, f"{problem} (gave up after {self.limits.patience:g} s)"
            await self._sleep(wait)

    def _given_up(self, problem: str) -> None:
        """Raise if the last requests all found nobody to ask: then the others will not, either."""
        if self._absent >= _ABSENT * (1 + self.limits.retries):
            raise BackendError(f"{problem} Stopped after {_ABSENT} requests; what was answered is kept")

    async def _send(self, body: bytes) -> tuple[Reply | None, str, bool]:
        """Send a request once; return the reply, its problem, and whether another try may help."""
        most = self._most(body)
        await self.budget.hold(most, self.stopped)
        paid = 0.0
        try:
            await self.pace.turn(self.stopped)
            if self.stopped():
                raise StoppedError
            self.progress.in_flight += 1
            try:
                reply = await self.transport.post(self.wire.path, body)
            except TransportError as error:
                self._absent = self._absent + 1 if error.absent else 0
                paid = most if error.billed else 0.0  # perhaps: then it counts against the limit
                return None, str(error), error.again
            finally:
                self.progress.in_flight -= 1
            self._absent = 0
            if reply.status == 200:
                cost = usage_of(reply.body)[0].cost(self.price)
                paid = most if cost is None else cost
                self.pace.answered(reply.headers, limited=False)
                return reply, "", False
            problem = self._judged(reply)
            return reply, problem, reply.status == 429 or reply.status >= 500 or reply.status in _AGAIN
        finally:
            self.budget.settle(most, paid)

    def _most(self, body: bytes) -> float:
        if self.price is None:
            return 0.0
        return self.price.of(int(len(body) / _BYTES_PER_TOKEN), self.wire.most_tokens)

    def _judged(self, reply: Reply) -> str:
        """Return the problem of an error, or raise if no further call can do better."""
        code, problem = problem_of(reply.status, reply.body)
        problem = redacted(problem, self.secret)
        why = _FATAL.get(reply.status) or (code.replace("_", " ") if code in _FATAL_CODES else "")
        if why:
            raise BackendError(f"the server refuses every call: {why} ({problem})")
        return problem

    async def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self.stopped():
                raise StoppedError
            await asyncio.sleep(min(left, 0.2))

    async def _keep(self, key: str, reply: Reply, attempt: int, seconds: float) -> Stored:
        """Commit a reply to the journal, then count it."""
        usage, model = usage_of(reply.body)
        cost = usage.cost(self.price)
        stored = Stored(attempt, reply.status, reply.body, cost, model, time.time())
        await self.journal.kept(key, stored, seconds)
        self.progress.calls += 1
        self.progress.prompt_tokens += usage.prompt or 0
        self.progress.completion_tokens += usage.completion or 0
        self.progress.cost += cost if cost is not None else math.nan
        return stored
