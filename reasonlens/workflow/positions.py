"""Where in the responses do the words of a category stand: curves along them, and the first one.

`positions` reads the texts of a study part by part, keeps sums per problem and a few numbers per
trace, and writes the tables ``positions`` and ``first_marker`` and a part of ``estimates``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from reasonlens.core.errors import StatisticsError
from reasonlens.core.study import Study
from reasonlens.core.tables import table
from reasonlens.lexicon.definition import Lexicon
from reasonlens.lexicon.places import categories_of
from reasonlens.stats.marker_difference import horizon
from reasonlens.stats.multiplicity import holm
from reasonlens.workflow import first_marker, position_curves
from reasonlens.workflow.first_marker import Row
from reasonlens.workflow.placed import Placed, placed_in_study
from reasonlens.workflow.placed_groups import Question, Side, sides

__all__ = ["FIGURES", "Positions", "Question", "estimate", "positions"]

FIGURES = ("position_curves", "first_marker")

_PART = "positions"  # the name of this analysis in the tables of a study


@dataclass(frozen=True, slots=True)
class Positions:
    """The answer.

    Attributes
    ----------
    curves
        Rows of the ``positions`` table: rates per bin.
    first_marker
        Rows of the ``first_marker`` table: Kaplan-Meier curves.
    estimates
        Rows of the ``estimates`` table: share, median and restricted mean per group, and contrasts.
    question
        What was asked.
    """

    curves: pd.DataFrame
    first_marker: pd.DataFrame
    estimates: pd.DataFrame
    question: Question


def positions(
    study: Study,
    lexicons: Sequence[Lexicon],
    question: Question | None = None,
    *,
    text: str = "response",
    jobs: int | None = None,
    tick: Callable[[str], None] = lambda _: None,
) -> Positions:
    """Place the hits of `lexicons` in every trace of a study, estimate, and keep the tables in it.

    Parameters
    ----------
    study
        A study that holds the texts.
    lexicons
        What to find.
    question
        Groups, exclusions, seed, bins.
    text
        ``"response"``, ``"reasoning"`` or ``"answer"``.
    jobs
        Number of processes; default: all cores, one for a small study.
    tick
        Called after each part.

    Raises
    ------
    InputError
        If there is nothing to place: no traces, or none with words.
    UnknownNameError
        If the reference is no group.
    """
    asked = question or Question()
    found = placed_in_study(study, lexicons, asked.bins, text=text, jobs=jobs, tick=tick)
    result = estimate(found, categories_of(lexicons), asked, text)
    details = {
        "command": "tokens --positions",
        "text": text,
        "lexicons": {x.name: {"version": x.version, "digest": x.digest} for x in lexicons},
        "question": {name: getattr(asked, name) for name in Question.__slots__ if name != "bins"},
        "bins": {"relative": asked.bins.relative, "edges": list(asked.bins.edges)},
    }
    for name, frame in (
        ("positions", result.curves),
        ("first_marker", result.first_marker),
        ("estimates", result.estimates),
    ):
        study.write(name, _PART, pa.Table.from_pandas(frame, preserve_index=False), details=details)
    return result


def estimate(
    placed: Placed, categories: Sequence[tuple[str, str]], question: Question, text: str = "response"
) -> Positions:
    """Estimate everything from placed traces: per data set and over all, then without flagged traces."""
    curves: list[Row] = []
    markers: list[Row] = []
    rows: list[Row] = []
    base, joined = None, 1
    for without in ("", *(flag for flag in question.sensitivity if flag not in question.exclude)):
        every = sides(placed, question, without)
        if base is None:
            base = _reference(every, question)
            joined = position_curves.fineness(_whole(every), question.bins)
        for dataset in dict.fromkeys(side.dataset for side in every):
            here = [side for side in every if side.dataset == dataset]
            used = [side for side in here if len(side.n_words)]
            until = horizon(*(side.n_words for side in used)) if used else np.nan
            for side in here:
                if side.asked:
                    curves += position_curves.curve_rows(side, categories, question, text, joined)
                    found, summary = first_marker.curve_rows(side, categories, question, text, until)
                    markers += found
                    rows += summary
            rows += _contrasts(used, base, categories, question)
    return Positions(
        _frame("positions", curves),
        _frame("first_marker", markers),
        _adjusted(_frame("estimates", rows)),
        question,
    )


def _whole(every: Sequence[Side]) -> list[Side]:
    """Return the sides over all data sets, which come last."""
    return [side for side in every if side.dataset == every[-1].dataset]


def _reference(every: Sequence[Side], question: Question) -> str:
    if not any(len(side.n_words) for side in every):
        raise StatisticsError("there are no responses to place hits in: every trace is excluded")
    return first_marker.reference_of([side.group for side in every], question.reference)


def _contrasts(
    here: Sequence[Side], base: str, categories: Sequence[tuple[str, str]], question: Question
) -> list[Row]:
    return [
        row
        for other in here
        for side in here
        if other.group == base and side is not other and (side.asked or other.asked)
        for row in first_marker.contrast_rows(side, other, categories, question)
    ]


def _adjusted(frame: pd.DataFrame) -> pd.DataFrame:
    """Fill ``family`` and ``p_adjusted``: Holm over the categories of a lexicon, per test and contrast."""
    tests = frame[frame["contrast"] != ""]
    parts = tests["measure"].str.split("/")
    keys = [parts.str[0], parts.str[3:].str.join("/"), tests["contrast"], tests["dataset"]]
    for (lexicon, what, contrast, dataset), family in tests.groupby(keys, sort=False):
        size = int(family["p_value"].notna().sum())
        frame.loc[family.index, "p_adjusted"] = holm(family["p_value"].to_numpy())
        frame.loc[family.index, "family"] = f"{lexicon}, {what}, {contrast}, {dataset}: {size} tests (Holm)"
    return frame


def _frame(name: str, rows: list[Row]) -> pd.DataFrame:
    schema = table(name).schema
    frame = pd.DataFrame(rows, columns=schema.names)
    kinds: dict[Any, str] = {pa.string(): "str", pa.float64(): "float64", pa.int64(): "int64"}
    for field in schema:
        kind = "Int64" if field.name == "seed" else kinds[field.type]
        frame[field.name] = frame[field.name].astype(kind)
    return frame
