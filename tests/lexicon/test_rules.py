"""Rules of published lists: their own formulas, on made texts and on real traces."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.lexicon import definition
from reasonlens.lexicon.model import Entry, Lexicon, Rule
from tests.lexicon.making import counts, hits, lexicon, surfaces
from tests.oracles import match_oracle

_TEXTS = st.lists(
    st.sampled_from(
        ["a", "A", "b", "ab", "İ", "i", "i\u0307", "\u0307", "Σ", "ς", "ß", "ﬁ", " ", "\n\n", "\n", "'s"]
    )
).map("".join)
_ENTRIES = st.text("aAbBiİ\u0307Σσs '", min_size=1, max_size=3).filter(str.strip)


def numbers(text: str, entries: Lexicon) -> list[int]:
    """Return the count of each entry, in the order of the file."""
    found = counts([text], entries)[0]
    return [found.get((entries.name, c.name, e.text), 0) for c in entries.categories for e in c.entries]


def test_rule_14_substrings_count_inside_words_and_apart_from_each_other() -> None:
    entries = lexicon(["wait", "await", "a"], Rule(match="substring"))
    assert numbers("Await, waiting: WAIT \\wait", entries) == [4, 1, 5]
    assert surfaces("aaaa", "aa", rule=Rule(match="substring")) == ["aa", "aa"]
    assert surfaces("Aa", "a", rule=Rule(match="substring", case="sensitive")) == ["a"]


def test_rule_14_substrings_have_places_in_the_original_text() -> None:
    entries = lexicon(["wait"], Rule(match="substring"))
    assert hits(["İİ waİt WAITs"], entries) == [[("c", "wait", 8, 12)]]


def test_rule_14_regular_expressions_are_those_of_python() -> None:
    sensitive = Rule(match="regex", case="sensitive")
    assert surfaces("wait, Wait, await,", "wait,", rule=sensitive) == ["wait,", "wait,"]
    assert surfaces("wait, Wait,", "wait,", rule=Rule(match="regex")) == ["wait,", "Wait,"]
    assert numbers("abab", lexicon(["ab", "b(?=a)", "(a)(b)"], sensitive)) == [2, 1, 2]
    assert numbers("a b a", lexicon([r"\b(?=a)"], sensitive)) == [2]


def test_rule_14_each_segment_goes_to_the_first_entry_that_fits() -> None:
    entries = lexicon(
        {"x": [Entry("wait", at="start"), "check"], "y": ["wait", "other"]}, Rule(match="segment")
    )
    text = "  Wait, other\n\nno wait, Check\n\nso wait\n\n\n\nother wait \n\nend"
    assert numbers(text, entries) == [1, 1, 2, 0]
    assert hits([text], entries) == [
        [("x", "check", 15, 29), ("x", "wait", 2, 13), ("y", "wait", 31, 38), ("y", "wait", 42, 52)]
    ]


def test_seal_by_hand() -> None:
    thoughts = [
        "Wait, let me check this.",  # reflection: starts with wait
        "I said wait there.",  # execution: wait is not at the start
        "Let me verify. Alternatively, no.",  # reflection: comes before transition
        "Alternatively, use another way.",  # transition, counted once
        "So, alternatively, no.",  # execution
        "Is there ANOTHER METHOD?",  # transition
        "That's correct.",  # reflection, by 's correct
        "x = 2",
    ]
    found = counts(["\n\n".join(thoughts)], definition.load("seal"))[0]
    by_category: dict[str, int] = {}
    for (_, category, _), n in found.items():
        by_category[category] = by_category.get(category, 0) + n
    assert by_category == {"reflection": 3, "transition": 2}
    assert found["seal", "transition", "alternatively"] == 1


@given(_TEXTS, st.lists(_ENTRIES, min_size=1, max_size=4, unique=True), st.booleans())
def test_substrings_equal_the_published_formula(text: str, entries: list[str], sensitive: bool) -> None:
    rule = Rule(match="substring", case="sensitive" if sensitive else "insensitive")
    assert numbers(text, lexicon(entries, rule)) == match_oracle.substring_counts(text, entries, rule)


@given(
    _TEXTS,
    st.lists(st.sampled_from(["a", "b+", "[ai]", "a.b", r"\bs", "ς", "a|ab"]), unique=True),
    st.booleans(),
)
def test_expressions_equal_the_published_formula(text: str, entries: list[str], sensitive: bool) -> None:
    rule = Rule(match="regex", case="sensitive" if sensitive else "insensitive")
    assert numbers(text, lexicon(entries, rule)) == match_oracle.regex_counts(text, entries, rule)


@given(_TEXTS, st.lists(st.tuples(_ENTRIES, st.sampled_from(["any", "start"])), max_size=4), st.booleans())
def test_segments_equal_the_published_formula(
    text: str, entries: list[tuple[str, str]], sensitive: bool
) -> None:
    entries = list({wanted.strip(): (wanted.strip(), at) for wanted, at in entries}.values())
    rule = Rule(match="segment", case="sensitive" if sensitive else "insensitive")
    made = lexicon([Entry(wanted, at=at) for wanted, at in entries], rule)
    assert numbers(text, made) == match_oracle.segment_counts(text, entries, rule)


@pytest.fixture(scope="module")
def responses(shared_data: Path) -> list[str]:
    """Every twentieth response of every file."""
    texts = []
    for path in sorted((shared_data / "traces").glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            texts += [
                json.loads(line)["response"] or "" for number, line in enumerate(lines) if number % 20 == 0
            ]
    return texts


@pytest.mark.parametrize("name", ["understand_r1_zero", "oat_zero", "simplerl"])
def test_substring_lists_repeat_the_published_numbers(name: str, responses: list[str]) -> None:
    entries = definition.load(name)
    keywords = [entry.text for category in entries.categories for entry in category.entries]
    found = counts(responses, entries)
    lowered = [text.lower() for text in responses]
    total = [sum(text.count(word) for word in keywords) for text in lowered]
    assert [sum(one.values()) for one in found] == total
    assert [bool(one) for one in found] == [any(word in text for word in keywords) for text in lowered]
    assert sum(total) > 0


def test_orz_repeats_the_published_numbers(responses: list[str]) -> None:
    entries = definition.load("orz")
    patterns = [entry.text for category in entries.categories for entry in category.entries]
    found = counts(responses, entries)
    total = [sum(len(re.findall(pattern, text)) for pattern in patterns) for text in responses]
    assert [sum(one.values()) for one in found] == total
    assert sum(total) > 0


def test_seal_repeats_its_rule_on_real_traces(responses: list[str]) -> None:
    entries = definition.load("seal")
    pairs = [(entry.text, entry.at) for category in entries.categories for entry in category.entries]
    wanted = [match_oracle.segment_counts(text, pairs, entries.rule) for text in responses]
    names = [("seal", c.name, e.text) for c in entries.categories for e in c.entries]
    assert [[one.get(name, 0) for name in names] for one in counts(responses, entries)] == wanted
    assert sum(map(sum, wanted)) > 100
