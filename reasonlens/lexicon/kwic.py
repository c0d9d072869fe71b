"""Keyword in context: a concordance of a word or phrase, sampled reproducibly.

The sample is the hits with the smallest hash of (seed, trace, place): uniform, independent of
the order of the files, and mergeable from parts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from reasonlens.lexicon.count import match_table
from reasonlens.lexicon.model import Lexicon

__all__ = ["SCHEMA", "SORTS", "concordance", "merge", "ordered"]

_ABOUT = ("dataset", "problem_id", "model", "model_kind")

SCHEMA = pa.schema(
    [
        ("trace_id", pa.string()),
        *((name, pa.string()) for name in _ABOUT),
        ("category", pa.string()),
        ("start", pa.int64()),
        ("left", pa.string()),
        ("hit", pa.string()),
        ("right", pa.string()),
        ("rank", pa.uint64()),
    ]
)
"""One row is one hit; ``rank`` decides which hits a sample keeps."""

SORTS = ("left", "right", "model", "trace")
"""How a concordance can be sorted: by the words before, the words after, the model, the place."""


def concordance(
    traces: pa.Table, lexicon: Lexicon, *, part: str = "response", width: int = 48, keep: int, seed: int = 0
) -> tuple[pa.Table, int]:
    """Return up to `keep` hits of `lexicon` in `traces`, and how many there are.

    Parameters
    ----------
    traces
        Rows of the traces table, with the text column `part`.
    width
        How many characters to show on each side.
    keep
        How many hits; the ones of smallest hash are kept, so that parts can be merged.
    seed
        Another seed is another sample.
    """
    hits = match_table(traces, [lexicon], part=part).select(
        ["trace_id", "category", "start", "end", "surface"]
    )
    ranks = pa.array(
        [
            _rank(seed, i, s)
            for i, s in zip(*(hits[c].to_pylist() for c in ("trace_id", "start")), strict=True)
        ],
        pa.uint64(),
    )
    total = hits.num_rows
    hits = hits.append_column("rank", ranks).sort_by("rank").slice(0, keep)
    place = {trace: i for i, trace in enumerate(traces["trace_id"].to_pylist())}
    rows = traces.take(pa.array([place[i] for i in hits["trace_id"].to_pylist()], pa.int64()))
    texts, starts, ends = rows[part].to_pylist(), hits["start"].to_pylist(), hits["end"].to_pylist()
    columns = {
        "trace_id": hits["trace_id"],
        **{name: rows[name] for name in _ABOUT},
        "category": hits["category"].cast(pa.string()),
        "start": hits["start"],
        "left": pa.array([t[max(0, s - width) : s] for t, s in zip(texts, starts, strict=True)], pa.string()),
        "hit": hits["surface"],
        "right": pa.array([t[e : e + width] for t, e in zip(texts, ends, strict=True)], pa.string()),
        "rank": hits["rank"],
    }
    return pa.table(columns).cast(SCHEMA), total


def merge(parts: Sequence[pa.Table], keep: int) -> pa.Table:
    """Return the `keep` hits of smallest rank of several concordances."""
    return pa.concat_tables([SCHEMA.empty_table(), *parts]).sort_by("rank").slice(0, keep)


def ordered(hits: pa.Table, by: str) -> pa.Table:
    """Sort a concordance by one of `SORTS`."""
    if by == "left":  # the word next to the hit first
        words = [" ".join(reversed(text.lower().split())) for text in hits["left"].to_pylist()]
        order = pc.sort_indices(pa.table({"k": pa.array(words, pa.string())}), [("k", "ascending")])
        return hits.take(order)
    if by == "right":
        words = [" ".join(text.lower().split()) for text in hits["right"].to_pylist()]
        order = pc.sort_indices(pa.table({"k": pa.array(words, pa.string())}), [("k", "ascending")])
        return hits.take(order)
    first = ["model_kind", "model"] if by == "model" else []
    return hits.sort_by([(name, "ascending") for name in [*first, "trace_id", "start"]])


def _rank(seed: int, trace_id: str, start: int) -> int:
    digest = hashlib.blake2b(f"{seed}:{trace_id}:{start}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")
