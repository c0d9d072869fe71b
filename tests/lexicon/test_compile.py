"""Entries taken apart, and what cannot be compiled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.core.errors import DefinitionError
from reasonlens.lexicon.compile import canonical_gap, fold, parse
from reasonlens.lexicon.count import count_table
from reasonlens.lexicon.machine import Lists
from tests.lexicon.making import lexicon, traces
from tests.oracles import words_oracle


def test_parse_takes_an_entry_apart() -> None:
    parsed = parse("(Not\n good*, e.g. X-ray:", sensitive=False)
    assert parsed.pieces == (
        ("not", False),
        ("good", True),
        ("e", False),
        ("g", False),
        ("x", False),
        ("ray", False),
    )
    assert parsed.gaps == (" ", ", ", ".", ". ", "-")
    assert (parsed.head, parsed.tail) == ("(", ":")


def test_parse_keeps_case_only_where_it_counts() -> None:
    assert parse("Let’s", sensitive=True).pieces == (("Let's", False),)
    assert parse("Let’s", sensitive=False).pieces == (("let's", False),)
    assert parse("等等x*", sensitive=False).pieces == (("等", False), ("等", False), ("x", True))


def test_specificity_sorts_exact_before_prefix_and_long_before_short() -> None:
    entries = ["m*", "may be", "may*", "may* b*", "maybe", "may* be"]
    ordered = sorted(entries, key=lambda text: parse(text, sensitive=False).specificity)
    assert ordered == ["may be", "maybe", "may* be", "may*", "m*", "may* b*"]


@pytest.mark.parametrize("text", ["", " ", "...", "'", "\u0301", "*", "\ufe0f"])
def test_an_entry_without_a_word_is_refused(text: str) -> None:
    with pytest.raises(DefinitionError, match=r"has no word in it.*use match = 'substring'"):
        parse(text, sensitive=False)


def test_the_message_names_the_lexicon() -> None:
    with pytest.raises(DefinitionError, match=r"^mine: the entry '!!' has no word in it"):
        count_table(traces(["x"]), [lexicon(["wait", "!!"], name="mine")])


@pytest.mark.parametrize(
    ("gap", "form"),
    [
        ("", ""),
        (" ", " "),
        (" \t\n ", " "),
        (",\u00a0  ", ", "),
        (" ’ A", " ' a"),
        ("\0\0", "\0\0"),
        ("\n\n", None),
        (". \r\n \r\n", None),
        ("\n,\n", " , "),
    ],
)
def test_canonical_gap(gap: str, form: str | None) -> None:
    assert canonical_gap(gap, sensitive=False) == form


@given(st.text())
def test_folding_keeps_the_length_and_equals_the_oracle(text: str) -> None:
    assert len(fold(text, sensitive=False)) == len(fold(text, sensitive=True)) == len(text)
    assert fold(text, sensitive=False) == words_oracle.lower(text)
    assert fold(text, sensitive=True) == text.replace("’", "'")


@given(st.lists(st.lists(st.integers(0, 9), max_size=4), min_size=1, max_size=6), st.data())
def test_ragged_lists_expand(lists: list[list[int]], data: st.DataObject) -> None:
    which = data.draw(st.lists(st.integers(0, len(lists) - 1), max_size=8))
    place, values = Lists.of(lists).expand(np.array(which, np.int64))
    wanted = [(i, value) for i, number in enumerate(which) for value in lists[number]]
    assert list(zip(place.tolist(), values.tolist(), strict=True)) == wanted
