"""Keywords against judged behaviors: which behaviors have no keyword, and which keywords no behavior.

Long responses have nearly every keyword and nearly every behavior, so whether both are in a response says
little. What is counted here is whether they are in the same *place*: a keyword inside a quote.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.judges import ANSWERS
from reasonlens.judges._quotes import COUNTED
from reasonlens.lexicon.count import match_table
from reasonlens.lexicon.definition import Lexicon
from reasonlens.stats.arrays import Interval, cluster_sums, share_of_sums
from reasonlens.workflow.agree_labels import judges_of, labels_of, with_groups

__all__ = ["CrossTab", "cross_tab"]

_BATCH = 200


@dataclass(frozen=True, slots=True)
class CrossTab:
    """The answer.

    Attributes
    ----------
    judge
        Whose labels.
    behaviors
        A row per behavior and category, and per behavior with ``(any)`` category: ``quotes`` and the share of
        them with a keyword (``value low high``), responses with ``both``, ``only_behavior``,
        ``only_keyword``, ``neither``.
    keywords
        A row per category and behavior, and per category with ``(any)`` behavior: ``hits`` and the share of
        them inside a quote (``value low high``), ``expected`` (share of the text that is quoted), ``lift``.
    entries
        A row per entry: hits, and how many are in a quote of any behavior.
    responses
        Responses that were judged.
    """

    judge: str
    behaviors: pd.DataFrame
    keywords: pd.DataFrame
    entries: pd.DataFrame
    responses: int


ANY = "(any)"


def cross_tab(
    study: Study,
    lexicons: Sequence[Lexicon],
    *,
    judge: str | None = None,
    behaviors: Sequence[str] = (),
    text: str = "response",
    level: float = 0.95,
) -> CrossTab:
    """Cross the hits of lexicons with the quotes of a judge on the same responses.

    Parameters
    ----------
    study
        The study with texts and labels.
    lexicons
        Whose keywords.
    judge
        Whose labels; ``None``: the only judge there is.
    behaviors, text, level
        Only these; the text that was judged; confidence level.

    Raises
    ------
    InputError
        If there are no labels, several judges and none named, or no texts.
    """
    frame = labels_of(study, text, behaviors)
    known = judges_of(frame)
    if judge is None and len(known) > 1:
        raise InputError(f"which judge? Name one with --judge: {', '.join(known)}")
    judge = judge or known[0]
    if judge not in known:
        raise InputError(f"{judge} has no labels; there are labels of {', '.join(known)}")
    names = list(frame.loc[frame["judge"] == judge, "behavior"].unique())
    per = pd.DataFrame(_rows(study, lexicons, judge, names, text))
    if per.empty:
        raise InputError(f"{judge} gave no answer on any response")
    per = with_groups(study, per)
    hits = per[per["kind"] == "hits"]
    return CrossTab(
        judge,
        _behaviors(per[per["kind"] == "quotes"], level),
        _keywords(hits[hits["entry"] == ""], level),
        _entries(hits[hits["entry"] != ""]),
        int(per["trace_id"].nunique()),
    )


Spans = list[tuple[int, int]]


def _rows(
    study: Study, lexicons: Sequence[Lexicon], judge: str, names: Sequence[str], text: str
) -> Iterator[dict[str, Any]]:
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


def _quotes(study: Study, judge: str, names: Sequence[str], text: str) -> dict[str, dict[str, Spans]]:
    """Return the places of quotes by trace and behavior, of traces with an answer for each."""
    columns = ["trace_id", "behavior", "judge", "repeat", "verdict", "quotes"]
    found: dict[str, dict[str, Spans]] = {}
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
    quotes: dict[str, dict[str, Spans]],
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
        spans: dict[str, Spans] = {**mine, ANY: [span for s in mine.values() for span in s]}
        start, end = hits["start"].to_numpy(dtype=np.int64), hits["end"].to_numpy(dtype=np.int64)
        category = hits["category"].to_numpy(dtype=object).astype(str)
        for name, places in spans.items():
            inside = _covered(start, end, places)
            for key in (*categories, ANY):
                use = np.ones(len(hits), dtype=bool) if key == ANY else category == key
                shared = {"trace_id": trace_id, "behavior": name, "category": key, "entry": ""}
                if name != ANY:
                    with_hit = _holding(start[use], end[use], places)
                    yield {
                        **shared,
                        "kind": "quotes",
                        "n": len(places),
                        "of": with_hit,
                        "hit": bool(use.any()),
                    }
                quoted = _quoted(places) / len(body) if body else 0.0
                n, of = int(use.sum()), int(inside[use].sum())
                yield {**shared, "kind": "hits", "n": n, "of": of, "expected": n * quoted}
        inside = _covered(start, end, spans[ANY])
        for (group, entry), rows in hits.assign(inside=inside).groupby(["category", "entry"], sort=False):
            n, of = len(rows), int(rows["inside"].sum())
            yield {
                "trace_id": trace_id, "behavior": ANY, "category": group, "entry": entry,
                "kind": "hits", "n": n, "of": of,
            }  # fmt: skip


def _covered(start: Any, end: Any, places: Spans) -> Any:
    """Tell which hits lie in one of the places."""
    inside = np.zeros(len(start), dtype=bool)
    for low, high in places:
        inside |= (start >= low) & (end <= high)
    return inside


def _holding(start: Any, end: Any, places: Spans) -> int:
    """Return how many of the places hold a hit."""
    return sum(bool(np.any((start >= low) & (end <= high))) for low, high in places)


def _quoted(places: Spans) -> int:
    """Return how many characters the places cover."""
    total, last = 0, 0
    for low, high in sorted(places):
        total += max(0, high - max(low, last))
        last = max(last, high)
    return total


def _behaviors(rows: pd.DataFrame, level: float) -> pd.DataFrame:
    made = []
    for (behavior, category), part in rows.groupby(["behavior", "category"], sort=False):
        shown, hit = part["n"] > 0, part["hit"].astype(bool)
        e = _share(part, level)
        made.append(
            {
                "behavior": behavior,
                "category": category,
                "quotes": int(part["n"].sum()),
                "value": e.value,
                "low": e.low,
                "high": e.high,
                "both": int((shown & hit).sum()),
                "only_behavior": int((shown & ~hit).sum()),
                "only_keyword": int((~shown & hit).sum()),
                "neither": int((~shown & ~hit).sum()),
            }
        )
    return pd.DataFrame(made)


def _keywords(rows: pd.DataFrame, level: float) -> pd.DataFrame:
    made = []
    for (category, behavior), part in rows.groupby(["category", "behavior"], sort=False):
        e, n = _share(part, level), int(part["n"].sum())
        expected = float(part["expected"].sum()) / n if n else np.nan
        made.append(
            {
                "category": category,
                "behavior": behavior,
                "hits": n,
                "value": e.value,
                "low": e.low,
                "high": e.high,
                "expected": expected,
                "lift": e.value / expected if expected else np.nan,
            }
        )
    return pd.DataFrame(made)


def _entries(rows: pd.DataFrame) -> pd.DataFrame:
    if rows.empty:
        return pd.DataFrame(columns=["category", "entry", "hits", "inside", "share"])
    found = rows.groupby(["category", "entry"], sort=False).agg(hits=("n", "sum"), inside=("of", "sum"))
    found = found.reset_index().astype({"hits": "int64", "inside": "int64"})
    found["share"] = found["inside"] / found["hits"]
    return found.sort_values(["hits", "category", "entry"], ascending=[False, True, True], ignore_index=True)


def _share(part: pd.DataFrame, level: float) -> Interval:
    where = np.unique(part["problem"].to_numpy(dtype=np.int64), return_inverse=True)[1]
    of, n = (cluster_sums(part[name].to_numpy(dtype=np.float64), where) for name in ("of", "n"))
    return share_of_sums(of, n, level=level)
