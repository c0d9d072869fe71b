"""Counting: traces in, one row of sparse counts per trace out; or every hit with its place.

`count_table` is the one function that threads, processes and clusters call; it depends on its
arguments alone, and counts do not depend on how the rows are cut into tables.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from reasonlens.core.errors import SchemaError
from reasonlens.core.tables import table
from reasonlens.lexicon.kernel import program
from reasonlens.lexicon.kernel.program import Counted
from reasonlens.lexicon.machine import Ints
from reasonlens.lexicon.model import Lexicon
from reasonlens.lexicon.overlaps import Hits
from reasonlens.lexicon.plan import NAMES, Plan, plan_of
from reasonlens.lexicon.scan import others, scan

__all__ = ["count_table", "counts_rows", "entry_index", "lengths_rows", "match_table"]


def entry_index(lexicons: Sequence[Lexicon]) -> pa.Table:
    """Return what each entry number stands for: ``entry_id lexicon category entry version digest``."""
    names = plan_of(tuple(lexicons)).names
    columns = {name: pa.array([row[i] for row in names], pa.string()) for i, name in enumerate(NAMES)}
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

    Examples
    --------
    >>> from reasonlens.lexicon.definition import from_option
    >>> traces = pa.table({"trace_id": ["t"], "response": ["Wait, wait. Hold on!"]})
    >>> count_table(traces, [from_option("waitlike=wait,hold on")]).to_pylist()[0]["n"]
    [2, 1]
    """
    column, plan = _column(traces, part), plan_of(tuple(lexicons))
    found = _by_kernel(column, plan)
    if found is None:
        found = _by_scan(column, plan)
    offsets = pa.array(np.concatenate([[0], found.ends]), pa.int32())
    return pa.table(
        {
            "trace_id": traces["trace_id"],
            "part": pa.repeat(part, len(column)),
            "n_chars": pa.array(found.n_chars),
            "n_words": pa.array(found.n_words),
            "entry": pa.ListArray.from_arrays(offsets, pa.array(found.entry)),
            "n": pa.ListArray.from_arrays(offsets, pa.array(found.n)),
        }
    )


def _by_kernel(column: pa.ChunkedArray, plan: Plan) -> Counted | None:
    if plan.patterns:  # their hits compete with words: places are needed
        return None
    found = program.count(column, plan)
    if found is None or not plan.rules:
        return found
    n_entries = len(plan.names)
    row = np.repeat(np.arange(len(column)), np.diff(found.ends, prepend=0))
    keys, numbers = [row * n_entries + found.entry], [found.n.astype(np.int64)]
    for chunk in others(_texts(column), plan):
        key, n = _tally(chunk.hits, n_entries)
        keys.append(key)
        numbers.append(n)
    return _joined(found.n_chars, found.n_words, keys, numbers, n_entries)


def _by_scan(column: pa.ChunkedArray, plan: Plan) -> Counted:
    texts, n_entries = _texts(column), max(1, len(plan.names))
    n_chars = np.array([len(text) for text in texts], np.int64)
    n_words = np.zeros(len(texts), np.int64)
    keys, numbers = [], []
    for chunk in scan(texts, plan):
        np.add.at(n_words, chunk.row, chunk.n_words)
        key, n = _tally(chunk.hits, n_entries)
        keys.append(key)
        numbers.append(n)
    return _joined(n_chars, n_words, keys, numbers, n_entries)


