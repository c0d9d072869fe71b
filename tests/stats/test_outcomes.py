"""Right against wrong: the scopes are kept apart, and the numbers are those written out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from reasonlens.core.tables import POOLED
from reasonlens.stats.association import within_difference, within_problem_auc
from reasonlens.stats.conditional_logit import ConditionalLogit, conditional_logit
from reasonlens.stats.measured import Choice, Grouped, Sheet, Traces
from reasonlens.stats.outcomes import ACROSS, OTHER, SAME, across_models, within_problems
from tests.stats.tracing import LENGTH, RATE, traces


def samples(rng: np.random.Generator, problems: int = 30, models: int = 1, n: int = 6) -> Traces:
    """Right responses have more hits, whatever the problem."""
    rows: list[dict[str, object]] = []
    for p in range(problems):
        for m in range(models):
            for _ in range(n):
                right = rng.random() < 0.5
                hits = rng.poisson(3 + 3 * right + p % 4)
                words = float(rng.integers(80, 200))
                rows.append(
                    {
                        "problem_id": f"p{p:02}",
                        "model": f"m{m}",
                        "model_kind": "distilled" if m else "base",
                        "hits": hits,
                        "words": words,
                        "correct": float(right),
                    }
                )
    return traces(rows)


def of(rows: list[dict[str, object]], quantity: str, adjusted: str = "", **more: object) -> dict[str, object]:
    (one,) = [
        row
        for row in rows
        if row["quantity"] == quantity
        and row["adjusted"] == adjusted
        and all(row[name] == value for name, value in more.items())
    ]
    return one


def test_one_model_gives_the_numbers_of_the_array_statistics(rng: np.random.Generator) -> None:
    made = samples(rng)
    grouped = Grouped(made)
    rows = within_problems(Sheet(grouped, RATE, Choice()), SAME)
    value = 1000 * made.numbers["hits"].to_numpy() / made.numbers["words"].to_numpy()
    right = made.numbers["correct"].to_numpy()
    for quantity, wanted in (
        ("AUC", within_problem_auc(value, right, grouped.problem)),
        ("difference", within_difference(value, right, grouped.problem)),
    ):
        row = of(rows, quantity)
        found = [row[name] for name in ("value", "low", "high", "p_value")]
        np.testing.assert_allclose(found, [wanted.value, wanted.low, wanted.high, wanted.p_value])
        assert row["n_problems"] == wanted.n_clusters
        assert row["n_traces"] == wanted.n
        assert row["scope"] == SAME
    assert of(rows, "AUC")["value"] > 0.5


def test_the_odds_ratio_is_for_one_standard_deviation_and_can_hold_length_fixed(
    rng: np.random.Generator,
) -> None:
    made = samples(rng)
    grouped = Grouped(made)
    rows = within_problems(Sheet(grouped, RATE, Choice()), SAME)
    value = 1000 * made.numbers["hits"].to_numpy() / made.numbers["words"].to_numpy()
    right, words = made.numbers["correct"].to_numpy(), made.numbers["words"].to_numpy()
    plain = of(rows, "odds ratio")
    deviation = float(str(plain["unit"]).partition("(")[2].split()[0])
    log_odds = conditional_logit(value, right, grouped.problem).coefficients[0]
    assert np.log(plain["value"]) == pytest.approx(log_odds * deviation, rel=0.01)
    both = conditional_logit(np.column_stack([value, np.log(words)]), right, grouped.problem)
    adjusted = of(rows, "odds ratio", "length")
    assert np.log(adjusted["value"]) == pytest.approx(both.coefficients[0] * deviation, rel=0.01)
    lengths = within_problems(Sheet(grouped, LENGTH, Choice()), SAME)
    assert "of the log" in str(of(lengths, "odds ratio")["unit"])
    assert not [row for row in lengths if row["adjusted"]]


def single(right: list[list[int]], hits: list[list[int]]) -> Sheet:
    rows = [
        {"problem_id": f"p{p}", "model": f"m{m}", "hits": hits[p][m], "correct": float(right[p][m])}
        for p in range(len(right))
        for m in range(len(right[0]))
    ]
    return Sheet(Grouped(traces(rows)), RATE, Choice())


def test_without_repeated_samples_nothing_is_said_within_a_model() -> None:
    sheet = single([[1, 0], [0, 1], [1, 1]], [[4, 1], [2, 2], [9, 9]])
    (row,) = within_problems(sheet, SAME)
    assert np.isnan(row["value"])
    assert row["method"] == "no problem has right and wrong responses of one model"
    other = of(within_problems(sheet, OTHER), "AUC")
    assert other["value"] == 0.75  # 4 > 1, and a tie
    assert (other["n_problems"], other["n_traces"], other["n_models"]) == (2, 4, 2)
    assert "1 problems without such pairs left out" in str(other["method"]) or np.isnan(other["low"])


def test_pairs_of_one_model_are_no_pairs_of_different_models() -> None:
    rows = [
        {"problem_id": "p", "model": "a", "hits": 9, "correct": 1.0},
        {"problem_id": "p", "model": "a", "hits": 1, "correct": 0.0},
        {"problem_id": "p", "model": "b", "hits": 5, "correct": 0.0},
    ]
    sheet = Sheet(Grouped(traces(rows)), RATE, Choice())
    assert of(within_problems(sheet, SAME), "difference")["value"] == 80.0  # 9 - 1 in 100 words
    assert of(within_problems(sheet, OTHER), "difference")["value"] == 40.0  # 9 - 5
    assert not [row for row in within_problems(sheet, OTHER) if row["quantity"] == "odds ratio"]


def test_all_groups_together_are_named_so() -> None:
    rows = [
        {"problem_id": "p", "model": m, "model_kind": k, "hits": h, "correct": c}
        for m, k, h, c in (("a", "base", 1, 0.0), ("b", "teacher", 3, 1.0))
    ]
    found = within_problems(Sheet(Grouped(traces(rows)), RATE, Choice()), OTHER)
    assert {row["group"] for row in found} == {"(all)"}
    assert found[0]["value"] == 1.0


def test_what_is_not_graded_is_counted(rng: np.random.Generator) -> None:
    made = samples(rng, problems=5)
    made.numbers.loc[[0, 1], "correct"] = np.nan
    made.numbers.loc[2, "words"] = 0.0
    row = of(within_problems(Sheet(Grouped(made), RATE, Choice()), SAME), "AUC")
    assert (row["excluded"], row["excluded_why"]) == (3, "correctness unknown: 2; no words: 1")


def test_a_separating_measure_has_no_odds_ratio() -> None:
    rows = [{"problem_id": f"p{p}", "hits": 5 * s, "correct": float(s)} for p in range(6) for s in (0, 1)]
    row = of(within_problems(Sheet(Grouped(traces(rows)), RATE, Choice()), SAME), "odds ratio")
    assert np.isnan(row["value"])
    assert "separates right from wrong" in str(row["method"])


def test_a_chance_stays_between_0_and_1() -> None:
    right = [[1, 0], [0, 1], [1, 0]]
    row = of(within_problems(single(right, [[4, 1], [1, 4], [1, 4]]), OTHER), "AUC")
    assert row["low"] == 0.0
    assert row["high"] == 1.0
    assert str(row["method"]).endswith("cut to [0, 1]")


def test_across_models_uses_the_problems_that_all_have() -> None:
    rows = [
        {
            "problem_id": p,
            "model": f"m{m}",
            "hits": m + (9 - 3 * m if p == "c" else 0),
            "correct": float(m > 1),
        }
        for m in range(4)
        for p in ("a", "b", *(["c"] if m < 3 else []))
    ]
    (row,) = across_models(Sheet(Grouped(traces(rows)), RATE, Choice()), seed=0)
    assert (row["scope"], row["quantity"], row["estimand"]) == (ACROSS, "Spearman", "models like these")
    assert (row["n_models"], row["n_problems"], row["n_traces"]) == (4, 2, 8)
    assert row["value"] == pytest.approx(0.894427)  # 1 2 3 4 against 1.5 1.5 3.5 3.5
    assert np.isnan(row["low"])
    assert "no interval with fewer than 10 models" in row["method"]


def test_models_without_a_common_problem_are_not_correlated() -> None:
    rows = [{"problem_id": f"p{m}", "model": f"m{m}", "hits": m, "correct": float(m > 1)} for m in range(3)]
    (row,) = across_models(Sheet(Grouped(traces(rows)), RATE, Choice()), seed=0)
    assert np.isnan(row["value"])
    assert row["method"] == "undefined: no problem has a response of every model"


def test_two_models_or_two_benchmarks_are_never_pooled() -> None:
    rows = [
        {"dataset": d, "model": f"m{m}", "hits": m, "correct": float(m > 1)} for d in "ab" for m in range(3)
    ]
    found = across_models(Sheet(Grouped(traces(rows)), RATE, Choice()), seed=0)
    assert [row["dataset"] for row in found] == ["a", "b"]
    assert POOLED not in {row["dataset"] for row in found}
    few = across_models(Sheet(Grouped(traces(rows[:2])), RATE, Choice()), seed=0)
    assert few == []


def test_no_spread_between_problems_gives_no_interval() -> None:
    model = ConditionalLogit(np.array([0.5]), np.zeros((1, 1)), -3.0, 4, 8, 0)
    found = model.odds_ratio(0)
    assert found.value == pytest.approx(np.exp(0.5))
    assert np.isnan([found.low, found.high, found.p_value]).all()
    assert "too few problems for an interval" in found.method
