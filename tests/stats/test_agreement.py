from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats import inter_rater

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.agreement import (
    COEFFICIENTS,
    coefficient,
    cohen_kappa,
    confusion,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    percent_agreement,
)
from reasonlens.stats.agreement_limits import agreement, judge_quality

X = np.nan
# Krippendorff 2011, example C: 4 observers, 12 units, with gaps; also the data of Gwet 2014
FOUR = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, X, X, X],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, X, 3],
        [X, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, X],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, X],
    ]
).T
# Fleiss 1971 as in many textbooks: 10 items, 14 ratings, 5 categories; kappa = .210
COUNTS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]
TWO = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3, max_size=30)


@pytest.mark.parametrize(("level", "value"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_of_the_published_example(level: str, value: float) -> None:
    assert krippendorff_alpha(FOUR, level) == pytest.approx(value, abs=0.0006)


def test_ac1_of_the_published_example() -> None:
    assert gwet_ac1(FOUR) == pytest.approx(0.77544, abs=5e-6)


def test_fleiss_kappa_of_the_published_example() -> None:
    ratings = [[value for value, n in enumerate(row) for _ in range(n)] for row in COUNTS]
    assert fleiss_kappa(ratings) == pytest.approx(0.210, abs=0.0005)
    assert fleiss_kappa(ratings) == pytest.approx(float(inter_rater.fleiss_kappa(np.array(COUNTS))))


@pytest.mark.parametrize(
    ("prevalence", "agree", "kappa", "ac1"),
    [(3, 0.947, 0.47, 0.94), (30, 0.92, 0.81, 0.86), (95, 0.855, 0.34, 0.816)],
)
def test_kappa_falls_with_rare_categories_and_ac1_does_not(
    prevalence: int, agree: float, kappa: float, ac1: float
) -> None:
    # a judge with sensitivity .85 and specificity .95, exactly
    yes, no = 100 * prevalence, 100 * (100 - prevalence)
    cells = {(1, 1): 85 * yes, (1, 0): 15 * yes, (0, 1): 5 * no, (0, 0): 95 * no}
    ratings = [pair for pair, n in cells.items() for _ in range(n // 500)]
    assert percent_agreement(ratings) == pytest.approx(agree, abs=0.001)
    assert cohen_kappa(ratings) == pytest.approx(kappa, abs=0.006)
    assert gwet_ac1(ratings) == pytest.approx(ac1, abs=0.006)


@given(TWO)
def test_cohen_is_that_of_statsmodels(pairs: list[tuple[int, int]]) -> None:
    table = np.zeros((4, 4))
    for a, b in pairs:
        table[a, b] += 1
    np.testing.assert_array_equal(confusion(pairs, range(4)), table)
    row, column = table.sum(1) / table.sum(), table.sum(0) / table.sum()
    assume(row @ column < 1)
    for ours, theirs in (("none", None), ("linear", "linear"), ("quadratic", "quadratic")):
        expected = inter_rater.cohens_kappa(table, wt=theirs, return_results=False)
        assert cohen_kappa(pairs, ours, range(4)) == pytest.approx(float(expected), abs=1e-9)


def slow_alpha(ratings: np.ndarray, level: str) -> float:
    """Observed and expected disagreement as means over pairs of ratings."""
    units = [row[~np.isnan(row)] for row in ratings]
    units = [u for u in units if len(u) > 1]
    pooled = np.concatenate(units)
    counts = {v: float(np.sum(pooled == v)) for v in np.unique(pooled)}

    def far(a: float, b: float) -> float:
        if level == "nominal":
            return float(a != b)
        if level == "interval":
            return (a - b) ** 2
        low, high = min(a, b), max(a, b)
        return (sum(n for v, n in counts.items() if low <= v <= high) - (counts[a] + counts[b]) / 2) ** 2

    observed = sum(sum(far(a, b) for a, b in permutations(u, 2)) / (len(u) - 1) for u in units) / len(pooled)
    expected = np.mean([far(a, b) for a, b in permutations(pooled, 2)])
    return float(1 - observed / expected)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from([1.0, 2.0, 3.0, 5.0, X]), min_size=3, max_size=3), min_size=2, max_size=8
    )
)
def test_alpha_is_the_mean_over_pairs(rows: list[list[float]]) -> None:
    ratings = np.array(rows)
    paired = ratings[(~np.isnan(ratings)).sum(axis=1) > 1]
    values = np.unique(paired[~np.isnan(paired)])
    for level in ("nominal", "ordinal", "interval"):
        got = krippendorff_alpha(ratings, level)
        if len(values) < 2:
            assert np.isnan(got)
        else:
            assert got == pytest.approx(slow_alpha(ratings, level), abs=1e-9)


def test_ac1_and_percent_are_the_slow_ones(rng: np.random.Generator) -> None:
    ratings = rng.integers(0, 3, (20, 4)).astype(float)
    ratings[rng.random(ratings.shape) < 0.3] = np.nan
    rows = [r[~np.isnan(r)] for r in ratings]
    agree = np.mean([np.mean([a == b for a, b in combinations(r, 2)]) for r in rows if len(r) > 1])
    shares = np.mean([[np.mean(r == v) for v in range(3)] for r in rows if len(r)], axis=0)
    chance = np.sum(shares * (1 - shares)) / 2
    assert percent_agreement(ratings) == pytest.approx(agree)
    assert gwet_ac1(ratings) == pytest.approx((agree - chance) / (1 - chance))


def test_when_all_agree_on_one_value() -> None:
    same = [[1, 1], [1, 1]]
    assert percent_agreement(same) == 1.0
    for value in (cohen_kappa(same), fleiss_kappa(same), krippendorff_alpha(same), gwet_ac1(same)):
        assert np.isnan(value)
    assert gwet_ac1(same, categories=(0, 1)) == 1.0
    e = agreement(same, "ac1", categories=(0, 1))
    assert (e.value, np.isnan(e.low)) == (1.0, True)
    assert e.method == "no variation between problems: no interval"
    assert agreement(same, "cohen").method == "undefined"


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_limits_do_not_depend_on_the_order_of_items(name: str, rng: np.random.Generator) -> None:
    truth = rng.integers(0, 3, 90)
    noise = rng.random((90, 2)) < 0.2
    ratings = np.where(noise, rng.integers(0, 3, (90, 2)), truth[:, None]).astype(float)
    problem, order = np.repeat(np.arange(30), 3), rng.permutation(90)
    e = agreement(ratings, name, problem)
    again = agreement(ratings[order], name, problem[order] + 5)
    assert e.low < e.value < e.high <= 1.0
    assert (e.value, e.low, e.high) == pytest.approx((again.value, again.low, again.high))
    assert (e.n_problems, e.n) == (30, 90)
    b = agreement(ratings, name, problem, limits="bootstrap", seed=1)
    assert (b.low, b.high) == (pytest.approx(e.low, abs=0.06), pytest.approx(e.high, abs=0.06))


def test_jackknife_leaves_out_whole_problems(rng: np.random.Generator) -> None:
    ratings = rng.integers(0, 2, (24, 2))
    problem = np.repeat(np.arange(6), 4)
    e = agreement(ratings, "cohen", problem)
    slow = np.array([cohen_kappa(ratings[problem != p]) for p in range(6)])
    error = np.sqrt(5 / 6 * np.sum((slow - slow.mean()) ** 2)) / (1 - e.value**2)
    assert np.arctanh(e.high) - np.arctanh(e.value) == pytest.approx(2.570582 * error, rel=1e-6)


def test_judge_quality_counts_and_divides() -> None:
    judge, gold = [1] * 17 + [0] * 3 + [1] * 4 + [0] * 76, [1] * 20 + [0] * 80
    q = judge_quality(judge, gold)
    assert (q.true_positive, q.false_positive, q.false_negative, q.true_negative) == (17, 4, 3, 76)
    assert (q.sensitivity.value, q.specificity.value) == (0.85, 0.95)
    assert (q.positive_value.value, q.negative_value.value) == (
        pytest.approx(17 / 21),
        pytest.approx(76 / 79),
    )
    assert (q.sensitivity.n, q.positive_value.n) == (20, 21)
    assert q.sensitivity.low < 0.65
    none = judge_quality([0, 1], [0, 0])
    assert np.isnan(none.sensitivity.value)
    assert none.sensitivity.n == 0


@pytest.mark.parametrize(
    ("ratings", "name", "message"),
    [
        ([[1, 2]], "kappa", "coefficient is 'kappa'; it must be one of 'percent', 'cohen'"),
        ([[1], [2]], "ac1", r"with two raters or more, got \(2, 1\)"),
        ([[1, 2, 3]], "cohen", "compares two raters, got 3; use alpha or AC1"),
        ([[1, 2, 3], [1, 2, X]], "fleiss", "the same number of ratings for every item"),
        ([[1, np.inf]], "ac1", "a rating is infinite"),
        ([[i, i] for i in range(51)], "alpha-interval", "51 different values, at most 50 are used"),
    ],
)
def test_ratings_that_do_not_suit_are_refused(ratings: object, name: str, message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        coefficient(ratings, name)  # type: ignore[arg-type]


def test_other_arguments_are_checked() -> None:
    with pytest.raises(StatisticsError, match="the rating 2 is not among the categories"):
        gwet_ac1([[1, 2]], categories=(0, 1))
    with pytest.raises(StatisticsError, match="bootstrap limits need a seed"):
        agreement([[1, 0], [0, 0]], "ac1", limits="bootstrap")
    with pytest.raises(StatisticsError, match="leave out what has no verdict"):
        judge_quality([1, 2], [1, 0])
    with pytest.raises(StatisticsError, match="problem must have 2 entries, got 1"):
        agreement([[1, 0], [0, 0]], "ac1", [0])


@pytest.mark.parametrize("name", COEFFICIENTS)
@pytest.mark.parametrize("limits", ["jackknife", "bootstrap"])
@pytest.mark.parametrize("categories", [None, (0, 1)])
@pytest.mark.parametrize("items", [0, 3])
def test_without_any_rating_agreement_is_undefined(
    name: str, limits: str, categories: tuple[float, float] | None, items: int
) -> None:
    ratings = np.full((items, 2), np.nan)
    found = agreement(ratings, name, np.arange(items), categories=categories, limits=limits, seed=1)
    assert np.isnan([found.value, found.low, found.high]).all()
    assert found.method.startswith(("no ratings", "undefined"))
    assert np.isnan(coefficient(ratings, name, categories).total())


def test_a_rarer_value_in_few_of_the_problems_is_said(rng: np.random.Generator) -> None:
    where = np.repeat(np.arange(12), 6)
    ratings = np.zeros((72, 2))
    ratings[where < 3] = rng.integers(0, 2, (18, 2))
    few = agreement(ratings, "cohen", where)
    assert few.method.endswith("only 3 problems have the rarer values, limits too short")
    ratings = rng.integers(0, 2, (72, 2)).astype(float)  # in all of few problems: the limits hold
    assert "too short" not in agreement(ratings[:48], "cohen", where[:48]).method
    assert "too short" not in agreement(ratings, "cohen", where).method


def test_kappa_that_few_problems_decide_has_fewer_degrees_of_freedom(rng: np.random.Generator) -> None:
    where = np.repeat(np.arange(20), 5)
    ratings = np.repeat(rng.integers(0, 2, (100, 1)), 2, axis=1).astype(float)
    ratings[:5, 1] = 1 - ratings[:5, 0]  # the raters differ in one problem only
    e = agreement(ratings, "cohen", where)
    without = np.array([cohen_kappa(ratings[where != p]) for p in range(20)])
    change = without - without.mean()
    degrees = 2 * 20 / (np.mean(change**4) / np.mean(change**2) ** 2 - 1)
    assert degrees < 3
    error = np.sqrt(19 / 20 * np.sum(change**2)) / (1 - e.value**2)
    half = stats.t.ppf(0.975, degrees) * error
    assert (e.low, e.high) == pytest.approx(tuple(np.tanh(np.arctanh(e.value) + np.array([-half, half]))))
