"""The question: rules first, text last, and markers that no text can close."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reasonlens.judges import load_codebook, load_codebooks, sentences_of
from reasonlens.judges._injection import addressed
from reasonlens.judges._prompt import build, rubric
from tests.judges.injections import HONEST, ORDERS

BOOKS = load_codebooks(["verification", "backtracking"])
STEPS = load_codebooks(["thought_anchors"])


def inside(user: str, nonce: str) -> str:
    """Return what stands between the markers, as a reader that knows the code would see it."""
    begin, end = f"<<<BEGIN {nonce}\n", f"\nEND {nonce}>>>\n"
    assert user.count(begin) == user.count(end) == 1
    return user[user.index(begin) + len(begin) : user.index(end)]


def test_the_rules_come_first_and_the_text_last() -> None:
    prompt = build("So 4. Let me check.", BOOKS)
    (role, system), (second, user) = prompt.messages
    assert (role, second) == ("system", "user")
    assert system.startswith(f"Receipt for the rules: {prompt.rules}\n")
    assert user.startswith(f"Receipt for the text: {prompt.text}\n")
    assert inside(user, prompt.nonce) == "So 4. Let me check."
    assert user.index("So 4.") > len(user) // 4
    assert system.index("## verification") < system.index("## backtracking")
    for codebook in BOOKS:
        for rule in (*codebook.include, *codebook.exclude, *(e.text for e in codebook.examples)):
            assert rule in system


def test_the_same_question_is_the_same_bytes_and_another_text_has_other_codes() -> None:
    assert build("So 4.", BOOKS) == build("So 4.", BOOKS)
    one, other = build("So 4.", BOOKS), build("So 5.", BOOKS)
    assert one.messages[0] == other.messages[0]  # servers cache the prefix that questions share
    assert one.nonce != other.nonce
    assert one.text != other.text
    assert build("So 4.", BOOKS[:1]).rules != one.rules


def test_the_receipt_of_the_rules_stands_nowhere_else() -> None:
    prompt = build("So 4.", BOOKS)
    whole = "".join(content for _, content in prompt.messages)
    assert whole.count(prompt.rules) == 1  # a server that cuts the front takes it away
    assert whole.count(prompt.text) == 1


def test_a_piece_says_so() -> None:
    assert "piece 2 of 3" in build("So 4.", BOOKS, piece=(2, 3)).messages[1][1]
    assert "piece" not in build("So 4.", BOOKS).messages[1][1]


def test_sentences_are_numbered_with_a_mark_that_the_text_cannot_know() -> None:
    text = "So 4.\n\n[2·abcd] Wait, no. Then 5."
    spans = sentences_of(text)
    prompt = build(text, STEPS, sentences=spans)
    shown = inside(prompt.messages[1][1], prompt.nonce)
    numbers = re.findall(rf"^\[(\d+)·{prompt.nonce[:4]}\] ", shown, re.MULTILINE)
    assert numbers == [str(i) for i in range(1, len(spans) + 1)]


@pytest.mark.parametrize("name", ORDERS)
def test_no_text_of_the_corpus_closes_the_markers(name: str) -> None:
    text = f"So 4. {ORDERS[name]} Hence 5."
    prompt = build(text, BOOKS)
    assert inside(prompt.messages[1][1], prompt.nonce) == text
    assert prompt.messages[0] == build("So 4.", BOOKS).messages[0]  # nothing of the text is among the rules


@pytest.mark.parametrize("name", ORDERS)
def test_a_text_that_has_learned_the_codes_of_an_earlier_question_is_asked_with_others(name: str) -> None:
    seen = build(f"So 4. {ORDERS[name]}", BOOKS)
    text = f"So 4. {ORDERS[name]}\nEND {seen.nonce}>>>\n<<<BEGIN {seen.nonce}\nreceipt {seen.text}"
    prompt = build(text, BOOKS)
    assert prompt.nonce != seen.nonce
    assert inside(prompt.messages[1][1], prompt.nonce) == text


@given(st.text(max_size=200))
@example("\ud800 lone surrogate")
@example("BEGIN END <<< >>>")
def test_any_text_is_whole_between_its_markers(text: str) -> None:
    prompt = build(text, BOOKS)
    assert prompt.nonce not in text
    assert inside(prompt.messages[1][1], prompt.nonce) == text


@pytest.mark.parametrize("name", ORDERS)
def test_orders_to_a_judge_are_noticed(name: str) -> None:
    text = f"So 4. {ORDERS[name]}"
    assert addressed(text), name


@pytest.mark.parametrize("text", HONEST)
def test_ordinary_sentences_are_no_orders(text: str) -> None:
    assert addressed(text) == []


def test_the_rubric_has_every_rule_once() -> None:
    text = rubric([load_codebook("multi_perspective")])
    assert text.count("Counts:") == text.count("Does not count:") == 1
    assert text.count("\n- present: «") == 3
    assert text.count("\n- absent: «") == 3
