"""Counting: traces in, one row of sparse counts per trace out.

`count_table` is the one function that threads, processes and clusters call; it depends on its
arguments alone, and counts do not depend on how the rows are cut into tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from reasonlens.core.errors import SchemaError
from reasonlens.core.tables import table
from reasonlens.lexicon.compile import Ints, Item, Machine, compile_items
from reasonlens.lexicon.engine import Hits, codes_of, find, leftmost_longest
from reasonlens.lexicon.model import Category, Lexicon
from reasonlens.lexicon.patterns import PatternFinder
from reasonlens.lexicon.rules import finder
from reasonlens.text import words

__all__ = ["count_table", "counts_rows", "entry_index", "lengths_rows", "match_table"]

_BLOCK = 400_000  # characters worked on at a time: small enough for the processor's cache
_NAMES = ("lexicon", "category", "entry", "version", "digest")

Slow = Callable[[str], Iterable[tuple[int, int, int]]]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """All lexicons of a run: machines for the word rule, functions for the others."""

    names: tuple[tuple[str, ...], ...]
    category: Ints
    machines: tuple[Machine, ...]
    slow: tuple[tuple[Slow, Ints], ...]


@dataclass(frozen=True, slots=True)
class _Block:
    """Some rows at work: lengths of their texts and all their hits, with places in their own text."""

    first: int
    n_chars: Ints
    n_words: Ints
    row: Ints
    hits: Hits


def entry_index(lexicons: Sequence[Lexicon]) -> pa.Table:
    """Return what each entry number stands for: ``entry_id lexicon category entry version digest``."""
    names = _compiled(tuple(lexicons)).names
    columns = {name: [row[i] for row in names] for i, name in enumerate(_NAMES)}
    return pa.table({"entry_id": pa.array(range(len(names)), pa.int32()), **columns})


def count_table(traces: pa.Table, lexicons: Sequence[Lexicon], *, part: str = "response") -> pa.Table:
    """Count the entries of `lexicons` in one text column.

    Parameters
    ----------
    traces
        Rows with ``trace_id`` and the text column `part`; a null text counts as empty.
    lexicons
        What to count.

    Returns
    -------
    pyarrow.Table
        One row per trace: ``trace_id part n_chars n_words`` and the lists ``entry`` (numbers of
        `entry_index`, ascending, only those that occur) and ``n``.

    Raises
    ------
    SchemaError
        If a column is missing.
    """
    compiled = _compiled(tuple(lexicons))
    size = max(1, len(compiled.names))
    chars, counted, entries, numbers, lists = [], [], [], [], [np.zeros(1, np.int64)]
    total = 0
    for block in _blocks(_texts(traces, part), compiled):
        key, n = np.unique(block.row * size + block.hits.entry, return_counts=True)
        per_row = np.bincount(key // size, minlength=len(block.n_chars))
        chars.append(block.n_chars)
        counted.append(block.n_words)
        entries.append((key % size).astype(np.int32))
        numbers.append(n.astype(np.int32))
        lists.append(total + np.cumsum(per_row))
        total += len(key)
    offsets = pa.array(np.concatenate(lists).astype(np.int32))
    return pa.table(
        {
            "trace_id": traces["trace_id"],
            "part": pa.array([part] * traces.num_rows, pa.string()),
            "n_chars": _joined(chars, np.int64),
            "n_words": _joined(counted, np.int64),
            "entry": pa.ListArray.from_arrays(offsets, _joined(entries, np.int32)),
            "n": pa.ListArray.from_arrays(offsets, _joined(numbers, np.int32)),
        }
    )


def match_table(traces: pa.Table, lexicons: Sequence[Lexicon], *, part: str = "response") -> pa.Table:
    """Return every hit with its place, as rows of the ``matches`` table."""
    compiled = _compiled(tuple(lexicons))
    texts, ids = _texts(traces, part), traces["trace_id"].to_pylist()
    blocks = list(_blocks(texts, compiled))
    row = np.concatenate([b.first + b.row for b in blocks]) if blocks else np.zeros(0, np.int64)
    start, end, entry = (
        np.concatenate([getattr(b.hits, name) for b in blocks]) if blocks else np.zeros(0, np.int64)
        for name in ("start", "end", "entry")
    )
    order = np.lexsort((entry, start, compiled.category[entry], row))
    row, start, end, entry = row[order], start[order], end[order], entry[order]
    surfaces = [texts[r][a:b] for r, a, b in zip(row.tolist(), start.tolist(), end.tolist(), strict=True)]
    made = {
        "trace_id": pa.array([ids[r] for r in row.tolist()], pa.string()),
        "part": pa.array([part] * len(row), pa.string()),
        **_named(compiled, entry),
        "start": pa.array(start),
        "end": pa.array(end),
        "surface": pa.array(surfaces, pa.string()),
    }
    return table("matches").conform(pa.table(made))


def counts_rows(counted: pa.Table, lexicons: Sequence[Lexicon]) -> pa.Table:
    """Return counts as rows of the ``counts`` table, one per entry that occurs in a trace."""
    lists = counted["entry"].combine_chunks()
    sizes = np.diff(lists.offsets.to_numpy())
    row = pa.array(np.repeat(np.arange(counted.num_rows), sizes))
    entry = lists.flatten().to_numpy().astype(np.int64)
    made = {
        "trace_id": counted["trace_id"].take(row),
        "part": counted["part"].take(row),
        **_named(_compiled(tuple(lexicons)), entry),
        "n": counted["n"].combine_chunks().flatten(),
    }
    return table("counts").conform(pa.table(made))


def lengths_rows(counted: pa.Table) -> pa.Table:
    """Return the denominators as rows of the ``lengths`` table (``n_model_tokens`` is null)."""
    made = {name: counted[name] for name in ("trace_id", "part", "n_chars", "n_words")}
    none = pa.nulls(counted.num_rows, pa.int64())
    return table("lengths").conform(pa.table({**made, "n_model_tokens": none}))


def _named(compiled: _Compiled, entry: Ints) -> dict[str, pa.Array]:
    codes = pa.array(entry.astype(np.int32))
    made = {}
    for i, name in enumerate(_NAMES):
        values = [row[i] for row in compiled.names]
        unique = list(dict.fromkeys(values))
        place = np.array([unique.index(v) for v in values], np.int32)
        made[name] = pa.DictionaryArray.from_arrays(
            pa.array(place[codes.to_numpy()] if len(place) else place), pa.array(unique, pa.string())
        )
    return made


def _joined(arrays: list[Any], kind: Any) -> pa.Array:
    return pa.array(np.concatenate(arrays).astype(kind) if arrays else np.zeros(0, kind))


def _texts(traces: pa.Table, part: str) -> list[str]:
    for name in ("trace_id", part):
        if name not in traces.column_names:
            raise SchemaError(
                f"the traces have no column {name!r}; they have {', '.join(traces.column_names)}"
            )
    return [text or "" for text in traces[part].to_pylist()]


@lru_cache(maxsize=16)
def _compiled(lexicons: tuple[Lexicon, ...]) -> _Compiled:
    names: list[tuple[str, ...]] = []
    categories: list[int] = []
    items: dict[tuple[bool, str], list[Item]] = {}
    slow: list[tuple[Slow, Ints]] = []
    for lexicon in lexicons:
        special = finder(lexicon)
        rule = lexicon.rule.case == "sensitive", lexicon.rule.latex
        entries, patterns = [], []
        for number, (category, label, is_pattern) in enumerate(_labels(lexicon), len(names)):
            names.append((lexicon.name, category.name, label, lexicon.version, lexicon.digest))
            if special is not None and not is_pattern:
                categories.append(-1 - number)  # these do not compete: each is a category of its own
                entries.append(number)
                continue
            categories.append(_first(names))
            if is_pattern:
                patterns.append(number)
            else:
                items.setdefault(rule, []).append(Item(label, number, categories[-1]))
        if special is not None:
            slow.append((special, np.array(entries, np.int64)))
        if patterns:
            slow.append((PatternFinder(lexicon), np.array(patterns, np.int64)))
    machines = [compile_items(found, sensitive=case, latex=latex) for (case, latex), found in items.items()]
    _, category_of = np.unique(np.array(categories, np.int64), return_inverse=True)
    return _Compiled(tuple(names), category_of.astype(np.int64), tuple(machines), tuple(slow))


def _labels(lexicon: Lexicon) -> Iterator[tuple[Category, str, bool]]:
    """Yield every entry and pattern of a lexicon with its category, in the order of their numbers."""
    for category in lexicon.categories:
        for entry in category.entries:
            yield category, entry.text, False
        for pattern in category.patterns:
            yield category, pattern.name, True


def _first(names: list[tuple[str, ...]]) -> int:
    """Return the number of the first entry in the lexicon and category of the last one."""
    return next(i for i, name in enumerate(names) if name[:2] == names[-1][:2])


def _blocks(texts: list[str], compiled: _Compiled) -> Iterator[_Block]:
    first, size = 0, 0
    for i, text in enumerate(texts):
        size += len(text)
        if size >= _BLOCK or i == len(texts) - 1:
            yield _block(first, texts[first : i + 1], compiled)
            first, size = i + 1, 0


def _block(first: int, texts: list[str], compiled: _Compiled) -> _Block:
    pieces, owner, shift = _pieces(texts)
    n_words = np.zeros(len(texts), np.int64)
    rows, found = [], []
    for group in _groups(pieces):
        codes, starts = codes_of([pieces[i] for i in group])
        tokens = words.tokenize(codes)
        of_token = np.searchsorted(starts, tokens.starts, side="right") - 1
        place = np.array(group)
        np.add.at(n_words, owner[place[of_token[tokens.is_word]]], 1)
        hits = Hits.none()
        for machine in compiled.machines:
            hits = hits.plus(find(machine, codes, tokens, compiled.category))
        row = place[np.searchsorted(starts, hits.start, side="right") - 1]
        away = shift[row] - starts[np.searchsorted(starts, hits.start, side="right") - 1]
        found.append(Hits(hits.start + away, hits.end + away, hits.entry, hits.category))
        rows.append(owner[row])
    for function, which in compiled.slow:
        for i, text in enumerate(texts):
            triples = np.array(list(function(text)), np.int64).reshape(-1, 3)
            entry = which[triples[:, 2]]
            found.append(Hits(triples[:, 0], triples[:, 1], entry, compiled.category[entry]))
            rows.append(np.full(len(entry), i))
    n_chars = np.array([len(t) for t in texts], np.int64)
    row, hits = _resolved(rows, found, n_chars)
    return _Block(first, n_chars, n_words, row, hits)


def _resolved(rows: list[Ints], found: list[Hits], n_chars: Ints) -> tuple[Ints, Hits]:
    """Resolve overlaps within each category of each row."""
    if not found:
        return np.zeros(0, np.int64), Hits.none()
    row = np.concatenate(rows)
    hits = Hits(*(np.concatenate([getattr(h, name) for h in found]) for name in Hits.__slots__))
    base = np.concatenate([[0], np.cumsum(n_chars + 1)])  # rows one after another, so that none overlap
    shifted = Hits(hits.start + base[row], hits.end + base[row], hits.entry, hits.category)
    kept = leftmost_longest(shifted)
    row = np.searchsorted(base, kept.start, side="right") - 1
    return row, Hits(kept.start - base[row], kept.end - base[row], kept.entry, kept.category)


def _pieces(texts: list[str]) -> tuple[list[str], Ints, Ints]:
    """Cut long texts after blank lines, across which nothing matches; return pieces, rows, places."""
    pieces: list[str] = []
    owner: list[int] = []
    shift: list[int] = []
    for row, text in enumerate(texts):
        start = 0
        while len(text) - start > _BLOCK:
            cut = text.find("\n\n", start + _BLOCK)
            if cut < 0:
                break
            pieces.append(text[start : cut + 2])
            owner.append(row)
            shift.append(start)
            start = cut + 2
        pieces.append(text[start:])
        owner.append(row)
        shift.append(start)
    return pieces, np.array(owner, np.int64), np.array(shift, np.int64)


def _groups(pieces: list[str]) -> Iterator[list[int]]:
    group: list[int] = []
    size = 0
    for i, piece in enumerate(pieces):
        group.append(i)
        size += len(piece)
        if size >= _BLOCK:
            yield group
            group, size = [], 0
    if group:
        yield group
