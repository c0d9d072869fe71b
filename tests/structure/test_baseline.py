"""Sentences and markers: every step is where it says, and nothing is left out."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.structure import KINDS
from reasonlens.structure.baseline import Baseline, sentence_kinds, steps_of
from reasonlens.structure.decompose import Item, domain_of
from reasonlens.structure.markers import kind_of

TRACE = (
    "Okay, so Ann has 3 apples and buys 4 more. First, I need to add them. 3 + 4 = 7. "
    "Wait, does she eat one? No, so 7.\n\nAlternatively, I could count up from 3. That gives 7. "
    "So the answer is 7."
)
pieces = st.lists(
    st.sampled_from(
        ["Wait, ", "First, ", "So ", "add 2. ", "x = 3. ", "\n\n", "Hmm. ", "é漢 ", "is it? ", "$a.b$ "]
    ),
    max_size=14,
).map("".join)


def test_a_worked_example():
    found = [(s.kind, s.answer, TRACE[s.start : s.end].strip()) for s in steps_of(TRACE)]
    assert found == [
        ("read", "Okay, so Ann has 3 apples and buys 4 more.", "Okay, so Ann has 3 apples and buys 4 more."),
        ("plan", "3 + 4 = 7.", "First, I need to add them. 3 + 4 = 7."),
        ("check", "No, so 7.", "Wait, does she eat one? No, so 7."),
        ("alternative", "That gives 7.", "Alternatively, I could count up from 3. That gives 7."),
        ("conclude", "So the answer is 7.", "So the answer is 7."),
    ]


@given(pieces)
def test_steps_cover_the_text_from_the_first_sentence_on(text):
    steps = steps_of(text)
    assert bool(steps) == bool(text.strip())
    if steps:
        assert text[: steps[0].start].strip() == ""
        assert steps[-1].end == len(text)
        assert all(a.end == b.start for a, b in itertools.pairwise(steps))
        assert all(s.kind in KINDS for s in steps)
        assert all(text[s.start : s.end].startswith(s.meta[:1]) for s in steps)


@given(pieces)
def test_sentences_are_where_they_say(text):
    found = sentence_kinds(text)
    assert all(text[a:b].strip() == text[a:b] != "" for a, b, _ in found)
    covered = {i for a, b, _ in found for i in range(a, b)}
    assert all(not text[i].strip() for i in range(len(text)) if i not in covered)


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("So, the final answer is 5.", "conclude"),
        ("We are given that x is 3.", "read"),
        ("Alternatively, use symmetry.", "alternative"),
        ("But what if x is negative?", "alternative"),
        ("Let me double-check that.", "check"),
        ("Hmm, that is 5.", "check"),
        ("I remember that the angles add up to 180.", "recall"),
        ("Let me find the total.", "plan"),
        ("Step 2: add them.", "plan"),
        ("That makes 12 in all.", "compute"),
        ("12 = 3 * 4.", "compute"),
    ],
)
def test_kinds_of_sentences(sentence, kind):
    assert kind_of(sentence) == kind


def test_the_baseline_reports_an_empty_text():
    done: list[int] = []
    first, second = Baseline().decompose([Item("Add 2. It is 5."), Item("  ")], done.append)
    assert first.status == "ok"
    assert (second.status, second.steps, second.problem) == ("empty", (), "the text is empty")
    assert done == [1, 1]


@pytest.mark.parametrize(
    ("dataset", "domain"),
    [
        ("gpqa_diamond", "science"),
        ("math500", "math"),
        ("", "math"),
        ("humaneval", "code"),
        ("knights_knaves_3ppl", "puzzle"),
    ],
)
def test_domains(dataset, domain):
    assert domain_of(dataset) == domain
