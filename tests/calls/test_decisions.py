"""Probabilities of statements, kept and asked once like any other answer."""

from __future__ import annotations

import math

import pytest

from reasonlens.calls import Answer, Endpoint
from reasonlens.calls.ask import Limits
from reasonlens.calls.decisions import MOST_QUESTIONS, Statements, decide
from reasonlens.calls.journal import Journal
from reasonlens.core.errors import InputError
from tests.calls.fake_server import MODEL, FakeServer


def run(server: FakeServer, journal: Journal, *requests: Statements) -> list[Answer]:
    found = dict(decide(requests, Endpoint(server.url, MODEL), journal, limits=Limits(concurrency=2)))
    return [found[i] for i in range(len(requests))]


def test_each_statement_gets_a_probability(server: FakeServer, journal: Journal) -> None:
    (found,) = run(server, journal, Statements("x" * 40, ("y" * 10, "z" * 30, "forbidden")))
    assert found.state == "ok"
    assert found.parsed[:2] == (0.25, 0.75)
    assert math.isnan(found.parsed[2])
    assert (found.prompt_tokens, found.completion_tokens, found.cached_tokens) == (10, 0, 4)
    assert server.bodies[0]["questions"][0] == {
        "type": "predicate",
        "name": "0",
        "instructions": "y" * 10,
    }


def test_answers_are_kept_by_text_and_statements(server: FakeServer, journal: Journal) -> None:
    one, other = Statements("text", ("a", "b")), Statements("text", ("a",))
    run(server, journal, one, other, one)
    again = run(server, journal, one, other, Statements("text", ("a",), repeat=1))
    assert [a.from_journal for a in again] == [True, True, False]
    assert len(server.bodies) == 3
    assert len({a.key for a in again}) == 3


@pytest.mark.parametrize(
    ("statement", "state", "problem", "calls"),
    [
        ("forbidden", "refused", "the server refused every statement", 1),
        ("[broken]", "unparsed", "the server's answer holds no probabilities", 3),
    ],
)
def test_what_is_no_probability_is_named(
    server: FakeServer, journal: Journal, statement: str, state: str, problem: str, calls: int
) -> None:
    (found,) = run(server, journal, Statements("text", (statement,)))
    assert (found.state, found.problem) == (state, problem)
    assert len(server.bodies) == calls


def test_a_call_takes_so_many_statements() -> None:
    with pytest.raises(InputError, match="a call takes 1 to 200 statements, not 201; split them"):
        Statements("text", ("a",) * (MOST_QUESTIONS + 1))
    with pytest.raises(InputError, match="not 0; split them"):
        Statements("text", ())
