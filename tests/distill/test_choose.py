"""Choosing traces, against slow versions of the same."""

from __future__ import annotations

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from reasonlens.distill.choose import difficulty_order, diverse, nested, originals, originals_of_many
from reasonlens.distill.shingles import jaccard, sketch

A = "first add two and three then double the sum to get ten"
B = "first add two and three then double the sum to get ten indeed"
C = "suppose that x is the number so that we solve for x by halves"
D = "draw a picture of the whole situation and count the dots in it"


def test_a_near_duplicate_of_a_kept_text_goes() -> None:
    sketches = [sketch(t) for t in (A, B, C, A)]
    assert jaccard(sketches[0], sketches[1]) == 8 / 9
    assert originals(sketches, 0.8) == [0, 2]
    assert originals(sketches, 0.95) == [0, 1, 2]


words = st.lists(st.sampled_from("abc"), min_size=1, max_size=9).map(" ".join)


@given(st.lists(words, max_size=8), st.sampled_from([0.2, 0.5, 1.0]))
def test_many_texts_give_what_each_against_each_gives(texts: list[str], threshold: float) -> None:
    sketches = [sketch(text, n=2) for text in texts]
    assert originals_of_many(sketches, threshold) == originals(sketches, threshold)


def test_the_most_different_are_chosen() -> None:
    sketches = [sketch(t) for t in (A, B, C, D)]
    assert diverse(sketches, 4) == [0, 1, 2, 3]
    two = diverse(sketches, 2)
    least = min(itertools.combinations(range(4), 2), key=lambda p: jaccard(sketches[p[0]], sketches[p[1]]))
    assert jaccard(*(sketches[i] for i in two)) == jaccard(*(sketches[i] for i in least)) == 0.0
    assert diverse(sketches, 3) == [0, 2, 3]  # A is the medoid; B, its near-duplicate, stays away
    assert diverse(sketches, 1) == [0]


def test_fewer_problems_are_always_among_more() -> None:
    problems = [f"p{i}" for i in range(50)]
    sizes = [nested(problems, n, seed=3) for n in (5, 20, 50)]
    assert [len(s) for s in sizes] == [5, 20, 50]
    assert sizes[0] < sizes[1] < sizes[2]
    assert nested(reversed(problems), 5, seed=3) == sizes[0] != nested(problems, 5, seed=4)
    assert nested(problems, None) == set(problems)


def test_easy_problems_come_first_and_an_unknown_one_by_its_length() -> None:
    size = {"a": 10.0, "b": 20.0, "c": 30.0, "d": 40.0}
    assert difficulty_order({}, size) == ["a", "b", "c", "d"]
    assert difficulty_order({"a": 1.0, "b": 0.5, "c": 0.2, "d": 0.0}, size) == ["d", "c", "b", "a"]
    # known: c at 1/4 and a at 3/4; by length b has 3/8 and d 7/8
    assert difficulty_order({"a": 1.0, "b": math.nan, "c": 0.2}, size) == ["c", "b", "a", "d"]
