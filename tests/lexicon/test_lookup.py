"""Looking numbers up: the same as a dictionary, whatever the hashes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.lexicon.lookup import Lookup

_NUMBERS = st.one_of(st.integers(0, 40), st.integers(0, 2**64 - 1))


@given(st.lists(_NUMBERS, unique=True, max_size=60), st.lists(_NUMBERS, max_size=60))
def test_places_are_those_of_a_dictionary(known: list[int], asked: list[int]) -> None:
    place = {number: i for i, number in enumerate(known, 1)}
    asked += known
    found = Lookup.of(known).find(np.array(asked, np.uint64))
    assert found.tolist() == [place.get(number, 0) for number in asked]


def test_numbers_with_the_same_hash_are_told_apart() -> None:
    cubes = [i**3 for i in range(10_000)]
    lookup = Lookup.of(cubes[:5000])
    chained = np.flatnonzero(lookup.following)
    assert len(chained) > 100  # so the test is about what it says
    assert lookup.find(np.array(cubes)).tolist() == [*range(1, 5001), *([0] * 5000)]


def test_zero_is_found_only_if_it_is_there() -> None:
    assert Lookup.of([]).find(np.array([0, 1])).tolist() == [0, 0]
    assert Lookup.of([7]).find(np.array([0, 7])).tolist() == [0, 1]
    assert Lookup.of([7, 0]).find(np.array([0, 7])).tolist() == [2, 1]
