"""From counted traces to sums per problem and group: all that the statistics need of a corpus.

A batch of traces is reduced at once, and the sums of batches are added up (`merge`), so memory
is bounded by problems x groups x categories, never by the number of traces.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from reasonlens.core.errors import SchemaError

__all__ = ["GROUP", "Sums", "merge", "sums_of_counted", "sums_of_tables"]

GROUP = ("dataset", "problem_id", "model", "model_kind", "condition", "health", "tokenized")
"""What tells groups of traces apart. ``health`` is the sorted flags joined by ``+`` (or ``ok``);
``tokenized`` says whether the number of model tokens is known."""

_ENTRY_GROUP = ("dataset", "model", "model_kind", "condition", "health")
_SIZES = ("traces", "words", "chars", "model_tokens")
_HITS = ("hits", "present")
_CATEGORY = ("lexicon", "category")
_ENTRY = ("lexicon", "category", "entry")
_META = ("dataset", "problem_id", "model", "model_kind", "condition", "health", "n_model_tokens")

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over traces.

    Attributes
    ----------
    sizes
        One row per group (columns of `GROUP`): ``traces words chars model_tokens``.
    hits
        One row per group and category with hits (zeros are left out): ``cell`` (row of `sizes`),
        ``category`` (place in `categories`), ``hits`` (number of hits) and ``present`` (traces
        with at least one). Numbers in place of names keep this, the largest frame, small.
    entries
        One row per entry with hits, over all problems: ``dataset model model_kind condition
        health lexicon category entry hits present``.
    categories
        Every (lexicon, category) that was counted, with or without hits, in order.
    """

    sizes: pd.DataFrame
    hits: pd.DataFrame
    entries: pd.DataFrame
    categories: tuple[tuple[str, str], ...]

    @property
    def n_traces(self) -> int:
        """Number of traces."""
        return int(self.sizes["traces"].sum())

    def named_hits(self) -> pd.DataFrame:
        """Return `hits` with the names of groups and categories in place of their numbers."""
        groups = self.sizes[list(GROUP)].iloc[self.hits["cell"].to_numpy()].reset_index(drop=True)
        pairs = pd.DataFrame(list(self.categories), columns=list(_CATEGORY))
        names = pairs.iloc[self.hits["category"].to_numpy()].reset_index(drop=True)
        frame = pd.concat([groups, names, self.hits[list(_HITS)].reset_index(drop=True)], axis=1)
        return _sorted(frame, (*GROUP, *_CATEGORY))


def sums_of_counted(counted: pa.Table, index: pa.Table) -> Sums:
    """Reduce a batch of counted traces, one row per trace.

    Parameters
    ----------
    counted
        One row per trace: ``dataset problem_id model model_kind condition health n_model_tokens``
        of the trace, ``n_words n_chars`` of the part counted, and the lists ``entry`` (index of an
        entry in `index`) and ``n``.
    index
        What the entries are: ``entry_id lexicon category entry``.

    Raises
    ------
    SchemaError
        If a column is missing.
    """
    _require(counted.column_names, (*_META, "n_words", "n_chars", "entry", "n"), "counted traces")
    _require(index.column_names, ("entry_id", *_ENTRY), "entry index")
    traces = counted.drop_columns(["entry", "n"]).to_pandas()
    lists = counted.column("entry").combine_chunks()
    rows = np.repeat(np.arange(len(lists)), _lengths(lists))
    entry = lists.flatten().to_numpy(zero_copy_only=False).astype(np.int64)
    n = counted.column("n").combine_chunks().flatten().to_numpy(zero_copy_only=False).astype(np.int64)
    entries = pd.DataFrame({name: index.column(name).cast(pa.string()).to_pandas() for name in _ENTRY})
    ids = index.column("entry_id").to_numpy()
    place = np.full(int(ids.max(initial=-1)) + 1, -1, dtype=np.int64)
    place[ids] = np.arange(len(ids))
    return _reduce(traces, entries, rows, place[entry], n)