def _joined(n_chars: Ints, n_words: Ints, keys: list[Ints], numbers: list[Ints], n_entries: int) -> Counted:
    key, n = _merged(keys, numbers)
    ends = np.cumsum(np.bincount(key // n_entries, minlength=len(n_chars)))
    return Counted(n_chars, n_words, ends, (key % n_entries).astype(np.int32), n.astype(np.int32))


def _tally(hits: Hits, n_entries: int) -> tuple[Ints, Ints]:
    """Return the key ``row * n_entries + entry`` of each entry in a row, ascending, and its count."""
    if not len(hits):
        none = np.zeros(0, np.int64)
        return none, none
    low = int(hits.row.min()) * n_entries
    key = hits.row * n_entries + hits.entry - low
    if int(key.max()) > 20 * len(key) + 100_000:
        key, n = np.unique(key, return_counts=True)
        return key + low, n
    dense = np.bincount(key)
    there = np.flatnonzero(dense > 0)
    return there + low, dense[there]


def _merged(keys: list[Ints], numbers: list[Ints]) -> tuple[Ints, Ints]:
    """Join tallies, by row; where a long text is in several, add up."""
    if not keys:
        none = np.zeros(0, np.int64)
        return none, none
    key, n = np.concatenate(keys), np.concatenate(numbers)
    if np.all(key[1:] > key[:-1]):
        return key, n
    order = np.argsort(key)
    key, n = key[order], n[order]
    first = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    return key[first], np.add.reduceat(n, first)


def match_table(traces: pa.Table, lexicons: Sequence[Lexicon], *, part: str = "response") -> pa.Table:
    """Return every hit with its place, as rows of the ``matches`` table.

    In the order of the traces, then of the categories, then of the text. Places are half-open
    and count Python characters of the column `part`.

    Raises
    ------
    SchemaError
        If a column is missing.
    """
    column, plan = _column(traces, part), plan_of(tuple(lexicons))
    hits, surface = _words_with_surfaces(column, plan) or _all_with_surfaces(column, plan)
    names = _named(plan, hits.entry)
    made = {
        "trace_id": traces["trace_id"].take(pa.array(hits.row)),
        "part": pa.repeat(part, len(hits)),
        **{name: names[name] for name in ("lexicon", "category", "entry")},
        "start": pa.array(hits.start),
        "end": pa.array(hits.end),
        "surface": surface,
    }
    return table("matches").conform(pa.table(made))


def _words_with_surfaces(column: pa.ChunkedArray, plan: Plan) -> tuple[Hits, pa.Array] | None:
    if plan.patterns or plan.rules:
        return None
    found = program.search(column, plan)
    if found is None:
        return None
    order = _order(found.hits, plan)
    hits = found.hits.take(order)
    surface = program.surfaces(column, hits.row, found.start_byte[order], found.end_byte[order])
    return None if surface is None else (hits, surface)


def _all_with_surfaces(column: pa.ChunkedArray, plan: Plan) -> tuple[Hits, pa.Array]:
    texts = _texts(column)
    hits = Hits.joined([chunk.hits for chunk in scan(texts, plan)])
    hits = hits.take(_order(hits, plan))
    places = zip(hits.row.tolist(), hits.start.tolist(), hits.end.tolist(), strict=True)
    return hits, pa.array([texts[row][start:end] for row, start, end in places], pa.string())


def _order(hits: Hits, plan: Plan) -> Ints:
    return np.lexsort((hits.entry, hits.start, plan.category[hits.entry], hits.row))


def counts_rows(counted: pa.Table, lexicons: Sequence[Lexicon]) -> pa.Table:
    """Return what `count_table` made as rows of the ``counts`` table: an entry in a trace per row."""
    lists = counted["entry"].combine_chunks()
    sizes = np.diff(lists.offsets.to_numpy())
    row = pa.array(np.repeat(np.arange(counted.num_rows), sizes))
    made = {
        "trace_id": counted["trace_id"].take(row),
        "part": counted["part"].take(row),
        **_named(plan_of(tuple(lexicons)), lists.flatten().to_numpy()),
        "n": counted["n"].combine_chunks().flatten(),
    }
    return table("counts").conform(pa.table(made))


def lengths_rows(counted: pa.Table) -> pa.Table:
    """Return the denominators as rows of the ``lengths`` table (``n_model_tokens`` is null)."""
    made = {name: counted[name] for name in ("trace_id", "part", "n_chars", "n_words")}
    none = pa.nulls(counted.num_rows, pa.int64())
    return table("lengths").conform(pa.table({**made, "n_model_tokens": none}))


def _named(plan: Plan, entry: npt.NDArray[np.integer]) -> dict[str, pa.Array]:
    """Return, for each of the numbered entries, its names as columns."""
    made = {}
    for i, name in enumerate(NAMES):
        values = [row[i] for row in plan.names]
        number = {value: place for place, value in enumerate(dict.fromkeys(values))}
        code = np.array([number[value] for value in values], np.int32)
        made[name] = pa.DictionaryArray.from_arrays(code[entry], pa.array(list(number), pa.string()))
    return made


def _column(traces: pa.Table, part: str) -> pa.ChunkedArray:
    for name in ("trace_id", part):
        if name not in traces.column_names:
            raise SchemaError(
                f"the traces have no column {name!r}; they have {', '.join(traces.column_names)}"
            )
    return traces[part]


def _texts(column: pa.ChunkedArray) -> list[str]:
    return [text or "" for text in column.to_pylist()]
