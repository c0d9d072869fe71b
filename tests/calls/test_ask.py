"""Every request ends in an answer or a named failure, and none is paid for twice."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reasonlens.calls import Answer, Endpoint, Request, Sampling
from reasonlens.calls.ask import CostLimitError, Limits, Progress, ask
from reasonlens.calls.journal import Journal
from reasonlens.calls.prices import Price, Prices
from reasonlens.core.errors import BackendError, InputError
from tests.calls.fake_server import MODEL, FakeServer, serving

SCHEMA = {"type": "object", "properties": {"length": {"type": "integer"}}, "required": ["length"]}
KEY = "sk-canary1234567890abcdefghijkl"
QUICK = Limits(concurrency=8, timeout=2.0, retries=2, patience=20.0)


def length(value: Any) -> int:
    if not isinstance(value, dict) or "length" not in value:
        raise ValueError("no length in the answer")
    return int(value["length"])


def question(text: str, repeat: int = 0) -> Request:
    return Request((("system", "Measure."), ("user", text)), SCHEMA, repeat=repeat)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with serving(FakeServer()) as made:
        yield made


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "calls.sqlite") as made:
        yield made


def run(
    server: FakeServer, journal: Journal, texts: list[str], limits: Limits = QUICK, **endpoint: Any
) -> tuple[dict[int, Answer], Progress]:
    seen = Progress()

    def keep(progress: Progress) -> None:
        nonlocal seen
        seen = progress

    where = Endpoint(server.url, MODEL, **endpoint)
    asked = ask(map(question, texts), where, Sampling(), journal, parse=length, limits=limits, progress=keep)
    return dict(asked), seen


def test_every_request_is_answered(server: FakeServer, journal: Journal) -> None:
    texts = [f"text {'x' * i}" for i in range(50)]
    found, progress = run(server, journal, texts)
    assert [found[i].parsed for i in range(50)] == [len(t) for t in texts]
    assert {a.state for a in found.values()} == {"ok"}
    assert (progress.done, progress.calls, progress.failed) == (50, 50, 0)
    assert found[3].prompt_tokens == (len("Measure.") + len(texts[3])) // 4 + 1
    assert found[3].cost == 0.0  # a server on this machine costs nothing


def test_what_is_known_is_not_asked_again(server: FakeServer, journal: Journal) -> None:
    texts = [f"text {i}" for i in range(100)]
    run(server, journal, texts)
    found, progress = run(server, journal, [*texts, "one more"])
    assert len(server.bodies) == 101
    assert (progress.from_journal, progress.calls) == (100, 1)
    assert found[7].from_journal
    assert found[7].parsed == len("text 7")
    assert not found[100].from_journal


def test_equal_requests_are_asked_once(server: FakeServer, journal: Journal) -> None:
    server.latency = 0.05
    found, progress = run(server, journal, ["same", "same", "other", "same"] * 5)
    assert len(server.bodies) == 2
    assert {found[i].parsed for i in (0, 1, 3, 19)} == {4}
    assert len(found) == 20
    assert progress.duplicates + progress.from_journal == 18


def test_a_repeat_is_another_request(server: FakeServer, journal: Journal) -> None:
    asked = [question("same", repeat) for repeat in range(3)]
    found = dict(
        ask(asked, Endpoint(server.url, MODEL), Sampling(seed=5), journal, parse=length, limits=QUICK)
    )
    assert len({a.key for a in found.values()}) == 3
    assert sorted(body["seed"] for body in server.bodies) == [5, 6, 7]


@pytest.mark.parametrize("fault", ["429", "429-wait", "500", "503-html", "reset", "cut", "hang", "slow"])
def test_a_fault_on_the_way_is_overcome(server: FakeServer, journal: Journal, fault: str) -> None:
    found, _ = run(
        server, journal, [f"[{fault}] once", "fine"], Limits(concurrency=2, timeout=0.4, retries=2)
    )
    assert [found[i].state for i in (0, 1)] == ["ok", "ok"]
    assert server.billed["Measure.\n" + f"[{fault}] once"] == 1


@pytest.mark.parametrize("fault", ["badjson", "schema", "empty", "length"])
def test_an_answer_of_the_wrong_form_is_asked_for_again(
    server: FakeServer, journal: Journal, fault: str
) -> None:
    found, progress = run(server, journal, [f"[{fault}] once"])
    assert found[0].state == "ok"
    assert progress.calls == 2
    assert len(journal.get(found[0].key)) == 2


@pytest.mark.parametrize(
    ("fault", "state", "problem", "asked"),
    [
        ("badjson", "unparsed", "the answer holds no JSON object", 3),
        ("schema", "unparsed", "no length in the answer", 3),
        ("empty", "unparsed", "the answer is empty", 3),
        ("length", "unparsed", "cut off at the limit of tokens", 3),
        ("refuse", "refused", "I cannot help with that.", 1),
        ("filter", "refused", "stopped by the server's content filter", 1),
        ("wrong-model", "failed", "the server answered with the model 'another-model'", 1),
        ("bomb", "failed", "the answer is larger than 8 MiB", 1),
        ("redirect", "failed", "the server redirects (status 307); name its final address", 1),
        ("400", "failed", "status 400: no:", 1),
        ("500", "failed", "status 500: no: (3 attempts)", 3),
        ("hang", "failed", "no answer within 0.3 s (3 attempts)", 3),
        ("slow", "failed", "no answer within 0.3 s (3 attempts)", 3),
    ],
)
def test_a_lasting_fault_is_named(
    server: FakeServer, journal: Journal, fault: str, state: str, problem: str, asked: int
) -> None:
    limits = Limits(concurrency=2, timeout=5.0 if fault == "bomb" else 0.3, retries=2)
    text = f"[{fault}!] always"
    found, progress = run(server, journal, [text, "fine"], limits)
    assert (found[0].state, found[0].problem) == (state, problem)
    assert found[1].state == "ok"
    assert server.seen["Measure.\n" + text] == asked
    assert getattr(progress, state) == 1


def test_a_server_that_is_always_busy_is_given_up(server: FakeServer, journal: Journal) -> None:
    found, _ = run(server, journal, ["[429!] always"], Limits(patience=0.2))
    assert found[0].state == "failed"
    assert found[0].problem == "status 429: slow down (gave up after 0.2 s)"


@pytest.mark.parametrize(
    ("fault", "why"), [("401", "the key is not accepted"), ("quota", "insufficient quota")]
)
def test_what_no_call_can_mend_stops_the_run(
    server: FakeServer, journal: Journal, fault: str, why: str
) -> None:
    with pytest.raises(BackendError, match=f"the server refuses every call: {why}"):
        run(server, journal, [f"[{fault}!]", *(f"text {i}" for i in range(500))])
    assert len(server.bodies) < 100


def test_unparsed_answers_are_kept_and_asked_again_only_if_wanted(
    server: FakeServer, journal: Journal
) -> None:
    run(server, journal, ["[schema!] always"])
    found, progress = run(server, journal, ["[schema!] always"])
    assert (found[0].state, progress.calls) == ("unparsed", 0)
    found, progress = run(server, journal, ["[schema!] always"], Limits(again=True))
    assert (found[0].state, progress.calls) == ("unparsed", 3)
    assert len(journal.get(found[0].key)) == 6


def test_a_better_parser_reads_what_was_paid_for(server: FakeServer, journal: Journal) -> None:
    run(server, journal, ["[schema!] always"])
    asked = ask(
        [question("[schema!] always")],
        Endpoint(server.url, MODEL),
        Sampling(),
        journal,
        parse=lambda value: value["other"],
    )
    ((_, answer),) = asked
    assert (answer.state, answer.parsed, answer.from_journal) == ("ok", 1, True)
    assert len(server.bodies) == 3


def test_under_a_rate_limit_nothing_is_lost(server: FakeServer, journal: Journal) -> None:
    server.rate = 60.0
    found, progress = run(server, journal, [f"text {i}" for i in range(150)], Limits(concurrency=40))
    assert {a.state for a in found.values()} == {"ok"}
    assert progress.limited == server.limited > 0
    assert progress.calls == 150


def test_json_in_text_serves_servers_without_schemas(server: FakeServer, journal: Journal) -> None:
    server.reply = lambda messages, schema: 'Sure! Here it is: ```json\n{"length": 4}\n``` Done.'
    found, _ = run(server, journal, ["text"], form="text")
    assert found[0].parsed == 4
    assert "response_format" not in server.bodies[0]
    assert server.bodies[0]["messages"][-1]["content"].startswith("Answer with one JSON object")


def test_the_limit_of_cost_stops_before_it_is_passed(server: FakeServer, journal: Journal) -> None:
    price = Price(1000.0, 1000.0, 1000.0)  # a tenth of a cent for a token

    class Table(Prices):
        def of(self, endpoint: Endpoint) -> Price:
            return price

    limits = Limits(concurrency=1, max_cost=5.0, prices=Table("2026-01-01", "test", {}))
    got: list[Answer] = []
    asked = ask(
        (question(f"text {i}") for i in range(1000)),
        Endpoint(server.url, MODEL),
        Sampling(max_tokens=100),
        journal,
        parse=length,
        limits=limits,
    )
    with pytest.raises(CostLimitError, match=r"stopped at \$\d\.\d+: the next call could cost .* --max-cost"):
        got.extend(answer for _, answer in asked)
    spent = sum(a.cost or 0 for a in got)
    assert 0 < spent <= 5.0
    assert len(server.bodies) == len(got)


def test_a_limit_needs_a_price(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with pytest.raises(
        InputError, match=r"the price of 'nobody' is not known, so a limit of \$1 cannot be kept"
    ):
        list(ask([question("x")], Endpoint(model="nobody"), Sampling(), journal, limits=Limits(max_cost=1.0)))


def test_an_error_in_the_requests_is_raised(server: FakeServer, journal: Journal) -> None:
    def broken() -> Iterator[Request]:
        yield question("one")
        raise InputError("the second request cannot be made")

    with pytest.raises(InputError, match="the second request cannot be made"):
        list(ask(broken(), Endpoint(server.url, MODEL), Sampling(), journal, parse=length, limits=QUICK))


def test_who_has_enough_may_stop(server: FakeServer, journal: Journal) -> None:
    asked = ask(
        (question(f"text {i}") for i in range(10_000)),
        Endpoint(server.url, MODEL),
        Sampling(),
        journal,
        parse=length,
        limits=QUICK,
    )
    next(asked)
    asked.close()
    assert len(server.bodies) < 6000
    assert not any(t.name == "calls" for t in threading.enumerate())


def test_the_key_appears_nowhere(
    tmp_path: Path,
    journal: Journal,
    server: FakeServer,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    caplog.set_level("DEBUG")
    found, _ = run(server, journal, ["[500!]", "[400!]", "fine"], key_env="MY_KEY")
    assert found[1].problem == "status 400: no: Bearer [key]"
    with pytest.raises(BackendError) as error:
        run(server, journal, ["[401!]"], key_env="MY_KEY")
    journal.close()
    shown = capfd.readouterr()
    texts = [str(error.value), repr(error.value), shown.out, shown.err, caplog.text, str(found)]
    assert not any(KEY in text for text in texts)
    for path in tmp_path.rglob("*"):
        assert KEY.encode() not in path.read_bytes(), path
    gc.collect()


CHILD = """
import sys
from reasonlens.calls import Endpoint, Request, Sampling
from reasonlens.calls.ask import Limits, ask
from reasonlens.calls.journal import Journal
schema = {"type": "object"}
requests = (Request((("user", f"text {i}"),), schema) for i in range(400))
limits = Limits(concurrency=16)
with Journal(sys.argv[2]) as journal:
    try:
        for i, (_, answer) in enumerate(
            ask(requests, Endpoint(sys.argv[1], "fake-judge"), Sampling(), journal, limits=limits)
        ):
            print(answer.key, flush=True)
    except KeyboardInterrupt:
        print("stopped", flush=True)
        sys.exit(130)
