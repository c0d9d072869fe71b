"""The boxed answer, and codes that are equal for equal answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.workflow.answers import _code, last_boxed


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"so \boxed{7}.", "7"),
        (r"\boxed{1} no, \boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{a\}b}", r"a\}b"),
        (r"\boxed{5} and then \boxed{cut off", "5"),
        (r"\boxed{cut {off}", None),
        (r"\boxed 7", None),
        ("", None),
        (r"\boxed{}", ""),
    ],
)
def test_the_last_complete_box_counts(text: str, answer: str | None) -> None:
    assert last_boxed(text) == answer


@given(st.text(alphabet="\\boxed{} 1", max_size=60))
def test_any_text_is_survived_and_a_box_at_the_end_is_found(text: str) -> None:
    found = last_boxed(text)
    assert found is None or ("\\boxed{" + found + "}") in text
    assert last_boxed(text + " \\boxed{42}") == "42"


def test_white_space_and_dollars_do_not_matter() -> None:
    assert _code(r"\boxed{ 1/2 }") == _code(r"\boxed{$1 / 2$}") != _code(r"\boxed{2}")
    assert _code("no box") != _code("no box")  # NaN
    assert _code(None) != _code(None)
    assert _code("\\boxed{\ud800}") == _code("\\boxed{\ud800}")
    assert float(_code(r"\boxed{7}")).is_integer()
