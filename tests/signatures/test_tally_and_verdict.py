"""Sums with evidence, and how they become a verdict."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.core.tables import POOLED
from reasonlens.signatures import BELOW, Measure, Seen
from reasonlens.signatures._tally import Group, Sums, Tally
from reasonlens.signatures._verdict import CANNOT_TELL, FLAGGED, NOT_FLAGGED, estimate, p_against, verdict
from reasonlens.stats.arrays import Interval, share_of_sums

M = Group("base", "lab/m", "baseline")
SHARE = Measure("share", "title", 0.1)


def sums(
    x: list[float], of: list[float], y: list[float] | None = None, excluded: dict[str, int] | None = None
) -> Sums:
    problems = tuple(("d", f"p{i}") for i in range(len(x)))
    return Sums(
        problems, np.array(x), np.array(of), np.array(of), np.array(y or [0.0] * len(x)), excluded or {}
    )


def tally(rows: list[tuple[str, str, tuple[str, ...], str, Seen]]) -> Tally:
    made = Tally(keep=2)
    for dataset, problem, health, trace_id, seen in rows:
        made.add("s/m", M, dataset, problem, health, trace_id, seen)
    return made


ROWS = [
    ("d1", "p", (), "a", Seen(1.0, quote="one")),
    ("d1", "p", ("looping",), "b", Seen(1.0, quote="two")),
    ("d1", "q", (), "c", Seen(0.0)),
    ("d2", "p", ("empty", "looping"), "d", Seen(1.0, quote="three")),
    ("d2", "r", (), "e", Seen(0, 0, why="no gold answer")),
]


def test_sums_are_per_problem_and_what_is_left_out_is_counted() -> None:
    made = tally(ROWS)
    whole = made.sums("s/m", M, POOLED, ("empty",))
    assert whole.problems == (("d1", "p"), ("d1", "q"))
    assert whole.x.tolist() == [2.0, 0.0]
    assert whole.of.tolist() == [2.0, 1.0]
    assert whole.excluded == {"empty": 1, "no gold answer": 1}
    assert made.sums("s/m", M, "d1", ("empty", "looping")).excluded == {"looping": 1}
    assert made.sums("s/m", M, "d2", ()).x.tolist() == [1.0]
    assert made.datasets(M) == ["d1", "d2", POOLED]
    assert made.groups() == [M]
    assert made.has_flag("s/m", M, "d1", "looping")
    assert not made.has_flag("s/m", M, "d1", "truncated")


def test_evidence_is_a_sample_that_does_not_depend_on_order_or_parts() -> None:
    forward, backward = tally(ROWS), tally(ROWS[::-1])
    first, second = tally(ROWS[:2]), tally(ROWS[2:])
    first.merge(second)
    kept = forward.evidence("s/m", M, POOLED)
    assert kept == backward.evidence("s/m", M, POOLED) == first.evidence("s/m", M, POOLED)
    assert len(kept) == 2
    assert {e.trace_id for e in kept} < {"a", "b", "d"}
    assert {e.trace_id for e in forward.evidence("s/m", M, "d1")} == {"a", "b"}
    assert {e.trace_id for e in Tally(keep=2).evidence("s/m", M, "d1")} == set()


@given(
    st.lists(
        st.tuples(st.sampled_from("pqr"), st.sampled_from([(), ("looping",)]), st.integers(0, 1)), max_size=30
    )
)
def test_merged_parts_are_the_whole(rows: list[tuple[str, tuple[str, ...], int]]) -> None:
    made = [("d", p, h, f"t{i}", Seen(float(x), quote="q" if x else "")) for i, (p, h, x) in enumerate(rows)]
    whole, left, right = tally(made), tally(made[: len(made) // 2]), tally(made[len(made) // 2 :])
    left.merge(right)
    for exclude in ((), ("looping",)):
        a, b = whole.sums("s/m", M, "d", exclude), left.sums("s/m", M, "d", exclude)
        assert a.problems == b.problems
        assert a.x.tolist() == b.x.tolist()
        assert a.excluded == b.excluded


def test_the_p_value_agrees_with_the_interval() -> None:
    at = estimate(SHARE, sums([0.0] * 25 + [1.0] * 5, [1.0] * 30), None)
    for level in (0.8, 0.95, 0.99):
        assert p_against(at, at(level).low) == pytest.approx(1 - level, rel=1e-3)
        assert p_against(at, at(level).high) == pytest.approx(1 - level, rel=1e-3)
    assert p_against(at, at(0.95).value) == 1.0


def test_the_p_value_is_one_sided_clopper_pearson_doubled_for_single_responses() -> None:
    # no hits in 30 problems: the exact upper tail is (1 - t)^30, twice, but for the factor of few problems
    at = estimate(SHARE, sums([0.0] * 300, [1.0] * 300), None)
    assert p_against(at, 0.01) == pytest.approx(2 * 0.99**300, rel=0.1)


def test_the_kinds_of_estimates_on_hand_made_sums() -> None:
    share = estimate(SHARE, sums([2, 1], [4, 4]), None)(0.95)
    assert share == share_of_sums([2, 1], [4, 4])
    ratio = estimate(Measure("m", "t", 1, "ratio"), sums([3, 6, 3], [10, 20, 10]), None)(0.95)
    assert (ratio.value, ratio.n) == (0.3, 40)
    difference = estimate(Measure("m", "t", 0.1, "difference"), sums([3, 2], [4, 4], [1, 2]), None)(0.95)
    assert difference.value == pytest.approx(5 / 8 - 3 / 8)
    assert difference.low < 0.25 < difference.high
    against = Measure("m", "t", 0.1, "against", BELOW)
    rate = estimate(against, sums([2, 2, 2], [100] * 3), sums([4, 4, 4], [100] * 3))(0.95)
    assert rate.value == pytest.approx(0.5)


def test_a_rate_without_hits_has_an_upper_limit_against_the_others() -> None:
    against = Measure("m", "t", 0.1, "against", BELOW)
    own, others = sums([0.0] * 20, [1000.0] * 20), sums([40.0 + i for i in range(20)], [1000.0] * 20)
    found = estimate(against, own, others)(0.95)
    assert (found.value, found.low) == (0.0, 0.0)
    # -ln(.025) = 3.689 hits in 20,000 words over about 49.5 per 1,000
    assert found.high == pytest.approx(3.689 / 20 / 49.5, rel=0.05)
    assert verdict(against, found, p_against(estimate(against, own, others), 0.1))[0] == FLAGGED


@pytest.mark.parametrize(
    ("measure", "own", "others", "why"),
    [
        (SHARE, sums([], []), None, "no response to judge"),
        (SHARE, sums([], [], excluded={"empty": 1, "no gold answer": 7}), None, "no gold answer"),
        (SHARE, sums([1], [2]), None, "one problem: no interval"),
        (
            Measure("m", "t", 0.1, "difference"),
            sums([1, 1], [1, 1], [1, 1]),
            None,
            "every problem has the form",
        ),
        (Measure("m", "t", 0.1, "against"), sums([1, 1], [9, 9]), None, "no other model has these problems"),
        (
            Measure("m", "t", 0.1, "against"),
            sums([1, 1], [9, 9]),
            sums([0, 0], [9, 9]),
            "have no hits either",
        ),
    ],
)
def test_what_cannot_be_told_says_why(measure: Measure, own: Sums, others: Sums | None, why: str) -> None:
    at = estimate(measure, own, others)
    told, reason = verdict(measure, at(0.95), p_against(at, measure.threshold))
    assert told == CANNOT_TELL
    assert why in reason


@pytest.mark.parametrize(
    ("value", "low", "high", "p", "side", "told"),
    [
        (0.3, 0.2, 0.4, 0.001, "above", FLAGGED),
        (0.05, 0.01, 0.08, 0.001, "above", NOT_FLAGGED),
        (0.3, 0.2, 0.4, 0.001, "below", NOT_FLAGGED),
        (0.05, 0.01, 0.08, 0.001, "below", FLAGGED),
        (0.12, 0.08, 0.2, 0.4, "above", CANNOT_TELL),
        (0.3, 0.2, 0.4, 0.06, "above", CANNOT_TELL),
        (math.nan, math.nan, math.nan, math.nan, "above", CANNOT_TELL),
    ],
)
def test_the_verdict_follows_the_interval_and_the_side(
    value: float, low: float, high: float, p: float, side: str, told: str
) -> None:
    found = verdict(Measure("m", "t", 0.1, side=side), Interval(value, low, high, 0.95, "how", 9, 9), p)
    assert found[0] == told
    if told == CANNOT_TELL and low > 0.1:
        assert "not after Holm's correction" in found[1]


@given(st.integers(2, 60), st.integers(0, 60), st.floats(0.01, 0.99))
def test_a_verdict_without_other_models_agrees_with_the_interval(n: int, hits: int, threshold: float) -> None:
    hits = min(hits, n)
    measure = Measure("m", "t", threshold)
    at = estimate(measure, sums([1.0] * hits + [0.0] * (n - hits), [1.0] * n), None)
    interval, p = at(0.95), p_against(at, threshold)
    if abs(p - 0.05) < 1e-3:
        return  # on the edge
    told = verdict(measure, interval, p)[0]
    assert told == (
        FLAGGED if interval.low > threshold else NOT_FLAGGED if interval.high < threshold else CANNOT_TELL
    )
