"""How fast to ask: as fast as goes, until a server says that it is too fast.

A single "too many requests" slows down nobody but the call that it hit. Once they are more than a tenth of
the last seconds, all calls keep to a common rate: what the server advertises, or what it let through, which
then grows slowly and falls at most once a second.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

__all__ = ["Pace", "retry_after"]

_WINDOW = 2.0  # seconds looked back on
_SHARE = 0.1  # of limited answers above which all calls are paced
_FEWEST = 10  # answers in the window before a share means anything
_GROWTH, _FALL, _DEEPEST = 1.05, 0.95, 0.4  # a second: up by so much, down by at least and at most so much
_MEASURED = 0.98  # of what was let through: a little less than the limit
_LEAST = 0.2  # calls a second
_LONGEST = 120.0  # seconds: a server that asks for more is asked again after this
_BACK_OFF = (0.5, 16.0)  # seconds that a limited call waits if the server does not say: first, and at most
_LAG = 0.05  # seconds that calls may catch up with if they woke up late
_LOOK = 0.2  # seconds between looks at whether the run was stopped


def retry_after(headers: Mapping[str, str], now: Callable[[], float] = time.time) -> float | None:
    """Return the seconds that a server asks to wait, or ``None``.

    Examples
    --------
    >>> retry_after({"Retry-After": "1.5"})
    1.5
    >>> retry_after({"retry-after-ms": "250"})
    0.25
    """
    held = {name.lower(): value for name, value in headers.items()}
    try:
        if "retry-after-ms" in held:
            return max(0.0, float(held["retry-after-ms"]) / 1000)
        if "retry-after" in held:
            return max(0.0, float(held["retry-after"]))
    except ValueError:
        try:
            return max(0.0, parsedate_to_datetime(held["retry-after"]).timestamp() - now())
        except (ValueError, TypeError, KeyError):
            return None
    return None


def advertised(headers: Mapping[str, str]) -> float | None:
    """Return the requests per second that rate-limit headers promise, or ``None``.

    ``x-ratelimit-limit-requests`` is taken as requests a minute. Where it means a day, calls start too fast
    and fall to what the server lets through.

    Examples
    --------
    >>> advertised({"x-ratelimit-limit-requests": "1200"})
    20.0
    """
    held = {name.lower(): value for name, value in headers.items()}
    try:
        limit = float(held["x-ratelimit-limit-requests"])
    except (KeyError, ValueError):
        return None
    return limit / 60 if limit > 0 else None


class Pace:
    """Lets calls through; shared by all workers of one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, bool]] = deque()
        self._rate: float | None = None
        self._next = self._pause = self._changed = 0.0
        self._promised: float | None = None
        self._queue = asyncio.Lock()  # first come, first served; only the first one sleeps

    @property
    def rate(self) -> float | None:
        """Calls per second that are let through, or ``None`` for as many as come."""
        return self._rate

    async def turn(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Wait until the next call may go, or until the run is stopped."""
        async with self._queue:
            while (wait := self._wait()) > 0 and not stopped():
                await asyncio.sleep(min(wait, _LOOK))
            if self._rate is not None:
                self._grow()
                self._next = max(self._next, self._clock() - _LAG) + 1 / self._rate

    def _wait(self) -> float:
        now = self._clock()
        until = max(self._pause, self._next if self._rate is not None else 0.0)
        return until - now

    def answered(self, headers: Mapping[str, str], *, limited: bool, again: int = 0) -> float:
        """Take note of an answer; return the seconds that a limited call waits itself.

        `again` is how often this call was limited before.
        """
        now = self._clock()
        self._seen.append((now, limited))
        while self._seen and self._seen[0][0] < now - _WINDOW:
            self._seen.popleft()
        promised = advertised(headers)
        if promised is not None:
            self._promised = promised
        if not limited:
            return 0.0
        asked = retry_after(headers)
        crowded = sum(hit for _, hit in self._seen)
        if len(self._seen) >= _FEWEST and crowded > _SHARE * len(self._seen):
            first = self._rate is None
            self._slow(now, len(self._seen) - crowded)
            if first and asked is not None:  # the first crowd waits together, later ones are paced
                self._pause = max(self._pause, now + min(asked, 1.0))
        first_wait, most = _BACK_OFF
        wait = min(asked, _LONGEST) if asked is not None else min(first_wait * 2.0**again, most)
        return wait * (1 + 0.25 * random.random())

    def _slow(self, now: float, admitted: int) -> None:
        """Fall to what the server let through of late, or to what it promises."""
        if self._rate is not None and now - self._changed < 1.0:
            return
        measured = admitted / min(_WINDOW, max(1.0, now - self._seen[0][0]))
        if self._rate is None:
            rate = 0.95 * (self._promised or measured)
        else:
            rate = min(max(_MEASURED * measured, _DEEPEST * self._rate), _FALL * self._rate)
        self._rate, self._changed = max(_LEAST, rate), now

    def _grow(self) -> None:
        now = self._clock()
        if self._rate is not None and now - self._changed >= 1.0:
            limit = 0.97 * self._promised if self._promised else float("inf")
            self._rate = max(min(self._rate * _GROWTH, limit), _LEAST)
            self._changed = now
