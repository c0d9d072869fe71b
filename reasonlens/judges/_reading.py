"""From an answer to what it says of each behavior, and from there to labels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from reasonlens.calls import Answer
from reasonlens.judges import Codebook, Label, Spans, units_of
from reasonlens.judges._answers import read
from reasonlens.judges._injection import NOTE
from reasonlens.judges._merge import Piece, sentence_labels, trace_label
from reasonlens.judges._questions import Question
from reasonlens.judges._quotes import COUNTED, TextQuotes
from reasonlens.judges._receipts import fault_of

__all__ = ["empty_labels", "labels_of", "pieces_of"]


def pieces_of(question: Question, answer: Answer, finder: TextQuotes, most: int) -> dict[str, Piece]:
    """Return what an answer says of each behavior, or why it says nothing.

    Parameters
    ----------
    question, answer
        What was asked and what came.
    finder
        Looks up quotes in the whole text.
    most
        Quotes that were asked for at most.
    """
    cost = math.nan if answer.cost is None else answer.cost / len(question.behaviors)
    bad = partial(_bad, question, cost)
    if answer.state != "ok":
        return bad(answer.state, answer.problem)
    unit = question.behaviors[0].unit
    try:
        parsed = read(answer.parsed, question.behaviors, unit)
    except ValueError as error:
        return bad("unparsed", str(error))
    if fault := fault_of(question.request, answer.parsed, answer.prompt_tokens):
        return bad(*fault)
    made = {}
    for behavior in question.behaviors:
        found = parsed.found[behavior.name]
        quotes = finder.find_all(found.quotes, question.span)
        named = {n - 1 + question.shown.start for n in found.sentences if 0 < n <= len(question.shown)}
        full = found.verdict == "present" and len(quotes) >= most and any(q.found in COUNTED for q in quotes)
        made[behavior.name] = Piece(
            found.verdict,
            tuple(quotes),
            frozenset(named),
            question.shown,
            len(found.sentences) - len(named),
            found.why,
            f"{most} quotes, the most that are asked for: there may be more" if full else "",
            cost,
            question.span[0],
        )
    return made


def _bad(question: Question, cost: float, verdict: str, problem: str) -> dict[str, Piece]:
    piece = Piece(verdict, asked=question.shown, problem=problem, cost=cost, start=question.span[0])
    return {behavior.name: piece for behavior in question.behaviors}


def labels_of(
    text: str,
    behaviors: Sequence[Codebook],
    found: Mapping[str, Sequence[Piece]],
    units: Spans | None,
    spoken: Spans,
) -> list[Label]:
    """Return the labels of one text from all its pieces; `spoken` are passages that speak to the judge."""
    labels: list[Label] = []
    for behavior in behaviors:
        mine = sorted(found.get(behavior.name, []), key=lambda piece: piece.start)
        if behavior.unit == "trace":
            made = [trace_label(behavior.name, mine, len(text))]
        else:
            made = sentence_labels(behavior.name, mine, units_of(text, behavior, units), text)
        if spoken and made:
            note = f"{NOTE} ({len(spoken)} places)"
            problem = f"{made[0].problem}; {note}" if made[0].problem else note
            made[0] = replace(made[0], problem=problem)
        labels += made
    return labels


def empty_labels(text: str, behaviors: Sequence[Codebook], units: Spans | None) -> list[Label]:
    """Return the labels of a text that nothing was asked about."""
    return [
        Label(behavior.name, "unclear", problem="the text is empty", cost=0.0, start=start, end=end)
        for behavior in behaviors
        for start, end in units_of(text, behavior, units)
    ]
