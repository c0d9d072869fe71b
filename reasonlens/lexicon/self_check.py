"""Does the engine count every entry of a lexicon on the entry's own text?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa

from reasonlens.core.errors import DefinitionError
from reasonlens.lexicon.count import count_table, entry_index
from reasonlens.lexicon.model import Category, Entry, Lexicon, Rule

__all__ = ["own_text", "self_check", "uncounted"]


def own_text(entry: Entry, rule: Rule) -> str | None:
    """Return a text that `entry` must be counted in once, or None for a regular expression.

    Examples
    --------
    >>> own_text(Entry("not good*"), Rule())
    'not good'
    """
    if rule.match == "regex":
        return None
    return entry.text.replace("*", "") if rule.match == "word" else entry.text


def uncounted(lexicon: Lexicon) -> Iterator[tuple[Category, Entry, int]]:
    """Yield each entry that is not counted exactly once on its own text, with its count."""
    # Without the patterns, which would ask for spaCy.
    literal = replace(
        lexicon,
        categories=tuple(
            replace(category, patterns=()) for category in lexicon.categories if category.entries
        ),
    )
    asked = [
        (category, entry, text)
        for category in literal.categories
        for entry in category.entries
        if (text := own_text(entry, lexicon.rule)) is not None
    ]
    if not asked:
        return
    traces = pa.table(
        {
            "trace_id": pa.array([str(number) for number in range(len(asked))], pa.string()),
            "response": pa.array([text for _, _, text in asked], pa.string()),
        }
    )
    index = entry_index([literal]).select(["entry_id", "category", "entry"]).to_pylist()
    number_of = {(row["category"], row["entry"]): row["entry_id"] for row in index}
    counted = {row["trace_id"]: row for row in count_table(traces, [literal]).to_pylist()}
    for number, (category, entry, _) in enumerate(asked):
        row = counted[str(number)]
        n = dict(zip(row["entry"], row["n"], strict=True)).get(number_of[category.name, entry.text], 0)
        if n != 1:
            yield category, entry, n


def self_check(lexicon: Lexicon) -> None:
    """Refuse a lexicon with an entry that the engine does not count on the entry's own text.

    `load` refuses what can be seen from the entry alone; this asks the engine. Patterns and
    regular expressions have no text of their own and are not asked about.

    Raises
    ------
    DefinitionError
        For the first such entry.
    """
    for category, entry, n in uncounted(lexicon):
        place = lexicon.path or lexicon.name
        raise DefinitionError(
            f"{place}: category {category.name!r}: entry {entry.text!r} is counted {n} times on its own "
            "text, not once; write it as the words it stands for, "
            "or use match = 'substring' in a lexicon of its own"
        )
