"""What a whole response answers, as it is graded: boxes, elements, words, and the last sentence."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.text import answer_form, answers, conclusion
from reasonlens.text.answers import METHODS, answer_of, last_box, stated
from reasonlens.text.conclusion import number_at_end


@pytest.mark.parametrize(
    ("text", "answer", "method"),
    [
        (r"\boxed{5} and then \boxed{cut off", "5", "boxed"),
        (r"so \boxed{5}. Write the answer in \boxed{}.", "5", "boxed"),
        (r"so \boxed{2} and \boxed{3}.", "2, 3", "boxed"),
        (r"so \boxed{2}, \boxed{3} or \boxed{4}", "2, 3, 4", "boxed"),
        (r"so \boxed{2}. Then \boxed{3}", "3", "boxed"),
        (r"\boxed{1} \boxed{1} \boxed{1}", "1", "boxed"),
        (r"so $a = -8 \cdot 32 = -\boxed{256}$.", "-256", "boxed"),
        (r"so $a = -\\boxed{256}$, escaped twice", "-256", "boxed"),
        (r"so $7-\boxed{4}$", "4", "boxed"),
        (r"\boxed{a\}b}", r"a\}b", "boxed"),
        ("<answer>7</answer> The answer is 8.", "7", "element"),
        ("Put it in \\boxed{}. The answer is 8.", "8", "phrase"),
        ("So, yes, the answer should be 210.", "210", "phrase"),
        ("The answer is indeed 6.", "6", "phrase"),
        ("**Answer:** Ann has \\$50 left", "\\$50", "phrase"),
        ("**Answer:** 12 pieces are left", "12 pieces", "phrase"),
        ("The answer is 3. I checked that the answer is right.", "3", "phrase"),
        ("The final answer is: **42**", "42", "phrase"),
        ("The answer is (1, 2).", "(1, 2)", "phrase"),
        ("The answer is [1, 2), and nothing else.", "[1, 2)", "phrase"),
        ("The answer is (5, which was to be shown.", "(5", "phrase"),
        ("The answer is 1, 2, and 3.", "1, 2, and 3", "phrase"),
        ("The answer is 4, 7", "4, 7", "phrase"),
        ("The answer is (2,3), (4,5).", "(2,3), (4,5)", "phrase"),
        ("The answer is (G) and (I).", "(G)", "phrase"),
        ("The answer is 2 and 3, respectively.", "2 and 3", "phrase"),
        ("The answer is 5, and 7 is wrong.", "5", "phrase"),
        ("**Answer:**\n\\[\\boxed{}\\]", None, ""),
        ("The answer is 5, since 3 and 2 make 5.", "5", "phrase"),
        ("The answer is 5 or -6.5.", "5 or -6.5", "phrase"),
        ("### Final Answer\n42", "42", "phrase"),
        ("**Final Answer:**\n\n$$\\frac{1}{2}$$", "$$\\frac{1}{2}$$", "phrase"),
        ("Therefore, the answer is:\n\\[\n12\n\\]", "\\[\n12\n\\]", "phrase"),
        ("The answer is 3.\n**Answer**\n**4 apples**", "4 apples", "phrase"),
        ("**Answer**\n7\nNo: the answer is 8.", "8", "phrase"),
        ("What is the answer?\n7", None, ""),
        ("The answer is:\nFirst, 3 is added to 4.", None, ""),
        ("The answer is not 2. The answer is an integer.", None, ""),
        ("**Answer:** Last year, Ann paid 700 and now she pays 40.", None, ""),
    ],
)
def test_marked_and_complete(text: str, answer: str | None, method: str) -> None:
    found = stated(text)
    assert (found.text if found else None, found.method if found else "") == (answer, method)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7 + 10 = 17. So she has **14** lollipops left.", "14"),
        ("Therefore, after 60 days, Ann will spend on ice cream what is $16.00.", "16.00"),
        ("Thus, the total mined in 30 days is 43,200 pounds.", "43,200"),
        ("So, the cost for 10 gallons would be $28.00.", "28.00"),
        ("Therefore, a 36-minute call would cost $8.00.", "8.00"),
        ("The remainder when $n$ is divided by 7 is 3.", "3"),
        ("Thus x = 15. I think that's the final answer.", "15"),
        ("So 3 + 4 = 7. Again, the same answer. I'm confident in this result.", "7"),
        (r"In conclusion, $$\tan A = 2$$" + "\n\n<|end_of_solution|>", "2"),
        (r"So, the value of \( 5 \star 1 \) is \( 47 \).", "47"),
        ("Thus the angle is \\(45\\).", "45"),
        ("She has 3 or 4 left.", None),
        ("He chose 3 of the 4 doors on day 5.", None),
        ("The last step gives 12. I think the answer cannot be found.", None),
        ("So we take 12", None),
        (
            "Therefore, of the 30 apples 4 are gone, and the rest is sold by Ann to the 7 people in town.",
            None,
        ),
        ("", None),
    ],
)
def test_the_number_that_the_last_sentence_states(text: str, number: str | None) -> None:
    place = number_at_end(text)
    assert (text[slice(*place)] if place else None) == number


def test_the_answer_part_goes_before_the_reasoning() -> None:
    whole = r"<think>The answer is 5? No. Maybe \boxed{6}.</think> "
    assert answer_of(whole + r"It is \boxed{7}.", r"It is \boxed{7}.") == answers.FinalAnswer("7", 6, 15)
    concluded = answer_of(whole + "She has 14 lollipops left.", "She has 14 lollipops left.")
    assert concluded is not None
    assert (concluded.text, concluded.method) == ("14", "conclusion")
    found = answer_of(whole + "Done.", "Done.")
    assert found is not None
    assert found.text == "6"


def test_an_element_without_its_tags() -> None:
    answer = "(1) Ann is a knave. (2) Bob is a knight."
    found = answer_of(f"<think>3</think>\n<answer>\n{answer}\n</answer>", answer)
    assert found is not None
    assert (found.text, found.method) == (answer, "element")


def test_an_element_that_a_stop_string_left_open() -> None:
    found = answer_of("so</think> <answer> 3.89e-10 ")
    assert found is not None
    assert (found.text, found.method) == ("3.89e-10", "element")
    assert answer_of("so</think> <answer> 3.89e-10 ", truncated=True) is None


@pytest.mark.parametrize(
    "text",
    [
        "First 3 + 4 = 7. So there are 19.",
        "The answer is 19? Let me check that the",
        "Answer: 19\nWait, I forgot",
        "<answer> 19",
        r"so \boxed{19",
    ],
)
def test_nothing_in_a_text_that_was_cut_off_but_a_box_or_an_element_is_its_answer(text: str) -> None:
    assert answer_of(text, truncated=True) is None
    boxed = answer_of(r"\boxed{4} " + text, truncated=True)
    assert boxed is not None
    assert boxed.text == "4"


def test_the_last_box() -> None:
    assert last_box(r"\boxed{1} no, \boxed{\frac{1}{2}} or \boxed{cut") == r"\frac{1}{2}"
    assert last_box("The answer is 5.") is None


HOSTILE = {
    "digits": r"\boxed{" + "9" * 1_000_000 + "}",
    "open boxes": r"\boxed{" * 140_000,
    "empty boxes": r"\boxed{}" * 120_000,
    "boxes": r"\boxed{1}, " * 90_000,
    "braces": r"\boxed{" + "{" * 1_000_000,
    "announced": "Answer: " * 125_000,
    "said": "the answer is " * 70_000,
    "elements": "<answer>" * 120_000,
    "spaces": "x" + " " * 1_000_000 + ".",
    "tokens": "<|end|>" * 140_000,
    "words": "word " * 200_000,
    "signs": "=" * 500_000 + "$" * 500_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_megabyte_of_anything_is_read(text: str) -> None:
    for truncated in (True, False):
        found = answer_of(text, truncated=truncated)
        assert found is None or found.method in METHODS
        assert found is None or len(found.text) < len(text)


@given(st.text(alphabet="\\boxed{}<answer>/ is:=.-,19\n", max_size=120), st.booleans())
def test_any_text_is_survived_and_a_box_at_the_end_is_found(text: str, truncated: bool) -> None:
    found = answer_of(text, truncated=truncated)
    assert found is None or (found.text and found.method in METHODS)
    last = answer_of(text + " So \\boxed{42}", truncated=truncated)
    assert last is not None
    assert last.method == "boxed"
    assert last.text.endswith("42")


@pytest.mark.parametrize("module", [answers, answer_form, conclusion])
def test_every_example_is_true(module: object) -> None:
    found = doctest.testmod(module)  # type: ignore[arg-type]
    assert found.attempted > 0
    assert found.failed == 0
