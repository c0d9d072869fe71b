"""What a lexicon is: a rule, categories, entries and patterns, and the digest over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reasonlens.core import manifest

__all__ = ["Category", "Entry", "Lexicon", "Pattern", "Rule", "digest_of"]


@dataclass(frozen=True, slots=True)
class Rule:
    """How the entries of a lexicon are matched, and how its source reports what it counts.

    Attributes
    ----------
    match
        ``"word"`` (whole words and phrases), ``"substring"``, ``"regex"`` (Python ``re``) or
        ``"segment"`` (each thought, a stretch between blank lines, goes to the first category
        that has an entry in it).
    case
        ``"insensitive"`` or ``"sensitive"``.
    latex
        ``"skip"``: a word right after a backslash is a LaTeX command and no hit; ``"count"``: it
        is a word like others. Has a meaning for ``match="word"`` only.
    unit
        ``"count"`` or ``"presence"`` (a response has a hit or has none).
    denominator
        ``"words"`` or ``"response"``: what the source divides by.
    """

    match: str = "word"
    case: str = "insensitive"
    latex: str = "skip"
    unit: str = "count"
    denominator: str = "words"


@dataclass(frozen=True, slots=True)
class Entry:
    """One word, phrase, substring or regular expression, as the rule of its lexicon reads it.

    Attributes
    ----------
    text
        Under the word rule a space stands for any white space without a blank line, and each
        word may end in ``*`` (a prefix: ``"verif*"``).
    attested
        Whether a source names this entry, in a list that is otherwise reconstructed.
    at
        ``"any"``, or ``"start"``: only at the start of a segment (segment rule only).
    """

    text: str
    attested: bool = False
    at: str = "any"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern over tokens for what literals cannot say, in the form of spaCy's ``Matcher``.

    Attributes
    ----------
    name
        The `entry` under which hits are counted.
    tokens
        One mapping per token, for instance ``({"LOWER": "so"}, {"IS_PUNCT": True})``.
    """

    name: str
    tokens: tuple[Mapping[str, Any], ...] = field(hash=False)  # mappings have no hash; a lexicon needs one


@dataclass(frozen=True, slots=True)
class Category:
    """Entries and patterns that are counted together; overlaps are resolved within a category."""

    name: str
    title: str
    entries: tuple[Entry, ...]
    patterns: tuple[Pattern, ...] = ()


@dataclass(frozen=True, slots=True)
class Lexicon:
    """A word list with its rule and its card.

    Attributes
    ----------
    status
        ``"published"`` (a complete published list), ``"reconstructed"`` (composed after an
        incomplete description), ``"composed"`` (made for this project) or ``"user"``.
    digest
        See `digest_of`.
    path
        The file it was read from; None for one given on the command line.
    """

    name: str
    version: str
    title: str
    status: str
    source: str
    notes: str
    rule: Rule
    categories: tuple[Category, ...]
    digest: str
    path: str | None

    def __hash__(self) -> int:
        """Hash what tells nearly all word lists apart: all of it would take longer than counting a text."""
        return hash((self.name, self.version, self.digest))


def digest_of(rule: Rule, categories: Sequence[Category]) -> str:
    """Sixteen hexadecimal digits over what determines the counts.

    These are the matching part of the rule (`match`, `case`, `latex`), and the categories with
    their entries and patterns in their order. Titles, sources, notes, marks of attestation and
    how a rate is reported do not change a count and are left out.
    """
    content = [
        [rule.match, rule.case, rule.latex],
        [
            [
                category.name,
                [[entry.text, entry.at] for entry in category.entries],
                [[pattern.name, [dict(token) for token in pattern.tokens]] for pattern in category.patterns],
            ]
            for category in categories
        ],
    ]
    return manifest.digest_of(content)
