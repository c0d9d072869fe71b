"""Structure of reasoning: a trace as a sequence of steps, and how far one sequence follows another.

A step says why it is taken (``meta``), which question it asks (``query``) and what it finds (``answer``), as
in RLKD (arXiv:2505.16142). Two ways lead from a text to its steps: a language model that is asked for them
(`reasonlens.structure.decompose`), and a baseline of sentences and markers that needs no model
(`reasonlens.structure.baseline`). `reasonlens.structure.reward` compares two sequences.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FAILED", "KINDS", "PLACES", "Decomposition", "Step"]

KINDS = ("read", "recall", "plan", "compute", "check", "alternative", "conclude")
"""What a step does: restate the problem, recall a fact, plan, work out, check, change the way, conclude."""

PLACES = ("exact", "aligned", "unplaced")
"""How the place of a step in the trace was found."""

FAILED = ("empty", "unparsed", "refused", "failed")
"""Why a text has no steps: it is empty, the reply has no step in it, or there is no usable reply."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a trace.

    Parameters
    ----------
    meta
        Why this step is taken, without its result.
    query
        The question that it answers.
    answer
        What it finds.
    kind
        One of `KINDS`, or empty if nobody said.
    quote
        Words of the trace with which the step begins, if somebody gave them.
    start, end
        Place in the text in Python characters, half-open; -1 and -1 if it is not known.
    place
        One of `PLACES`.
    """

    meta: str
    query: str = ""
    answer: str = ""
    kind: str = ""
    quote: str = ""
    start: int = -1
    end: int = -1
    place: str = "unplaced"


@dataclass(frozen=True, slots=True)
class Decomposition:
    """The steps of one text, or why there are none.

    Parameters
    ----------
    steps
        In order; empty if and only if `status` is one of `FAILED`.
    status
        ``"ok"`` or one of `FAILED`.
    problem
        What went wrong.
    cost
        In US dollars; NaN if unknown.
    """

    steps: tuple[Step, ...]
    status: str = "ok"
    problem: str = ""
    cost: float = 0.0
