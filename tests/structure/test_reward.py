"""The published reward on cases worked out by hand, and against a transcription of its description."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.structure import Step
from reasonlens.structure.best_of_k import best_of_k
from reasonlens.structure.reward import aligned, differs, follow, matches, worth_of
from reasonlens.structure.tags import parse
from tests.structure.making import Same, plan, plans

TEACHER = plan("a q1 1", "b q2 2", "c q3 3", "d q4 4")


@pytest.mark.parametrize(
    ("student", "worth", "reward", "exit_step"),
    [
        (TEACHER, (1, 1, 1, 1), 4.0, None),
        (plan("a x 1", "b q2 x", "c x x", "d q4 4"), (0.5, 0.5, 0.25, 1), 2.25, None),
        (plan("a q1 1", "z q2 2", "c q3 3", "d q4 4"), (1, 0, 0, 0), 1.0, 2),  # early exit
        (plan("z q1 1", "b q2 2"), (0, 0), 0.0, 1),
        (plan("b q2 2", "a q1 1"), (0, 0), 0.0, 1),  # by place, not by content
        (plan("a q1 1"), (1,), 1.0, None),  # who stops early does not part
        ([*TEACHER, *plan("e q5 5")], (1, 1, 1, 1), 4.0, None),
        ([], (), 0.0, None),
    ],
)
def test_worked_examples(student, worth, reward, exit_step):
    found = follow(TEACHER, student, Same())
    assert found.steps == worth
    assert found.reward == reward
    assert found.normalized == reward / 4
    assert found.exit_step == exit_step
    assert found.n_matched == sum(w > 0 for w in worth)
    assert (found.n_teacher, found.n_student) == (4, len(student))


def test_without_teacher_steps_the_share_is_undefined():
    found = follow([], plan("a q 1"), Same())
    assert found.reward == 0.0
    assert math.isnan(found.normalized)


def published(teacher, student):
    """The reward as facts/papers.md section 2.1 tells it: scores first, then the penalties, then the sum."""
    if not teacher or not student:
        return 0.0
    n = min(len(teacher), len(student))
    scores = [1.0 if teacher[i].meta == student[i].meta else 0.0 for i in range(n)]
    for i in range(n):
        if scores[i] == 0:
            scores[i:] = [0.0] * (n - i)
            break
    for part in ("query", "answer"):
        for i in range(n):
            if scores[i] > 0 and getattr(teacher[i], part) != getattr(student[i], part):
                scores[i] *= 0.5
    return sum(scores)


@given(plans, plans)
def test_the_sum_is_that_of_the_description(teacher, student):
    assert follow(teacher, student, Same()).reward == published(teacher, student)


@given(plans, plans)
def test_nothing_is_asked_after_the_exit(teacher, student):
    class Counting(Same):
        asked = 0

        def meta(self, teacher, student):
            Counting.asked += 1
            return super().meta(teacher, student)

    found = follow(teacher, student, Counting())
    assert Counting.asked == min(found.exit_step or math.inf, len(found.steps))


def test_replies_are_read_as_the_published_code_reads_them():
    assert [matches(x) for x in ("yes", "Yes, yes, yes", "no", "", "not sure")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert [differs(x) for x in ("no", "No!", "yes", "", "not sure")] == [True, True, False, False, True]


def test_both_sets_of_tags_give_the_same_reward():
    one = "[sub-think 1] Sum first.\n[Query 1] 2 + 3?\n[Answer 1] 5\n"
    one += "[sub-think 2] Double.\n[Query 2] 2 * 5?\n[Answer 2] 10"
    other = one.replace("sub-think", "Meat-reasoning").replace("Query", "Sub-problem")
    other += "\nSo the final answer is: 10"
    assert parse(one).steps == parse(other).steps
    assert follow(parse(one).steps, parse(other).steps, Same()).reward == 2.0


def brute_aligned(table):
    """The best of all pairs of subsets of rows and columns of the same size, in order."""
    n, m = table.shape
    best = 0.0
    for size in range(1, min(n, m) + 1):
        for rows in itertools.combinations(range(n), size):
            for columns in itertools.combinations(range(m), size):
                best = max(best, sum(table[i, j] for i, j in zip(rows, columns, strict=True)))
    return best / n


@given(st.lists(st.lists(st.sampled_from([0, 0.25, 0.5, 1]), min_size=4, max_size=4), min_size=1, max_size=4))
def test_the_alignment_is_the_best_of_all(rows):
    table = np.array(rows, dtype=float)
    assert aligned(table) == pytest.approx(brute_aligned(table))


@given(plans, plans)
def test_the_alignment_is_never_below_the_normalized_reward(teacher, student):
    table = np.array([[worth_of(a, b, Same()) for b in student] for a in teacher]).reshape(
        len(teacher), len(student)
    )
    if not teacher:
        assert math.isnan(aligned(table))
    else:
        assert follow(teacher, student, Same()).normalized <= aligned(table) + 1e-12 <= 1 + 1e-12


def test_inserted_steps_are_forgiven_by_the_alignment_alone():
    student = [TEACHER[0], Step("aside"), *TEACHER[1:]]
    table = [[worth_of(a, b, Same()) for b in student] for a in TEACHER]
    assert aligned(table) == 1.0
    assert follow(TEACHER, student, Same()).normalized == 0.25


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7), st.integers(1, 7))
def test_the_best_of_k_is_the_mean_over_all_sets(values, k):
    if k > len(values):
        assert math.isnan(best_of_k(values, k))
        return
    sets = list(itertools.combinations(values, k))
    assert best_of_k(values, k) == pytest.approx(sum(map(max, sets)) / len(sets))
