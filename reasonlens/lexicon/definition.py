"""Lexicons by name, by path or from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reasonlens.core.errors import DefinitionError, InputError, UnknownNameError
from reasonlens.lexicon import foreign, toml_file
from reasonlens.lexicon.draft import Card, Draft, finish
from reasonlens.lexicon.model import Category, Entry, Lexicon, Pattern, Rule, digest_of

__all__ = [
    "DEFAULT_LEXICON",
    "Category",
    "Entry",
    "Lexicon",
    "Pattern",
    "Rule",
    "digest_of",
    "folder",
    "from_option",
    "from_options",
    "load",
    "names",
]

DEFAULT_LEXICON = "flexible_reasoning"
"""What is counted if nothing is named."""

_PACKAGE = Path(__file__).resolve().parents[1]
_READERS = {
    ".toml": toml_file.parse,
    ".dic": foreign.liwc,
    ".yml": foreign.quanteda,
    ".yaml": foreign.quanteda,
}


def folder() -> Path:
    """Return the folder of the shipped lexicons: inside the package, or beside it in a checkout."""
    inside = _PACKAGE / "lexicons"
    return inside if inside.is_dir() else _PACKAGE.parent / "lexicons"


def names() -> list[str]:
    """Return the names of the shipped lexicons, sorted."""
    return sorted(path.stem for path in folder().glob("*.toml"))


def load(name_or_path: str | Path) -> Lexicon:
    """Return the shipped lexicon of this name, or the one in the file at this path.

    Parameters
    ----------
    name_or_path
        One of `names`, or a path that ends in ``.toml``, ``.dic`` (LIWC), ``.yml`` or ``.yaml``
        (quanteda).

    Raises
    ------
    UnknownNameError
        If no shipped lexicon has this name.
    InputError
        If the path is no readable file of a known kind.
    DefinitionError
        If the file has a mistake; the message has file, line and what to do.
    """
    given = str(name_or_path)
    path = Path(given)
    if isinstance(name_or_path, str) and not path.suffix and path.name == given:
        known = names()
        if given not in known:
            raise UnknownNameError("lexicon", given, known)
        path = folder() / f"{given}.toml"
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{given}: a lexicon file ends in .toml, .dic (LIWC), .yml or .yaml (quanteda)")
    return reader(_read(path), str(path))


def from_option(option: str) -> Lexicon:
    """Return the lexicon of one ``--category`` option, for instance ``"waitlike=wait,hold on"``."""
    return from_options([option])


def from_options(options: Sequence[str]) -> Lexicon:
    """Return the lexicon "custom" that several ``--category NAME=ENTRY,ENTRY`` options make.

    Raises
    ------
    DefinitionError
        If an option has a mistake; the message quotes the option.

    Examples
    --------
    >>> lexicon = from_options(["waitlike=wait,hold on"])
    >>> [entry.text for entry in lexicon.categories[0].entries]
    ['wait', 'hold on']
    """
    drafts: dict[str, Draft] = {}
    for option in options:
        place = f"--category {option!r}"
        name, equals, entries = option.partition("=")
        name = name.strip()
        if not equals or not name:
            raise DefinitionError(f"{place}: write NAME=ENTRY,ENTRY, for instance waitlike=wait,hold on")
        if name in drafts:
            raise DefinitionError(
                f"{place}: category {name!r} is there already ({drafts[name].place}); "
                "put all its entries into one option"
            )
        texts = [text.strip() for text in entries.split(",")] if entries.strip() else []
        drafts[name] = Draft(name, name, place, [(Entry(text), place) for text in texts])
    card = Card("custom", "1", "Categories from the command line", "--category", source="command line")
    return finish(card, Rule(), list(drafts.values()))


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}; check the path") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DefinitionError(
            f"{path}:{line}: not UTF-8; convert it, for instance: iconv -f WINDOWS-1252 -t UTF-8 {path.name}"
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
