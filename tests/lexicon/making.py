"""Small lexicons and tables for tests, and hits in a form that is easy to compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from reasonlens.lexicon.count import count_table, entry_index, match_table
from reasonlens.lexicon.model import Category, Entry, Lexicon, Pattern, Rule, digest_of
from tests.oracles import match_oracle

__all__ = ["GOOD", "Place", "counts", "expected", "hits", "lexicon", "surfaces", "traces", "write"]

Place = tuple[str, str, int, int]
"""Category, entry, start, end."""


def lexicon(
    categories: Mapping[str, Sequence[str | Entry]] | Sequence[str | Entry],
    rule: Rule | None = None,
    *,
    name: str = "small",
    patterns: Mapping[str, Sequence[Pattern]] | None = None,
) -> Lexicon:
    """Return a lexicon; a plain list of entries is one category "c"."""
    rule, patterns = rule or Rule(), patterns or {}
    if not isinstance(categories, Mapping):
        categories = {"c": categories}
    made = tuple(
        Category(
            key,
            key,
            tuple(Entry(text) if isinstance(text, str) else text for text in categories.get(key, ())),
            tuple(patterns.get(key, ())),
        )
        for key in dict.fromkeys([*categories, *patterns])
    )
    return Lexicon(name, "1", name, "user", "", "", rule, made, digest_of(rule, made), None)


def traces(texts: Sequence[str | None], part: str = "response") -> pa.Table:
    """Return a table of traces "0", "1", ..."""
    ids = [str(number) for number in range(len(texts))]
    return pa.table({"trace_id": pa.array(ids, pa.string()), part: pa.array(texts, pa.string())})


def hits(texts: Sequence[str | None], *lexicons: Lexicon) -> list[list[Place]]:
    """Return the engine's hits of each text, sorted."""
    found: list[list[Place]] = [[] for _ in texts]
    for row in match_table(traces(texts), list(lexicons)).to_pylist():
        place = row["category"], row["entry"], row["start"], row["end"]
        text = texts[int(row["trace_id"])]
        assert text is not None
        assert text[row["start"] : row["end"]] == row["surface"]
        found[int(row["trace_id"])].append(place)
    return [sorted(places) for places in found]


def surfaces(text: str, *entries: str, rule: Rule | None = None) -> list[str]:
    """Return what the entries, as one category, hit in `text`, from left to right."""
    rows = match_table(traces([text]), [lexicon(entries, rule)]).to_pylist()
    return [row["surface"] for row in sorted(rows, key=lambda row: row["start"])]


def counts(texts: Sequence[str | None], *lexicons: Lexicon) -> list[dict[tuple[str, str, str], int]]:
    """Return the engine's counts of each text, by lexicon, category and entry."""
    index = [(row["lexicon"], row["category"], row["entry"]) for row in entry_index(lexicons).to_pylist()]
    rows = count_table(traces(texts), list(lexicons)).to_pylist()
    return [dict(zip([index[e] for e in row["entry"]], row["n"], strict=True)) for row in rows]


def expected(text: str, wanted: Lexicon) -> list[Place]:
    """Return the hits of the oracle, sorted."""
    plain = replace(
        wanted, categories=tuple(replace(category, patterns=()) for category in wanted.categories)
    )
    names = [(c.name, e.text) for c in plain.categories for e in c.entries]
    prepared = match_oracle.prepare(plain.categories, plain.rule)
    found = match_oracle.hits(text, prepared, plain.rule)
    return sorted((*names[hit.entry], hit.start, hit.end) for hit in found)


GOOD = """\
name = "mine"
version = "3"
title = "My words"
source = "me"
notes = "none"

[rule]
case = "sensitive"

[category.waiting]
title = "Waiting"
entries = [
    "wait",
    { text = "hold on", attested = true },
]

[category.other]
entries = ["verif*"]
patterns = [{ name = "so,", tokens = [{ LOWER = "so" }, { ORTH = ",", OP = "?" }] }]
"""
"""A file that says everything that a file can say."""


def write(folder: Path, text: str, name: str = "mine.toml") -> str:
    """Write a file and return its path."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)
