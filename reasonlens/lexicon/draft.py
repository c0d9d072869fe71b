"""From what a file or an option says to a checked `Lexicon`; every complaint has a place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from reasonlens.core.errors import DefinitionError
from reasonlens.lexicon.checks import entry_complaint, folded, pattern_complaint
from reasonlens.lexicon.model import Category, Entry, Lexicon, Pattern, Rule, digest_of

__all__ = ["Card", "Draft", "finish", "safe_name"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


@dataclass(frozen=True, slots=True)
class Card:
    """What a lexicon says of itself; `place` is where, for messages ("words.toml:1")."""

    name: str
    version: str
    title: str
    place: str
    status: str = "user"
    source: str = ""
    notes: str = ""
    path: str | None = None


@dataclass(slots=True)
class Draft:
    """A category as it is written, each entry and pattern with its place ("words.toml:12")."""

    name: str
    title: str
    place: str
    entries: list[tuple[Entry, str]] = field(default_factory=list)
    patterns: list[tuple[Pattern, str]] = field(default_factory=list)


def safe_name(text: str) -> str:
    """Return `text` as a lexicon name: it becomes part of a folder's name in a study."""
    return re.sub(r"[^A-Za-z0-9_.+-]+", "_", text).strip("_.") or "lexicon"


def finish(card: Card, rule: Rule, drafts: Sequence[Draft]) -> Lexicon:
    """Check everything and return the lexicon.

    Raises
    ------
    DefinitionError
        For the first mistake, with its place and what to do.
    """
    if not _NAME.fullmatch(card.name):
        raise DefinitionError(
            f"{card.place}: the name {card.name!r} becomes part of a folder's name; "
            "use letters, digits and any of _ . + -"
        )
    if not drafts:
        raise DefinitionError(f"{card.place}: the lexicon has no category; add at least one")
    categories = tuple(_category(draft, rule) for draft in drafts)
    return Lexicon(
        name=card.name,
        version=card.version,
        title=card.title,
        status=card.status,
        source=card.source,
        notes=card.notes,
        rule=rule,
        categories=categories,
        digest=digest_of(rule, categories),
        path=card.path,
    )


def _category(draft: Draft, rule: Rule) -> Category:
    if not draft.name.strip():
        raise DefinitionError(f"{draft.place}: a category has no name; give it one")
    if not draft.entries and not draft.patterns:
        raise DefinitionError(f"{draft.place}: category {draft.name!r} has no entries; add some or remove it")
    seen: dict[str, tuple[str, str]] = {}
    for entry, place in draft.entries:
        if complaint := entry_complaint(entry, rule):
            raise DefinitionError(f"{place}: category {draft.name!r}: entry {entry.text!r} {complaint}")
        _once(seen, folded(entry.text, rule), entry.text, draft.name, place)
    for pattern, place in draft.patterns:
        if complaint := pattern_complaint(pattern):
            raise DefinitionError(f"{place}: category {draft.name!r}: pattern {pattern.name!r} {complaint}")
        _once(seen, folded(pattern.name, rule), pattern.name, draft.name, place)
    return Category(
        draft.name,
        draft.title,
        tuple(entry for entry, _ in draft.entries),
        tuple(pattern for pattern, _ in draft.patterns),
    )


def _once(seen: dict[str, tuple[str, str]], key: str, text: str, category: str, place: str) -> None:
    """Refuse a second entry that would match the same text as an earlier one, or less of it."""
    if key in seen:
        first, where = seen[key]
        same = "" if first == text else f" as {first!r}, which matches the same text"
        raise DefinitionError(
            f"{place}: category {category!r}: entry {text!r} is there already{same} ({where}); remove one"
        )
    seen[key] = (text, place)
