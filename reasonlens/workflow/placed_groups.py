"""Placed traces by group: which are used, which are left out and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from reasonlens.core.errors import UnknownNameError
from reasonlens.core.tables import HEALTH, POOLED
from reasonlens.stats.cells import Selection, ordered
from reasonlens.stats.word_bins import Bins
from reasonlens.workflow.placed import Ints, Placed, Places

__all__ = ["Question", "Side", "excluded", "sides"]

_BY = ("model_kind", "model", "condition")
_NO_WORDS = "no words"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the places.

    Attributes
    ----------
    by
        What makes a group: ``model_kind``, ``model`` or ``condition``.
    exclude, sensitivity
        Health flags: traces with one of the first are left out; for each of the second, groups
        that have such traces get further rows without them.
    reference
        The group that others are compared with; default ``base``, else the first in order.
    condition
        The condition to use, or ``None`` for all.
    seed, draws
        Of the bootstrap over problems.
    bins
        How responses are cut up.
    """

    by: str = "model_kind"
    exclude: tuple[str, ...] = ("empty",)
    sensitivity: tuple[str, ...] = ("looping", "truncated")
    reference: str | None = None
    condition: str | None = None
    level: float = 0.95
    seed: int = 0
    draws: int = 1000
    bins: Bins = field(default_factory=Bins)

    def __post_init__(self) -> None:
        if self.by not in _BY:
            raise UnknownNameError("grouping", self.by, _BY)
        for flag in (*self.exclude, *self.sensitivity):
            if flag not in HEALTH:
                raise UnknownNameError("health flag", flag, HEALTH)


@dataclass(frozen=True, slots=True)
class Side:
    """The traces of one group on one data set (or on all).

    Attributes
    ----------
    problem, n_words, first
        Of each trace used, shapes (n,), (n,), (n, C); the codes of problems are the same for all sides.
    hits
        Hits per problem, category and bin, shape (P, C, bins); row i is of the i-th smallest code.
    left_out
        Number of traces left out, by reason.
    n_looping, n_flagged
        Looping traces, and traces with the flag `without`, used or not.
    """

    dataset: str
    group: str
    without: str
    problem: Ints
    n_words: Ints
    first: Places
    hits: npt.NDArray[np.int64]
    left_out: dict[str, int]
    n_looping: int
    n_flagged: int

    @property
    def asked(self) -> bool:
        """Whether this side has rows of its own: without a flag only if it has traces with it."""
        return not self.without or self.n_flagged > 0

    def waiting(self, category: int) -> tuple[Ints, Ints]:
        """Return words to the first hit or to the end of the trace, and whether there was a hit."""
        first = self.first[:, category].astype(np.int64)
        seen = first >= 0
        return np.where(seen, first, self.n_words), seen.astype(np.int64)


def excluded(of: Sequence[Side]) -> tuple[int, str]:
    """Return how many traces of some sides are left out, and why."""
    found: dict[str, int] = {}
    for side in of:
        for why, n in side.left_out.items():
            found[why] = found.get(why, 0) + n
    return sum(found.values()), "; ".join(f"{why}: {n}" for why, n in sorted(found.items()))


def sides(placed: Placed, question: Question, without: str = "") -> list[Side]:
    """Cut placed traces into groups, per data set and (last, if there are several) over all.

    Parameters
    ----------
    without
        A health flag: the groups over all data sets only, without traces that have it.
    """
    cells = placed.cells
    flags = (*question.exclude, without) if without else question.exclude
    selection = Selection("words", flags, without, question.condition)
    why = np.asarray(selection.reasons(cells), dtype=object)[placed.cell]
    why[(why == "") & (placed.n_words == 0)] = _NO_WORDS
    marked = _flagged(placed, question, "looping")
    flagged = _flagged(placed, question, without)
    group, dataset = cells[question.by].to_numpy(dtype=object), cells["dataset"].to_numpy(dtype=object)
    names = sorted(set(dataset))
    found = []
    for name in [*(names if not without or len(names) == 1 else []), *([POOLED] if len(names) > 1 else [])]:
        for each in ordered(set(group)):
            in_cell = (group == each) & (True if name == POOLED else dataset == name)
            mine = in_cell[placed.cell]
            left = [str(reason) for reason in why[mine] if reason]
            used = mine & (why == "")
            if not used.any() and all(reason.startswith("condition") for reason in left):
                continue
            numbers = int(marked[mine].sum()), int(flagged[mine].sum())
            found.append(_side(placed, question, (name, each, without), used, left, numbers))
    return found


def _flagged(placed: Placed, question: Question, flag: str) -> npt.NDArray[np.bool_]:
    cells = placed.cells
    has = cells["health"].str.split("+").map(lambda flags: flag in flags).to_numpy(dtype=bool)
    if question.condition is not None:
        has = has & (cells["condition"] == question.condition).to_numpy()
    return np.asarray(has[placed.cell], dtype=np.bool_)


def _side(
    placed: Placed,
    question: Question,
    names: tuple[str, str, str],
    used: npt.NDArray[np.bool_],
    left: list[str],
    numbers: tuple[int, int],
) -> Side:
    cell = placed.cell[used]
    by_problem = placed.cells.groupby(["dataset", "problem_id"], sort=True).ngroup()
    number: Ints = by_problem.to_numpy().astype(np.int64)
    codes, problem = np.unique(number[cell], return_inverse=True)
    row = np.full(len(number), -1, np.int64)  # of a cell, among the problems of this side
    row[cell] = problem.reshape(-1)
    n_categories, size = placed.first.shape[1], question.bins.size
    width = n_categories * size
    of = row[placed.key // width]
    flat = of[of >= 0] * width + placed.key[of >= 0] % width
    hits = np.zeros(len(codes) * width, np.int64)
    np.add.at(hits, flat, placed.hits[of >= 0])
    return Side(
        *names,
        number[cell],
        placed.n_words[used],
        placed.first[used],
        hits.reshape(len(codes), n_categories, size),
        {reason: left.count(reason) for reason in sorted(set(left))},
        *numbers,
    )
