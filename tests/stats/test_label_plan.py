from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.label_plan import expected_width, labels_needed
from reasonlens.stats.prevalence import post_stratified

GUESS = {"prevalence": 0.3, "sensitivity": 0.85, "specificity": 0.9, "judged": 5000}


def test_the_number_of_labels_is_the_smallest_that_is_enough() -> None:
    plan = labels_needed(0.1, **GUESS)
    assert plan.labels is not None
    assert expected_width(plan.labels, **GUESS) <= 0.1 < expected_width(plan.labels - 1, **GUESS)
    assert plan.width == expected_width(plan.labels, **GUESS)


def test_large_samples_follow_the_normal_formula() -> None:
    # p = .325, PPV = .255/.325, FOR = .045/.675
    p, ppv, rate, n = 0.325, 0.255 / 0.325, 0.045 / 0.675, 2000
    variance = p * ppv * (1 - ppv) / n + (1 - p) * rate * (1 - rate) / n
    variance += (ppv - rate) ** 2 * p * (1 - p) / 5000
    assert expected_width(n, **GUESS) == pytest.approx(2 * 1.96 * np.sqrt(variance), rel=0.02)


def test_labels_alone_are_a_share_of_labels() -> None:
    only = labels_needed(0.1, **GUESS).labels_only
    assert only is not None
    low, high = stats.beta.ppf([0.025, 0.975], 0.3 * only + 0.5, 0.7 * only + 0.5)
    assert high - low <= 0.1
    assert only == pytest.approx(0.21 * (2 * 1.96 / 0.1) ** 2, rel=0.02)


def test_the_better_the_judge_the_fewer_the_labels() -> None:
    good = labels_needed(0.1, **{**GUESS, "sensitivity": 0.95, "specificity": 0.97})
    usual, bad = labels_needed(0.1, **GUESS), labels_needed(0.1, **{**GUESS, "sensitivity": 0.6})
    assert good.labels is not None
    assert usual.labels is not None
    assert bad.labels is not None
    assert good.labels < usual.labels < bad.labels < bad.labels_only


def test_problems_with_several_items_need_more() -> None:
    plain, designed = labels_needed(0.1, **GUESS), labels_needed(0.1, **GUESS, design=2.0)
    assert plain.labels is not None
    assert designed.labels is not None
    assert designed.labels > 1.9 * plain.labels


def test_too_few_judged_items_are_never_enough() -> None:
    plan = labels_needed(0.05, **{**GUESS, "judged": 100})
    assert plan.labels is None
    assert plan.least > 0.05


def test_the_expected_width_is_the_mean_width_of_simulated_samples(rng) -> None:
    widths = []
    for _ in range(60):
        gold = (rng.random(3000) < 0.3).astype(float)
        judge = np.where(gold == 1, rng.random(3000) < 0.85, rng.random(3000) < 0.1).astype(float)
        known = np.where(np.arange(3000) < 120, gold, np.nan)
        e = post_stratified(judge, known, draws=3000, seed=rng)
        widths.append(e.high - e.low)
    assert np.mean(widths) == pytest.approx(expected_width(120, **{**GUESS, "judged": 3000}), rel=0.05)


def test_wrong_input_is_named() -> None:
    with pytest.raises(StatisticsError, match=r"width must be between 0 and 1, got 1\.5"):
        labels_needed(1.5, **GUESS)
    with pytest.raises(StatisticsError, match="specificity must be between 0 and 1"):
        expected_width(10, **{**GUESS, "specificity": 9})
    with pytest.raises(StatisticsError, match="judged items and design effect start at 1"):
        expected_width(10, **GUESS, design=0.5)
