"""Tables against a reference that decodes the text again at every step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reasonlens.bans.automaton import compile_items
from reasonlens.bans.compile_tables import compile_tables
from reasonlens.bans.items import items_of
from reasonlens.bans.tables import Tables
from reasonlens.bans.vocabulary import Vocabulary
from tests.bans.making import FRAGMENTS, vocabularies
from tests.bans.reference import forbidden, stands

ENTRIES = ["wait", "hold on", "so", "等", "let's", "a", "on", "wait wait"]

ban_words = st.lists(st.sampled_from(ENTRIES), max_size=4, unique=True)


def tables_of(entries: list[str], vocabulary: Vocabulary, policy: str = "complete") -> Tables:
    return compile_tables(compile_items(items_of(entries)), vocabulary, policy)


def ids_of(vocabulary: Vocabulary, *tokens: bytes) -> list[int]:
    return [vocabulary.tokens.index(token) for token in tokens]


ALL = Vocabulary((*FRAGMENTS, b"", b""), {len(FRAGMENTS): "<|end|>"})


def blocked(tables: Tables, *before: bytes, prompt: tuple[bytes, ...] = ()) -> set[bytes]:
    state = tables.after(ids_of(ALL, *before), tables.start(ids_of(ALL, *prompt)))
    return {ALL.tokens[i] for i in tables.forbidden(state).tolist()}


def test_what_completes_or_contains_a_word_is_forbidden() -> None:
    tables = tables_of(["wait"], ALL)
    everywhere = {b" wait", b" Wait", b"wait wait", b"o wait", b" wait's", b"\\wait", b".wait"}
    assert blocked(tables) == everywhere | {b"wait", b"wait,"}
    assert blocked(tables, b"a") == everywhere
    assert blocked(tables, b" wa") == everywhere | {b"it", b"IT", b"it,"}
    assert blocked(tables, b"a", b"wa") == everywhere
    assert blocked(tables, b"W", b"ai") == everywhere | {b"t", b"t."}


def test_tokens_that_run_on_and_the_end_of_the_text_are_free() -> None:
    tables = tables_of(["wait"], ALL)
    free = {b"waiter", b" await", b"await", b"xwait", b"\xc3\xa9wait", b"er", b""}
    assert not free & blocked(tables)
    assert len(FRAGMENTS) not in tables.forbidden(tables.start())


def test_what_a_prompt_begins_cannot_be_finished() -> None:
    tables = tables_of(["wait"], ALL)
    assert b"it" in blocked(tables, prompt=(b" ", b"wa"))
    assert b"wait" in blocked(tables, prompt=(b" ", b"wa"))  # the response is read on its own too
    assert b"it" not in blocked(tables, prompt=(b"a", b"wa"))
    assert b"," not in blocked(tables, prompt=(b" wait",))  # that one stands in the prompt


def test_special_tokens_vanish_or_part() -> None:
    tables = tables_of(["wait"], ALL)
    end = len(FRAGMENTS)
    for token in (end, end + 1, end + 500, -1):
        state = tables.next(tables.after(ids_of(ALL, b" wa")), token)
        ids = set(tables.forbidden(state).tolist())
        assert {ALL.tokens.index(b"it"), ALL.tokens.index(b"wait")} <= ids


def test_a_broken_character_between_tokens() -> None:
    tables = tables_of(["等", "so"], ALL)
    assert b"\x89" in blocked(tables, b"\xe7\xad")
    assert b"\xad\x89" in blocked(tables, b"\xe7")
    assert b"o" in blocked(tables, b"\xc5", b"\xbf")
    assert b"\x89" not in blocked(tables, b"\xe7\xad", b"a")


@given(st.data())
@settings(max_examples=150)
def test_every_step_is_the_slow_reference(data: st.DataObject) -> None:
    vocabulary = data.draw(vocabularies())
    entries = data.draw(ban_words)
    tables = tables_of(entries, vocabulary)
    ids = st.integers(0, len(vocabulary) - 1)
    prompt = data.draw(st.lists(ids, max_size=4))
    state = tables.start(prompt)
    response: list[int] = []
    for _ in range(data.draw(st.integers(1, 6))):
        expected = forbidden(entries, vocabulary, prompt, response)
        assert set(tables.forbidden(state).tolist()) == expected
        token = data.draw(ids)  # any token, forbidden ones too: a graded ban lets them through
        response.append(token)
        state = tables.next(state, token)


@given(st.data())
@settings(max_examples=100)
def test_what_the_tables_let_through_has_no_banned_word(data: st.DataObject) -> None:
    vocabulary = data.draw(vocabularies())
    entries = data.draw(ban_words)
    tables = tables_of(entries, vocabulary)
    state = tables.start()
    response: list[int] = []
    for _ in range(12):
        free = sorted(set(range(len(vocabulary))) - set(tables.forbidden(state).tolist()))
        response.append(data.draw(st.sampled_from(free)))
        state = tables.next(state, response[-1])
        assert not stands(entries, vocabulary.text(response))


@given(vocabularies(), ban_words)
@settings(max_examples=50)
def test_many_states_at_once_are_each_one_alone(vocabulary: Vocabulary, entries: list[str]) -> None:
    tables = tables_of(entries, vocabulary)
    tokens = np.arange(-1, len(vocabulary) + 1)
    for state in range(tables.n_states):
        together = tables.advance(np.full(len(tokens), state), tokens)
        assert together.tolist() == [tables.next(state, int(token)) for token in tokens]
        assert (together < tables.n_states).all()


def test_boundary_lets_a_word_stand_until_it_ends() -> None:
    tables = tables_of(["wait"], ALL, "boundary")
    assert b" wait" not in blocked(tables)
    after = blocked(tables, b" wait")
    assert {b",", b" ", b"\n", b"\xe2\x80", b"\\", b".wait"} <= after
    assert not {b"er", b"ing", b"s", b"_", b"1", b"\xc3"} & after
    assert len(FRAGMENTS) in tables.forbidden(tables.after(ids_of(ALL, b" wait")))  # not at the end


def test_boundary_has_no_dead_end() -> None:
    tables = tables_of(["wait", "hold on", "等"], ALL, "boundary")
    assert max(len(tables.forbidden(state)) for state in range(tables.n_states)) < len(FRAGMENTS)


@pytest.mark.parametrize("policy", ["complete", "boundary"])
def test_nothing_banned_forbids_nothing(policy: str) -> None:
    tables = tables_of([], ALL, policy)
    assert all(len(tables.forbidden(state)) == 0 for state in range(tables.n_states))


def test_a_release_ends_the_ban_also_as_a_special_token() -> None:
    vocabulary = Vocabulary((b"wait", b"</th", b"ink>", b"", b"</think> "), {3: "</think>"})
    automaton = compile_items(items_of(["wait"]), release=items_of(["</think>"], "substring"))
    tables = compile_tables(automaton, vocabulary, release=("</think>",))
    start = tables.start()
    assert tables.forbidden(start).tolist() == [0]
    for closing in ([1, 2], [3], [4]):
        assert tables.after(closing, start) == tables.released
        assert tables.forbidden(tables.after([*closing, 0, 1, 2, 3], start)).tolist() == []
    assert tables.forbidden(tables.start([1, 2])).tolist() == [0]  # what a prompt closed is over


def test_an_empty_vocabulary_has_tables() -> None:
    tables = tables_of(["wait"], Vocabulary((), {}))
    assert tables.forbidden(tables.start()).tolist() == []
    assert tables.next(0, 5) == tables.border[0]
