"""The ratio at equal length: recovered where it is known, and equal to statsmodels."""

from __future__ import annotations

import numpy as np
import pytest

from reasonlens.stats.length_adjusted import adjusted_odds, adjusted_ratio, length_adjusted, odds_ratio
from reasonlens.stats.measured import Choice, Grouped, Sheet
from reasonlens.stats.pairs import within_problem
from tests.stats.tracing import ACCURACY, LENGTH, RATE, traces, two_kinds


def simulated(rng: np.random.Generator, problems: int = 200, ratio: float = 1.5, slope: float = 0.6):
    """Side 1 is longer, rates rise with length: the plain ratio is too high, the adjusted one is not."""
    problem = np.repeat(np.arange(problems), 4)
    side = np.tile([0, 0, 1, 1], problems)
    length = rng.normal(5.5, 0.5, problems)[problem] + 0.8 * side + rng.normal(0, 0.5, 4 * problems)
    words = np.exp(length)
    z = within_problem(np.log(words), problem)
    mean = words * np.exp(
        np.log(0.02) + np.log(ratio) * side + slope * z + rng.normal(0, 0.3, problems)[problem]
    )
    return rng.poisson(mean).astype(float), words, side, problem


def test_the_ratio_at_equal_length_is_recovered(rng: np.random.Generator) -> None:
    hits, words, side, problem = simulated(rng)
    plain = (hits[side == 1].sum() / words[side == 1].sum()) / (
        hits[side == 0].sum() / words[side == 0].sum()
    )
    found = adjusted_ratio(hits, words, side, problem)
    assert plain > 2.2
    assert found.low < 1.5 < found.high
    assert found.value == pytest.approx(1.5, rel=0.1)
    assert "longer one in 90% of pairs" in found.method
    assert (found.n_problems, found.n) == (200, 800)


def test_the_coefficients_are_those_of_statsmodels(rng: np.random.Generator) -> None:
    api = pytest.importorskip("statsmodels.api")
    hits, words, side, problem = simulated(rng, problems=40)
    z = within_problem(np.log(words), problem)
    design = np.column_stack([np.ones(len(hits)), side, z])
    fit = api.GLM(hits, design, family=api.families.Poisson(), offset=np.log(words)).fit()
    found = adjusted_ratio(hits, words, side, problem)
    assert found.value == pytest.approx(float(np.exp(fit.params[1])), rel=1e-7)
    clustered = api.GLM(hits, design, family=api.families.Poisson(), offset=np.log(words)).fit(
        cov_type="cluster", cov_kwds={"groups": problem}
    )
    error = (np.log(found.high) - np.log(found.value)) / 2.0227  # t quantile, 39 degrees
    assert error == pytest.approx(float(clustered.bse[1]), rel=0.15)  # the jackknife is a little longer


@pytest.mark.filterwarnings("ignore:Dropped")
def test_the_odds_at_equal_length_are_those_of_statsmodels(rng: np.random.Generator) -> None:
    module = pytest.importorskip("statsmodels.discrete.conditional_models")
    _, words, side, problem = simulated(rng, problems=60)
    chance = 1 / (1 + np.exp(-(0.7 * side - 0.5 * within_problem(np.log(words), problem))))
    right = (rng.random(len(side)) < chance).astype(float)
    fit = module.ConditionalLogit(right, np.column_stack([side, np.log(words)]), groups=problem).fit(disp=0)
    found = adjusted_odds(right, words, side, problem)
    assert found.value == pytest.approx(float(np.exp(fit.params[0])), rel=1e-4)


def test_what_cannot_be_told_is_nan_with_the_reason() -> None:
    words, side, problem = np.array([9.0, 9.0, 8.0, 8.0]), np.array([1, 0, 1, 0]), np.array([0, 0, 1, 1])
    none = adjusted_ratio(np.array([1.0, 0.0, 2.0, 0.0]), words, side, problem)
    assert np.isnan(none.value)
    assert none.method == "undefined: a side has no hits"
    flat = adjusted_ratio(np.ones(4), words, side, problem)
    assert "collinear" in flat.method
    sure = adjusted_odds(np.ones(4), words, side, problem)
    assert "no problem has right and wrong responses" in sure.method


def test_rows_are_for_rates_and_shares_and_say_what_is_left_out() -> None:
    rows = two_kinds(8)
    rows.numbers.loc[0, "words"] = 0.0
    rows.numbers.loc[0, "hits"] = 0.0
    sheet = Sheet(Grouped(rows), RATE, Choice())
    (row,) = length_adjusted(sheet, reference="base")
    assert (row["quantity"], row["adjusted"], row["unit"]) == ("ratio", "length", "ratio")
    assert row["excluded_why"] == "problem not shared: 2"  # the other side of that problem too
    (share,) = length_adjusted(Sheet(Grouped(rows), ACCURACY, Choice()), reference="base")
    assert share["quantity"] == "odds ratio"
    assert share["excluded_why"] == "no words: 1"
    assert length_adjusted(Sheet(Grouped(rows), LENGTH, Choice()), reference="base") == []


def test_a_group_without_the_reference_has_no_row() -> None:
    rows = traces([{"dataset": "a"}, {"dataset": "b", "model_kind": "teacher"}])
    found = length_adjusted(Sheet(Grouped(rows), RATE, Choice()), reference="base")
    assert [(row["dataset"], row["n_problems"]) for row in found] == [("(all)", 0)]
    assert found[0]["method"] == "undefined: a side has no hits"


def test_an_odds_ratio_without_variation_has_no_interval() -> None:
    side, right = np.array([1.0, 0.0, 1.0, 0.0] * 2), np.array([1.0, 0.0, 0.0, 1.0] * 2)
    found = odds_ratio(side, right, np.repeat([0, 1], 4))
    assert found.value == pytest.approx(1.0)
    assert np.isnan(found.low)
    assert found.method == "no variation between problems: no interval"
