"""Matching by shared words: the cosine against scikit-learn, numbers, and its limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics.pairwise import cosine_similarity

from reasonlens.structure import Step
from reasonlens.structure.lexical import STOP, Lexical, cosine, numbers, terms
from reasonlens.structure.match import LexicalMatcher
from reasonlens.structure.reward import follow, worth_of

bags = st.dictionaries(st.sampled_from("abcdef"), st.floats(0.1, 9), max_size=6)


@given(bags, bags)
def test_the_cosine_is_that_of_scikit_learn(a, b):
    rows = np.array([[bag.get(t, 0.0) for t in "abcdef"] for bag in (a, b)])
    expected = cosine_similarity(rows[:1], rows[1:])[0, 0] if a and b else 0.0
    assert cosine(a, b) == pytest.approx(expected)


def test_the_weights_are_those_of_scikit_learn():
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = ["add price cost", "double price", "price of shirt", "cost total"]
    match = Lexical().fitted([Step(texts[0]), Step(texts[1])], [Step(texts[2]), Step(texts[3])])
    made = TfidfVectorizer(smooth_idf=True, stop_words=sorted(STOP)).fit(texts)
    idf = dict(zip(made.get_feature_names_out(), made.idf_, strict=True))
    assert {t: match._weights[t] for t in idf} == pytest.approx(idf)


def test_terms_leave_out_what_says_nothing():
    assert terms("Wait, so the total is 1,250 and it's total.") == {"total": 2, "1,250": 1}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1,250.0 - 3 = 1247.", {"1250", "3", "1247"}),
        ("x", set()),
        ("3.10 and 3.1", {"3.1"}),
        ("100", {"100"}),
    ],
)
def test_numbers(text, found):
    assert numbers(text) == found


def test_the_last_number_of_an_answer_decides():
    match = Lexical()
    assert match.answer(Step("", answer="2 + 3 = 5"), Step("", answer="so it is 5.0")) == "yes"
    assert match.answer(Step("", answer="2 + 3 = 5"), Step("", answer="5 - 3 = 2")) == "no"
    assert match.answer(Step(""), Step("")) == "yes"
    assert match.answer(Step("", answer="triangle"), Step("", answer="a triangle")) == "yes"
    assert match.answer(Step("", answer="triangle"), Step("")) == "no"


def test_table_and_steps_agree():
    teacher = [Step("add the prices", "total price?", "5"), Step("halve the discount", "", "2")]
    student = [Step("halve the discount first", "", "3"), Step("add prices", "total price?", "5")]
    match = Lexical().fitted(teacher, student)
    table = match.table(teacher, student)
    assert table.tolist() == [[worth_of(a, b, match) for b in student] for a in teacher]
    assert table.tolist() == [[0.0, 1.0], [0.5, 0.0]]
    (found,) = LexicalMatcher().compare([(teacher, student)])
    assert found.followed == follow(teacher, student, match)
    assert found.aligned == 0.5


def test_a_threshold_of_its_own_is_in_the_name():
    assert LexicalMatcher().name == "lexical@1"
    assert LexicalMatcher(0.5).name == "lexical@1:0.5"
    assert LexicalMatcher(0.5).digest != LexicalMatcher().digest


def test_nothing_in_common():
    assert cosine({}, {"a": 1.0}) == 0.0
    assert not math.isnan(cosine({}, {}))
