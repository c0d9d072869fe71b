"""Strata of problems: the F ratio is scipy's, the p-value that of all ways to part, the level holds."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.strata import strata_test


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_it_is_the_share_of_all_permutations(data: st.DataObject) -> None:
    n = data.draw(st.integers(4, 6))
    values = data.draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n))
    strata = data.draw(st.permutations([0, 0, 1, 1, 2, 1][:n]))
    found = strata_test(values, strata, seed=1, draws=2000)
    groups = sorted(set(strata))

    def between(order: tuple[int, ...]) -> float:
        parts = [[v for v, s in zip(order, strata, strict=True) if s == g] for g in groups]
        return sum(len(p) * (np.mean(p) - np.mean(order)) ** 2 for p in parts)

    every = [between(order) for order in permutations(values)]
    share = float(np.mean([b >= between(tuple(values)) - 1e-9 for b in every]))
    assert found.p_value == pytest.approx(share, abs=0.05)  # four errors of 2,000 draws


def test_the_ratio_is_that_of_an_analysis_of_variance() -> None:
    rng = np.random.default_rng(0)
    values, strata = rng.normal(size=40), rng.integers(0, 4, 40)
    found = strata_test(values, strata * 3, seed=0, draws=9999)  # codes in between do not occur
    one = stats.f_oneway(*(values[strata == g] for g in range(4)))
    assert found.statistic == pytest.approx(one.statistic)
    assert found.p_value == pytest.approx(one.pvalue, abs=0.03)
    assert (found.n_problems, found.seed, found.method) == (
        *(40, 0),
        "permuted strata of problems, 9999 draws",
    )


def test_what_cannot_be_told_is_undefined() -> None:
    assert np.isnan(strata_test([1.0, 2.0, 3.0], [0, 0, 0], seed=0).p_value)
    assert np.isnan(strata_test([1.0, 2.0], [0, 1], seed=0).p_value)
    assert np.isnan(strata_test([], [], seed=0).p_value)
    same = strata_test([0.5, 0.5, 0.5, 0.5], [0, 0, 1, 1], seed=0)
    assert np.isnan(same.statistic)
    assert same.p_value == 1.0
    apart = strata_test([0.0, 0.0, 1.0, 1.0], [0, 0, 1, 1], seed=0)
    assert apart.statistic == np.inf
    with pytest.raises(StatisticsError, match="strata must have 2 entries, got 1"):
        strata_test([0.1, 0.2], [0], seed=0)


def rejected(effects: tuple[float, float], runs: int = 300, problems: int = 30) -> float:
    """Simulate shares of 8 tries at problems that differ much in how hard they are, in two strata."""
    rng = np.random.default_rng(7)
    count = 0
    for run in range(runs):
        rate = rng.beta(0.4, 0.8, problems)
        hard = (rng.binomial(8, rate) / 8 <= 0.25).astype(np.int64)
        under = np.clip(rate + np.where(hard, effects[0], effects[1]), 0, 1)
        difference = (rng.binomial(8, under) - rng.binomial(8, rate)) / 8
        count += strata_test(difference, hard, seed=run, draws=199).p_value <= 0.05
    return count / runs


def test_it_holds_its_level_where_only_the_spread_differs() -> None:
    assert 0.0 <= rejected((0.0, 0.0)) <= 0.075


def test_it_finds_an_effect_that_only_easy_problems_have() -> None:
    assert rejected((0.0, -0.3), runs=100) >= 0.8
