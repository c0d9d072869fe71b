"""Every request ends in an answer or a named failure, and none is paid for twice."""

from __future__ import annotations

import gc
import json
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from reasonlens.calls import Endpoint, Request, Sampling
from reasonlens.calls import ask as module
from reasonlens.calls.ask import Limits, Progress, ask
from reasonlens.calls.journal import Journal
from reasonlens.core.errors import BackendError, InputError
from tests.calls.asking import KEY, QUICK, SCHEMA, length, question, run
from tests.calls.fake_server import MODEL, FakeServer


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
    trace = "".join(traceback.format_exception(error.value))
    texts = [str(error.value), repr(error.value), trace, shown.out, shown.err, caplog.text, str(found)]
    assert not any(KEY in text for text in texts)
    for path in tmp_path.rglob("*"):
        assert KEY.encode() not in path.read_bytes(), path
    gc.collect()


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


def test_what_a_model_does_not_take_is_not_sent(server: FakeServer, journal: Journal) -> None:
    sampling = Sampling(temperature=None, top_p=None, seed=None)
    list(ask([question("text")], Endpoint(server.url, MODEL), sampling, journal, limits=QUICK))
    assert server.bodies[0].keys() == {"model", "messages", "max_tokens", "response_format"}


def test_a_run_that_waits_still_reports(
    server: FakeServer, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TICK", 0.01)
    server.latency = 0.15
    seen: list[Progress] = []
    where = Endpoint(server.url, MODEL)
    list(ask([question("text")], where, Sampling(), journal, limits=QUICK, progress=seen.append))
    assert any(progress.done == 0 and progress.in_flight == 1 for progress in seen)
    assert seen[-1].done == 1


def test_a_journal_that_cannot_be_written_ends_the_run(server: FakeServer, journal: Journal) -> None:
    journal._writer.execute(
        "CREATE TRIGGER full BEFORE INSERT ON answer BEGIN SELECT RAISE(FAIL, 'full'); END"
    )
    with pytest.raises(InputError, match=r"calls\.sqlite cannot be written: full"):
        run(server, journal, [f"text {i}" for i in range(200)])
    assert len(server.bodies) < 50


def test_a_run_ends_where_nobody_is_there_to_ask(journal: Journal) -> None:
    nobody = Endpoint("http://127.0.0.1:1/v1", MODEL)
    taken = []

    def requests() -> Iterator[Request]:
        for i in range(500):
            taken.append(i)
            yield question(f"text {i}")

    limits = Limits(concurrency=10, retries=0)
    message = r"^no connection to 127\.0\.0\.1:1 \(.*\): is it running\? Stopped after 8 requests; what was"
    with pytest.raises(BackendError, match=message):
        list(ask(requests(), nobody, Sampling(), journal, limits=limits))
    assert len(taken) < 50


def test_a_few_calls_that_find_nobody_are_failures(journal: Journal) -> None:
    nobody = Endpoint("http://127.0.0.1:1/v1", MODEL)
    limits = Limits(concurrency=1, retries=0)
    found = dict(ask([question("a"), question("b")], nobody, Sampling(), journal, limits=limits))
    assert {answer.state for answer in found.values()} == {"failed"}
