from __future__ import annotations

import doctest
import importlib

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.core.errors import SchemaError
from reasonlens.lexicon.count import count_table, match_table
from reasonlens.lexicon.definition import from_options
from reasonlens.lexicon.model import Rule
from reasonlens.lexicon.places import categories_of, places, words_before
from reasonlens.text import words
from tests.lexicon.making import lexicon

MARKERS = from_options(["hesitation=wait,hold on", "logic=so,but"])
PIECES = [
    "wait",
    "hold on",
    "so",
    "But",
    "12",
    "x",
    "let's",
    "\\times",
    "等",
    ", ",
    " ",
    "\n\n",
    "é",
    "'",
    "😀",
]


def table(*texts: str | None) -> pa.Table:
    ids = [str(i) for i in range(len(texts))]
    return pa.table({"trace_id": ids, "response": pa.array(texts, pa.string())})


def test_words_before_each_hit_counted_by_hand() -> None:
    # words:  0    1  2 3      -  4  5   6  7   (12 and \\times are none)
    text = "Wait, so it's 12 \\times x. But hold on: so"
    found = places(table(text), [MARKERS])
    assert found.n_words.tolist() == [8]
    assert list(zip(found.category.tolist(), found.word.tolist(), strict=True)) == [
        (0, 0),  # Wait
        (0, 5),  # hold on: Wait so it's x But
        (1, 1),  # so
        (1, 4),  # But
        (1, 7),  # so
    ]


def test_rows_are_kept_apart_and_nulls_are_empty() -> None:
    found = places(table("no marker", None, "", "a b wait"), [MARKERS])
    assert found.n_words.tolist() == [2, 0, 0, 3]
    assert (found.row.tolist(), found.word.tolist()) == ([3], [2])


def test_a_hit_within_a_word_has_the_words_before_that_word() -> None:
    inside = lexicon(["wait"], Rule(match="substring"))
    assert places(table("I am awaiting it"), [inside]).word.tolist() == [2]


def test_a_hit_after_the_last_word_has_all_words_before_it() -> None:
    stop = lexicon([r"\.$"], Rule(match="regex"))
    found = places(table("one two."), [stop])
    assert (found.word.tolist(), found.n_words.tolist()) == ([2], [2])


def test_a_counted_command_stands_between_words() -> None:
    latex = lexicon(["therefore"], Rule(latex="count"))
    assert places(table("a \\therefore b \\therefore"), [latex]).word.tolist() == [1, 2]


def test_categories_are_numbered_through_all_lexicons() -> None:
    other = lexicon({"a": ["x"], "b": ["so"]}, name="other")
    assert categories_of([MARKERS, other])[2:] == [("other", "a"), ("other", "b")]
    found = places(table("so x"), [MARKERS, other])
    assert list(zip(found.category.tolist(), found.word.tolist(), strict=True)) == [(1, 0), (2, 1), (3, 0)]


def test_a_missing_column_is_named() -> None:
    with pytest.raises(SchemaError, match="no column 'answer'; they have trace_id, response"):
        places(table("x"), [MARKERS], part="answer")


def slow_words_before(text: str, at: int) -> int:
    tokens = words.tokenize(words.codepoints(text))
    rows = zip(tokens.ends.tolist(), tokens.is_word.tolist(), strict=True)
    return sum(1 for end, is_word in rows if is_word and end <= at)


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), max_size=4))
def test_it_agrees_with_a_slow_loop_over_the_matches(texts: list[str]) -> None:
    found, traces = places(table(*texts), [MARKERS]), table(*texts)
    number = {name: i for i, (_, name) in enumerate(categories_of([MARKERS]))}
    slow = [
        (
            int(hit["trace_id"]),
            number[hit["category"]],
            slow_words_before(texts[int(hit["trace_id"])], hit["start"]),
        )
        for hit in match_table(traces, [MARKERS]).to_pylist()
    ]
    fast = zip(found.row.tolist(), found.category.tolist(), found.word.tolist(), strict=True)
    assert list(fast) == sorted(slow)
    assert found.n_words.tolist() == [words.count_words(text) for text in texts]
    assert found.n_words.tolist() == count_table(traces, [MARKERS])["n_words"].to_pylist()


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_words_before_goes_from_none_to_all(text: str) -> None:
    at = words_before(text, np.arange(len(text) + 1))
    assert (at[0], at[-1]) == (0, words.count_words(text))
    assert np.all(np.isin(np.diff(at), (0, 1)))


def test_the_examples_are_true() -> None:
    assert doctest.testmod(importlib.import_module("reasonlens.lexicon.places")).failed == 0
