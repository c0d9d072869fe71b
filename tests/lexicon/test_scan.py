"""Cutting texts into stretches: whatever the size of a stretch, hits and words are the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reasonlens.lexicon import scan
from reasonlens.lexicon.count import count_table
from reasonlens.lexicon.model import Lexicon, Pattern, Rule
from reasonlens.lexicon.plan import plan_of
from tests.lexicon import nasty
from tests.lexicon.making import counts, expected, hits, lexicon, traces
from tests.oracles import words_oracle

_MANY = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_MANY
@given(st.lists(nasty.texts(), min_size=1, max_size=4), nasty.lexicons(), st.sampled_from([1, 4, 15, 60]))
def test_the_size_of_a_stretch_does_not_matter(texts: list[str], entries: Lexicon, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "_BLOCK", size)
        found = hits(texts, entries)
        summed = counts(texts, entries)
        n_words = count_table(traces(texts), [entries])["n_words"].to_pylist()
    assert found == [expected(text, entries) for text in texts]
    assert summed == counts(texts, entries)
    assert n_words == [words_oracle.word_count(text) for text in texts]


@pytest.mark.parametrize(
    ("entries", "text", "pieces"),
    [
        (["wait"], "wait. wait; wait! wait", ["wait.", " wait;", " wait!", " wait"]),
        (["wait."], "wait. wait; wait! wait", ["wait. wait;", " wait!", " wait"]),
        (["wait."], "wait.\n\nwait.\n\nwait. wait.", ["wait.\n\n", "wait.\n\n", "wait. wait."]),
        (["e.g. (x), y; z!"], "wait. wait; wait! wait", ["wait. wait; wait! wait"]),
        (["wait"], "wait wait wait wait wait", ["wait wait wait wait wait"]),
    ],
)
def test_long_texts_are_cut_where_no_entry_reaches_across(
    entries: list[str], text: str, pieces: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "_BLOCK", 4)
    made = list(scan._pieces([text], plan_of((lexicon(entries),))))
    assert [piece.text for piece in made] == pieces
    assert [piece.shift for piece in made] == [len("".join(pieces[:i])) for i in range(len(pieces))]


def test_words_and_patterns_of_a_category_are_resolved_together_across_stretches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("spacy")
    so = Pattern("so far", ({"LOWER": "so"}, {"LOWER": "far"}))
    both = lexicon({"c": ["so", "wait"], "d": ["so"]}, patterns={"c": [so]})
    text = "Wait. So far, so good.\n\nSo far."
    found = [
        ("c", "so far", 6, 12),
        ("c", "so far", 24, 30),
        ("c", "so", 14, 16),
        ("c", "wait", 0, 4),
        ("d", "so", 6, 8),
        ("d", "so", 14, 16),
        ("d", "so", 24, 26),
    ]
    assert hits([text], both) == [sorted(found)]
    monkeypatch.setattr(scan, "_BLOCK", 3)
    assert hits([text, "", text], both) == [sorted(found), [], sorted(found)]


def test_a_plan_ranks_the_more_specific_first_and_patterns_last() -> None:
    pytest.importorskip("spacy")
    made = lexicon(
        {"c": ["w*", "wa*", "wait"], "d": ["wait a"]}, patterns={"c": [Pattern("p", ({"LOWER": "x"},))]}
    )
    plan = plan_of((made,))
    assert [names[2] for names in plan.names] == ["w*", "wa*", "wait", "p", "wait a"]
    assert plan.category.tolist() == [0, 0, 0, 0, 1]
    assert [plan.names[i][2] for i in np.argsort(plan.rank)] == ["wait a", "wait", "wa*", "w*", "p"]
    assert plan.mixed.tolist() == [True, False]


def test_entries_that_agree_on_the_rule_share_a_machine() -> None:
    one, two = lexicon(["wait"]), lexicon(["so"], name="two")
    third = lexicon(["so"], Rule(case="sensitive"), name="three")
    assert len(plan_of((one, two)).machines) == 1
    assert len(plan_of((one, two, third)).machines) == 2
    assert plan_of((one, two)) is plan_of((one, replace(two)))
    assert len(plan_of((lexicon(["wait"], Rule("substring")),)).machines) == 0
