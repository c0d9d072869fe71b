"""Batches: split, submitted once, taken in by their keys, across runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reasonlens.calls import Endpoint, Request, Sampling, request_key
from reasonlens.calls.batch import Batches, _row
from reasonlens.calls.journal import Journal
from reasonlens.core.errors import BackendError
from tests.calls.fake_server import MODEL, FakeServer

SCHEMA = {"type": "object"}


def requests(n: int) -> list[Request]:
    return [Request((("user", f"text {i} {'x' * i}"),), SCHEMA) for i in range(n)]


def batches(server: FakeServer, journal: Journal, **limits: Any) -> Batches:
    return Batches(Endpoint(server.url, MODEL), Sampling(), journal, **limits)


def test_a_round_trip(server: FakeServer, tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        made = batches(server, journal, most_requests=4)
        assert made.submit(requests(10)) == 10
        assert [len(d.splitlines()) for d in server.files.values()] == [4, 4, 2]
        assert not made.look().done
        status = made.look()
        assert (status.done, status.submitted, status.answered) == (True, 10, 10)
        found = dict(made.answers(requests(10), lambda value: value["length"]))
        assert [found[i].parsed for i in range(10)] == [len(f"text {i} {'x' * i}") for i in range(10)]
        assert made.submit(requests(10)) == 0


def test_nothing_is_submitted_twice_while_it_is_on_its_way(server: FakeServer, tmp_path: Path) -> None:
    server.polls_until_done = 5
    path = tmp_path / "j.sqlite"
    with Journal(path) as journal:
        assert batches(server, journal).submit(requests(5)) == 5
    with Journal(path) as journal:  # another run
        made = batches(server, journal)
        assert made.submit(requests(6)) == 1
        status = made.wait(every=0.01)
        assert status.answered == 6
    assert sum(server.billed.values()) == 6


def test_files_are_split_by_size(server: FakeServer, tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        batches(server, journal, most_bytes=1200).submit(requests(10))
    assert all(len(data) <= 1200 for data in server.files.values())
    assert sum(len(data.splitlines()) for data in server.files.values()) == 10


def test_what_the_batch_left_out_is_named_and_can_be_submitted_again(
    server: FakeServer, tmp_path: Path
) -> None:
    asked = requests(4)
    with Journal(tmp_path / "j.sqlite") as journal:
        made = batches(server, journal)
        lost = request_key(Endpoint(server.url, MODEL), Sampling(), asked[2])
        server.leave_out = lambda custom_id: custom_id == lost
        made.submit(asked)
        assert made.wait(every=0.01).answered == 3
        found = dict(made.answers(asked))
        assert (found[2].state, found[2].problem) == ("failed", "the batch gave no answer")
        server.leave_out = lambda custom_id: False
        assert made.submit(asked) == 1
        made.wait(every=0.01)
        assert dict(made.answers(asked))[2].state == "ok"


def test_a_batch_that_was_never_created_frees_its_requests(server: FakeServer, tmp_path: Path) -> None:
    asked = requests(3)
    with Journal(tmp_path / "j.sqlite") as journal:
        keys = [request_key(Endpoint(server.url, MODEL), Sampling(), r) for r in asked]
        journal.put_batch("lost", server.url, keys, "uploading", None).result()
        made = batches(server, journal)
        assert made.submit(asked) == 0
        assert made.look().states == {"lost": "failed"}
        assert made.submit(asked) == 3


def test_a_service_that_takes_no_batch_says_so(server: FakeServer, tmp_path: Path) -> None:
    where = Endpoint(server.url.replace("/v1", "/v2"), MODEL)
    with Journal(tmp_path / "j.sqlite") as journal:
        with pytest.raises(BackendError, match="the service did not take the batch: NotFoundError"):
            Batches(where, Sampling(), journal).submit(requests(2))
        assert [state for *_, state in journal.batches(where.base_url)] == ["failed"]


def test_a_line_is_what_the_service_expects(server: FakeServer, tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        batches(server, journal).submit(requests(1))
    (data,) = server.files.values()
    row = json.loads(data)
    assert set(row) == {"custom_id", "method", "url", "body"}
    assert (row["method"], row["url"], row["body"]["model"]) == ("POST", "/v1/chat/completions", MODEL)
    assert len(row["custom_id"]) == 64


def test_a_batch_that_nobody_heard_of_is_found_by_its_name(server: FakeServer, tmp_path: Path) -> None:
    server.batch_fault = "reset"
    path, asked = tmp_path / "j.sqlite", requests(3)
    with Journal(path) as journal, pytest.raises(BackendError, match="did not take the batch: APIConn"):
        batches(server, journal).submit(asked)
    server.batch_fault = ""
    with Journal(path) as journal:
        made = batches(server, journal)
        assert made.submit(asked) == 0
        assert made.wait(every=0.01).answered == 3
    assert len(server.batches) == 1  # sent once, although the reply was lost


def test_what_the_service_says_of_a_failure_is_kept(server: FakeServer, tmp_path: Path) -> None:
    server.batch_fault = "invalid"
    asked = requests(2)
    with Journal(tmp_path / "j.sqlite") as journal:
        made = batches(server, journal)
        made.submit(asked)
        status = made.look()
        assert (status.done, status.answered) == (True, 0)
        assert list(status.states.values()) == ["failed"]
        assert list(status.problems.values()) == ["line 1 is not valid"]
        server.batch_fault = ""
        assert made.submit(asked) == 2


def test_requests_that_failed_in_a_batch_are_named(server: FakeServer, tmp_path: Path) -> None:
    asked = requests(3)
    where = Endpoint(server.url, MODEL)
    bad = request_key(where, Sampling(), asked[1])
    server.spoil = lambda custom_id: custom_id == bad
    with Journal(tmp_path / "j.sqlite") as journal:
        made = batches(server, journal)
        made.submit(asked)
        status = made.wait(every=0.01)
        assert status.answered == 2
        assert list(status.failed) == [bad]
        assert "broken" in status.failed[bad]
        server.spoil = lambda custom_id: False
        assert made.submit(asked) == 1


def test_a_redirect_is_not_followed(server: FakeServer, tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        made = batches(server, journal)
        assert made._client._client.follow_redirects is False


@pytest.mark.parametrize("line", ["", "{", "[]", "null", '{"response": {"status_code": 200}}'])
def test_a_line_that_is_none_is_passed_over(line: str) -> None:
    assert _row(line) == ("", None, "no line of a batch")
