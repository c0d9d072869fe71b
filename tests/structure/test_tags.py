"""Steps between tags: what is written is read again, and what people write is understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.structure import KINDS, Step
from reasonlens.structure.tags import META_TAGS, parse, render

words = st.text("abc xyz.,?=+-0123\nü", max_size=30).map(lambda s: " ".join(s.split()))
written = st.lists(
    st.builds(Step, words, words, words, st.sampled_from(["", *KINDS]), words), min_size=1, max_size=6
)


@given(written, st.sampled_from(sorted(META_TAGS)))
def test_what_is_written_is_read_again(steps, tag):
    found = parse(render(steps, tag))
    assert found.status == "ok"
    assert list(found.steps) == steps


@given(st.text(max_size=200))
def test_any_text_has_steps_or_a_reason(text):
    found = parse(text)
    assert (found.status == "ok") == bool(found.steps)
    assert found.steps or found.problem


@pytest.mark.parametrize(
    "text",
    [
        "[sub-think 1] m [Query 1] q [Answer 1] a",
        "[Meat-reasoning 1] m\n[Sub-problem 1] q\n[Answer 1] a\nSo the final answer is: a",
        "[Meta-reasoning 1]: m\n[Sub problem 1]: q\n[Answer 1]: a",
        "**[sub-think 1]** m\n**[Query 1]** q\n**[Answer 1]** a",
        "[SUB_THINK_1] m\n[query 1] q\n[ANSWER 1] a",
        "Here are the steps.\n[sub-think 1] m [Query 1] q [Answer 1] a",
        "[sub-think 7] m [Query 3] q [Answer 9] a",
    ],
)
def test_spellings(text):
    (step,) = parse(text).steps
    assert (step.meta, step.query, step.answer) == ("m", "q", "a")


def test_a_question_without_a_step_before_it_belongs_to_none():
    found = parse("[Query 1] q [Answer 1] a [sub-think 1] m")
    assert [(s.meta, s.query) for s in found.steps] == [("m", "")]


def test_a_kind_that_is_none_is_left_empty():
    (step,) = parse("[sub-think 1] m [Kind 1] dance [Query 1] q [Answer 1] a").steps
    assert step.kind == ""


@pytest.mark.parametrize(("text", "why"), [("", "empty"), ("I add 2 and 3.", "no step between tags")])
def test_no_step(text, why):
    found = parse(text)
    assert found.status == "unparsed"
    assert why in found.problem
