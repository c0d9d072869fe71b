"""Judges: does a text show a behavior, how often, and where?

A plug-in module of this folder is a kind of judge and has:

``TITLE``
    One line for ``reasonlens list judges``.
``make(settings)``
    A `Judge` for these `Settings`.

What a behavior is says a `Codebook` (``behaviors/*.toml`` or a file of the user). A judge is
asked for several behaviors of a text at once and gives one `Label` for each behavior and unit.
The unit of a codebook is the whole text ("trace") or each of its sentences ("sentence").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from reasonlens.judges._codebook import Codebook, Example
from reasonlens.judges._codebooks import codebook_names, load_codebook, load_codebooks
from reasonlens.text.segments import segments

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "ANSWERS",
    "DEFAULT_BEHAVIORS",
    "Codebook",
    "Example",
    "Judge",
    "Label",
    "Quote",
    "Settings",
    "Spans",
    "codebook_names",
    "load_codebook",
    "load_codebooks",
    "sentences_of",
    "units_of",
]

Spans = Sequence[tuple[int, int]]
"""Half-open (start, end) places in Python characters of a text."""

DEFAULT_BEHAVIORS = ("multi_perspective", "metacognitive_awareness")
"""What is judged if nothing is named: the pair of Hu et al."""

ANSWERS = ("present", "absent")
"""The verdicts that are answers; every other one is a failure and is counted as such."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A passage of the text that a judge gives as evidence.

    Parameters
    ----------
    start, end
        Its place in the text in Python characters, half-open; -1 and -1 if it is ``missing``.
    surface
        What stands there; for a ``missing`` quote what the judge wrote.
    found
        ``"exact"``, ``"normalized"``, ``"fuzzy"`` or ``"missing"``. A missing quote does not count.
    """

    start: int
    end: int
    surface: str
    found: str = "exact"


@dataclass(frozen=True, slots=True)
class Label:
    """The answer to one question: one behavior in one unit of one text.

    Parameters
    ----------
    behavior
        Name of the codebook.
    verdict
        One of `reasonlens.core.tables.LABEL_VERDICTS`.
    count
        Number of distinct instances with evidence (0 or 1 for a sentence); 0 unless present.
    quotes
        The evidence; offsets refer to the whole text, also for a sentence.
    n_unverified
        Quotes that are not in the text.
    rationale
        Why, in a few words.
    problem
        What went wrong, for a verdict that is no answer.
    cost
        In US dollars; NaN if unknown, 0 if nothing was asked of anyone.
    start, end
        The unit: its place in the text. ``end=-1`` is the end of the text.
    """

    behavior: str
    verdict: str
    count: int = 0
    quotes: tuple[Quote, ...] = ()
    n_unverified: int = 0
    rationale: str = ""
    problem: str = ""
    cost: float = math.nan
    start: int = 0
    end: int = -1


@dataclass(frozen=True, slots=True)
class Settings:
    """What a judge may need to be made; each kind takes what it knows.

    Parameters
    ----------
    model
        A model id (``llm``) or the path of a trained judge (``local``).
    journal
        File with the answers that were paid for.
    options
        Whatever else a kind understands (see its ``make``).
    """

    model: str | None = None
    journal: Path | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


class Judge(Protocol):
    """A judge that is ready to be asked."""

    @property
    def name(self) -> str:
        """Its identity in the column ``judge``, for instance ``"rules@1"``."""
        ...

    @property
    def key(self) -> str:
        """A digest of all that determines its answers beside text and codebook."""
        ...

    def refuses(self, behavior: Codebook) -> str:
        """Return why it cannot judge a behavior and what to do, or an empty string."""
        ...

    def judge(
        self,
        texts: Sequence[str],
        behaviors: Sequence[Codebook],
        *,
        sentences: Sequence[Spans] | None = None,
        repeat: int = 0,
        done: Callable[[int], None] = lambda _: None,
    ) -> Iterator[list[Label]]:
        """Yield for each text, in order, one label per behavior and unit.

        Parameters
        ----------
        texts
            The texts; offsets refer to them.
        behaviors
            What is asked.
        sentences
            Units of each text for codebooks of unit ``"sentence"``; ``None``: `sentences_of`.
        repeat
            Number of this repetition: the same question is asked anew for each.
        done
            Called with a number of texts that have just been answered.

        Yields
        ------
        list of Label
            Behavior by behavior in the order given, and within a behavior unit by unit.
        """
        ...


def sentences_of(text: str) -> list[tuple[int, int]]:
    """Return the places of the sentences of a text, white space around them left out."""
    return [(s.start, s.content_end) for s in segments(text) if s.content_end > s.start]


def units_of(text: str, behavior: Codebook, sentences: Spans | None = None) -> list[tuple[int, int]]:
    """Return the units of a text that a codebook is about."""
    if behavior.unit == "trace":
        return [(0, len(text))]
    return list(sentences) if sentences is not None else sentences_of(text)
