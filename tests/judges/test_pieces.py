"""Long texts in pieces: everything is shown, nothing is longer than allowed."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from reasonlens.judges import sentences_of
from reasonlens.judges._pieces import OVERLAP, pieces


def test_a_short_text_is_one_piece() -> None:
    assert pieces("So 4.", 100) == [(0, 5)]


def test_pieces_are_cut_between_sentences_and_repeat_one() -> None:
    text = " ".join(f"Sentence number {i} stands here." for i in range(10))
    found = pieces(text, 100)
    starts = {start for start, _ in sentences_of(text)}
    assert all(start in starts for start, _ in found)
    assert all(after[0] < before[1] for before, after in pairwise(found))
    assert len(found) == 5  # of three sentences each, the first of which is the last of the one before


def test_a_sentence_without_end_is_cut_with_overlap() -> None:
    found = pieces("x" * 1000, 200)
    assert all(after[0] <= before[1] - 30 for before, after in pairwise(found))


@given(st.text(alphabet="ab. \n", max_size=400), st.integers(8, 120))
def test_every_character_is_shown_and_no_piece_is_too_long(text: str, longest: int) -> None:
    found = pieces(text, longest)
    assert found[0][0] == 0
    assert found[-1][1] == len(text)
    for start, end in found:
        assert 0 <= end - start <= longest
    for before, after in pairwise(found):
        assert before[0] < after[0] <= before[1] < after[1]


@given(st.integers(20, 60))
def test_what_fits_into_the_overlap_is_whole_in_some_piece(longest: int) -> None:
    text = "ab cd. " * 60  # sentences of 7 characters
    size = max(7, int(longest * OVERLAP)) - 7
    shown = pieces(text, longest)
    for start in range(len(text) - size):
        assert any(a <= start and start + size <= b for a, b in shown)
