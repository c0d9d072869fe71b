"""Plain forms, exact values, and what is plainly the same: each rule of docs/grading.md."""

from __future__ import annotations

import doctest
import importlib
import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.graders._lists import same_list
from reasonlens.graders._plain import LONGEST, fraction, plain, read, same
from reasonlens.graders._units import clash

DOCS = Path(__file__).parents[2] / "docs" / "grading.md"

RULES = [
    ("dollar_signs", "$12$", "12"),
    ("dollar_signs", "€12", "12"),
    ("spacing_commands", r"1,\ -2", "1,-2"),
    ("thousands", r"1,\!800", "1800"),
    ("thousands_in_braces", "1{,}024", "1024"),
    ("thousands_by_space", r"43\,200", "43200"),
    ("left_and_right", r"\left( 1, 2 \right)", "(1,2)"),
    ("display_fractions", r"\dfrac{1}{2}", r"\frac{1}{2}"),
    ("short_fractions", r"\frac12", r"\frac{1}{2}"),
    ("half_short_fractions", r"\frac{270}7", r"\frac{270}{7}"),
    ("units_in_text", r"12\text{ cm}", "12"),
    ("compound_units", r"15000 \text{ kcal m}^{-2} \text{ yr}^{-1}", "15000"),
    ("compound_units", r"7 \, \mathrm{erg} \cdot \mathrm{s}^{-1}", "7"),
    ("units_in_words", "9 boys", "9"),
    ("units_in_words", "2:30 PM", "2:30"),
    ("units_in_words", "5 m/s", "5"),
    ("units_in_words", "5 cm^2", "5"),
    ("units_in_words", "12π inches per second", r"12\pi"),
    ("ordinals", r"12^{\text{th}}\text{ grade}", "12"),
    ("ordinals", "6th", "6"),
    ("degrees", r"90^\circ", "90"),
    ("degrees", r"\tan^2 30^{\circ}", r"\tan^2\frac{30\pi}{180}"),
    ("percent", r"50\%", "50"),
    ("names", "x = 5", "5"),
    ("names", "f(x)=1", "1"),
    ("names", r"x \in [1, 2]", "[1,2]"),
    ("conditions", r"\frac{1}{4-w}, \quad \text{for } w \neq 4", r"\frac{1}{4-w}"),
    ("conditions", r"\frac{\pi}{4} + k\pi, k \in \mathbb{Z}", r"\frac{\pi}{4}+k\pi"),
    ("periods", "7.", "7"),
    ("letters_of_choices", r"\textbf{(C)}\ 12", "12"),
    ("text_commands", r"\text{even}", "even"),
    ("quotes", '"even"', "even"),
    ("short_scripts", "E_{1}", "E_1"),
    ("signs", "−3", "-3"),
    ("signs", "6√2", r"6\sqrt{2}"),
    ("doubled_backslashes", r"\\frac{1}{4}", r"\frac{1}{4}"),
    ("spelled_numbers", "Three", "3"),
    ("parentheses_of_latex", r"\(-125\)", "-125"),
]

KEPT = ["3m", "2x", "5 million", "x, y", "2 or 3", "3^{2} xy", "x mod y", "e^{i}", "5 m"]


@pytest.mark.parametrize(("name", "answer", "wanted"), RULES, ids=[rule[0] for rule in RULES])
def test_rule(name: str, answer: str, wanted: str) -> None:
    assert plain(answer) == wanted


