"""Distances of patterns and effective numbers, against rapidfuzz and by hand."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from reasonlens.structure.diversity import (
    BEGIN,
    END,
    distance,
    distances,
    effective_patterns,
    hill,
    transitions,
)

patterns = st.lists(st.sampled_from(["plan", "check", "compute"]), max_size=9)


@given(patterns, patterns)
def test_the_distance_is_that_of_rapidfuzz(a, b):
    expected = Levenshtein.normalized_distance(a, b) if a or b else math.nan
    assert distance(a, b) == pytest.approx(expected, nan_ok=True)


@given(st.lists(patterns.filter(bool), min_size=1, max_size=5))
def test_distances_are_symmetric(some):
    table = distances(some)
    assert np.array_equal(table, table.T)
    assert not table.diagonal().any()
    assert 1 - 1e-12 <= effective_patterns(table) <= len(some) + 1e-12


@given(st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_wholly_different_patterns_count_as_their_classes(counts):
    labels = np.repeat(np.arange(len(counts)), counts)
    table = (labels[:, None] != labels).astype(float)
    assert effective_patterns(table) == pytest.approx(hill(counts))


def test_hill_numbers_of_equal_classes():
    assert hill([4, 4, 4], 0) == hill([4, 4, 4], 2) == pytest.approx(3)
    assert hill([9, 0]) == 1.0
    assert math.isnan(hill([]))
    assert math.isnan(effective_patterns([]))


@given(patterns)
def test_transitions_by_hand(pattern):
    chain = [BEGIN, *pattern, END]
    expected = Counter((chain[i], chain[i + 1]) for i in range(len(chain) - 1)) if pattern else Counter()
    assert transitions(pattern) == expected
