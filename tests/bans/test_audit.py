"""The audit against the lexicon's counter and worked examples."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from reasonlens.bans.audit import audit, pattern
from reasonlens.bans.automaton import compile_items
from reasonlens.bans.ban import Ban
from reasonlens.bans.items import items_of
from reasonlens.lexicon.model import Lexicon
from tests.lexicon import nasty
from tests.lexicon.making import hits


def test_leaks_are_counted_with_their_places() -> None:
    found = audit(["Oh, Wait. WAIT!", "await waiter", None, "hold\non\u2019s"], Ban(["wait", "hold on"]))
    assert (found.n_texts, found.n_missing, found.n_leaks, found.n_leaking) == (3, 1, 3, 2)
    assert found.leaks == (2, 0, -1, 1)
    assert found.by_word == {"wait": 2, "hold on": 1}
    assert found.rate == 2 / 3
    assert [(leak.text, leak.word, leak.start, leak.end) for leak in found.examples] == [
        (0, "wait", 4, 8),
        (0, "wait", 10, 14),
        (3, "hold on", 0, 7),
    ]
    assert found.examples[0].context == "Oh, Wait. WAIT!"
    assert found.line() == "LEAKS: 3 banned words stand in 2 of 3 texts (wait 2, hold on 1); 1 missing"


def test_no_leak_is_said_too() -> None:
    assert audit(["a", "b"], Ban(["wait"])).line() == "no leak in 2 texts"
    assert audit(["wait"], Ban([])).line() == "no leak in 1 text"
    assert math.isnan(audit([None], Ban(["wait"])).rate)


def test_examples_are_limited() -> None:
    found = audit(["wait " * 50], Ban(["wait"]), examples=3)
    assert (found.n_leaks, len(found.examples)) == (50, 3)


def test_modes_of_matching() -> None:
    assert audit(["await"], Ban(["wait"], match="substring")).n_leaks == 1
    assert audit(["\\times"], Ban(["times"])).n_leaks == 1
    assert audit(["\\times"], Ban(["times"], latex="skip")).n_leaks == 0
    assert audit(["verifying unverified"], Ban(["verif*"])).n_leaks == 1
    assert audit(["calculating the then"], Ban(["calc* the"])).n_leaks == 1
    assert audit(["等wait等等"], Ban(["wait", "等等"])).n_leaks == 2
    assert audit(["жwaitж"], Ban(["wait"])).n_leaks == 0


def test_it_shares_nothing_with_the_automaton() -> None:
    """A letter that only Python folds, one that is part of a word only in Unicode's eyes."""
    assert pattern("so").search("\u017fo")
    assert pattern("wait").search("wait\u0301")
    assert not pattern("wait").search("wait\u00aa")


@given(nasty.lexicons(), nasty.texts())
@settings(max_examples=300)
def test_what_the_lexicon_counts_is_a_leak(wanted: Lexicon, text: str) -> None:
    entries = [entry.text for category in wanted.categories for entry in category.entries]
    found = audit([text], Ban(entries, latex=wanted.rule.latex))
    if hits([text], wanted) != [[]]:
        assert found.n_leaks > 0


@given(
    st.lists(st.sampled_from(["wait", "hold on", "等", "so", "k"]), min_size=1, unique=True), nasty.texts()
)
@settings(max_examples=150)
def test_what_the_automaton_lets_through_has_no_leak(entries: list[str], text: str) -> None:
    if compile_items(items_of(entries)).accepts(text):
        assert audit([text], Ban(entries)).n_leaks == 0
