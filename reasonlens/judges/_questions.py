"""What is asked about one text: groups of behaviors, pieces of a long text, numbered sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from reasonlens.calls import Request
from reasonlens.judges import Codebook, Spans, units_of
from reasonlens.judges._answers import schema
from reasonlens.judges._pieces import pieces
from reasonlens.judges._prompt import PROTOCOL, Prompt, build

__all__ = ["Question", "Shape", "questions"]

_TOGETHER = 8  # behaviors in one question


@dataclass(frozen=True, slots=True)
class Shape:
    """Characters of a text that are asked for at once, quotes per behavior, and bounds on strings."""

    longest: int
    most: int
    bounded: bool


@dataclass(frozen=True, slots=True)
class Question:
    """One question about one text.

    ``span`` is the piece of the text that it shows, ``shown`` the sentences of it, if they are numbered.
    """

    text: int
    behaviors: tuple[Codebook, ...]
    span: tuple[int, int]
    shown: range
    prompt: Prompt
    request: Request


def questions(
    place: int,
    text: str,
    behaviors: Sequence[Codebook],
    sentences: Spans | None,
    repeat: int,
    shape: Shape,
) -> Iterator[Question]:
    """Yield what is asked about one text: a question for each group of behaviors and piece.

    Parameters
    ----------
    place
        Which of the texts it is.
    text, behaviors, sentences, repeat
        As in `reasonlens.judges.Judge.judge`.
    shape
        How long and how much.
    """
    if not text.strip():
        return
    for group in _groups(behaviors):
        units = None if group[0].unit == "trace" else units_of(text, group[0], sentences)
        if units is not None and not units:
            continue
        cuts = pieces(text, shape.longest, None if units is None else [start for start, _ in units])
        for number, span in enumerate(cuts, 1):
            yield _question(place, text, group, units, span, (number, len(cuts)), repeat, shape)


def _question(
    place: int,
    text: str,
    group: tuple[Codebook, ...],
    units: Spans | None,
    span: tuple[int, int],
    number: tuple[int, int],
    repeat: int,
    shape: Shape,
) -> Question:
    shown, local = range(0), None
    if units is not None:
        inside = [i for i, (start, end) in enumerate(units) if start < span[1] and end > span[0]]
        shown = range(inside[0], inside[-1] + 1) if inside else range(0)
        low = [(max(units[i][0], span[0]), min(units[i][1], span[1])) for i in shown]
        local = [(start - span[0], end - span[0]) for start, end in low]
    prompt = build(text[slice(*span)], group, sentences=local, piece=number, most=shape.most)
    form = schema(
        group,
        sentences=None if local is None else len(local),
        most=shape.most,
        bounded=shape.bounded,
    )
    request = Request(
        prompt.messages, form, schema_name="behaviors", salt=f"behaviors/{PROTOCOL}", repeat=repeat
    )
    return Question(place, group, span, shown, prompt, request)


def _groups(behaviors: Sequence[Codebook]) -> Iterator[tuple[Codebook, ...]]:
    """Yield the behaviors that one question asks for: of one unit, sentence functions by family."""

    def together(behavior: Codebook) -> tuple[str, str]:
        return behavior.unit, behavior.family if behavior.unit == "sentence" else ""

    for _, members in groupby(sorted(behaviors, key=together), together):
        group = tuple(members)
        for start in range(0, len(group), _TOGETHER):
            yield group[start : start + _TOGETHER]
