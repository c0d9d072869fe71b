"""Everything that several lexicons ask for, in one plan: numbered entries, machines, other rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from reasonlens.core.errors import DefinitionError
from reasonlens.lexicon.compile import Item, Parsed, compile_items, parse_all
from reasonlens.lexicon.machine import Flags, Ints, Machine
from reasonlens.lexicon.model import Lexicon
from reasonlens.lexicon.patterns import PatternFinder
from reasonlens.lexicon.rules import finder

__all__ = ["NAMES", "Other", "Plan", "plan_of"]

NAMES = ("lexicon", "category", "entry", "version", "digest")

_STOPS = '.,;:!?=+<>$%&#@()[]{}|/"'  # where a long text may be cut, unless an entry has the character
_NO_WORD_RULE = (2**31, 0)  # entries of other kinds come after those of the word rule


@dataclass(frozen=True, slots=True)
class Other:
    """What finds hits in texts in its own way: (row, start, end, which of `entries`)."""

    find: Callable[[Sequence[str]], Iterable[tuple[int, int, int, int]]]
    entries: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """All lexicons of a run. Entries and categories are numbered through, in the order of the files.

    Attributes
    ----------
    names
        For each entry: lexicon, category, entry, version, digest.
    category, rank
        For each entry its category, and which entry of a category gets a span that fits several.
    mixed
        For each category, whether words and patterns are resolved together.
    machines
        The entries of the word rule.
    rules
        The other rules; their entries count on their own.
    patterns
        The patterns; their hits take part in their category.
    cut
        Where a long text can be cut in two, because nothing matches across.
    """

    names: tuple[tuple[str, ...], ...]
    category: Ints
    rank: Ints
    mixed: Flags
    machines: tuple[Machine, ...]
    rules: tuple[Other, ...]
    patterns: tuple[Other, ...]
    cut: re.Pattern[str]


@lru_cache(maxsize=16)
def plan_of(lexicons: tuple[Lexicon, ...]) -> Plan:
    """Compile `lexicons`.

    Raises
    ------
    DefinitionError
        If an entry of the word rule has no word in it, or spaCy refuses a pattern.
    MissingExtraError
        If a lexicon has patterns and spaCy is not installed.
    """
    return _Planner(lexicons).plan()


class _Planner:
    def __init__(self, lexicons: tuple[Lexicon, ...]) -> None:
        self._names: list[tuple[str, ...]] = []
        self._category: list[int] = []
        self._parsed: dict[int, Parsed] = {}
        self._words: dict[tuple[bool, str], list[int]] = {}
        self._mixed: list[bool] = []
        self._rules: list[Other] = []
        self._patterns: list[Other] = []
        for lexicon in lexicons:
            self._add(lexicon)

    def _add(self, lexicon: Lexicon) -> None:
        function = finder(lexicon)
        entries, patterns = [], []
        for category in lexicon.categories:
            entries += [self._number(lexicon, category.name, entry.text) for entry in category.entries]
            patterns += [self._number(lexicon, category.name, pattern.name) for pattern in category.patterns]
            self._mixed.append(bool(category.patterns) and function is None)
        if function is None:
            sensitive = lexicon.rule.case == "sensitive"
            self._parse(lexicon, entries, sensitive)
            self._words.setdefault((sensitive, lexicon.rule.latex), []).extend(entries)
        else:
            self._rules.append(Other(function, np.array(entries, np.int64)))
        if patterns:
            self._patterns.append(Other(PatternFinder(lexicon), np.array(patterns, np.int64)))

    def _number(self, lexicon: Lexicon, category: str, entry: str) -> int:
        self._names.append((lexicon.name, category, entry, lexicon.version, lexicon.digest))
        self._category.append(len(self._mixed))
        return len(self._names) - 1

    def _parse(self, lexicon: Lexicon, entries: list[int], sensitive: bool) -> None:
        texts = [self._names[number][2] for number in entries]
        try:
            self._parsed.update(zip(entries, parse_all(texts, sensitive=sensitive), strict=True))
        except DefinitionError as error:
            raise DefinitionError(f"{lexicon.path or lexicon.name}: {error}") from None

    def _specificity(self, number: int) -> tuple[int, int, int]:
        parsed = self._parsed.get(number)
        return (*(parsed.specificity if parsed else _NO_WORD_RULE), number)

    def plan(self) -> Plan:
        order = sorted(range(len(self._names)), key=self._specificity)
        rank = np.zeros(len(order), np.int64)
        rank[order] = np.arange(len(order))
        machines = tuple(
            compile_items(
                (Item(self._parsed[n], n, self._category[n], int(rank[n])) for n in numbers),
                sensitive=sensitive,
                latex=latex,
            )
            for (sensitive, latex), numbers in self._words.items()
            if numbers
        )
        return Plan(
            tuple(self._names),
            np.array(self._category, np.int64),
            rank,
            np.array(self._mixed, np.bool_),
            machines,
            tuple(self._rules),
            tuple(self._patterns),
            self._cut(),
        )

    def _cut(self) -> re.Pattern[str]:
        used = {char for numbers in self._words.values() for n in numbers for char in self._names[n][2]}
        stops = "".join(char for char in _STOPS if char not in used)
        return re.compile(rf"\n\n|[{re.escape(stops)}]" if stops else r"\n\n")
