"""Sketches of n-grams against whole sets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reasonlens.distill.shingles import SIZE, jaccard, ngrams, sketch

WORDS = st.lists(st.sampled_from(["wait", "so", "two", "Three", "x"]), max_size=40).map(" ".join)


@given(WORDS, WORDS)
def test_a_short_text_has_the_exact_similarity(a: str, b: str) -> None:
    one, two = ngrams(a, 3), ngrams(b, 3)
    exact = len(one & two) / len(one | two) if one | two else 1.0
    assert jaccard(sketch(a, 3), sketch(b, 3)) == exact


def test_long_texts_have_nearly_the_exact_similarity() -> None:
    words = [f"w{i}" for i in range(9000)]
    a, b = " ".join(words[:6000]), " ".join(words[2000:8000])
    one, two = ngrams(a, 5), ngrams(b, 5)
    exact = len(one & two) / len(one | two)
    assert len(sketch(a)) == SIZE
    assert abs(jaccard(sketch(a), sketch(b)) - exact) < 4 * 0.022


def test_a_text_shorter_than_the_ngram_is_one_ngram() -> None:
    assert ngrams("Wait, so.", 5) == {"wait so"}
    assert ngrams("!?", 5) == set()
