"""Degrees of freedom: the kurtosis rule, Welch's, and tails of one t at the quantile of another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import CompareMeans

from reasonlens.stats.degrees import degrees_of, degrees_of_sum, tail_at


def test_the_rule_matches_the_mean_and_the_variance_of_a_chi_square(rng: np.random.Generator) -> None:
    # a sum of P squares with this kurtosis has the variance of a chi-square with these degrees of freedom
    change = rng.standard_t(9, 200_000)
    squares = (change**2).reshape(-1, 20).sum(axis=1)
    by_moments = 2 * squares.mean() ** 2 / squares.var()
    kurtosis = stats.kurtosis(change, fisher=False)
    assert 2 * 20 / (kurtosis - 1) == pytest.approx(by_moments, rel=0.15)


def test_columns_are_taken_one_by_one(rng: np.random.Generator) -> None:
    change = rng.gamma(0.3, 1, (40, 3))
    change[:, 2] = 0.0
    found = degrees_of(change)
    assert found[:2] == pytest.approx([float(degrees_of(change[:, i])) for i in (0, 1)])
    assert found[2] == 39  # nothing varies: as well known as can be
    assert 1 <= found[0] < 39


def test_one_problem_that_decides_leaves_one_degree_and_a_sign_leaves_all() -> None:
    assert float(degrees_of(np.array([1e9, 1.0, -1.0, 1.0]))) == pytest.approx(8 / 3)
    assert float(degrees_of(np.r_[1e9, np.zeros(1)])) == 1.0
    assert float(degrees_of(np.array([1.0, -1.0, 1.0, -1.0]))) == 3.0


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30), st.floats(1e-3, 1e3))
def test_the_scale_does_not_matter(values: list[float], factor: float) -> None:
    change = np.array([v for v in values if v == 0 or abs(v) > 1e-3] or [0.0, 1.0])
    assert float(degrees_of(change * factor)) == pytest.approx(float(degrees_of(change)))


def test_two_variances_add_up_as_in_the_test_of_welch(rng: np.random.Generator) -> None:
    a, b = rng.normal(0, 1, 8), rng.normal(0, 3, 20)
    _, _, degrees = CompareMeans.from_data(a, b).ttest_ind(usevar="unequal")
    assert degrees_of_sum(a.var(ddof=1) / 8, 7, b.var(ddof=1) / 20, 19) == pytest.approx(degrees)
    assert degrees_of_sum(0.0, 3, 0.0, 4) == 7


def test_a_tail_is_moved_to_the_quantile_of_other_degrees() -> None:
    tail = tail_at(0.025, 20.0, 3.0)
    assert stats.t.ppf(tail, 3) == pytest.approx(stats.t.ppf(0.025, 20))
    assert tail_at(1e-9, 3.0, 3.0) == 1e-9
