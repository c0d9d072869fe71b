"""Where steps that somebody wrote stand in the text."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from reasonlens.structure import Step
from reasonlens.structure.places import placed

SENTENCES = [
    "First we add the prices.",
    "Then we halve the sum.",
    "Wait, is that right?",
    "It is 12 dollars in all.",
]
TEXT = " ".join(SENTENCES)


def test_verbatim_quotes():
    found = placed(TEXT, [Step("a", quote="first we ADD  the"), Step("b", quote="Wait, is that")])
    assert [(TEXT[s.start : s.end].strip(), s.place) for s in found] == [
        (" ".join(SENTENCES[:2]), "exact"),
        (" ".join(SENTENCES[2:]), "exact"),
    ]


def test_an_altered_quote_and_none_are_aligned():
    steps = [
        Step("a", quote="First we addd the prices"),
        Step("b", query="How many dollars in all?", answer="12 dollars"),
        Step("c", query="Which color has the horse?", answer="blue"),
    ]
    first, second, third = placed(TEXT, steps)
    assert (first.start, first.place) == (0, "aligned")
    # the sentence and the next one are looked at together, so the one before may win
    assert TEXT[second.start :].startswith(("Wait", "It is 12"))
    assert second.place == "aligned"
    assert (third.start, third.end, third.place) == (-1, -1, "unplaced")


def test_order_is_kept_when_a_quote_occurs_twice():
    text = "Add them. Check it. Add them. Done."
    found = placed(text, [Step("a", quote="Check it."), Step("b", quote="Add them.")])
    assert [s.start for s in found] == [10, 20]


@given(st.lists(st.integers(0, len(SENTENCES) - 1), min_size=1, max_size=4, unique=True).map(sorted))
def test_quotes_in_order_are_found_where_they_are(chosen):
    found = placed(TEXT, [Step("x", quote=SENTENCES[i]) for i in chosen])
    assert [s.start for s in found] == [TEXT.index(SENTENCES[i]) for i in chosen]
    assert all(s.place == "exact" for s in found)


@given(st.lists(st.text("ab we.add", max_size=20), max_size=5))
def test_places_are_in_order_and_inside(quotes):
    found = placed(TEXT, [Step("x", quote=quote) for quote in quotes])
    inside = [s for s in found if s.start >= 0]
    assert all(0 <= s.start < s.end <= len(TEXT) for s in inside)
    assert all(a.end <= b.start for a, b in itertools.pairwise(inside))
    assert all((s.start < 0) == (s.place == "unplaced") for s in found)


def test_no_text():
    assert [s.place for s in placed("", [Step("a", quote="x")])] == ["unplaced"]
