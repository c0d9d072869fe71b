"""Letters of choices, and answers that are statements."""

from __future__ import annotations

import pytest

from reasonlens.graders import Limits, Pair, choice, exact, pair_of
from reasonlens.graders.choice import letter

LETTERS = [
    (r"so \boxed{C}", "C"),
    (r"so \boxed{\text{C}}", "C"),
    (r"so \boxed{(C)}", "C"),
    (r"so \boxed{\textbf{(B)}}", "B"),
    (r"so \boxed{D) 42 J}", "D"),
    (r"\boxed{A} no, wait. \boxed{B}", "B"),
    (r"\boxed{\langle H\rangle = 3} Answer: D", "D"),
    (r"so \boxed{\textbf{(B)}\ 15}", "B"),
    (r"so \boxed{\text{Option D}}", "D"),
    (r"so \boxed{b}", "B"),
    (r"The final answer is \(B\)", "B"),
    ("answer: b", "B"),
    ("The answer is (c).", "C"),
    ("Therefore, (B) is correct, and (A) is not.", "B"),
    ("So option C is the right one.", "C"),
    ("Answer: I", "I"),
    ("Answer: (B)", "B"),
    ("**Answer: B**", "B"),
    ("Final answer: C.", "C"),
    ("ANSWER: D", "D"),
    ("Answer: A\nno.\nAnswer: C", "C"),
    ("The answer is (A).", "A"),
    ("The correct option is B", "B"),
    ("so the answer should be option C.", "C"),
    ("The answer seems to be A", "A"),
    ("Therefore\n\n**D**", "D"),
    ("It must be\nC.", "C"),
]

NOTHING = [
    "I think it is unclear.",
    "The answer is Apples.",
    "Answer: Anything goes",
    "I",
    "Answer seems hard to find",
    r"\boxed{42}",
    "the answer is I'm not sure",
    "Answer: I think that it is hard to say",
    "the answer is a number",
    "(A) is not correct",
    r"\boxed{A, B}",
]


@pytest.mark.parametrize(("text", "wanted"), LETTERS)
def test_the_letter(text: str, wanted: str) -> None:
    found = letter(text)
    assert found is not None
    assert found[0] == wanted


@pytest.mark.parametrize("text", [t for t in NOTHING if t != "I"])
def test_no_letter(text: str) -> None:
    assert letter(text) is None


def test_the_text_of_an_option_names_its_letter() -> None:
    problem = "What is it?\nA) red\nB) dark blue\nC) green"
    assert letter(r"so \boxed{dark blue}", problem) == ("B", "option text")
    assert letter(r"so \boxed{blue}", problem) is None
    assert letter(r"so \boxed{\dfrac12}", "A) 2\nB) $\\frac{1}{2}$") == ("B", "option text")


def test_a_letter_in_an_answer_element() -> None:
    text = "<think>The answer is A? No.</think> <answer> B </answer>"
    for truncated in (False, True):
        found = choice.grade([pair_of(text, "", "B", truncated=truncated)], Limits())
        assert [(g.verdict, g.extracted, g.method) for g in found] == [("correct", "B", "element")]
    boxed = pair_of(r"<answer>\boxed{C}</answer>", "", "B", truncated=False)
    assert [(g.verdict, g.extracted) for g in choice.grade([boxed], Limits())] == [("incorrect", "C")]


def test_verdicts_of_choices() -> None:
    pairs = [
        Pair("C", "boxed", "C", tail=r"\boxed{C}"),
        Pair("C", "boxed", "(D)", tail=r"\boxed{C}"),
        Pair(None, "", "A", tail="hm"),
        Pair(None, "", "A", truncated=True, tail="hm"),
        Pair("C", "boxed", None, tail=r"\boxed{C}"),
        Pair("C", "boxed", "42", tail=r"\boxed{C}"),
    ]
    found = choice.grade(pairs, Limits())
    assert [g.verdict for g in found] == [
        *("correct", "incorrect", "no_answer", "truncated", "no_gold", "ungradable"),
    ]
    assert found[-1].why == "the gold '42' is no letter from A to J"


def test_statements_are_compared_as_a_set() -> None:
    gold = "Olivia is a knave, David is a knight, and Amelia is a knight."
    answers = [
        "(1) Olivia is a knave (2) David is a knight (3) Amelia is a knight",
        "- Amelia is a knight.\n- Olivia is a knave.\n- David is a knight.",
        "Olivia is a knave, David is a knight",
        "Olivia is a knight, David is a knight, and Amelia is a knight.",
    ]
    found = exact.grade([Pair(text, "element", gold) for text in answers], Limits())
    assert [g.verdict for g in found] == ["correct", "correct", "incorrect", "incorrect"]
    assert exact.grade([Pair(None, "", gold)], Limits())[0].verdict == "no_answer"
