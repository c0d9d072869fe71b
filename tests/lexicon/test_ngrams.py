"""The words and phrases of a text: a hand-counted example, each rule, and the slow oracle."""

from __future__ import annotations

from collections import Counter as Tallies

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.lexicon.ngrams import LINKS, Words, words_of
from tests.lexicon.nasty import texts
from tests.oracles.ngrams_oracle import phrases
from tests.oracles.words_oracle import word_count


def strings(words: Words) -> list[str]:
    return words.strings(np.arange(len(words)))


def spelled(text: str, longest: int = 3) -> tuple[Tallies[str], Tallies[str]]:
    """Phrases and openers of one text, spelled out from `words_of`."""
    words = words_of([text])
    names, found, opening = strings(words), Tallies(), Tallies()
    for first in range(len(words)):
        phrase = names[first]
        for size in range(1, longest + 1):
            if size > 1:
                last = first + size - 1
                if last >= len(words) or not words.link[last]:
                    break
                phrase += LINKS[words.link[last]] + names[last]
            found[phrase] += 1
            opening[phrase] += int(words.opens[first])
    return found, +opening


def test_a_hand_counted_text() -> None:
    text = "Wait, let me\nre-check. So $x_1$ is 2, but\n\nhold on: I think \\frac{a}{b} is it"
    found, opening = spelled(text, 2)
    single = ["wait", "let", "me", "re", "check", "so", "but", "hold", "on", "i", "think", "a", "it"]
    pairs = ["wait, let", "let me", "me re", "re-check", "hold on", "i think", "is it"]
    assert found == Tallies([*single, *pairs, "is", "is"])
    assert opening == Tallies(
        {"wait": 1, "wait, let": 1, "re": 1, "re-check": 1, "so": 1, "hold": 1, "hold on": 1}
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The Wait", ["the", "wait"]),
        ("let’s LET'S", ["let's", "let's"]),
        ("\\alpha alpha \\text{if}", ["alpha", "if"]),
        ("12 3x x_1 begin_of_thought two", ["two"]),
        ("a b I i A x", ["a", "i"]),
        ("π 𝑥 ℝ в", ["в"]),
        ("<think> ok </think> <b> < or >", ["ok", "or"]),
        ("<|user|> said", ["said"]),
        ("等等wait", ["等", "等", "wait"]),
        ("", []),
        (" \\ 5 .", []),
    ],
)
def test_which_words_are_language(text: str, words: list[str]) -> None:
    assert strings(words_of([text])) == words


@pytest.mark.parametrize(
    ("between", "link"),
    [
        *((" ", " "), ("  ", " "), ("\n", " "), (" \n\t", " "), (", ", ", "), (",\n", ", "), ("-", "-")),
        *(("\n\n", None), ("\n \n", None), (",\n\n", None), (",", None), (" , ", None), (",, ", None)),
        *((". ", None), (" - ", None), ("--", None), (": ", None), (" $ ", None), (" 2 ", None), ("/", None)),
    ],
)
def test_what_links_two_words(between: str, link: str | None) -> None:
    words = words_of([f"one{between}two"])
    assert words.link[0] == 0
    assert (LINKS[words.link[1]] if words.link[1] else None) == link


def test_letters_of_scripts_without_spaces_are_linked_by_nothing() -> None:
    assert spelled("等等。再", 2)[0] == Tallies({"等": 2, "等等": 1, "再": 1})


@pytest.mark.parametrize(
    ("text", "opening"),
    [
        ("Yes. So be it", ["yes", "so"]),
        ("no! Go? Why… Ah", ["no", "go", "why", "ah"]),
        ("one\ntwo", ["one", "two"]),
        ("- **Wait**, no", ["wait"]),
        ("1. First\n2) then", ["first"]),
        ("is $x$. Then", ["is", "then"]),
        ("file.txt is 0.5 long", ["file"]),
        ('He said "go." Then', ["he", "then"]),
        ("<think>\nOkay", ["okay"]),
        ("好。再", ["好", "再"]),
        ("3 is odd", []),
    ],
)
def test_what_opens_a_sentence(text: str, opening: list[str]) -> None:
    words = words_of([text])
    assert [w for w, opens in zip(strings(words), words.opens, strict=True) if opens] == opening


def test_nothing_is_linked_across_texts() -> None:
    words = words_of(["so", "", "we", "\\", "go"])
    assert words.text.tolist() == [0, 2, 4]
    assert words.link.tolist() == [0, 0, 0]
    assert words.opens.all()
    assert words.n_words.tolist() == [1, 0, 1, 0, 1]
    assert len(words_of([])) == 0
    assert words_of(["", ""]).n_words.tolist() == [0, 0]


WORDS = ("Wait", "a", "I", "x", "let’s", "x_1", "42", "等", "ъ", "think", "\\frac", "no")
GAPS = (" ", " ", " ", "\n", "\n\n", ", ", "-", ". ", "! ", "…", "。", "<", ">", "</", "|", "$", ",", "\\")
BITS = st.sampled_from([*WORDS, *GAPS])


@given(st.one_of(st.lists(BITS, max_size=30).map("".join), texts(), st.text(max_size=40)))
def test_it_is_what_the_oracle_says(text: str) -> None:
    found, opening, sentences = phrases(text)
    assert spelled(text) == (found, opening)
    words = words_of([text])
    assert int(words.opens.sum()) == sentences
    assert words.n_words.tolist() == [word_count(text)]


@given(st.lists(st.one_of(texts(6), st.text(max_size=12)), max_size=5))
def test_texts_together_are_as_each_alone(several: list[str]) -> None:
    together = words_of(several)
    alone = [words_of([text]) for text in several]
    assert strings(together) == [word for words in alone for word in strings(words)]
    assert together.link.tolist() == [x for words in alone for x in words.link.tolist()]
    assert together.opens.tolist() == [x for words in alone for x in words.opens.tolist()]
    assert together.n_words.tolist() == [x for words in alone for x in words.n_words.tolist()]
