"""Final answers and their form: by hand, and on anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.signatures.rigid_steps import headers
from reasonlens.text.answer_form import INTEGER, NONE, OTHER, form
from reasonlens.text.answers import final_answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("So \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"),
        ("First \\boxed{1}, no, \\boxed{2}", "2"),
        ("\\boxed{\\{1, 2\\}}", "\\{1, 2\\}"),
        ("\\fbox{7}", "7"),
        ("The answer is 12.", "12"),
        ("The answer is 12, because 3 times 4 is 12.", "12"),
        ("**Answer:** $\\frac{3}{4}$", "$\\frac{3}{4}$"),
        ("Final answer: 3.5", "3.5"),
        ("sum\n#### 5", "5"),
        ("The answer is (C)", "(C)"),
        ("**Answer:** Lori needs to work **44 hours** a week.", "44 hours"),
        ("The answer is 3. No, the answer is 4.", "4"),
        ("cut \\boxed{12", "12"),
    ],
)
def test_the_last_marked_answer(text: str, answer: str) -> None:
    found = final_answer(text)
    assert found is not None
    assert found.text == answer


@pytest.mark.parametrize(
    "text",
    ["So x is 12.", "", "\\boxed", "The answer is that nobody could have known it before."],
)
def test_no_marked_answer(text: str) -> None:
    assert final_answer(text) is None


def test_places_and_empty_boxes() -> None:
    found = final_answer("So \\boxed{} it is")
    assert found is not None
    assert (found.start, found.end, found.empty_box) == (3, 11, True)
    said = final_answer("x\nThe answer is 12.")
    assert said is not None
    assert (said.start, said.end) == (6, 19)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        *(
            (x, INTEGER)
            for x in ("12", "-4", "+4", "1,024", "1{,}000", "$12$", "\\$5", "\\$720.00", "2.0", "1.")
        ),
        *(
            (x, INTEGER)
            for x in ("90^\\circ", "5\\ \\text{days}", "12\\text{ cm}", "12 dollars", "50\\%", "\\text{5}")
        ),
        *(
            (x, INTEGER)
            for x in ("x = 3", "S_{150} = 5", "f(3) = 2", "520 - 480 = 40", "\\(7\\)", "9,\\!360")
        ),
        *(
            (x, OTHER)
            for x in ("0.5", "1/2", "\\frac{1}{2}", "2^{10}", "(C)", "3e8", "y'+ry=0", "x=2,=-6", "3n", "5!")
        ),
        *((x, NONE) for x in ("", "  ", "$$", None)),
    ],
)
def test_form(answer: str | None, expected: str) -> None:
    assert form(answer) == expected


@given(st.integers(-(10**12), 10**12))
def test_every_integer_is_one_with_or_without_separators(n: int) -> None:
    assert form(str(n)) == form(f"{n:,}") == form(f"${n}$") == form(f"{n} apples") == INTEGER
    assert form(f"{n}.5") == OTHER


@pytest.mark.parametrize(
    "text",
    [
        "answer" + " " * 60_000,
        "answer is" + "* " * 30_000 + "\n",
        "\\boxed{" + "{" * 60_000,
        "\\boxed{} " * 8_000,
        "the answer is 3 a" + " b" * 30_000,
    ],
)
def test_hostile_text_is_read(text: str) -> None:
    found = final_answer(text)
    assert form(found.text if found else None) in (INTEGER, OTHER, NONE)
    assert len(headers(text)) == 0


@given(st.text(max_size=200))
def test_any_text_has_an_answer_inside_it_or_none(text: str) -> None:
    found = final_answer(text)
    assert form(text) in (INTEGER, OTHER, NONE)
    if found is not None:
        assert 0 <= found.start < found.end <= len(text)
        assert found.text in text[found.start : found.end] or "**" in text
