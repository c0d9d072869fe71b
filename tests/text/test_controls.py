"""Controls: what they change, that it is recorded and can be taken back, and that draws are fixed."""

from __future__ import annotations

import itertools
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.core.errors import InputError
from reasonlens.text.controls import Control, Edit, inject, needed, shuffle, strip, undo
from reasonlens.text.segments import segments
from reasonlens.text.words import count_words

MARKER = re.compile(r"\b(?:wait|hmm|perhaps|maybe|alternatively|actually|hold on|but)\b", re.IGNORECASE)
SENTENCES = st.lists(
    st.sampled_from(
        [
            *("Wait, the sum is 3. ", "It is, perhaps, 9. ", "Hmm. ", "But wait, let me see.\n\n"),
            *("So $x. y$ is 2. ", "- maybe one\n", "1. Add 2.5. ", "We add it, but not now. "),
            *("\\[ a \\] ", "Hold on, actually, no! ", "It is (maybe) 3. ", "好。"),
        ]
    ),
    max_size=12,
).map("".join)


def stripped(text: str) -> Control:
    return strip(text, [m.span() for m in MARKER.finditer(text)])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wait, the sum is 3.", "The sum is 3."),
        ("Wait, $x$ is 3.", "$x$ is 3."),
        ("Hmm. So it is 3.", "So it is 3."),
        ("Wait, hold on, no.", "No."),
        ("Hmm... maybe it is 3.", "It is 3."),
        ("It is, perhaps, 9.", "It is 9."),
        ("It is 9, maybe.", "It is 9."),
        ("It may perhaps be 9.", "It may be 9."),
        ("But wait, let me see.", "Let me see."),
        ("So wait, let me see.", "So let me see."),
        ("Wait—what is it?", "What is it?"),
        ("Alternatively: use x.", "Use x."),
        ("- Wait, no.\n- Hmm.\n- Yes.", "- No.\n- Yes."),
        ("wait, no. it is.", "no. it is."),  # small letters stay small
        ("x is 2 but y is 3.", "x is 2 but y is 3."),  # a conjunction holds the sentence together
        ("x is 2, but y is 3. But z?", "x is 2, but y is 3. Z?"),
        ("It is (maybe) 3.", "It is 3."),
        ("Maybe.", ""),
        ("No marker here.", "No marker here."),
    ],
)
def test_markers_come_out_with_their_commas(text: str, expected: str) -> None:
    control = stripped(text)
    assert control.text == expected
    assert undo(control) == text


def test_what_stays_is_listed() -> None:
    text = "x is 2 but y is 3. Wait, no."
    control = stripped(text)
    assert [text[a:b] for a, b in control.kept] == ["but"]
    assert control.edits == (Edit(19, 26, "Wait, n", "N"),)
    assert control.provenance() == {"edits": [[19, 26, "Wait, n", "N"]], "kept": [[7, 10]]}


@given(SENTENCES | st.text(max_size=80))
def test_stripping_can_be_undone_and_leaves_only_the_kept_markers(text: str) -> None:
    control = stripped(text)
    assert undo(control) == text
    before, after = Counter(MARKER.findall(text)), Counter(MARKER.findall(control.text))
    assert after.total() <= before.total()
    if text.isascii():
        assert after.total() == len(control.kept)
    spans = [(e.start, e.end) for e in control.edits]
    assert spans == sorted(spans)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
    assert all(text[e.start : e.end] == e.old for e in control.edits)


def test_injection_capitalizes_and_lowers() -> None:
    one = [("hold on", 1.0)]
    assert inject("The sum is 3.", one, 1, seed=0, key="t").text == "Hold on, the sum is 3."
    assert inject("Tom adds it.", one, 1, seed=0, key="t").text == "Hold on, Tom adds it."
    assert inject("Let's go on.", [("but", 1.0)], 1, seed=0, key="t").text == "But let's go on."
    assert inject("\\[ x \\]\n\n# Head\n\nStep 1: go", one, 5, seed=0, key="t").edits == ()


