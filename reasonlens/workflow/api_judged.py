"""The commands that judge, grade and take apart as Python functions, as the package exports them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from reasonlens.calls.limits import Limits
from reasonlens.core import registry
from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.graders import Limits as GradingLimits
from reasonlens.judges import DEFAULT_BEHAVIORS, Judge, Settings, load_codebooks
from reasonlens.structure.baseline import Baseline
from reasonlens.structure.decompose import Decomposer
from reasonlens.structure.match import LexicalMatcher, Matcher
from reasonlens.workflow import agree_compare
from reasonlens.workflow.api import counted
from reasonlens.workflow.behaviors import ASKING, Wanted, journal_of, judge_study
from reasonlens.workflow.behaviors_rates import Asked, Rates, rates
from reasonlens.workflow.grade import AUTO, Agreement, agreement, grade_study
from reasonlens.workflow.grade_scores import accuracies
from reasonlens.workflow.structure import Structure, structure_rates
from reasonlens.workflow.structure_chosen import Chosen
from reasonlens.workflow.structure_pairs import compare_study
from reasonlens.workflow.structure_steps import decompose_study

__all__ = ["Grades", "agree", "behaviors", "compare_structure", "grade"]


@dataclass(frozen=True, slots=True)
class Grades:
    """How a study was graded.

    Attributes
    ----------
    accuracy
        Accuracy and, with several samples per problem, avg@n, pass@k and maj@k, with intervals (see
        `reasonlens.workflow.grade_scores.accuracies`).
    agreement
        The grades beside the verdicts of the sources.
    n_graded
        How many traces were graded now; the others had a grade.
    """

    accuracy: pd.DataFrame
    agreement: Agreement
    n_graded: int


def behaviors(
    study: str | Path,
    names: Sequence[str | Path] = DEFAULT_BEHAVIORS,
    *,
    judge: str = "rules",
    model: str | None = None,
    base_url: str | None = None,
    max_cost: float | None = 1.0,
    wanted: Wanted | None = None,
    reference: str | None = None,
) -> Rates:
    """Judge which behaviors the responses of a study show, and estimate shares, counts and contrasts.

    Labels that are there are used, and what was paid for is never asked again.

    Parameters
    ----------
    study
        A study that keeps its texts.
    names
        Codebooks, families or ``.toml`` files.
    judge
        ``"rules"``, ``"llm"``, ``"local:NAME"`` or another kind (see ``reasonlens list judges``).
    model, base_url
        The model that judges and its server, for judges that ask one.
    max_cost
        US dollars at which asking stops, or ``None`` for no limit. A model without a known price needs that.
    wanted
        Sample, repeats, retries and so on; its behaviors are replaced by `names`.
    reference
        The kind that others are compared with.

    Raises
    ------
    InputError
        If the judge cannot judge a behavior, or answered nothing.
    CostLimitError
        If `max_cost` is reached; what was answered is kept.

    Examples
    --------
    >>> reasonlens.behaviors("my-study", judge="rules").rows  # doctest: +SKIP
    """
    books = tuple(load_codebooks([str(name) for name in names]))
    asked = replace(wanted, behaviors=books) if wanted else Wanted(books)
    plan = counted(study, asked.text)
    kind, _, name = judge.partition(":")
    options: dict[str, Any] = {"folder": Path(study) / "judges"}
    if kind in ASKING:
        options = {"base_url": base_url, "limits": Limits(max_cost=max_cost, again=bool(asked.retry))}
    elif base_url:
        raise InputError(f"base_url is for a judge that asks a server; {judge} asks none")
    made: Judge = registry.load("reasonlens.judges", kind).make(
        Settings(model or name or None, journal_of(Path(study)), options)
    )
    judge_study(Study(study), made, asked)
    using = Asked(
        made.name,
        tuple(book.name for book in books),
        reference=reference,
        exclude=asked.exclude,
        condition=asked.condition,
    )
    return rates(Study(study), plan, using)


def agree(study: str | Path, asked: agree_compare.Asked | None = None) -> agree_compare.Agreement:
    """Compare the labels of two judges, of a judge and people, or of a judge and its repeats.

    Parameters
    ----------
    study
        A study with labels.
    asked
        Whose; by default those of the only judge against those of people.
    """
    return agree_compare.compare_labels(Study(study), asked or agree_compare.Asked())


def grade(
    study: str | Path,
    grader: str = AUTO,
    limits: GradingLimits | None = None,
    *,
    ks: Sequence[int] | None = None,
    again: bool = False,
) -> Grades:
    """Grade the answers of a study against the gold answers; other functions then use these grades.

    Parameters
    ----------
    study
        A study that keeps its texts.
    grader
        ``"auto"`` looks at each gold answer; or ``"math"``, ``"choice"``, ``"exact"``.
    limits
        Time per answer, tolerance, processes.
    ks
        Numbers of tries for the scores at k; ``None`` for the usual ones.
    again
        Grade what has a grade, too.

    Examples
    --------
    >>> reasonlens.grade("my-study").accuracy  # doctest: +SKIP
    """
    place = Study(study)
    n = grade_study(place, grader, limits, again=again)
    return Grades(accuracies(place, ks), agreement(place), n)


def compare_structure(
    study: str | Path,
    chosen: Chosen | None = None,
    *,
    decomposer: Decomposer | None = None,
    matcher: Matcher | None = None,
) -> Structure:
    """Take responses apart into steps, and score how students follow their teachers.

    Steps and comparisons that are there are used.

    Parameters
    ----------
    study
        A study that keeps its texts.
    chosen
        Teachers, students and traces; by default by the kinds of the models.
    decomposer, matcher
        Who takes apart and who compares; by default the offline baseline and the lexical matcher.

    Examples
    --------
    >>> reasonlens.compare_structure("my-study").rows  # doctest: +SKIP
    """
    place, which = Study(study), chosen or Chosen()
    by, comparing = decomposer or Baseline(), matcher or LexicalMatcher()
    decompose_study(place, by, which)
    compare_study(place, by, comparing, which)
    return structure_rates(place, by, comparing, which)
