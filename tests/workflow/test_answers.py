"""Codes of final answers: equal for equal answers."""

from __future__ import annotations

from math import isnan

from hypothesis import given
from hypothesis import strategies as st

from reasonlens.workflow.answers import _code


def test_dress_does_not_matter() -> None:
    assert _code(r"\boxed{ 1/2 }") == _code(r"\boxed{$1 / 2$}") != _code(r"\boxed{2}")
    assert _code(r"\boxed{\dfrac12}") == _code(r"The answer is \frac{1}{2}.")
    assert _code(r"\boxed{1,024}") == _code("The answer is 1024.")
    assert float(_code(r"\boxed{7}")).is_integer()
    assert _code("\\boxed{\ud800}") == _code("\\boxed{\ud800}")


def test_no_answer_is_no_code() -> None:
    for text in ("no box", None, "", r"\boxed{}", r"\boxed{cut off"):
        assert isnan(_code(text))


@given(st.text(alphabet="\\boxed{} 1$", max_size=60))
def test_any_text_is_survived(text: str) -> None:
    assert _code(text + " \\boxed{42}") == _code("\\boxed{42}")
    assert isnan(_code(text)) or _code(text).is_integer()