def test_injection_takes_each_sentence_once_at_random() -> None:
    text = "".join(f"We add box {i} to it. " for i in range(100))
    control = inject(text, [("wait", 3.0), ("maybe", 1.0)], 40, seed=3, key="t")
    words = Counter(m.casefold() for m in MARKER.findall(control.text))
    assert words.total() == len(control.edits) == 40
    assert 22 <= words["wait"] <= 37, "about three quarters"
    starts = {s.start for s in segments(text)}
    assert all(e.start in starts for e in control.edits)
    assert undo(control) == text
    assert inject(text, [("wait", 1.0)], 1000, seed=3, key="t").text.count("Wait") == 100, "one per sentence"
    other = inject(text, [("wait", 3.0), ("maybe", 1.0)], 40, seed=4, key="t")
    assert other.text != control.text
    assert inject(text, [("wait", 3.0), ("maybe", 1.0)], 40, seed=3, key="u").text != control.text


def test_draws_are_the_same_on_every_machine() -> None:
    text = "".join(f"We add box {i} to it. " for i in range(6))
    assert [e.start for e in inject(text, [("wait", 1.0)], 2, seed=1, key="t").edits] == [0, 100]
    assert shuffle(text, seed=1, key="t").order == (0, 2, 1, 4, 3, 5)


def test_a_fraction_is_rounded_at_random() -> None:
    n = [len(inject("We add it. " * 5, [("wait", 1.0)], 1.25, seed=s, key="t").edits) for s in range(400)]
    assert set(n) == {1, 2}
    assert 0.18 < sum(n) / 400 - 1 < 0.32


def test_the_number_needed_reaches_the_rate() -> None:
    n = needed(1000, 5, 20, words=2)
    assert 1000 * (5 + n) / (1000 + 2 * n) == pytest.approx(20)
    assert needed(1000, 50, 20) == 0
    with pytest.raises(
        InputError, match="600 markers of 2 words per 1,000 words is more than a text can hold"
    ):
        needed(10, 0, 600, words=2)


@given(SENTENCES, st.floats(0, 8), st.integers(0, 5))
def test_an_injection_can_be_undone(text: str, wanted: float, seed: int) -> None:
    control = inject(text, [("wait", 1.0), ("maybe", 1.0)], wanted, seed=seed, key="t")
    assert undo(control) == text
    assert len(control.edits) <= int(wanted) + 1
    assert count_words(control.text) == count_words(text) + len(control.edits)
    assert control == inject(text, [("wait", 1.0), ("maybe", 1.0)], wanted, seed=seed, key="t")


@given(SENTENCES | st.text(max_size=80), st.integers(0, 5), st.booleans())
def test_a_shuffle_keeps_sentences_markers_and_layout(text: str, seed: int, keep_last: bool) -> None:
    control = shuffle(text, seed=seed, key="t", keep_last=keep_last)
    found = segments(text)
    assert undo(control) == text
    assert sorted(control.order) == list(range(len(found)))
    if keep_last and found:
        assert control.order[-1] == len(found) - 1
    assert Counter(control.text.replace(" ", "")) == Counter(text.replace(" ", ""))
    if text.isascii():
        assert Counter(MARKER.findall(control.text)) == Counter(MARKER.findall(text))
        assert count_words(control.text) == count_words(text)
    assert control == shuffle(text, seed=seed, key="t", keep_last=keep_last)


def test_a_shuffle_moves_sentences_but_not_white_space_or_the_answer() -> None:
    text = "One.\n\nTwo.  Three. Four.\nFive. So \\boxed{5}."
    control = shuffle(text, seed=1, key="t")
    assert re.sub(r"\S+", "", control.text) == re.sub(r"\S+", "", text)
    assert control.text.endswith("So \\boxed{5}.")
    assert control.text != text
    assert sorted(control.text.split()) == sorted(text.split())


HOSTILE = {
    "spaces": " " * 60_000,
    "open formulas": "\\( x \\[ y $z " * 6_000,
    "open brackets": "(" * 60_000 + "x wait",
    "list marks": "(a) " * 15_000 + "x, wait",
    "one word": "w" * 60_000 + " wait, no",
    "stops": "... " * 15_000,
    "markers": "wait, " * 10_000,
    "fences": "```" * 20_001,
    "line breaks": " \n" * 30_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_comes_back_whole(name: str) -> None:
    text = HOSTILE[name]
    assert undo(stripped(text)) == text
    assert undo(shuffle(text, seed=0, key="t")) == text
    assert undo(inject(text, [("wait", 1.0)], 10, seed=0, key="t")) == text


def test_a_record_that_does_not_fit_is_refused() -> None:
    control = stripped("Wait, no.")
    with pytest.raises(InputError, match="the strip control does not fit its record at character 0"):
        undo(Control("strip", "x", control.edits))
