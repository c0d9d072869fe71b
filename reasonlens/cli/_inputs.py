"""What commands that read files or a study share: inputs, the study, the lexicons."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reasonlens.core.errors import InputError
from reasonlens.lexicon import definition
from reasonlens.lexicon.definition import DEFAULT_LEXICON, Lexicon
from reasonlens.lexicon.self_check import self_check

__all__ = ["chosen_lexicons", "inputs_of", "lexicons_of", "study_at"]


def inputs_of(options: dict[str, Any]) -> tuple[list[str], Path | None]:
    """Return the files and the study that were named; a folder with study.json is a study.

    Raises
    ------
    InputError
        If neither files nor a study that exists were named, or a study beside other inputs.
    """
    names, study = list(options["inputs"]), options["study"]
    if not names:
        if study is None:
            raise InputError("name the files to read, or a study (a folder that `ingest` or `tokens` made)")
        if not (study / "study.json").is_file():
            raise InputError(f"{study} is no study yet; name the files to make it from, too")
        return [], study
    studies = [name for name in names if (Path(name) / "study.json").is_file()]
    if not studies:
        return names, study
    if len(names) > 1 or (study and study != Path(studies[0])):
        raise InputError(f"{studies[0]} is a study; name it alone, or name files and --study {studies[0]}")
    return [], Path(studies[0])


@contextmanager
def study_at(given: Path | None) -> Iterator[Path]:
    """Yield the folder of the study: the one that was named, or one that is thrown away."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="reasonlens-") as folder:
        yield Path(folder) / "study"


def chosen_lexicons(options: dict[str, Any]) -> list[Lexicon]:
    """Return the lexicons that were named; each of a user's entries must match its own text.

    Raises
    ------
    DefinitionError
        If a definition has a mistake, or an entry that cannot match.
    """
    chosen = [definition.load(name) for name in dict.fromkeys(options["lexicons"])]
    if options["categories"]:
        chosen.append(definition.from_options(list(options["categories"])))
    for lexicon in chosen:
        if lexicon.status == "user":
            self_check(lexicon)
    return chosen


def lexicons_of(options: dict[str, Any]) -> tuple[Lexicon, ...]:
    """Return the lexicons that were named, or the usual one.

    Raises
    ------
    InputError
        If two have the same name.
    """
    found = tuple(chosen_lexicons(options)) or (definition.load(DEFAULT_LEXICON),)
    names = [lexicon.name for lexicon in found]
    if len(set(names)) < len(names):
        raise InputError(f"two of the lexicons have the same name ({', '.join(names)}); rename one")
    return found
