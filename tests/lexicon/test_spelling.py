"""Words as numbers: short ones and prefixes are known at once, longer ones go on through the trie."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reasonlens.lexicon import engine, spelling
from reasonlens.lexicon.machine import Machine
from reasonlens.lexicon.model import Rule
from reasonlens.lexicon.plan import plan_of
from reasonlens.text import words
from tests.lexicon.making import counts, expected, hits, lexicon


def _machine(entries: list[str], rule: Rule | None = None) -> Machine:
    return plan_of((lexicon(entries, rule or Rule()),)).machines[0]


def _walking(machine: Machine, text: str) -> list[str]:
    """Return the tokens of `text` that are not settled by their number."""
    codes = words.codepoints(text)
    tokens = words.tokenize(codes)
    which = machine.spelling.read(codes, tokens)[1]
    return [text[tokens.starts[i] : tokens.ends[i]] for i in which]


@pytest.mark.parametrize(
    ("entries", "text", "walking"),
    [
        (["seven77", "wait"], "wait waits Seven77 seven778 seven7", []),
        (["seven77", "eight888"], "eight888 eight8888 eight88 eight889", ["eight888", "eight8888"]),
        (
            ["approximately"],
            "approximately Approximation approxi approve",
            ["approximately", "Approximation"],
        ),
        (["th*", "wait"], "the tie t th 2th", []),
        (["t*", "te*", "test"], "the tie t tess tests", []),
        (["sevente*"], "seventeen sevente seventies", []),
        (["eightee*", "eighteens"], "eighteen eighteenth eightees", ["eighteen", "eighteenth"]),
        (["eighteen*"], "eighteen eighteenth eightees", ["eighteen", "eighteenth"]),
        (["wait"], "w wa wait\u017f waıt \u212aait 等等wait", []),
    ],
)
def test_only_what_may_be_longer_walks(entries: list[str], text: str, walking: list[str]) -> None:
    assert _walking(_machine(entries), text) == walking


@pytest.mark.parametrize("case", ["insensitive", "sensitive"])
def test_words_around_eight_letters_are_those_of_the_reference(case: str) -> None:
    whole = "Abcdefghijklmnopqrstuvwxyz"
    forms = [form[:size] for size in range(1, 20) for form in (whole, whole.lower(), whole[:7] + "XYZ" * 4)]
    entries = lexicon(
        list(dict.fromkeys(whole[:size] for size in (1, 6, 7, 8, 9, 15, 16, 17))), Rule(case=case)
    )
    text = " ".join(forms)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REASONLENS_ENGINE", "numpy")
        assert sum(counts([text], entries)[0].values()) == len(expected(text, entries)) > 8


def test_more_letters_than_a_byte_can_tell_apart() -> None:
    """Greek, Cyrillic, Georgian and others: over 254 letters, so that the last ones share a number."""
    letters = [chr(code) for code in range(0x3B1, 0x1000) if words.classes()[code] == words.LETTER]
    letters = [letter for letter in letters if words.lower_table()[ord(letter)] == ord(letter)][:400]
    machine = _machine([letter + "q" for letter in letters])
    text = " ".join(letter + end for letter in letters for end in ("q", "", "x"))
    codes = words.codepoints(text)
    code = engine._read(machine, codes, words.tokenize(codes))
    assert code[:-1].astype(bool).tolist() == [True, False, False] * 400
    assert len(set(code[code > 0].tolist())) == 400
    assert 400 > len(_walking(machine, text)) > 100


@settings(deadline=None)
@given(
    st.lists(st.text("abé\u03b1", min_size=1, max_size=10), min_size=1, max_size=6),
    st.lists(st.text("abé\u03b1", min_size=1, max_size=12), max_size=12),
    st.integers(0, 63),
)
def test_prefixes_in_words_and_prefixes_are_those_of_the_reference(
    stems: list[str], forms: list[str], stars: int
) -> None:
    entries = [stem + "*" * (stars >> i & 1) for i, stem in enumerate(stems)]
    wanted = lexicon({str(i): [entry] for i, entry in enumerate(entries)})
    text = " ".join([*forms, *stems, *(stem + form for stem in stems for form in forms[:3])])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REASONLENS_ENGINE", "numpy")
        patch.setattr(spelling, "_RARE", 3)  # so that letters share a number
        plan_of.cache_clear()
        assert hits([text], wanted) == [expected(text, wanted)]
        plan_of.cache_clear()
