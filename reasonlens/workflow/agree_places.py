"""Where the keywords of responses stand, and where the quotes of a judge: which hits lie inside a quote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from reasonlens.core.study import Study
from reasonlens.judges import ANSWERS
from reasonlens.judges._quotes import COUNTED
from reasonlens.lexicon.count import match_table
from reasonlens.lexicon.definition import Lexicon

__all__ = ["ANY", "places"]

ANY = "(any)"
"""All behaviors or all categories together."""

_BATCH = 200  # responses in memory

_Spans = list[tuple[int, int]]


def places(
    study: Study, lexicons: Sequence[Lexicon], judge: str, names: Sequence[str], text: str
) -> Iterator[dict[str, Any]]:
    """Yield what each response that a judge answered on has of quotes and of hits, and how many meet.

    Rows of ``kind`` ``"quotes"`` count the quotes of a behavior (``n``) and those with a hit of a category
    in them (``of``); rows of ``kind`` ``"hits"`` the hits of a category or entry and those inside a quote,
    with the number that chance would give (``expected``).
    """
    quotes = _quotes(study, judge, names, text)
    categories = [f"{x.name}/{c.name}" for x in lexicons for c in x.categories]
    for part in study.parts("traces"):
        with pq.ParquetFile(study.part_path("traces", part)) as file:
            for batch in file.iter_batches(batch_size=_BATCH, columns=["trace_id", text]):
                traces = pa.Table.from_batches([batch])
                wanted = pa.array([i in quotes for i in traces["trace_id"].to_pylist()], pa.bool_())
                traces = traces.filter(wanted)
                if traces.num_rows:
                    found = match_table(traces, lexicons, part=text).to_pandas()
                    yield from _of_batch(traces.to_pydict(), found, quotes, names, categories, text)


def _quotes(study: Study, judge: str, names: Sequence[str], text: str) -> dict[str, dict[str, _Spans]]:
    """Return the places of quotes by trace and behavior, of traces with an answer for each."""
    columns = ["trace_id", "behavior", "judge", "repeat", "verdict", "quotes"]
    found: dict[str, dict[str, _Spans]] = {}
    for row in study.read("labels", text, columns=columns).to_pylist():
        if row["judge"] != judge or row["repeat"] or row["behavior"] not in names:
            continue
        if row["verdict"] in ANSWERS:
            spans = [(q["start"], q["end"]) for q in row["quotes"] if q["found"] in COUNTED]
            found.setdefault(row["trace_id"], {}).setdefault(row["behavior"], []).extend(spans)
    return found


def _of_batch(
    traces: dict[str, Any],
    found: pd.DataFrame,
    quotes: dict[str, dict[str, _Spans]],
    names: Sequence[str],
    categories: Sequence[str],
    text: str,
) -> Iterator[dict[str, Any]]:
    found["category"] = found["lexicon"].astype("str") + "/" + found["category"].astype("str")
    found["entry"] = found["entry"].astype("str")
    by_trace = dict(iter(found.groupby("trace_id", sort=False)))
    for trace_id, body in zip(traces["trace_id"], traces[text], strict=True):
        hits = by_trace.get(trace_id, found.iloc[:0])
        mine = {name: quotes[trace_id][name] for name in names if name in quotes[trace_id]}
        spans: dict[str, _Spans] = {**mine, ANY: [span for s in mine.values() for span in s]}
        start, end = hits["start"].to_numpy(dtype=np.int64), hits["end"].to_numpy(dtype=np.int64)
        category = hits["category"].to_numpy(dtype=object).astype(str)
        for name, marked in spans.items():
            inside = _covered(start, end, marked)
            for key in (*categories, ANY):
                use = np.ones(len(hits), dtype=bool) if key == ANY else category == key
                shared = {"trace_id": trace_id, "behavior": name, "category": key, "entry": ""}
                if name != ANY:
                    with_hit = _holding(start[use], end[use], marked)
                    yield {
                        **shared,
                        "kind": "quotes",
                        "n": len(marked),
                        "of": with_hit,
                        "hit": bool(use.any()),
                    }
                quoted = _quoted(marked) / len(body) if body else 0.0
                n, of = int(use.sum()), int(inside[use].sum())
                yield {**shared, "kind": "hits", "n": n, "of": of, "expected": n * quoted}
        inside = _covered(start, end, spans[ANY])
        for (group, entry), rows in hits.assign(inside=inside).groupby(["category", "entry"], sort=False):
            n, of = len(rows), int(rows["inside"].sum())
            yield {
                "trace_id": trace_id, "behavior": ANY, "category": group, "entry": entry,
                "kind": "hits", "n": n, "of": of,
            }  # fmt: skip


def _covered(start: Any, end: Any, marked: _Spans) -> Any:
    """Tell which hits lie in one of the places."""
    inside = np.zeros(len(start), dtype=bool)
    for low, high in marked:
        inside |= (start >= low) & (end <= high)
    return inside


def _holding(start: Any, end: Any, marked: _Spans) -> int:
    """Return how many of the places hold a hit."""
    return sum(bool(np.any((start >= low) & (end <= high))) for low, high in marked)


def _quoted(marked: _Spans) -> int:
    """Return how many characters the places cover."""
    total, last = 0, 0
    for low, high in sorted(marked):
        total += max(0, high - max(low, last))
        last = max(last, high)
    return total