def sums_of_tables(
    traces: pd.DataFrame,
    lengths: pd.DataFrame,
    counts: pd.DataFrame,
    categories: Sequence[tuple[str, str]] = (),
) -> Sums:
    """Reduce the tables ``traces``, ``lengths`` (one part) and ``counts`` (the same part) of a study.

    Parameters
    ----------
    traces, lengths, counts
        As a study holds them. A trace without a row in `lengths` is left out: it was not counted.
    categories
        The (lexicon, category) pairs that were counted; those of `counts` come on top.
    """
    _require(traces.columns, ("trace_id", *_META), "traces")
    _require(lengths.columns, ("trace_id", "n_words", "n_chars"), "lengths")
    _require(counts.columns, ("trace_id", *_ENTRY, "n"), "counts")
    known = traces[["trace_id", *_META]].merge(
        lengths[["trace_id", "n_words", "n_chars"]], on="trace_id", validate="one_to_one"
    )
    ids, place = _unique_ids(counts["trace_id"])
    rows = pd.Index(known["trace_id"]).get_indexer(ids)[place]
    if np.any(rows < 0):
        lost = counts["trace_id"].iloc[int(np.argmax(rows < 0))]
        raise SchemaError(f"counts has the trace {lost!r}, which traces or lengths lacks; count again")
    codes, entries = _factorize(counts[list(_ENTRY)])
    found = _reduce(
        known, entries.astype("str"), rows.astype(np.int64), codes, counts["n"].to_numpy(dtype=np.int64)
    )
    pairs = _unique([*categories, *found.categories])
    return Sums(found.sizes, _recoded(found, pairs), found.entries, pairs)


def merge(parts: Iterable[Sums]) -> Sums:
    """Add up the sums of several batches.

    Raises
    ------
    SchemaError
        If there is no part at all.
    """
    items = list(parts)
    if not items:
        raise SchemaError("there are no sums to merge: no traces were counted")
    if len(items) == 1:
        return items[0]
    known = _unique([pair for s in items for pair in s.categories])
    sizes, cell = _added_sizes([s.sizes for s in items])
    first = np.cumsum([0, *(len(s.sizes) for s in items[:-1])])
    hits = [
        _recoded(s, known).assign(cell=cell[start + s.hits["cell"].to_numpy()])
        for s, start in zip(items, first.tolist(), strict=True)
    ]
    return Sums(
        sizes,
        _added_hits(hits, len(known)),
        _add([s.entries for s in items], (*_ENTRY_GROUP, *_ENTRY), _HITS),
        known,
    )


def _added_sizes(frames: Sequence[pd.DataFrame]) -> tuple[pd.DataFrame, Codes]:
    """Return the sum of `frames` by group, and the row that each of their rows has in it."""
    everything = pd.concat(frames, ignore_index=True)
    groups = everything.groupby(list(GROUP), sort=True)
    return groups[list(_SIZES)].sum().reset_index(), groups.ngroup().to_numpy().astype(np.int64)


def _added_hits(frames: Sequence[pd.DataFrame], n_categories: int) -> pd.DataFrame:
    """Add hits up by cell and category, made one number and column by column: that takes half the memory."""

    def column(name: str) -> Codes:
        return np.concatenate([frame[name].to_numpy() for frame in frames])

    key, row = np.unique(column("cell") * n_categories + column("category"), return_inverse=True)
    cell, category = np.divmod(key, max(1, n_categories))
    added = {name: np.bincount(row, column(name), len(key)).astype(np.int64) for name in _HITS}
    return pd.DataFrame({"cell": cell, "category": category, **added})