"""


def _child(server: FakeServer, path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, server.url, str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})


def test_a_killed_run_pays_at_most_for_what_was_on_its_way(server: FakeServer, tmp_path: Path) -> None:
    server.latency = 0.02
    path = tmp_path / "calls.sqlite"
    child = _child(server, path)
    assert child.stdout is not None
    shown = [child.stdout.readline().strip() for _ in range(120)]
    child.kill()
    child.wait()
    child.stdout.close()
    with Journal(path) as journal:
        known = set(journal.keys())
        assert set(shown) <= known  # what was shown is on disk
        requests = [Request((("user", f"text {i}"),), {"type": "object"}) for i in range(400)]
        found = dict(ask(requests, Endpoint(server.url, MODEL), Sampling(), journal, limits=QUICK))
    assert len(found) == 400
    assert sum(n - 1 for n in server.billed.values()) <= 16
    assert len(server.billed) == 400


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_loses_nothing(server: FakeServer, tmp_path: Path, number: signal.Signals) -> None:
    server.latency = 0.05
    path = tmp_path / "calls.sqlite"
    child = _child(server, path)
    assert child.stdout is not None
    for _ in range(60):
        child.stdout.readline()
    child.send_signal(number)
    rest = child.stdout.read()
    child.stdout.close()
    assert child.wait(20) == 130
    assert "stopped" in rest
    with Journal(path) as journal:
        assert len(journal.keys()) == len(server.billed) > 0
    assert max(server.billed.values()) == 1


def test_a_pace_learns_from_the_server() -> None:
    from reasonlens.calls.pacing import Pace

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
    from reasonlens.calls.pacing import retry_after

    at = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(1_000_000_010))
    assert retry_after({"Retry-After": at}, lambda: 1_000_000_000.0) == pytest.approx(10.0)
    assert retry_after({"Retry-After": "soon"}) is None
    assert retry_after({}) is None


def test_the_json_of_a_body_is_what_a_server_expects(server: FakeServer, journal: Journal) -> None:
    run(server, journal, ["text"])
    body = server.bodies[0]
    assert body == {
        "model": MODEL,
        "messages": [{"role": "system", "content": "Measure."}, {"role": "user", "content": "text"}],
        "temperature": 0.0,
        "top_p": 1.0,
        "max_tokens": 2000,
        "seed": 0,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
        },
    }
    assert json.loads(json.dumps(body)) == body
