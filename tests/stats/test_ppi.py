from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.ppi import ppi_mean

X = np.nan


def _textbook(f: np.ndarray, y: np.ndarray, known: np.ndarray) -> tuple[float, float, float]:
    """Weight, value and standard error as the paper writes them, for independent items."""
    n, rest = known.sum(), (~known).sum()
    cov = np.cov(y[known], f[known], ddof=0)[0, 1]
    spread = f[known].var() / n + f[~known].var() / rest
    weight = np.clip(cov / n / spread, 0, 1)
    value = weight * f[~known].mean() + (y[known] - weight * f[known]).mean()
    error = (y[known] - weight * f[known]).var() / n + weight**2 * f[~known].var() / rest
    return float(weight), float(value), float(np.sqrt(error * n / (n - 1)))


def test_a_small_example_by_hand() -> None:
    # others say 1, 1, 0, 0 (mean .5); labelled: f = 1, 0, 1, y = 2, 0, 1, so y - f = 1, 0, 0
    e = ppi_mean([1, 0, 1, 1, 1, 0, 0], [2, 0, 1, X, X, X, X], weight=1)
    assert e.value == pytest.approx(0.5 + 1 / 3)
    # squares: (2/9 + 1/9) ... (y - f) deviates by 2/3, -1/3, -1/3; others by +-1/2
    square = (4 / 9 + 1 / 9 + 1 / 9) / 9 + 4 * 0.25 / 16
    half = stats.t.ppf(0.975, 2) * np.sqrt(1.5 * square)
    assert (e.low, e.high) == pytest.approx((e.value - half, e.value + half))


def test_it_is_the_formula_of_the_paper_for_independent_items(rng) -> None:
    y = rng.poisson(2, 300).astype(float)
    f = y + rng.normal(0, 1, 300)
    known = np.arange(300) < 60
    weight, value, error = _textbook(f, y, known)
    e = ppi_mean(f, np.where(known, y, X))
    assert e.value == pytest.approx(value)
    assert e.high - e.value == pytest.approx(stats.t.ppf(0.975, 59) * error)
    assert f"weight {weight:.2f}" in e.method


def test_a_useless_judge_gets_no_weight(rng) -> None:
    y = rng.normal(size=400)
    known = np.arange(400) < 100
    e = ppi_mean(-y, np.where(known, y, X))
    alone = stats.t.interval(0.95, 99, y[known].mean(), stats.sem(y[known]))
    assert "weight 0.00" in e.method
    assert (e.value, e.low, e.high) == pytest.approx((y[known].mean(), *alone))


def test_the_best_weight_is_no_worse_than_any_other(rng) -> None:
    y = rng.poisson(1.5, 500).astype(float)
    f = 2 * y + rng.normal(0, 2, 500)
    gold = np.where(np.arange(500) < 80, y, X)
    where = np.arange(500) // 5
    best = ppi_mean(f, gold, where)
    for weight in np.linspace(0, 1, 21):
        other = ppi_mean(f, gold, where, weight=float(weight))
        assert best.high - best.low <= other.high - other.low + 1e-12


def test_copies_of_every_item_tell_nothing_new(rng) -> None:
    y = rng.poisson(2, 60).astype(float)
    f, gold = y + 1, np.where(np.arange(60) < 20, y, X)
    once = ppi_mean(f, gold)
    twice = ppi_mean(np.repeat(f, 3), np.repeat(gold, 3), np.repeat(np.arange(60), 3))
    assert (twice.value, twice.low, twice.high) == pytest.approx((once.value, once.low, once.high))
    assert (twice.n, twice.n_problems) == (180, 60)


def test_too_few_labels_have_no_limits() -> None:
    e = ppi_mean([1, 2, 3], [1, X, X])
    assert e.value == pytest.approx(1.0)  # one label: nothing to weigh the judge by
    assert np.isnan(e.low)
    e = ppi_mean([1, 2], [X, X])
    assert np.isnan(e.value)
    assert e.method == "not validated: no labels"


def test_wrong_input_is_named() -> None:
    with pytest.raises(StatisticsError, match="gold must have 2 entries"):
        ppi_mean([1, 2], [1])
    with pytest.raises(StatisticsError, match="weight must be between 0 and 1"):
        ppi_mean([1, 2], [1, X], weight=2)


def test_bounds_cut_values_and_limits() -> None:
    e = ppi_mean([1, 1, 1, 0], [1, 1, X, X], bounds=(0, 1))
    assert 0 <= e.low <= e.value <= e.high <= 1
