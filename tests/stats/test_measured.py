"""Which traces are used, and what is said of those that are not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.core.errors import SchemaError, StatisticsError, UnknownNameError
from reasonlens.core.tables import POOLED
from reasonlens.stats.measured import Choice, Grouped, Measure, Sheet, Traces
from tests.stats.tracing import ACCURACY, LENGTH, RATE, traces


def test_sums_are_by_group_and_problem() -> None:
    sheet = Sheet(
        Grouped(
            traces(
                [
                    {"problem_id": "a", "hits": 1, "words": 10},
                    {"problem_id": "a", "hits": 2, "words": 20},
                    {"problem_id": "b", "hits": 4, "words": 40},
                    {"problem_id": "b", "model_kind": "teacher", "hits": 8, "words": 80},
                ]
            )
        ),
        RATE,
        Choice(),
    )
    assert sheet.grouped.names == ["base", "teacher"]
    assert sheet.hits.tolist() == [[3, 4], [0, 8]]
    assert sheet.sizes.tolist() == [[30, 40], [0, 80]]
    assert sheet.counts.tolist() == [[2, 1], [0, 1]]


def test_the_same_id_in_two_data_sets_is_two_problems() -> None:
    grouped = Grouped(traces([{"dataset": "math"}, {"dataset": "aime"}]))
    assert grouped.problem.tolist() == [1, 0]
    assert grouped.scopes == ["aime", "math", POOLED]
    assert grouped.of_scope("aime").tolist() == [True, False]


def test_every_reason_is_counted_once_and_the_first_one_wins() -> None:
    rows = [
        {"health": "empty", "condition": "ban", "correct": 1.0},
        {"health": "empty+looping", "correct": 1.0},
        {"health": "looping"},
        {"correct": 1.0},
    ]
    grouped = Grouped(traces(rows))
    choice = Choice(exclude=("empty",), without=("looping",), condition="baseline")
    sheet = Sheet(grouped, ACCURACY, choice)
    assert sheet.rows.tolist() == [3]
    assert sheet.excluded(["base"], "math") == (3, "condition is not baseline: 1; empty: 1; looping: 1")
    assert sheet.touched(["base"], "math") == 1
    assert Sheet(grouped, ACCURACY, Choice()).excluded(["base"], "math") == (1, "correctness unknown: 1")


def test_empty_responses_count_for_accuracy_but_not_for_text() -> None:
    grouped = Grouped(traces([{"health": "empty", "correct": 0.0}, {"correct": 1.0}]))
    assert Sheet(grouped, ACCURACY, Choice()).counts.sum() == 2
    assert Sheet(grouped, LENGTH, Choice()).counts.sum() == 1
    assert Sheet(grouped, LENGTH, Choice(exclude=())).counts.sum() == 2
    assert Sheet(grouped, ACCURACY, Choice(exclude=("empty",))).counts.sum() == 1


def test_models_come_in_the_order_of_their_kinds() -> None:
    rows = [
        {"model": name, "model_kind": kind}
        for name, kind in (("a", "teacher"), ("z", "base"), ("b", "base"), ("c", "unheard of"))
    ]
    assert Grouped(traces(rows), "model").names == ["b", "z", "a", "c"]


def test_the_reference_is_the_first_group_or_the_one_named() -> None:
    grouped = Grouped(traces([{"model_kind": "teacher"}, {"model_kind": "base"}]))
    assert grouped.reference(None) == "base"
    assert grouped.reference("teacher") == "teacher"
    with pytest.raises(UnknownNameError, match="no group is named 'tutor'"):
        grouped.reference("tutor")


def test_mistakes_are_said() -> None:
    some = traces([{}])
    with pytest.raises(UnknownNameError, match="no grouping is named 'size'"):
        Grouped(some, "size")
    with pytest.raises(UnknownNameError, match="no health flag is named 'sick'"):
        Choice(exclude=("sick",))
    with pytest.raises(SchemaError, match="'x' needs the column 'y' of each trace"):
        Sheet(Grouped(some), Measure("x", "rate", "y", "words", ""), Choice())
    with pytest.raises(SchemaError, match="the traces lack the columns health"):
        Traces(some.about.drop(columns="health"), some.numbers)
    with pytest.raises(SchemaError, match="1 traces have 0 rows of numbers"):
        Traces(some.about, some.numbers.iloc[:0])
    with pytest.raises(StatisticsError, match="there are no traces to compare"):
        Grouped(Traces(some.about.iloc[:0], some.numbers.iloc[:0]))


@given(
    st.lists(
        st.tuples(
            st.sampled_from("ab"),
            st.sampled_from("pqr"),
            st.sampled_from(["ok", "empty", "looping", "looping+truncated"]),
            st.sampled_from([0.0, 1.0, np.nan]),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_used_and_left_out_add_up(rows: list[tuple[str, str, str, float]]) -> None:
    made = [{"model_kind": k, "problem_id": p, "health": h, "correct": c} for k, p, h, c in rows]
    grouped = Grouped(traces(made))
    sheet = Sheet(grouped, ACCURACY, Choice(exclude=("empty",), without=("looping",)))
    for group in grouped.names:
        used = int(sheet.counts[sheet.place(group)].sum())
        out = sheet.excluded([group], "math")[0]
        assert used + out == sum(k == group for k, *_ in rows)
        right = sum(c == 1 for k, _, h, c in rows if k == group and h == "ok" and not np.isnan(c))
        assert sheet.hits[sheet.place(group)].sum() == right
