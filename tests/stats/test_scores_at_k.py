"""Scores of groups against every subset written out."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from reasonlens.stats.estimate import THESE
from reasonlens.stats.fixed_set import fixed_set_mean
from reasonlens.stats.measured import Choice, Grouped, Sheet, Traces
from reasonlens.stats.scores_at_k import scores_at_k
from tests.stats.tracing import ACCURACY, traces

RIGHT = 7.0
ANSWERS = {"p0": [7, 7, 1, 1, 2], "p1": [7, 3, 3, 3, None], "p2": [7, 7, 7, 7, 7], "p3": [4, 5, 6, 4, None]}


def rows_of(answers: dict[str, list[float | None]], **more: object) -> list[dict[str, object]]:
    return [
        {
            "problem_id": problem,
            "correct": float(answer == RIGHT),
            "answer": np.nan if answer is None else float(answer),
            **more,
        }
        for problem, given in answers.items()
        for answer in given
    ]


def sheet(rows: list[dict[str, object]], *, answers: bool = True, by: str = "model") -> Sheet:
    made = traces(rows)
    if not answers:
        made = Traces(made.about, made.numbers.drop(columns="answer"))
    return Sheet(Grouped(made, by), ACCURACY, Choice())


def won(subset: tuple[float | None, ...]) -> float:
    votes = Counter(answer for answer in subset if answer is not None)
    if not votes:
        return 0.0
    top = max(votes.values())
    leading = [answer for answer, n in votes.items() if n == top]
    return float(RIGHT in leading) / len(leading)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_scores_are_means_over_all_subsets(k: int) -> None:
    found = {row["quantity"]: row for row in scores_at_k(sheet(rows_of(ANSWERS)), [k], reference="m")}
    passed, voted = [], []
    for given in ANSWERS.values():
        subsets = list(combinations(given, k))
        passed.append(np.mean([RIGHT in subset for subset in subsets]))
        voted.append(np.mean([won(subset) for subset in subsets]))
    assert found[f"pass@{k}"]["value"] == pytest.approx(np.mean(passed))
    assert found[f"maj@{k}"]["value"] == pytest.approx(np.mean(voted))
    assert found["avg@5"]["value"] == pytest.approx((0.4 + 0.2 + 1 + 0) / 4)
    assert (found["avg@5"]["n_problems"], found["avg@5"]["n_traces"]) == (4, 20)
    assert found["avg@5"]["unit"] == "share of problems"


def test_every_k_rests_on_the_same_problems() -> None:
    few = rows_of(ANSWERS) + rows_of({"p9": [7, 7]})
    for row in scores_at_k(sheet(few), [1, 4], reference="m"):
        assert (row["n_problems"], row["n_traces"]) == (4, 20)
        assert row["excluded_why"] == "fewer samples than the largest k: 2"


def test_limits_stay_between_0_and_1() -> None:
    rows = scores_at_k(sheet(rows_of(ANSWERS)), [1, 5], reference="m")
    assert all(0 <= row["low"] <= row["value"] <= row["high"] <= 1 for row in rows)
    assert {row["quantity"]: row["method"] for row in rows}["pass@5"].startswith("Clopper-Pearson")
    assert {row["quantity"]: row["method"] for row in rows}["pass@1"].endswith("cut to [0, 1]")


def test_only_the_average_has_the_error_of_sampling() -> None:
    found = {
        row["quantity"]: row
        for row in scores_at_k(sheet(rows_of(ANSWERS)), [2], reference="m", estimand=THESE)
    }
    right = [float(a == RIGHT) for given in ANSWERS.values() for a in given]
    wanted = fixed_set_mean(right, np.repeat(np.arange(4), 5))
    assert (found["avg@5"]["low"], found["avg@5"]["high"]) == (wanted.low, wanted.high)
    assert found["avg@5"]["estimand"] == THESE
    assert found["pass@2"]["estimand"] == "problems like these"


def test_models_of_a_group_are_scored_apart_and_averaged() -> None:
    one = rows_of({"p0": [7, 7], "p1": [7, 1]}, model="a")
    two = rows_of({"p0": [1, 2], "p1": [1, 1]}, model="b")
    found = {r["quantity"]: r for r in scores_at_k(sheet(one + two, by="model_kind"), [2], reference="base")}
    assert found["pass@2"]["value"] == 0.5  # pooled samples would give 5/6
    assert found["pass@2"]["n_problems"] == 2


def test_groups_are_compared_on_shared_problems() -> None:
    one = rows_of({f"p{i}": [7, 7 - i % 2] for i in range(6)}, model="a")
    two = rows_of({f"p{i}": [1, 7 if i % 3 else 1] for i in range(7)}, model="b")
    rows = scores_at_k(sheet(one + two), [1, 2], reference="a")
    found = {r["quantity"]: r for r in rows if r["reference"]}
    # b: .5 on four of six problems; a: 1 and .5 by turns
    assert found["pass@1 difference"]["value"] == pytest.approx(2 / 6 - 0.75)
    assert found["pass@1 difference"]["n_problems"] == 6
    assert found["pass@1 difference"]["excluded_why"] == "problem not shared: 2"
    assert "avg@2 difference" not in found


def test_a_majority_needs_answers() -> None:
    assert not [
        row
        for row in scores_at_k(sheet(rows_of(ANSWERS), answers=False), [1, 2], reference="m")
        if row["quantity"].startswith("maj")
    ]
    hidden = [row | {"answer": np.nan} for row in rows_of(ANSWERS)]
    assert not [r for r in scores_at_k(sheet(hidden), [2], reference="m") if r["quantity"].startswith("maj")]
