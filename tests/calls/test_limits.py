"""The limit of cost is never passed, and a run does not stop long before it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from reasonlens.calls import Answer, Endpoint, Sampling
from reasonlens.calls.ask import CostLimitError, Limits, ask
from reasonlens.calls.journal import Journal
from reasonlens.calls.limits import Budget, StoppedError
from reasonlens.calls.prices import Price, Prices
from reasonlens.core.errors import InputError
from tests.calls.asking import KEY, length, question
from tests.calls.fake_server import MODEL, FakeServer

TABLE = Prices("2026-01-01", "test", {MODEL: Price(1000.0, 1000.0, 1000.0)})  # a tenth of a cent for a token
# a body has less than 300 bytes, so a call costs at most 0.15 for the prompt and 0.1 for the answer
SAMPLING = Sampling(max_tokens=100)


def spend(server: FakeServer, journal: Journal, **limits: Any) -> list[Answer]:
    got: list[Answer] = []
    requests = (question(f"text {i}") for i in range(1000))
    within = Limits(prices=TABLE, **limits)
    asked = ask(requests, Endpoint(server.url, MODEL), SAMPLING, journal, parse=length, limits=within)
    message = r"stopped at \$\d\.\d+: the next call could cost .* pass the limit of .* is kept$"
    with pytest.raises(CostLimitError, match=message):
        got.extend(answer for _, answer in asked)
    return got


@pytest.mark.parametrize("concurrency", [1, 20])
def test_a_run_stops_before_the_limit_and_not_long_before(
    server: FakeServer, journal: Journal, concurrency: int
) -> None:
    got = spend(server, journal, concurrency=concurrency, max_cost=1.0)
    spent = sum(a.cost or 0 for a in got)
    assert 1.0 - 0.4 < spent <= 1.0
    assert len(server.bodies) == len(got)


def test_the_limit_holds_where_usage_is_not_reported(server: FakeServer, journal: Journal) -> None:
    server.usage = False
    got = spend(server, journal, concurrency=4, max_cost=1.0)
    assert {a.cost for a in got} == {None}
    assert 2 <= len(server.bodies) <= 5  # each is taken to have cost the most that it could


def test_a_limit_needs_a_price(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with pytest.raises(
        InputError, match=r"the price of 'nobody' is not known, so a limit of \$1 cannot be kept"
    ):
        list(ask([question("x")], Endpoint(model="nobody"), Sampling(), journal, limits=Limits(max_cost=1.0)))


def test_a_call_that_may_have_been_billed_counts(server: FakeServer, journal: Journal) -> None:
    limits = Limits(prices=TABLE, max_cost=0.6, timeout=0.1, retries=9, concurrency=1)
    with pytest.raises(CostLimitError):
        list(ask([question("[hang!]")], Endpoint(server.url, MODEL), SAMPLING, journal, limits=limits))
    assert 2 <= len(server.bodies) <= 4


def test_calls_wait_for_room() -> None:
    async def run() -> list[str]:
        budget, order = Budget(1.0), []

        async def first() -> None:
            await budget.hold(0.8, lambda: False)
            await asyncio.sleep(0.05)
            order.append("first")
            budget.settle(0.8, 0.1)

        async def second() -> None:
            await asyncio.sleep(0.01)
            await budget.hold(0.5, lambda: False)
            order.append("second")
            budget.settle(0.5, 0.6)

        await asyncio.gather(first(), second())
        with pytest.raises(
            CostLimitError, match=r"stopped at \$0.7000: .* \$0.3100 and pass the limit of \$1;"
        ):
            await budget.hold(0.31, lambda: False)
        await budget.hold(0.3, lambda: False)
        with pytest.raises(StoppedError):
            await budget.hold(0.1, lambda: True)
        return order

    assert asyncio.run(run()) == ["first", "second"]


def test_what_is_listed_has_its_price_on_this_machine_too(server: FakeServer, journal: Journal) -> None:
    where = Endpoint(server.url, MODEL)
    (found,) = ask([question("text")], where, SAMPLING, journal, limits=Limits(prices=TABLE))
    tokens = (found[1].prompt_tokens or 0) + (found[1].completion_tokens or 0)
    assert found[1].cost == pytest.approx(tokens / 1000)
    free = replace(TABLE, models={})
    assert free.of(where) == Price(0.0, 0.0, 0.0)
