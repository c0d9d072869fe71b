"""How fast calls go, and how long they wait."""

from __future__ import annotations

import asyncio
import time

import pytest

from reasonlens.calls.pacing import Pace, advertised, retry_after


def test_a_pace_learns_from_the_server() -> None:
    now = 0.0
    pace = Pace(lambda: now)
    for i in range(40):
        now = i * 0.01
        pace.answered({"x-ratelimit-limit-requests": "1200"}, limited=i % 4 == 0)
    assert pace.rate == pytest.approx(0.95 * 20)
    single = Pace(lambda: now)
    for _ in range(30):
        single.answered({}, limited=False)
    assert single.answered({"Retry-After": "2"}, limited=True) >= 2.0
    assert single.rate is None  # one stray "too many requests" slows down nobody else


def test_dates_are_read_as_waiting_times() -> None:
    at = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(1_000_000_010))
    assert retry_after({"Retry-After": at}, lambda: 1_000_000_000.0) == pytest.approx(10.0)
    assert retry_after({"Retry-After": "soon"}) is None
    assert retry_after({}) is None


def test_without_advice_waits_grow() -> None:
    pace = Pace(lambda: 0.0)
    waits = [pace.answered({}, limited=True, again=again) for again in (0, 1, 2, 3, 9)]
    for wait, least in zip(waits, (0.5, 1.0, 2.0, 4.0, 16.0), strict=True):
        assert least <= wait <= 1.25 * least
    assert 120.0 <= pace.answered({"Retry-After": "9999"}, limited=True) <= 150.0


def test_a_pace_falls_to_what_was_let_through_and_grows_again() -> None:
    now = 0.0
    pace = Pace(lambda: now)
    for i in range(80):  # 40 a second are asked, half of them pass
        now = i / 40
        pace.answered({}, limited=i % 2 == 1)
    first = pace.rate
    assert first is not None
    assert first < 40
    for step in range(100):  # nothing is limited any more: a twentieth more every second
        now = 2.0 + step
        asyncio.run(pace.turn())
    assert pace.rate == pytest.approx(first * 1.05**100, rel=0.06)


def test_a_pace_never_stands_still() -> None:
    now = 0.0
    pace = Pace(lambda: now)
    for i in range(4000):
        now = i / 10
        pace.answered({}, limited=True)
    assert pace.rate == 0.2


def test_calls_go_in_turn_and_stop_when_told() -> None:
    async def run() -> list[int]:
        pace, order = Pace(), []
        pace._rate = 50.0

        async def call(i: int) -> None:
            await pace.turn()
            order.append(i)

        await asyncio.gather(*(call(i) for i in range(8)))
        pace._rate = 0.2  # the next one would wait five seconds
        await pace.turn()
        await asyncio.wait_for(pace.turn(lambda: True), 1.0)
        return order

    assert asyncio.run(run()) == list(range(8))


def test_the_rate_over_many_turns_is_kept_although_each_wakes_late() -> None:
    async def run() -> int:
        pace, end, n = Pace(), time.monotonic() + 0.5, 0
        pace._rate, pace._changed = 200.0, time.monotonic() + 60

        while time.monotonic() < end:
            await pace.turn()
            n += 1
        return n

    assert asyncio.run(run()) <= 0.5 * 200 + 0.05 * 200 + 2


@pytest.mark.parametrize(
    ("headers", "rate"),
    [
        ({}, None),
        ({"X-RateLimit-Limit-Requests": "600"}, 10.0),
        ({"x-ratelimit-limit-requests": "0"}, None),
        ({"x-ratelimit-limit-requests": "many"}, None),
    ],
)
def test_limits_that_are_advertised(headers: dict[str, str], rate: float | None) -> None:
    assert advertised(headers) == rate
