"""The word rule of matching: the rules of ``docs/counting.md`` by example, and the oracle on made texts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reasonlens.lexicon.compile import fold
from reasonlens.lexicon.model import Lexicon, Rule
from tests.lexicon import nasty
from tests.lexicon.making import expected, hits, lexicon, surfaces

SENSITIVE = Rule(case="sensitive")
_SLOW = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])


# The rules


def test_rule_4_a_command_is_no_hit() -> None:
    assert surfaces("3 times 3\\times 3", "times") == ["times"]
    assert surfaces("3 times 3\\times 3", "times", rule=Rule(latex="count")) == ["times", "times"]
    assert surfaces("so \\that so that", "so that") == ["so that"]
    assert surfaces("\\\\wait", "wait") == []
    assert surfaces("\\ wait \\(wait", "wait") == ["wait", "wait"]


def test_rule_4_an_entry_can_be_a_command_where_commands_count() -> None:
    assert surfaces("\\times times", "\\times", rule=Rule(latex="count")) == ["\\times"]


def test_rule_6_whole_tokens_only() -> None:
    assert surfaces("wait await waits _wait_ wait2 wait\u0301 Wait,wait!", "wait") == ["wait", "Wait", "wait"]
    assert surfaces("“wait”—wait…wait 😀wait\u00a0wait", "wait") == ["wait"] * 5


def test_rule_6_a_contraction_is_another_word() -> None:
    assert surfaces("let's let us", "let") == ["let"]
    assert surfaces("we can't; we can", "we can") == ["we can"]
    assert surfaces("'wait' wait' the wait's", "wait") == ["wait", "wait"]


def test_rule_7_case_by_character() -> None:
    assert surfaces("WAIT Wait wAİT", "wait") == ["WAIT", "Wait"]
    assert surfaces("ÉTÉ été", "Été") == ["ÉTÉ", "été"]
    assert surfaces("ΣΑΣ σασ σας", "σασ") == ["ΣΑΣ", "σασ"]  # final sigma is another letter
    assert surfaces("O\u212a \u017fo", "ok", "so") == ["O\u212a"]  # the Kelvin sign is a K, the long s no s
    assert surfaces("Wait wait WAIT", "Wait", rule=SENSITIVE) == ["Wait"]


def test_rule_7_offsets_are_of_the_original_text() -> None:
    assert hits(["İİ wait İ 😀 wait"], lexicon(["wait"])) == [[("c", "wait", 3, 7), ("c", "wait", 12, 16)]]
    assert surfaces("İ i i\u0307", "i") == ["i"]


def test_rule_8_curly_and_straight_apostrophes_are_alike() -> None:
    both = ["let's", "let’s"]
    assert surfaces("let's let’s", "let's") == both
    assert surfaces("let's let’s", "let’s") == both
    assert surfaces("let's let’s", "let’s", rule=SENSITIVE) == both
    assert surfaces("(’wait", "'wait") == ["’wait"]


def test_rule_9_hyphens() -> None:
    assert surfaces("re-check check", "check") == ["check", "check"]
    assert surfaces("double-check double check", "double-check") == ["double-check"]
    assert surfaces("double-check double check", "double check") == ["double check"]
    assert surfaces("double-check, check", "check", "double-check") == ["double-check", "check"]
    assert surfaces("double‐check double–check double - check", "double-check") == []


def test_rule_10_a_space_is_white_space_without_a_blank_line() -> None:
    text = "hold on, hold  on, hold\non, hold \r\n\ton, hold\u00a0\u3000on"
    assert len(surfaces(text, "hold on")) == 5
    assert surfaces("hold\n\non, hold\n \t\non, hold\r\n\r\non, holdon, hold, on", "hold on") == []
    assert surfaces("hold on", "hold  \n on") == ["hold on"]


def test_rule_10_any_length_of_white_space() -> None:
    assert len(surfaces(f"hold{' ' * 5000}on", "hold on")) == 1
    assert len(surfaces(f"wait{' ' * 5000}!", "wait !")) == 1
    assert len(surfaces(f"({' ' * 5000}wait", "( wait")) == 1
    assert surfaces("wait \n \n !", "wait !") == []


def test_rule_11_prefixes() -> None:
    text = "verify verified verif Verification's averify veri"
    assert surfaces(text, "verif*") == ["verify", "verified", "verif", "Verification's"]
    assert surfaces("not good, not goodness, knot good", "not good*") == ["not good", "not goodness"]
    assert surfaces("double-checking", "double-check*") == ["double-checking"]
    assert surfaces("calculate the, calc the, calc of the", "calc* the") == ["calculate the", "calc the"]
    assert surfaces("let's", "let*") == ["let's"]
    assert surfaces("等等", "等*") == ["等", "等"]


def test_rule_12_other_punctuation_is_literal() -> None:
    assert surfaces("e.g. e.g, eg. E.G.", "e.g.") == ["e.g.", "E.G."]
    assert surfaces("a, b a,b a b", "a, b") == ["a, b"]
    assert surfaces("wait... wait..", "wait...") == ["wait..."]


def test_rule_12_at_the_edges_it_needs_no_boundary() -> None:
    assert surfaces("correction: correction:x correction correction :", "correction:") == ["correction:"] * 2
    assert surfaces("q.e.d. q.e.d.x q.e.d", "q.e.d.") == ["q.e.d.", "q.e.d."]
    assert surfaces("x(wait (wait await", "(wait") == ["(wait", "(wait"]
    assert surfaces("3.5 .5", ".5") == [".5", ".5"]


def test_rule_13_leftmost_longest() -> None:
    assert surfaces("so far so good", "so", "so far", "far so good") == ["so far", "so"]
    assert surfaces("a b c d", "a b", "b c d") == ["a b"]
    assert surfaces("a b c d", "b c d", "a b c", "c d") == ["a b c"]
    assert surfaces("wait wait wait", "wait wait", "wait") == ["wait wait", "wait"]


def test_rule_13_the_boundary_is_checked_inside_the_match() -> None:
    assert surfaces("so farther", "so", "so far") == ["so"]
    assert surfaces("so fa\u0301r so far's so that's", "so far", "so", "so that") == ["so", "so", "so"]
    assert surfaces("a b cd", "a", "a b c", "b") == ["a", "b"]


def test_rule_13_adjacent_hits_both_count() -> None:
    assert surfaces("wait wait,wait", "wait") == ["wait", "wait", "wait"]
    assert surfaces("等等等等", "等等") == ["等等", "等等"]
    assert surfaces("e.g.e.g.", "e.g.") == ["e.g.", "e.g."]


@pytest.mark.parametrize(
    ("entries", "text", "wanted"),
    [
        (["may*", "maybe"], "maybe", "maybe"),
        (["maybe", "may*"], "maybe", "maybe"),
        (["m*", "may*"], "maybe", "may*"),
        (["may*", "m*"], "maybe", "may*"),
        (["may* be", "maybe be"], "maybe be", "maybe be"),
        (["may* b*", "may* be"], "maybe be", "may* be"),
        (["m* be", "may* be"], "maybe be", "may* be"),
        (["may* be", "maybe b*"], "maybe be", "maybe b*"),
        (["ma* be", "may b*"], "may be", "ma* be"),
        (["a bc*", "ab* c"], "ab c", "ab* c"),
    ],
)
def test_rule_13_ties_go_to_the_more_specific_entry(entries: list[str], text: str, wanted: str) -> None:
    assert hits([text], lexicon(entries)) == [[("c", wanted, 0, len(text))]]


def test_rule_13_categories_are_independent() -> None:
    pair = lexicon({"x": ["so", "wait"], "y": ["so far", "wait"]})
    assert hits(["so far wait"], pair) == [
        [("x", "so", 0, 2), ("x", "wait", 7, 11), ("y", "so far", 0, 6), ("y", "wait", 7, 11)]
    ]


def test_scripts_without_spaces_match_as_sequences() -> None:
    assert surfaces("等等wait一下，等一下", "wait") == ["wait"]
    assert surfaces("等等wait一下，等一下", "一下") == ["一下", "一下"]
    assert surfaces("等等wait一下", "wait一下") == ["wait一下"]
    assert surfaces("รอก่อน", "รอ") == ["รอ"]


def test_nothing_matches_across_nul_characters_unless_they_are_written() -> None:
    texts = ["a\0b", "a\0\0b", "a\0\n\n\0b", "a", "b", "a\0", "\0b"]
    assert hits(texts, lexicon(["a b", "a\0b", "a\0\0b", "a\0\0\0\0b"])) == [
        [("c", "a\0b", 0, 3)],
        [("c", "a\0\0b", 0, 4)],
        *([[]] * 5),
    ]


@pytest.mark.parametrize(
    "end", ["\\", "'", "a'", "a\u0301", "\ufe0f", "\0", "\n", " ", "a ", "(", "-", "a-", ""]
)
@pytest.mark.parametrize("begin", ["a", "'a", "\u0301a", " a", "\na", "-a", ")", "\0", ""])
def test_neighboring_texts_do_not_touch(end: str, begin: str) -> None:
    entries = lexicon(
        ["a", "a a", "a-a", "a'", "a'a", "(a", "a )", "a)", "-a", "a-", "a\0", "\0a", "'a", "( a"]
    )
    together = hits([end, begin, end], entries)
    assert together == [hits([text], entries)[0] for text in (end, begin, end)]
    assert together == [expected(text, entries) for text in (end, begin, end)]


# The oracle and an independent formula


@_SLOW
@given(st.lists(nasty.texts(), min_size=1, max_size=4), nasty.lexicons())
def test_hits_equal_the_oracle(texts: list[str], entries: Lexicon) -> None:
    assert hits(texts, entries) == [expected(text, entries) for text in texts]


@_SLOW
@given(nasty.texts(), nasty.lexicons())
def test_surfaces_fold_to_their_entries(text: str, entries: Lexicon) -> None:
    sensitive = entries.rule.case == "sensitive"
    for _, entry, start, end in hits([text], entries)[0]:
        wanted = re.escape(" ".join(fold(entry, sensitive=sensitive).split()))
        wanted = wanted.replace(r"\ ", r"\s+").replace(r"\*", r"[\w'\u0301\u0307]*")
        assert re.fullmatch(wanted, fold(text[start:end], sensitive=sensitive))


_PLAIN = st.lists(st.sampled_from(["a", "b", "ab", "aba", "b a", "a-b", "b-a"]), min_size=1, max_size=3)


@given(
    st.text("ab -.", max_size=40),
    st.lists(_PLAIN.map(" ".join), min_size=1, max_size=6, unique=True),
)
def test_plain_text_equals_a_regular_expression(text: str, entries: list[str]) -> None:
    text = re.sub(" +", " ", text)
    longest_first = sorted(entries, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")
    wanted = [("c", found.group(), found.start(), found.end()) for found in pattern.finditer(text)]
    assert hits([text], lexicon(entries)) == [sorted(wanted)]


# Size


def test_an_entry_of_200_words() -> None:
    phrase = " ".join(["a b"] * 100)
    assert surfaces(f"{phrase} {phrase} a b", phrase) == [phrase, phrase]
    assert surfaces(phrase[:-1], phrase) == []


def test_more_than_65536_words() -> None:
    entries = [f"w{number}x" for number in range(66_000)]
    assert hits(["w0x w65999x w66000x w65536x"], lexicon(entries)) == [
        [("c", "w0x", 0, 3), ("c", "w65536x", 20, 27), ("c", "w65999x", 4, 11)]
    ]


@pytest.mark.parametrize(
    ("unit", "n"),
    [("a'", 1), ("\u0301", 0), (" ", 0), ("a", 1), ("a ", 250_000), ("等", 250_000), ("\\a", 0), ("(", 0)],
)
def test_long_monotonous_text(unit: str, n: int) -> None:
    text = unit * (500_000 // len(unit))
    found = hits([text], lexicon(["a", "a a a", "a*", "( a", "a )", "等等"]))[0]
    wanted = {"a ": (250_000 + 2) // 3, "等": n}.get(unit, n)
    assert len(found) == wanted


# The page


def test_every_rule_of_the_page_has_a_test_named_after_it(root: Path) -> None:
    page = (root / "docs" / "counting.md").read_text(encoding="utf-8")
    rules = [int(number) for number in re.findall(r"^### (\d+)\. ", page, re.MULTILINE)]
    assert rules == list(range(1, 16))
    places = (root / "tests" / folder / f"test_{name}.py" for folder, name in _PLACES)
    tests = "".join(path.read_text(encoding="utf-8") for path in places)
    assert [number for number in rules if f"def test_rule_{number}_" not in tests] == []


_PLACES = (("text", "words"), ("lexicon", "engine"), ("lexicon", "rules"), ("lexicon", "patterns"))
