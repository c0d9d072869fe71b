"""The commands as Python functions, as the package exports them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from reasonlens.calls.limits import Limits
from reasonlens.core import registry
from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.judges import DEFAULT_BEHAVIORS, Judge, load_codebooks
from reasonlens.judges import Settings as JudgeSettings
from reasonlens.lexicon import definition
from reasonlens.lexicon.definition import DEFAULT_LEXICON, Lexicon
from reasonlens.workflow import agree_compare, figures
from reasonlens.workflow import compare as comparing
from reasonlens.workflow import ingest as ingesting
from reasonlens.workflow import tokens as counting
from reasonlens.workflow.associate import USUAL, Association
from reasonlens.workflow.associate import associate as find_association
from reasonlens.workflow.behaviors import ASKING, Wanted, journal_of, judge_study
from reasonlens.workflow.behaviors_rates import Asked as RatesAsked
from reasonlens.workflow.behaviors_rates import Rates, rates
from reasonlens.workflow.ingest import Outcome, Settings
from reasonlens.workflow.keyness import Keyness, Request
from reasonlens.workflow.keyness import keyness as find_keyness
from reasonlens.workflow.positions import Positions
from reasonlens.workflow.positions import positions as find_positions
from reasonlens.workflow.run import Plan
from reasonlens.workflow.scores import score as find_scores

__all__ = [
    "agree",
    "associate",
    "behaviors",
    "compare",
    "draw",
    "ingest",
    "keyness",
    "positions",
    "score",
    "tokens",
]

Names = str | Path | Sequence[str | Path]


def ingest(
    files: Names, study: str | Path, settings: Settings | None = None, *, jobs: int | None = None
) -> Outcome:
    """Read output files into a study.

    Parameters
    ----------
    files
        Files, folders or patterns.
    study
        The folder of the study; made if it does not exist.
    settings
        What holds where the files say nothing.
    jobs
        Number of processes.

    Returns
    -------
    Outcome
        The account: rows, traces, what was skipped and why.

    Raises
    ------
    InputError
        If no input holds traces.
    """
    return ingesting.ingest(_names(files), Plan(Path(study)), settings or Settings(), jobs=jobs)


def tokens(
    files: Names = (),
    *,
    study: str | Path | None = None,
    lexicons: Sequence[str | Lexicon] = (DEFAULT_LEXICON,),
    text: str = "response",
    tokenizer: str | None = None,
    question: counting.Question | None = None,
    settings: Settings | None = None,
    jobs: int | None = None,
) -> counting.Tokens:
    """Count lexicon categories in output files or in a study, and estimate their rates.

    Parameters
    ----------
    files
        Output files; none to use the traces that `study` already holds.
    study
        Where the tables are kept; without one nothing is.
    lexicons
        Names of shipped lexicons, paths of definition files, or loaded lexicons.
    text
        ``"response"``, ``"reasoning"`` or ``"answer"``.
    tokenizer
        Count model tokens with this tokenizer (path or id).
    question
        Unit, exclusions, reference group.

    Examples
    --------
    >>> reasonlens.tokens("outputs/*.jsonl").estimates  # doctest: +SKIP
    """
    loaded = tuple(x if isinstance(x, Lexicon) else definition.load(x) for x in lexicons)
    with tempfile.TemporaryDirectory(prefix="reasonlens-") as spare:
        folder = Path(study) if study is not None else Path(spare) / "study"
        plan = Plan(folder, text, loaded, tokenizer, keep_text=study is not None)
        ingesting.ingest(_names(files), plan, settings or Settings(), jobs=jobs)
        return counting.estimate(Study(folder), plan, question or counting.Question())


def keyness(
    study: str | Path, groups: str, request: Request | None = None, *, lexicon: str = DEFAULT_LEXICON
) -> Keyness:
    """Find the words and phrases that set two groups of a study apart.

    Parameters
    ----------
    study
        A study that keeps its texts.
    groups
        Two kinds or models, for instance ``"distilled:base"``.
    request
        Sizes, floors, seed.
    lexicon
        Where the category of a found word is looked up.
    """
    asked = replace(request, groups=groups) if request else Request(groups)
    return find_keyness(Study(study), asked, [definition.load(lexicon)])


def positions(study: str | Path, *, lexicons: Sequence[str] = (DEFAULT_LEXICON,)) -> Positions:
    """Show where in the responses of a study the words of lexicons stand, and when the first comes."""
    return find_positions(Study(study), [definition.load(name) for name in lexicons])


def compare(study: str | Path, question: comparing.Question | None = None) -> comparing.Comparison:
    """Compare groups of a study on rates, length, accuracy and health, paired on shared problems."""
    found, asked = _counted(study), question or comparing.Question()
    return comparing.compare(Study(study), found, asked)


def associate(study: str | Path, question: comparing.Question | None = None) -> Association:
    """Relate rates and length to correctness, within problems and across models."""
    asked = question or comparing.Question()
    return find_association(Study(study), _counted(study), replace(asked, measures=asked.measures or USUAL))


def score(
    study: str | Path, ks: Sequence[int], question: comparing.Question | None = None
) -> comparing.Comparison:
    """Estimate pass@k, avg@k and maj@k, where a study has several samples per problem."""
    return find_scores(Study(study), _counted(study), question or comparing.Question(), list(ks))


def _counted(study: str | Path, text: str = "response") -> Plan:
    """Return the plan of the usual lexicon, with a study brought up to date for it."""
    plan = Plan(Path(study), text, lexicons=(definition.load(DEFAULT_LEXICON),))
    ingesting.ingest((), plan, Settings())
    return plan


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
    plan = _counted(study, asked.text)
    kind, _, name = judge.partition(":")
    options: dict[str, Any] = {"folder": Path(study) / "judges"}
    if kind in ASKING:
        options = {"base_url": base_url, "limits": Limits(max_cost=max_cost, again=bool(asked.retry))}
    elif base_url:
        raise InputError(f"base_url is for a judge that asks a server; {judge} asks none")
    made: Judge = registry.load("reasonlens.judges", kind).make(
        JudgeSettings(model or name or None, journal_of(Path(study)), options)
    )
    judge_study(Study(study), made, asked)
    using = RatesAsked(
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


def draw(study: str | Path, folder: str | Path, names: Sequence[str] = ()) -> list[Path]:
    """Draw figures of a study (all that its tables allow, if none is named); return the files."""
    return figures.draw(Study(study), Path(folder), *names).files


def _names(files: Names) -> list[str | Path]:
    return [files] if isinstance(files, str | Path) else list(files)
