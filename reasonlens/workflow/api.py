"""The commands that count and compare as Python functions, as the package exports them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from reasonlens.core.study import Study
from reasonlens.lexicon import definition
from reasonlens.lexicon.definition import DEFAULT_LEXICON, Lexicon
from reasonlens.workflow import compare as comparing
from reasonlens.workflow import diagnose as diagnosing
from reasonlens.workflow import figures
from reasonlens.workflow import ingest as ingesting
from reasonlens.workflow import tokens as counting
from reasonlens.workflow.associate import USUAL, Association
from reasonlens.workflow.associate import associate as find_association
from reasonlens.workflow.ingest import Outcome, Settings
from reasonlens.workflow.keyness import Keyness, Request
from reasonlens.workflow.keyness import keyness as find_keyness
from reasonlens.workflow.positions import Positions
from reasonlens.workflow.positions import positions as find_positions
from reasonlens.workflow.run import Plan
from reasonlens.workflow.scores import score as find_scores

__all__ = [
    "associate",
    "compare",
    "counted",
    "diagnose",
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
    found, asked = counted(study), question or comparing.Question()
    return comparing.compare(Study(study), found, asked)


def associate(study: str | Path, question: comparing.Question | None = None) -> Association:
    """Relate rates and length to correctness, within problems and across models."""
    asked = question or comparing.Question()
    return find_association(Study(study), counted(study), replace(asked, measures=asked.measures or USUAL))


def score(
    study: str | Path, ks: Sequence[int], question: comparing.Question | None = None
) -> comparing.Comparison:
    """Estimate pass@k, avg@k and maj@k, where a study has several samples per problem."""
    return find_scores(Study(study), counted(study), question or comparing.Question(), list(ks))


def counted(study: str | Path, text: str = "response") -> Plan:
    """Return the plan of the usual lexicon, with a study brought up to date for it."""
    plan = Plan(Path(study), text, lexicons=(definition.load(DEFAULT_LEXICON),))
    ingesting.ingest((), plan, Settings())
    return plan


def diagnose(
    study: str | Path, asked: diagnosing.Asked | None = None, *, jobs: int = 1
) -> diagnosing.Diagnosis:
    """Look for the failure signatures (loops, abrupt ends, rigid outputs, ...) in every model of a study."""
    return diagnosing.diagnose(Study(study), asked, jobs=jobs)


def draw(study: str | Path, folder: str | Path, names: Sequence[str] = ()) -> list[Path]:
    """Draw figures of a study (all that its tables allow, if none is named); return the files."""
    return figures.draw(Study(study), Path(folder), *names).files


def _names(files: Names) -> list[str | Path]:
    return [files] if isinstance(files, str | Path) else list(files)
