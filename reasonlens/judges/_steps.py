"""From probabilities of steps to labels of steps or of the whole text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reasonlens.judges import Codebook, Label, Quote

__all__ = ["Step", "step_labels"]

_ORDER = ("failed", "refused", "unparsed")


@dataclass(frozen=True, slots=True)
class Step:
    """A step (sentence) and what was said of it.

    Parameters
    ----------
    start, end
        Its place in the text.
    found
        A probability per behavior, NaN where it was refused; empty if nothing was asked.
    state, problem
        What went wrong with the whole call, or empty.
    cost
        Its share of what the call cost, in US dollars.
    """

    start: int
    end: int
    found: tuple[float, ...] = ()
    state: str = ""
    problem: str = ""
    cost: float = 0.0

    def failure(self, column: int) -> tuple[str, str] | None:
        """Return verdict and problem if there is no probability of a behavior."""
        if self.state:
            return self.state, self.problem
        if not self.found or math.isnan(self.found[column]):
            return "refused", "the server refused this step"
        return None


def step_labels(text: str, behaviors: Sequence[Codebook], steps: Sequence[Step], cut: float) -> list[Label]:
    """Return the labels of one text, behavior by behavior.

    A text of which a step has no answer has none, since its count would be too low.
    """
    labels: list[Label] = []
    for column, behavior in enumerate(behaviors):
        if behavior.unit == "sentence":
            labels += [_of_step(text, behavior.name, s, column, cut, len(behaviors)) for s in steps]
        else:
            labels.append(_of_text(text, behavior.name, steps, column, cut, len(behaviors)))
    return labels


def _of_step(text: str, name: str, step: Step, column: int, cut: float, n: int) -> Label:
    cost = step.cost / n
    if failure := step.failure(column):
        return Label(name, failure[0], problem=failure[1], cost=cost, start=step.start, end=step.end)
    p = step.found[column]
    quotes = (Quote(step.start, step.end, text[step.start : step.end]),) if p >= cut else ()
    verdict = "present" if quotes else "absent"
    return Label(
        name, verdict, len(quotes), quotes, 0, f"probability {p:.2f}", "", cost, step.start, step.end
    )


def _of_text(text: str, name: str, steps: Sequence[Step], column: int, cut: float, n: int) -> Label:
    cost = sum(step.cost for step in steps) / n
    if not steps:
        return Label(name, "unclear", problem="the text is empty", cost=0.0, end=len(text))
    failures = [failure for step in steps if (failure := step.failure(column))]
    if failures:
        verdict, problem = min(failures, key=lambda failure: _ORDER.index(failure[0]))
        where = f"{len(failures)} of {len(steps)} steps: {problem}"
        return Label(name, verdict, problem=where, cost=cost, end=len(text))
    shown = [step for step in steps if step.found[column] >= cut]
    quotes = tuple(Quote(s.start, s.end, text[s.start : s.end]) for s in shown)
    highest = max(step.found[column] for step in steps)
    why = f"highest probability of a step: {highest:.2f}"
    return Label(name, "present" if quotes else "absent", len(quotes), quotes, 0, why, "", cost, 0, len(text))
