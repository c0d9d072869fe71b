"""Pairs against every pair written out."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.stats.association import problem_auc
from reasonlens.stats.pairs import count_pairs, ranks_within, within_problem

ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 2), st.integers(0, 1)), min_size=1, max_size=24
)


@given(ROWS)
def test_counts_agree_with_every_pair_written_out(rows: list[tuple[int, bool, int, int]]) -> None:
    values, right, problem, model = (np.array(column) for column in zip(*rows, strict=True))
    values, good = values.astype(float), right.astype(float)
    same = count_pairs(values, good, problem * 2 + model, problem, 3)
    other = count_pairs(values, good, problem, problem, 3).without(same)
    for found, alike in ((same, True), (other, False)):
        number, wins, differences = np.zeros(3), np.zeros(3), np.zeros(3)
        for i in range(len(rows)):
            for j in range(len(rows)):
                if right[i] and not right[j] and problem[i] == problem[j] and (model[i] == model[j]) == alike:
                    number[problem[i]] += 1
                    wins[problem[i]] += 1.0 if values[i] > values[j] else 0.5 * (values[i] == values[j])
                    differences[problem[i]] += values[i] - values[j]
        np.testing.assert_array_equal(found.number, number)
        np.testing.assert_allclose(found.wins, wins, atol=1e-9)
        np.testing.assert_allclose(found.differences, differences, atol=1e-9)
        assert np.isnan(found.auc()[number == 0]).all()


@given(ROWS)
def test_the_share_of_pairs_is_the_auc(rows: list[tuple[int, bool, int, int]]) -> None:
    values, right, problem, _ = (np.array(column) for column in zip(*rows, strict=True))
    found = count_pairs(values.astype(float), right.astype(float), problem, problem, int(problem.max()) + 1)
    np.testing.assert_allclose(found.auc(), problem_auc(values, right, problem))


def test_ranks_share_ties_and_start_anew() -> None:
    found = ranks_within(np.array([3.0, 3.0, 1.0, 9.0, 9.0]), np.array([0, 0, 0, 5, 5]))
    assert found.tolist() == [2.5, 2.5, 1.0, 1.5, 1.5]


def test_centred_values_add_up_to_nothing_in_each_problem() -> None:
    found = within_problem(np.array([1.0, 2.0, 6.0, 4.0]), np.array([7, 7, 7, 2]))
    assert found.tolist() == [-2.0, -1.0, 3.0, 0.0]


def test_no_responses_no_pairs() -> None:
    none = np.zeros(0)
    found = count_pairs(none, none, none.astype(np.int64), none.astype(np.int64), 2)
    assert found.number.tolist() == [0.0, 0.0]
