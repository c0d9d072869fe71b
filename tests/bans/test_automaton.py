"""The automaton against the lexicon's own counter, a regular expression, and worked examples."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reasonlens.bans.automaton import compile_items
from reasonlens.bans.items import items_of
from reasonlens.lexicon.model import Lexicon, Rule
from tests.bans.reference import stands
from tests.lexicon import nasty
from tests.lexicon.making import hits, lexicon, surfaces


def accepts(text: str, *entries: str, latex: str = "count", match: str = "word") -> bool:
    return compile_items(items_of(entries, match), latex).accepts(text)


@pytest.mark.parametrize(
    "text",
    ["await", "waiter", "waits wait_ _wait", "wait2 2wait", "éwait waité", "wa it", "w-a-i-t", "", "wai"],
)
def test_other_words_are_accepted(text: str) -> None:
    assert accepts(text, "wait")


@pytest.mark.parametrize(
    "text",
    [
        *("wait", "Wait", "WAIT", "wAiT", " wait ", "a wait,", "(wait)", ".wait", "\twait\n", "wait-list"),
        *("wa\u0131t", "wa\u0130t", "等wait等", "\\wait", "wait's", "don'wait", "\u0301wait", "❤\ufe0fwait"),
        *("жwait", "waitж"),  # beside another script: stricter than the lexicon
    ],
)
def test_every_spelling_of_a_word_is_found(text: str) -> None:
    assert not accepts(text, "wait")


def test_the_letters_that_python_folds_are_folded() -> None:
    assert not accepts("\u212anow", "know")
    assert not accepts("\u017fo", "so")
    assert not accepts("let\u2019s", "let's")


def test_a_space_is_any_white_space() -> None:
    for gap in (" ", "  ", "\n", "\t", "\u00a0", "\n\n", " \u2028 ", "\u3000"):
        assert not accepts(f"Hold{gap}on!", "hold on")
    for text in ("holdon", "hold-on", "hold o", "uphold on", "hold once"):
        assert accepts(text, "hold on")


def test_a_phrase_that_starts_within_another_is_found() -> None:
    assert not accepts("let me let me check", "let me check")
    assert not accepts("a a a b", "a a b")


def test_hyphens_and_punctuation_are_literal() -> None:
    assert not accepts("Double-check it", "double-check")
    assert accepts("double check, double - check", "double-check")
    assert not accepts("xcorrection:x", ":x")
    assert accepts("corrections:", "correction:")


def test_chinese_has_no_boundaries() -> None:
    assert not accepts("说等等吧", "等等")
    assert accepts("等一等", "等等")


def test_a_star_makes_a_prefix_within_phrases_too() -> None:
    assert not accepts("verification", "verif*")
    assert accepts("unverified", "verif*")
    assert not accepts("calculating the", "calc* the")
    assert accepts("calculating then", "calc* the")
    assert accepts("calc x the", "calc* the")


def test_words_in_other_alphabets_have_boundaries_of_their_own() -> None:
    assert not accepts("да, Но нет", "но")
    assert accepts("ноль оно", "но")
    assert accepts("waitж", "wait", "но")  # with a Cyrillic word, Cyrillic letters are word characters


def test_substrings_are_found_within_words() -> None:
    assert not accepts("awaiting", "wait", match="substring")
    assert not accepts("a*b", "a*", match="substring")


def test_commands_can_be_spared() -> None:
    assert not accepts("3 \\times 4", "times")
    assert accepts("3 \\times 4 \\\\times", "times", latex="skip")
    assert not accepts("3 \\ times 4", "times", latex="skip")
    assert not accepts("\\timestimes times", "times", latex="skip")


def test_broken_utf8_is_a_boundary() -> None:
    automaton = compile_items(items_of(["wait"]))
    for data in (
        b"\xffwait ",
        b"\xe2\x80wait ",
        b"wait\xc3(",
        b"\xed\xa0\x80wait!",
        b"\xf5wait ",
        b"wait\xe2\x80.",
    ):
        assert automaton.run(data)[1], data
    assert not automaton.run(b"a\xc3\xa9wait ")[1]
    assert not automaton.run(b"wai\xfft ")[1]


def test_nothing_banned_accepts_all() -> None:
    automaton = compile_items(())
    assert automaton.accepts("wait, anything é 等")


def test_a_release_ends_the_ban() -> None:
    automaton = compile_items(items_of(["wait"]), release=items_of(["</think>"], "substring"))
    assert automaton.accepts("waiting </think> wait")
    assert automaton.accepts("</THINK>wait")
    assert not automaton.accepts("wait </think>")
    assert automaton.run(b"x</think>")[0] == automaton.released


_ENTRIES = ["wait", "so", "hold on", "k", "let's", "等等", "a-b", "i", "so far", "don't know", "是wait"]
_PIECES = [
    *("wait", "Wait", "wa", "it", "so", "\u017fo", "hold", "on", "\u212a", "k", "let", "'s", "\u2019s", "'"),
    *("等", "等等", "是", "a", "-", "b", "far", "don", "t", "know", "\u0130", "\u0131", "I", "é", "\u0301"),
    *(" ", " ", " ", "\n", "\n\n", ",", ".", "_", "2", "\\", "\u00a0", "ж", "\ufffd", "×"),
]


@given(
    st.lists(st.sampled_from(_ENTRIES), min_size=1, max_size=4, unique=True),
    st.lists(st.sampled_from(_PIECES), max_size=12).map("".join),
)
@settings(max_examples=300)
def test_it_is_the_regular_expression(entries: list[str], text: str) -> None:
    assert accepts(text, *entries) == (not stands(entries, text))


@given(nasty.lexicons(), nasty.texts())
@settings(max_examples=80)
def test_what_is_accepted_has_no_hit_of_the_lexicon(wanted: Lexicon, text: str) -> None:
    entries = [entry.text for category in wanted.categories for entry in category.entries]
    if accepts(text, *entries, latex=wanted.rule.latex):
        assert hits([text], wanted) == [[]]


@given(
    st.lists(st.sampled_from(_ENTRIES), min_size=1, max_size=4, unique=True),
    st.lists(st.sampled_from(_PIECES), max_size=12).map("".join),
)
@settings(max_examples=150)
def test_no_lexicon_in_either_latex_mode_counts_what_is_accepted(entries: list[str], text: str) -> None:
    if accepts(text, *entries):
        for latex in ("skip", "count"):
            assert surfaces(text, *entries, rule=Rule(latex=latex)) == []


def test_the_lexicon_does_count_what_these_tests_generate() -> None:
    """The two tests above would hold for texts without any hit as well."""
    assert hits(["oh, wait; \\wait"], lexicon(["wait"], Rule(latex="count"))) == [
        [("c", "wait", 4, 8), ("c", "wait", 11, 15)]
    ]


@given(st.lists(st.sampled_from(_PIECES), max_size=10).map("".join))
def test_a_plain_word_boundary_finds_nothing_either(text: str) -> None:
    if accepts(text, "wait"):
        assert not re.search(r"\bwait\b", text, re.IGNORECASE)
