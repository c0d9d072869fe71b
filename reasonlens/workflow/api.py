"""The main job as Python functions: `ingest`, `tokens` and `draw`, as the package exports them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from reasonlens.core.study import Study
from reasonlens.lexicon import definition
from reasonlens.lexicon.definition import Lexicon
from reasonlens.workflow import figures
from reasonlens.workflow import ingest as ingesting
from reasonlens.workflow import tokens as counting
from reasonlens.workflow.ingest import Outcome, Settings
from reasonlens.workflow.run import Plan

__all__ = ["DEFAULT_LEXICON", "draw", "ingest", "tokens"]

DEFAULT_LEXICON = "flexible_reasoning"
"""What is counted if nothing is named."""

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


def draw(study: str | Path, folder: str | Path, names: Sequence[str] = ()) -> list[Path]:
    """Draw figures of a study (all that its tables allow, if none is named); return the files."""
    return figures.draw(Study(study), Path(folder), *names).files


def _names(files: Names) -> list[str | Path]:
    return [files] if isinstance(files, str | Path) else list(files)