def _recoded(sums: Sums, known: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Return the hits of `sums` with the numbers that its categories have in `known`."""
    place = np.array([known.index(pair) for pair in sums.categories], np.int64)
    frame = sums.hits.assign(category=place[sums.hits["category"].to_numpy()])
    return _sorted(frame, ("cell", "category"))


def _reduce(traces: pd.DataFrame, entries: pd.DataFrame, rows: Codes, entry: Codes, n: Codes) -> Sums:
    """Sum up hits given as (row of `traces`, row of `entries`, number of hits)."""
    meta = _meta(traces)
    group, sizes = _factorize(meta[list(GROUP)], sort=True)
    for name in _SIZES:
        sizes[name] = np.bincount(group, meta[name].to_numpy(), len(sizes)).astype(np.int64)
    category, categories = _factorize(entries[list(_CATEGORY)])
    hits = pd.DataFrame({"row": rows, "category": category[entry], "hits": n})
    per_trace = hits.groupby(["row", "category"], sort=False)["hits"].sum().reset_index()
    by_category = _count(
        group[per_trace["row"].to_numpy()], per_trace["category"].to_numpy(), per_trace["hits"].to_numpy()
    ).rename(columns={"group": "cell", "item": "category"})
    coarse, coarse_groups = _factorize(meta[list(_ENTRY_GROUP)])
    by_entry = _count(coarse[rows], entry, n)
    return Sums(
        sizes,
        _sorted(by_category.astype("int64"), ("cell", "category")),
        _named(by_entry, coarse_groups, entries, (*_ENTRY_GROUP, *_ENTRY)),
        tuple(categories.itertuples(index=False, name=None)),
    )


def _meta(traces: pd.DataFrame) -> pd.DataFrame:
    tokens = pd.to_numeric(traces["n_model_tokens"]).astype("float64")
    flags = traces["health"].map(lambda f: "+".join(sorted(f)) if f is not None and len(f) else "ok")
    meta = pd.DataFrame(
        {
            "health": flags.astype("str"),
            "tokenized": tokens.notna(),
            "traces": np.ones(len(traces)),
            "words": traces["n_words"].astype("float64"),
            "chars": traces["n_chars"].astype("float64"),
            "model_tokens": tokens.fillna(0.0),
        }
    )
    for name in ("dataset", "problem_id", "model", "model_kind", "condition"):
        meta[name] = traces[name].astype("str").fillna("")
    return meta


def _count(group: Codes, item: Codes, n: Codes) -> pd.DataFrame:
    frame = pd.DataFrame({"group": group, "item": item, "hits": n, "present": np.ones(len(n), np.int64)})
    return frame[frame["hits"] > 0].groupby(["group", "item"], sort=False, as_index=False).sum()


def _named(
    counts: pd.DataFrame, groups: pd.DataFrame, items: pd.DataFrame, columns: Sequence[str]
) -> pd.DataFrame:
    parts = [
        groups.iloc[counts["group"].to_numpy(dtype=np.int64)].reset_index(drop=True),
        items.iloc[counts["item"].to_numpy(dtype=np.int64)].reset_index(drop=True),
        counts[list(_HITS)].astype("int64").reset_index(drop=True),
    ]
    return _sorted(pd.concat(parts, axis=1), columns)


def _factorize(frame: pd.DataFrame, *, sort: bool = False) -> tuple[Codes, pd.DataFrame]:
    """Number the different rows of `frame` in order of appearance, or in sorted order."""
    number = frame.groupby(list(frame.columns), sort=sort, dropna=False, observed=True).ngroup()
    codes: Codes = number.to_numpy().astype(np.int64)
    _, first = np.unique(codes, return_index=True)  # ascending codes, so rows in their order
    return codes, frame.iloc[first].reset_index(drop=True)


def _add(frames: Sequence[pd.DataFrame], keys: Sequence[str], values: Sequence[str]) -> pd.DataFrame:
    joined = pd.concat(frames, ignore_index=True)
    return joined.groupby(list(keys), sort=True, as_index=False)[list(values)].sum()


def _sorted(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    return frame.sort_values(list(keys), kind="stable", ignore_index=True)


def _unique(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys(pairs))


def _unique_ids(ids: pd.Series[str]) -> tuple[pd.Index[str], Codes]:
    """Return the different ids and the place of each row's; free where the ids are a category."""
    coded = ids.astype("category").cat
    codes: Codes = coded.codes.to_numpy().astype(np.int64)
    return pd.Index(coded.categories), codes


def _lengths(lists: pa.Array) -> Codes:
    return pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)  # type: ignore[no-any-return]


def _require(present: Iterable[str], needed: Sequence[str], what: str) -> None:
    missing = [name for name in needed if name not in set(present)]
    if missing:
        raise SchemaError(f"the {what} lack the columns {', '.join(missing)}")
