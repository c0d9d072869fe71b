"""Codebooks by name, by path and by family."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.judges._codebook import SYNTAX, Codebook, read_codebook

__all__ = ["FOLDER", "codebook_names", "load_codebook", "load_codebooks"]

FOLDER = Path(__file__).resolve().parent / "behaviors"


def codebook_names() -> list[str]:
    """Return the names of the shipped codebooks, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_codebook(name_or_path: str | Path) -> Codebook:
    """Return the shipped codebook of this name, or the one in the TOML file at this path.

    Raises
    ------
    UnknownNameError
        If no shipped codebook has this name.
    InputError
        If the file cannot be read.
    DefinitionError
        If it has a mistake; the message has file, line and what to do.
    """
    given = str(name_or_path)
    path = Path(given)
    if isinstance(name_or_path, str) and not path.suffix and path.name == given:
        if given not in codebook_names():
            raise UnknownNameError("behavior", given, [*codebook_names(), *_families()])
        path = FOLDER / f"{given}.toml"
    elif path.suffix.lower() != ".toml":
        raise InputError(f"{given}: a codebook is a file that ends in .toml; {SYNTAX}")
    return read_codebook(path)


def load_codebooks(names: Iterable[str | Path]) -> list[Codebook]:
    """Return several codebooks; the name of a family stands for all its members.

    Raises
    ------
    InputError
        If two have the same name.

    Examples
    --------
    >>> [codebook.name for codebook in load_codebooks(["backtracking", "verification"])]
    ['backtracking', 'verification']
    """
    families = _families()
    wanted: list[str | Path] = []
    for name in names:
        wanted += families[name] if isinstance(name, str) and name in families else [name]
    found = [load_codebook(name) for name in dict.fromkeys(wanted)]
    names_of = [codebook.name for codebook in found]
    for name in names_of:
        if names_of.count(name) > 1:
            raise InputError(f"two of the codebooks are named {name!r}; rename one")
    return found


def _families() -> dict[str, list[str]]:
    """Map each family to the names of its shipped members."""
    found: dict[str, list[str]] = {}
    for name in codebook_names():
        family = tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8")).get("family")
        if family:
            found.setdefault(family, []).append(name)
    return found
