"""Plain forms, exact values, and what is plainly the same: each rule of docs/grading.md."""

from __future__ import annotations

import doctest
import importlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.graders._plain import fraction, plain, same

RULES = [
    ("dollar_signs", "$12$", "12"),
    ("spacing_commands", r"64\,\!800", "64800"),
    ("thousands", r"1,\!800", "1800"),
    ("thousands_in_braces", "1{,}024", "1024"),
    ("left_and_right", r"\left( 1, 2 \right)", "(1,2)"),
    ("display_fractions", r"\dfrac{1}{2}", r"\frac{1}{2}"),
    ("short_fractions", r"\frac12", r"\frac{1}{2}"),
    ("units_in_text", r"12\text{ cm}", "12"),
    ("units_in_words", "9 boys", "9"),
    ("degrees", r"90^\circ", "90"),
    ("percent", r"50\%", "50"),
    ("names", "x = 5", "5"),
    ("functions", "f(x)=1", "1"),
    ("periods", "7.", "7"),
    ("text_commands", r"\text{even}", "even"),
    ("short_scripts", "E_{1}", "E_1"),
    ("minus_signs", "−3", "-3"),
]


@pytest.mark.parametrize(("name", "answer", "wanted"), RULES, ids=[rule[0] for rule in RULES])
def test_rule(name: str, answer: str, wanted: str) -> None:
    assert plain(answer) == wanted


def test_commas_between_items_are_no_separators() -> None:
    assert plain("27, 54, 108, 135, 189") == "27,54,108,135,189"
    assert plain("0,100,200") == "0,100,200"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.5", Fraction(1, 2)),
        (r"-\frac{3}{4}", Fraction(-3, 4)),
        ("7/2", Fraction(7, 2)),
        ("1e-5", Fraction(1, 100_000)),
        (r"6.5 \times 10^{-2}", Fraction(13, 200)),
        ("10^{11}", Fraction(10**11)),
        ("1/0", None),
        ("2^3", None),
        ("x", None),
        ("9" * 500, None),
    ],
)
def test_exact_values(text: str, value: Fraction | None) -> None:
    assert fraction(plain(text)) == value


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6))
def test_a_ratio_is_the_same_in_every_dress(top: int, bottom: int) -> None:
    sign, size = ("-" if top < 0 else ""), abs(top)
    forms = [
        f"{top}/{bottom}",
        rf"{sign}\frac{{{size}}}{{{bottom}}}",
        rf"${sign}\dfrac{{{size}}}{{{bottom}}}$",
    ]
    for form in forms:
        assert fraction(plain(form)) == Fraction(top, bottom)
        assert same(form, f"{top}/{bottom}") is True
    assert same(f"{top + 1}/{bottom}", forms[1]) is False


@given(st.integers(1, 10**9))
def test_separators_change_nothing(n: int) -> None:
    for form in (f"{n:,}", f"{n:,}".replace(",", "{,}"), f"{n:,}".replace(",", r",\!"), f"\\${n:,}"):
        assert same(form, str(n)) is True


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_read_without_an_error(answer: str, gold: str) -> None:
    assert same(answer, gold) in (True, False, None)
    assert plain(plain(answer)) == plain(plain(plain(answer)))


def test_a_tolerance_is_a_share_of_the_gold() -> None:
    assert same("6630.65", "6630") is False
    assert same("6630.65", "6630", 0.001) is True
    assert same("6640", "6630", 0.001) is False


def test_a_matrix_whose_gold_lost_its_line_breaks() -> None:
    answer = r"\begin{pmatrix} -7 \\ 16 \\ 5 \end{pmatrix}"
    assert same(answer, r"\begin{pmatrix}-7165\end{pmatrix}") is True
    assert same(answer, r"\begin{pmatrix}-7\\16\\6\end{pmatrix}") is None


def test_what_needs_algebra_is_not_decided() -> None:
    assert same("x+1", "1+x") is None
    assert same(r"\sqrt{8}", r"2\sqrt{2}") is None


@pytest.mark.parametrize("name", ["", "._plain", ".choice", ".exact"])
def test_every_example_is_true(name: str) -> None:
    found = doctest.testmod(importlib.import_module(f"reasonlens.graders{name}"))
    assert found.attempted > 0
    assert found.failed == 0
