"""spaCy patterns: candidates of their category like any entry."""

from __future__ import annotations

from typing import Any

import pytest

from reasonlens.core.errors import DefinitionError
from reasonlens.lexicon import definition
from reasonlens.lexicon.model import Pattern, Rule
from tests.lexicon.making import counts, hits, lexicon

pytest.importorskip("spacy", reason="patterns need the extra reasonlens[spacy]")


def pattern(name: str, *tokens: dict[str, Any]) -> Pattern:
    return Pattern(name, tokens)


SO_FAR = pattern(
    "so then", {"LOWER": "so"}, {"IS_PUNCT": True, "OP": "?"}, {"LOWER": {"IN": ["far", "then"]}}
)


def test_rule_15_patterns_compete_with_the_entries_of_their_category() -> None:
    mixed = lexicon({"c": ["so", "so far so", "then"]}, patterns={"c": [SO_FAR]})
    assert hits(["So, then so far so far so x"], mixed) == [
        [("c", "so", 23, 25), ("c", "so far so", 9, 18), ("c", "so then", 0, 8)]
    ]
    assert hits(["so far so then"], mixed) == [[("c", "so far so", 0, 9), ("c", "then", 10, 14)]]


def test_rule_15_an_entry_wins_over_a_pattern_of_the_same_place() -> None:
    entry = lexicon({"c": ["so f*"]}, patterns={"c": [SO_FAR]})
    assert hits(["so far", "so then"], entry) == [[("c", "so f*", 0, 6)], [("c", "so then", 0, 7)]]


def test_rule_15_categories_stay_independent() -> None:
    two = lexicon({"words": ["so", "far"]}, patterns={"pairs": [SO_FAR]})
    assert hits(["so far"], two) == [
        [("pairs", "so then", 0, 6), ("words", "far", 3, 6), ("words", "so", 0, 2)]
    ]


def test_rule_15_of_the_hits_of_a_pattern_the_longest_counts() -> None:
    greedy = lexicon({}, patterns={"c": [pattern("waits", {"LOWER": "wait", "OP": "+"})]})
    assert hits(["wait wait wait, wait"], greedy) == [[("c", "waits", 0, 14), ("c", "waits", 16, 20)]]


def test_patterns_beside_substrings_are_counted_for_themselves() -> None:
    both = lexicon({"c": ["so", "o f"]}, Rule(match="substring"), patterns={"c": [SO_FAR]})
    assert hits(["so far"], both) == [[("c", "o f", 1, 4), ("c", "so", 0, 2), ("c", "so then", 0, 6)]]


def test_places_are_characters_of_the_text() -> None:
    made = lexicon({}, patterns={"c": [SO_FAR]})
    texts = ["İ😀 e\u0301 等 so far", "", None, "so\0far", "so\n\nfar"]
    assert hits(texts, made) == [[("c", "so then", 8, 14)], [], [], [], []]


def test_a_lexicon_with_patterns_does_not_affect_others() -> None:
    made = lexicon({"c": ["so"]}, patterns={"c": [SO_FAR]}, name="with")
    plain = lexicon(["so", "so far", "far"], name="plain")
    texts = ["so far, so then", "far so", ""]
    apart = [counts(texts, each) for each in (made, plain)]
    assert counts(texts, made, plain) == [{**a, **b} for a, b in zip(*apart, strict=True)]


def test_a_pattern_that_spacy_refuses_is_named() -> None:
    bad = lexicon({}, patterns={"c": [pattern("odd", {"LOWER": ["no", "list"]})]}, name="mine")
    with pytest.raises(DefinitionError, match=r"(?s)mine: pattern 'odd': spaCy does not accept it"):
        counts(["x"], bad)


@pytest.mark.parametrize("joint", ["\n\n", " ", "\n"])
def test_long_texts_have_the_hits_of_short_ones(joint: str) -> None:
    opener = definition.load("sentence_initial")
    unit = f"So it is. But wait.{joint}Hmm, then. So"
    few, n = 10, 700_000 // len(unit + joint)
    short, long = (counts([joint.join([unit] * times)], opener)[0] for times in (few, n))
    first = ("sentence_initial", "opener", "first word of the text")
    assert short.pop(first) == long.pop(first) == 1
    assert set(short) == set(long)
    for key, number in short.items():
        per_unit = round(number / few)
        assert abs(long[key] - n * per_unit) <= 1


def test_the_shipped_patterns() -> None:
    text = "So far so good. So it is so.\nBut no; but yes! (Wait) wait?\n\n“Now” e.g. now"
    found = counts([text], definition.load("sentence_initial"))[0]
    assert {entry: n for (_, _, entry), n in found.items()} == {
        "first word of the text": 1,
        "so": 1,
        "but": 1,
        "now": 1,
    }


def test_monotonous_text_is_no_trap() -> None:
    made = lexicon({}, patterns={"c": [SO_FAR]})
    for unit in ("a'", "\u0301", " ", ".", "等", "x=", "(", "。"):
        assert counts([unit * 20_000], made) == [{}]
