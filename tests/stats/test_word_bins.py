from __future__ import annotations

import doctest
import importlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.word_bins import Bins


def test_words_of_a_response_by_hand() -> None:
    bins = Bins(4, (0, 3, 5))
    words, length = np.arange(7), np.full(7, 7)
    relative, absolute = bins.of(words, length)
    assert relative.tolist() == [0, 0, 1, 1, 2, 2, 3]  # 4 i / 7, rounded down
    assert absolute.tolist() == [4, 4, 4, 5, 5, 6, 6]
    assert [bins.limits(n) for n in (0, 3, 4, 6)] == [(0.0, 0.25), (0.75, 1.0), (0.0, 3.0), (5.0, np.inf)]
    assert [bins.scale(n) for n in (3, 4)] == ["relative", "absolute"]


@given(
    st.integers(0, 300),
    st.integers(1, 30),
    st.lists(st.integers(1, 400), unique=True, max_size=5).map(lambda edges: (0, *sorted(edges))),
)
def test_every_word_is_in_one_bin_of_each_scale(n: int, relative: int, edges: tuple[int, ...]) -> None:
    bins = Bins(relative, edges)
    found = np.bincount(np.concatenate(bins.of(np.arange(n), np.full(n, n))), minlength=bins.size)
    stated = [int(bins.words(np.array([n]), number)[0]) for number in range(bins.size)]
    assert found.tolist() == stated
    assert sum(stated[:relative]) == sum(stated[relative:]) == n


def test_joined_relative_bins_are_the_coarser_bins() -> None:
    fine, coarse, n = Bins(20), Bins(5), np.full(137, 137)
    assert (fine.of(np.arange(137), n)[0] // 4).tolist() == coarse.of(np.arange(137), n)[0].tolist()


@pytest.mark.parametrize("edges", [(), (1, 2), (0, 5, 5)])
def test_bins_that_are_none_are_refused(edges: tuple[int, ...]) -> None:
    with pytest.raises(StatisticsError, match="the edges of absolute bins must ascend from 0"):
        Bins(20, edges)
    with pytest.raises(StatisticsError, match="at least 1 relative bin, got 0"):
        Bins(0)


def test_the_examples_are_true() -> None:
    assert doctest.testmod(importlib.import_module("reasonlens.stats.word_bins")).failed == 0
