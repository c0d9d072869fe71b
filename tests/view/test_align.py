"""Side by side: nothing is lost, nothing changes its order, and alike paragraphs meet."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from reasonlens.view.align import _bags, _jaccard, _pairs, aligned, paragraphs

PARAGRAPH = st.sampled_from(["we add two", "we add three", "so it is five", "check it again", "wait", ""])
TEXT = st.lists(PARAGRAPH, max_size=7).map("\n\n".join)


def test_a_worked_example() -> None:
    left = "We add 2 and 3.\n\nThat is 5.\n\nSo the answer is 5."
    right = (
        "We add 2 and 3 first.\n\nWait, let me check it again.\n\nThat is 5 then.\n\nDone: the answer is 5."
    )
    rows = [
        tuple(
            text[slice(*span)].strip() if span else None
            for text, span in zip((left, right), row, strict=True)
        )
        for row in aligned([left, right])
    ]
    assert rows == [
        ("We add 2 and 3.", "We add 2 and 3 first."),
        (None, "Wait, let me check it again."),
        ("That is 5.", "That is 5 then."),
        ("So the answer is 5.", "Done: the answer is 5."),
    ]


@given(st.lists(TEXT, min_size=2, max_size=3))
def test_every_paragraph_stands_once_and_in_order(texts: list[str]) -> None:
    rows = aligned(texts)
    for side, text in enumerate(texts):
        assert [row[side] for row in rows if row[side] is not None] == paragraphs(text)
    assert all(any(cell is not None for cell in row) for row in rows)


@given(TEXT, st.integers(1, 5))
def test_paragraphs_cover_the_text_and_are_not_too_many(text: str, most: int) -> None:
    spans = paragraphs(text, most)
    assert "".join(text[a:b] for a, b in spans) == text
    assert 1 <= len(spans) <= most


@given(*[st.lists(PARAGRAPH.filter(bool), min_size=1, max_size=4)] * 2)
def test_no_other_pairing_in_order_shares_more(left: list[str], right: list[str]) -> None:
    one, two = (
        _bags("\n".join(x), [(s, s + len(p)) for p, s in zip(x, starts(x), strict=True)])
        for x in (left, right)
    )

    def worth(pairs: list[tuple[int, int]]) -> float:
        return sum(_jaccard(one[i], two[j]) for i, j in pairs if _jaccard(one[i], two[j]) >= 0.2)

    best = max(
        worth(list(zip(a, b, strict=True)))
        for size in range(min(len(left), len(right)) + 1)
        for a in itertools.combinations(range(len(left)), size)
        for b in itertools.combinations(range(len(right)), size)
    )
    assert abs(worth(_pairs(one, two)) - best) < 1e-9


def starts(pieces: list[str]) -> list[int]:
    return [sum(len(p) + 1 for p in pieces[:i]) for i in range(len(pieces))]
