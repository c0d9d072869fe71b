from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.trend import dose_slope, page_trend


def test_page_of_the_textbook_example() -> None:
    # Hollander & Wolfe 1973: strength of cotton by falling amount of potash, 3 blocks; L = 158
    cotton = [
        [7.46, 7.17, 7.76, 8.14, 7.63],
        [7.68, 7.57, 7.73, 8.15, 8.00],
        [7.21, 7.80, 7.74, 7.87, 7.93],
    ]
    found = page_trend(cotton)
    assert found.statistic == 158
    assert found.p_value == pytest.approx(float(stats.page_trend_test(cotton).pvalue))
    assert found.p_value < 0.01


def test_page_leaves_incomplete_problems_out_and_counts_them() -> None:
    found = page_trend([[1, 2, 3], [1, 3, 2], [np.nan, 1, 2]])
    assert (found.n_problems, found.n) == (2, 6)
    assert "1 incomplete problems left out" in found.method
    assert np.isnan(page_trend([[1, 2, 3]]).p_value)


def test_falling_is_the_other_side(rng: np.random.Generator) -> None:
    values = rng.normal(size=(10, 4)) - np.arange(4)
    assert page_trend(values, falling=True).p_value < 0.001
    assert page_trend(values).p_value > 0.99
    assert page_trend(-values).p_value == page_trend(values, falling=True).p_value


def test_slopes_are_least_squares(rng: np.random.Generator) -> None:
    values, doses = rng.normal(size=(8, 4)), np.array([0, 1, 2, 5.0])
    values = np.vstack([values, [np.nan, 1, 2, 3]])
    slopes = [stats.linregress(doses, row).slope for row in values[:-1]]
    e = dose_slope(values, doses)
    assert e.value == pytest.approx(np.mean(slopes))
    assert e.p_value == pytest.approx(float(stats.ttest_1samp(slopes, 0).pvalue))
    assert e.method == "t on slopes of problems, 1 incomplete problems left out"


def test_without_a_complete_problem_there_is_no_slope() -> None:
    assert np.isnan(dose_slope([[np.nan, 1.0]], [0, 1]).value)
    flat = dose_slope([[1, 2], [2, 3]], [0, 1])
    assert (flat.value, np.isnan(flat.low)) == (1.0, True)
    assert flat.method.startswith("no variation")


def test_what_is_no_dose_design_is_refused() -> None:
    with pytest.raises(StatisticsError, match="at least three doses, got 2"):
        page_trend([[1, 2]])
    with pytest.raises(StatisticsError, match="must not be all equal"):
        dose_slope([[1, 2]], [3, 3])
    with pytest.raises(StatisticsError, match=r"problems x doses, got shape \(2,\)"):
        page_trend([1, 2])
    with pytest.raises(StatisticsError, match="infinite entries"):
        page_trend([[1, 2, np.inf]])