def test_every_rule_stands_in_the_manual() -> None:
    table = DOCS.read_text("utf-8").split("| Rule |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == {name for name, *_ in RULES}


@pytest.mark.parametrize("text", KEPT)
def test_variables_and_words_of_mathematics_are_no_units(text: str) -> None:
    assert read(text).unit == ""


def test_white_space_that_formulas_need_stays() -> None:
    assert read(r"$2 \pi r$").formula == r"2 \pi r"
    assert read(r"a \cdot \mathrm{s}").formula == r"a \cdot \mathrm{s}"
    assert plain(r"2 \pi r") == r"2\pir"  # only ever compared with another plain form


def test_commas_between_items_are_no_separators() -> None:
    assert plain("27, 54, 108, 135, 189") == "27,54,108,135,189"
    assert plain("0,100,200") == "0,100,200"


def test_numbers_apart_are_not_joined() -> None:
    assert plain("10 80") == "10 80"
    assert same("10 80", "1080") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.5", Fraction(1, 2)),
        (r"-\frac{3}{4}", Fraction(-3, 4)),
        ("7/2", Fraction(7, 2)),
        ("1e-5", Fraction(1, 100_000)),
        (r"6.5 \times 10^{-2}", Fraction(13, 200)),
        ("8.30 × 10^(-10)", Fraction("8.3e-10")),
        ("10^{11}", Fraction(10**11)),
        (r"1\frac{4}{5}", Fraction(9, 5)),
        (r"-3\frac{1}{2}", Fraction(-7, 2)),
        ("2.5 million", Fraction(2_500_000)),
        ("0.5/2", Fraction(1, 4)),
        (r"0.1\overline{6}", Fraction(1, 6)),
        (r"-2.\overline{36}", Fraction(-26, 11)),
        ("1/0", None),
        ("2^3", None),
        ("x", None),
        ("1.2.3/4", None),
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
        assert same(form, str(n + 1)) is False


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_read_without_an_error(answer: str, gold: str) -> None:
    assert same(answer, gold) in (True, False, None)
    assert same_list(answer, gold) in (True, False, None)


@given(st.text(alphabet="12 ,.{}()\\$%textpifrac^_=", max_size=40))
def test_an_answer_is_the_same_as_itself(text: str) -> None:
    assert same(text, text) is True or not plain(text)


def test_percent_is_a_hundredth_where_one_side_says_so() -> None:
    for answer, gold, equal in [
        ("50%", "50", True),
        ("0.5", r"50\%", True),
        ("50", r"50\%", True),
        ("50%", "0.5", True),
        ("50", "0.5", False),
        ("0.7", "70", False),
        ("5%", "50%", False),
    ]:
        assert same(answer, gold) is equal


def test_units_of_one_kind_clash() -> None:
    assert same(r"5\text{ cm}", r"5\text{ m}") is False
    assert same(r"5\text{ cm}", "5 centimeters") is True
    assert same(r"5\text{ cm}", "5") is True
    assert same("2:00 pm", "2:00 am") is False
    assert same(r"5\text{ cm}^2", r"5\text{ m}^2") is False
    assert same(r"5\text{ cm}^2", r"5\text{ cm}^3") is False
    assert same(r"5\text{ square centimeters}", r"5\text{ cm}^{2}") is True
    assert not clash("boys", "girls")
    assert not clash("", "cm")


def test_bases_must_agree_where_both_name_one() -> None:
    assert same("204_5", "204_{5}") is True
    assert same("204", "204_5") is True
    assert same("204_7", "204_5") is False
    assert same("54", "204_5") is False


def test_a_time_of_the_day_is_its_hour_where_the_gold_is() -> None:
    assert same(r"2:00 \text{ pm}", "2") is True
    assert same("2:30", "2") is False
    assert same("12:00", "1:00") is False  # math-verify raises here


def test_a_tolerance_is_a_share_of_the_gold() -> None:
    assert same("6630.65", "6630") is False
    assert same("6630.65", "6630", 0.001) is True
    assert same("6640", "6630", 0.001) is False
    assert same("1/3", "0.3333333333") is False  # exactly, unless a tolerance is asked for
    assert same("1/3", "0.3333333333", 1e-6) is True


LISTS = [
    # answer, gold, same: the gold decides whether order and brackets count
    ("(1, 2)", "(1, 2)", True),
    ("(2, 1)", "(1, 2)", False),
    ("1, 2", "(1, 2)", True),
    ("[1, 2]", "(1, 2)", False),
    ("[1, 2)", "[1, 2]", False),
    ("[0.5, 8]", r"[\frac{1}{2},8]", True),
    (r"\frac{1}{2}, 8", r"[\frac{1}{2},8]", False),
    ("2, 1", "1,2", True),
    (r"1 \text{ and } 2", "2,1", True),
    ("1, 2 or 3", "3,2,1", True),
    (r"\{2, 1\}", "1,2", True),
    ("(1000, 10)", "10^{3},10", True),
    ("(1, 2)", r"\{1, 2\}", False),
    ("1, 2", r"\{1,2\}", True),
    ("-2", "-2,-2", None),
    ("1, 2, 3", "1, 2", False),
    ("1, 2", "1, 2, 3", False),
    ("x, 2", "1, 2", None),
    ("(1, 0), (0, 1)", "(0,1),(1,0)", None),
    (r"\langle 1, 2 \rangle", "(1, 2)", True),
    (",".join(map(str, range(450))), ",".join(map(str, reversed(range(450)))), True),
]


@pytest.mark.parametrize(("answer", "gold", "equal"), LISTS)
def test_lists_tuples_and_intervals(answer: str, gold: str, equal: bool | None) -> None:
    assert same_list(read(answer).formula, read(gold).formula) is equal


def test_a_matrix_whose_gold_lost_its_line_breaks() -> None:
    answer = r"\begin{pmatrix} -7 \\ 16 \\ 5 \end{pmatrix}"
    assert same(answer, r"\begin{pmatrix}-7165\end{pmatrix}") is True
    assert same(answer, r"\begin{pmatrix}-7\\16\\6\end{pmatrix}") is None


def test_a_letter_in_parentheses_is_the_letter() -> None:
    assert same("C", r"\text{(C)}") is True
    assert same("(B)", "C") is None


def test_what_needs_algebra_is_not_decided() -> None:
    assert same("x+1", "1+x") is None
    assert same(r"\sqrt{8}", r"2\sqrt{2}") is None


def test_a_long_answer_is_compared_as_it_stands() -> None:
    text = "a b" * LONGEST
    assert same(text, text) is True
    assert same(text, "1") is None


@pytest.mark.parametrize(
    "name", ["", "._plain", "._dress", "._units", "._lists", "._formula", "._numeric", ".choice", ".exact"]
)
def test_every_example_is_true(name: str) -> None:
    found = doctest.testmod(importlib.import_module(f"reasonlens.graders{name}"))
    assert found.attempted > 0
    assert found.failed == 0
