"""Long texts in pieces, from the question to the label, against what a reader of the whole would count."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reasonlens.calls import Request
from reasonlens.judges import Quote, load_codebook, load_codebooks
from reasonlens.judges._merge import Piece, trace_label
from reasonlens.judges._quotes import COUNTED
from tests.judges.fake_models import read_question, scripted

BOOK = load_codebook("verification")
STEP = load_codebooks(["thought_anchors"])[0]
LONGEST = 200  # characters of a piece; 30 of them repeat the end of the one before
SHORTEST = 6  # letters and digits of a quote that counts


def most_apart(places: list[tuple[int, int]]) -> int:
    """Try every choice of passages: how many can be had of which no two overlap?"""
    for n in range(len(places), 0, -1):
        for some in combinations(sorted(places), n):
            if all(one[1] <= two[0] for one, two in combinations(some, 2)):
                return n
    return 0


spans = st.tuples(st.integers(0, 40), st.integers(1, 20)).map(lambda x: (x[0], x[0] + x[1]))
found = st.sampled_from([*COUNTED, "rejected"])
quotes = st.lists(st.tuples(spans, found), max_size=4)


@given(st.lists(st.tuples(st.sampled_from(["present", "present", "absent"]), quotes), min_size=1, max_size=3))
def test_the_count_is_the_most_passages_apart(given_pieces: list[tuple[str, list[Any]]]) -> None:
    pieces = [
        Piece(verdict, tuple(Quote(*span, "x", how) for span, how in some)) for verdict, some in given_pieces
    ]
    label = trace_label("x", pieces, 60)
    of = {
        i: [(q.start, q.end) for q in piece.quotes if q.found in COUNTED]
        for i, piece in enumerate(pieces)
        if piece.verdict == "present"
    }
    every = sorted({span for some in of.values() for span in some})
    expected = most_apart(every)
    assert label.count == expected
    assert (label.verdict == "present") == (expected > 0)
    assert (label.verdict == "unclear") == (bool(of) and not expected)
    # a piece more never makes the count smaller, and never larger than all counts together
    alone = [most_apart(sorted(set(some))) for some in of.values()]
    assert max(alone, default=0) <= label.count <= sum(alone)
    again = trace_label("x", pieces[::-1], 60)
    assert (again.verdict, again.count) == (label.verdict, label.count)
    if label.verdict == "present":  # what was quoted is covered by the evidence that is kept
        kept = [(q.start, q.end) for q in label.quotes if q.found in COUNTED]
        assert most_apart(kept) == label.count
        assert all(any(a <= start and end <= b for a, b in kept) for start, end in every)


words = st.text("abcdefghij", min_size=2, max_size=9)
plain = st.lists(words, min_size=1, max_size=30).map(lambda w: " ".join(w) + ". ")
short = st.just("{}. ")  # an act that is a sentence
inside = st.tuples(plain, plain).map(lambda two: f"{two[0][:-2]} {{}} {two[1]}")
parts = st.lists(st.one_of(plain, short, inside), min_size=1, max_size=40)


def act(number: int, size: int) -> str:
    """A passage that stands once in a text, and of which six letters tell which it is."""
    return " ".join(f"Q{number:02d}W{i:02d}XY" for i in range(size))


def whole_text(chunks: list[str], sizes: list[int]) -> tuple[str, list[str]]:
    acts = [act(i, sizes[i % len(sizes)]) for i in range(sum("{}" in chunk for chunk in chunks))]
    waiting = iter(acts)
    return "".join(chunk.format(next(waiting)) if "{}" in chunk else chunk for chunk in chunks), acts


def sees(acts: list[str]) -> Any:
    """A judge that quotes of each act what it is shown: all, or what a border of the piece leaves."""

    def model(request: Request) -> Any:
        rules, text, body, _ = read_question(request)
        quoted = []
        for one in acts:
            shown = next(
                (
                    piece
                    for piece in (
                        one if one in body else "",
                        *(one[:n] for n in range(len(one) - 1, 0, -1) if body.endswith(one[:n])),
                        *(one[-n:] for n in range(len(one) - 1, 0, -1) if body.startswith(one[-n:])),
                    )
                    if sum(map(str.isalnum, piece)) >= SHORTEST
                ),
                "",
            )
            quoted += [shown] if shown else []
        verdict = "present" if quoted else "absent"
        answer = {"quotes": quoted, "why": "", "verdict": verdict}
        return {"receipt_rules": rules, "receipt_text": text, "behaviors": {BOOK.name: answer}}

    return model


@settings(max_examples=150, deadline=None)
@given(parts, st.lists(st.integers(1, 3), min_size=1, max_size=5), st.booleans())
def test_each_act_counts_once_wherever_the_text_is_cut(
    chunks: list[str], sizes: list[int], backwards: bool
) -> None:
    text, acts = whole_text(chunks, sizes)  # an act is at most 23 characters: the overlap holds it whole
    judge = scripted(sees(acts), longest=LONGEST, backwards=backwards)
    ((label,),) = judge.judge([text], [BOOK])
    assert (label.verdict, label.count) == ("present" if acts else "absent", len(acts))
    for quote in label.quotes:
        assert text[quote.start : quote.end] == quote.surface
    for one in acts:
        at = text.index(one)
        mine = [q for q in label.quotes if q.start < at + len(one) and q.end > at]
        assert any(q.surface == one for q in mine)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(0, 400), st.integers(4, 14))
def test_an_act_longer_than_the_overlap_counts_once(n: int, before: int, size: int) -> None:
    text = "z" * before + " " + act(0, size) + " " + "z" * (n * 20)  # one sentence: it is cut anywhere
    ((label,),) = scripted(sees([act(0, size)]), longest=LONGEST).judge([text], [BOOK])
    assert (label.verdict, label.count) == ("present", 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 12)), min_size=1, max_size=40))
def test_equal_acts_at_different_places_are_different_acts(given_sentences: list[tuple[int, int]]) -> None:
    said = ("Let me check that again.", "So the sum is more.", "I check the other way.")
    text = " ".join(f"{'so ' * n}{said[i]}" for i, n in given_sentences)

    def model(request: Request) -> Any:
        rules, receipt, body, _ = read_question(request)
        quoted = re.findall(r"Let me check that again\.|I check the other way\.", body)
        answer = {"quotes": quoted, "why": "", "verdict": "present" if quoted else "absent"}
        return {"receipt_rules": rules, "receipt_text": receipt, "behaviors": {BOOK.name: answer}}

    ((label,),) = scripted(model, longest=LONGEST, most=99).judge([text], [BOOK])
    assert label.count == sum(i != 1 for i, _ in given_sentences)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 40)), min_size=1, max_size=30))
def test_each_sentence_has_one_verdict_wherever_the_text_is_cut(made: list[tuple[bool, int]]) -> None:
    text = " ".join(f"{'So' if shown else 'Then'} {'we go ' * n}on." for shown, n in made)

    def model(request: Request) -> Any:
        rules, receipt, body, _ = read_question(request)
        lines = re.findall(r"^\[(\d+)·\w{4}\] (So\b)?", body, re.MULTILINE)
        named = [int(number) for number, so in lines if so]
        answer = {"sentences": named, "why": "", "verdict": "present" if named else "absent"}
        return {"receipt_rules": rules, "receipt_text": receipt, "behaviors": {STEP.name: answer}}

    (labels,) = scripted(model, longest=LONGEST).judge([text], [STEP])
    assert [label.verdict == "present" for label in labels] == [shown for shown, _ in made]
    assert all(label.verdict in ("present", "absent") for label in labels)
