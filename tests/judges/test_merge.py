"""Several pieces of one text become one label, and nothing is counted twice or lost."""

from __future__ import annotations

import math

import pytest

from reasonlens.judges import Quote
from reasonlens.judges._merge import Piece, sentence_labels, trace_label


def quote(start: int, end: int, found: str = "exact") -> Quote:
    return Quote(start, end, "x" * (end - start), found)


def test_presence_is_any_piece_and_shared_spans_count_once() -> None:
    first = Piece("present", (quote(0, 20), quote(80, 100)), why="a", cost=0.5)
    second = Piece("present", (quote(80, 100), quote(85, 99), quote(150, 170)), why="b", cost=0.25)
    third = Piece("absent", (), why="nothing", cost=0.25)
    label = trace_label("x", [first, second, third], 200)
    assert (label.verdict, label.count, label.end) == ("present", 3, 200)
    assert [(q.start, q.end) for q in label.quotes] == [(0, 20), (80, 100), (150, 170)]
    assert label.rationale == "a / b"
    assert label.cost == 1.0


def test_quotes_that_are_not_there_do_not_count_and_are_kept() -> None:
    missing = Quote(-1, -1, "invented", "missing")
    label = trace_label("x", [Piece("present", (quote(0, 9), missing, quote(20, 30, "rejected")))], 40)
    assert (label.verdict, label.count, label.n_unverified) == ("present", 1, 2)
    assert missing in label.quotes


def test_present_without_any_quote_in_the_text_is_no_answer() -> None:
    label = trace_label("x", [Piece("present", (Quote(-1, -1, "invented", "missing"),))], 40)
    assert (label.verdict, label.count, label.problem) == ("unclear", 0, "no quote is in the text")


def test_present_with_quotes_that_do_not_count_says_why() -> None:
    label = trace_label("x", [Piece("present", (quote(0, 6, "rejected"),))], 40)
    why = "no quote counts: too short, from the rules, or words to the judge"
    assert (label.verdict, label.count, label.problem) == ("unclear", 0, why)


def test_absent_with_quotes_stays_absent_and_says_so() -> None:
    label = trace_label("x", [Piece("absent", (quote(0, 9),))], 40)
    assert (label.verdict, label.count, label.problem) == ("absent", 0, "called absent, with quotes")


def test_quotes_of_a_piece_called_absent_are_no_evidence_for_another() -> None:
    pieces = [Piece("present", (quote(0, 9),)), Piece("absent", (quote(20, 30),))]
    label = trace_label("x", pieces, 40)
    assert (label.verdict, label.count) == ("present", 1)
    assert [(q.start, q.end) for q in label.quotes] == [(0, 9)]


def test_an_unclear_piece_beside_a_present_one_may_have_more() -> None:
    label = trace_label("x", [Piece("present", (quote(0, 9),)), Piece("unclear")], 40)
    assert (label.verdict, label.count) == ("present", 1)
    assert label.problem == "1 of 2 pieces unclear: there may be more"


def test_two_acts_that_another_piece_quotes_as_one_are_two() -> None:
    wide, narrow = Piece("present", (quote(0, 60),)), Piece("present", (quote(0, 20), quote(30, 50)))
    for pieces in ([wide, narrow], [narrow, wide]):
        label = trace_label("x", pieces, 60)
        assert label.count == 2  # not fewer than one of the pieces found
        assert [(q.start, q.end) for q in label.quotes] == [(0, 60), (0, 20), (30, 50)]


@pytest.mark.parametrize("bad", ["failed", "refused", "unparsed"])
def test_a_piece_without_answer_leaves_the_text_without_one(bad: str) -> None:
    pieces = [Piece("present", (quote(0, 9),)), Piece(bad, problem="why")]
    label = trace_label("x", pieces, 40)
    assert (label.verdict, label.count) == (bad, 0)
    assert label.problem == "1 of 2 pieces: why"


def test_unknown_cost_stays_unknown() -> None:
    assert math.isnan(trace_label("x", [Piece("absent", cost=0.1), Piece("absent")], 9).cost)


def test_sentences_of_overlapping_pieces_are_one_row_each() -> None:
    text = "One. Two. Six. Ten."
    spans = [(0, 4), (5, 9), (10, 14), (15, 19)]
    first = Piece("present", sentences=frozenset({1}), asked=range(3), cost=0.2)
    second = Piece("present", sentences=frozenset({2}), asked=range(2, 4), cost=0.2, strange=1)
    labels = sentence_labels("x", [first, second], spans, text)
    assert [label.verdict for label in labels] == ["absent", "present", "present", "absent"]
    assert [(label.start, label.end) for label in labels] == spans
    assert [q.surface for label in labels for q in label.quotes] == ["Two.", "Six."]
    assert sum(label.cost for label in labels) == pytest.approx(0.4)
    assert [label.n_unverified for label in labels] == [1, 0, 0, 0]


def test_sentences_of_a_failed_piece_have_no_answer() -> None:
    spans = [(0, 4), (5, 9), (10, 14)]
    first = Piece("absent", asked=range(2))
    second = Piece("failed", asked=range(1, 3), problem="timeout")
    labels = sentence_labels("x", [first, second], spans, "One. Two. Six.")
    assert [label.verdict for label in labels] == ["absent", "failed", "failed"]
    assert labels[2].problem == "timeout"


def test_sentences_and_verdict_that_contradict_each_other_are_like_quotes_that_do() -> None:
    spans = [(0, 4), (5, 9)]
    absent = Piece("absent", sentences=frozenset({1}), asked=range(2))
    labels = sentence_labels("x", [absent], spans, "One. Two.")
    assert [label.verdict for label in labels] == ["absent", "absent"]
    assert [label.problem for label in labels] == ["called absent, with sentences", ""]
    present = Piece("present", asked=range(2))
    labels = sentence_labels("x", [present], spans, "One. Two.")
    assert [label.verdict for label in labels] == ["unclear", "unclear"]
    assert {label.problem for label in labels} == {"no sentence is named"}
    unclear = sentence_labels("x", [Piece("unclear", asked=range(2))], spans, "One. Two.")
    assert {(label.verdict, label.problem) for label in unclear} == {
        ("unclear", "the judge calls it unclear")
    }
