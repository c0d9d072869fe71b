"""Where the labels of a study lie: one file per text, judge, behavior and part of the traces.

::

    STUDY/labels/TEXT/JUDGE/BEHAVIOR/PART.parquet

The manifest of a file says with which codebook (digest) and judge (key) it was made. Once either
changes the file counts as missing and is written anew; what was paid for stays in the journal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reasonlens.core.manifest import digest_of
from reasonlens.core.study import Study
from reasonlens.core.tables import table
from reasonlens.judges import Codebook, Judge, Label

__all__ = ["HUMAN", "answered", "folder_of", "found_labels", "judge_folder", "known", "rows_of", "save"]

HUMAN = "human:"
"""Begins the name of a judge who is a person."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_@.+-]+")


def judge_folder(name: str) -> str:
    """Return the folder name for a judge; names that a file system may not take get a digest.

    Examples
    --------
    >>> judge_folder("rules@1"), judge_folder("human:ann")
    ('rules@1', 'human-ann-b7ae5dd4')
    """
    safe = _UNSAFE.sub("-", name).lstrip(".-") or "judge"
    return safe if safe == name else f"{safe}-{digest_of(name, 4)}"


def folder_of(text: str, judge: str, behavior: str) -> tuple[str, str, str]:
    """Return the folders under ``labels/``."""
    return text, judge_folder(judge), behavior


def found_labels(study: Study, text: str) -> list[tuple[str, str]]:
    """Return (folder of a judge, behavior) for all labels that a study has on a text."""
    root = study.path / "labels" / text
    pairs = {(p.parent.parent.name, p.parent.name) for p in root.glob("*/*/*.parquet")}
    return sorted(pairs)


def known(study: Study, text: str, judge: Judge, behavior: Codebook, part: str) -> pa.Table | None:
    """Return the labels that a part has from this judge with this codebook, or ``None``."""
    where = folder_of(text, judge.name, behavior.name)
    if not study.has("labels", part, *where):
        return None
    made = study.manifest_of("labels", part, *where)
    if (made.get("digest"), made.get("key")) != (behavior.digest, judge.key):
        return None
    return pq.read_table(study.part_path("labels", part, *where))


def answered(labels: pa.Table | None, retry: Sequence[str]) -> set[tuple[str, int]]:
    """Return the (trace, repeat) pairs that need not be asked again.

    Parameters
    ----------
    retry
        Verdicts that are asked again, of ``refused``, ``unparsed``, ``failed``.
    """
    if labels is None:
        return set()
    frame = labels.select(["trace_id", "repeat", "verdict"]).to_pandas()
    again = frame["verdict"].astype("str").isin(list(retry))
    pairs = zip(frame["trace_id"], frame["repeat"], strict=True)
    redo = set(zip(frame["trace_id"][again], frame["repeat"][again], strict=True))
    return set(pairs) - redo


def rows_of(
    trace_ids: Sequence[str],
    found: Sequence[Sequence[Label]],
    texts: Sequence[str],
    behavior: Codebook,
    *,
    text: str,
    judge: str,
    repeat: int,
) -> pa.Table:
    """Return the labels of one behavior as rows of the table ``labels``."""
    rows = [
        {
            "trace_id": trace_id,
            "part": text,
            "unit": behavior.unit,
            "unit_start": label.start,
            "unit_end": len(body) if label.end < 0 else label.end,
            "behavior": behavior.name,
            "judge": judge,
            "repeat": repeat,
            "version": behavior.version,
            "digest": behavior.digest,
            "verdict": label.verdict,
            "count": label.count,
            "n_unverified": label.n_unverified,
            "quotes": [
                {"start": q.start, "end": q.end, "surface": q.surface, "found": q.found} for q in label.quotes
            ],
            "rationale": label.rationale,
            "problem": label.problem,
            "cost": label.cost,
        }
        for trace_id, labels, body in zip(trace_ids, found, texts, strict=True)
        for label in labels
    ]
    return pa.Table.from_pylist(rows, schema=table("labels").schema)


def save(
    study: Study,
    part: str,
    behavior: Codebook,
    judge: Judge,
    tables: Sequence[pa.Table],
    *,
    text: str,
    details: Mapping[str, Any],
) -> None:
    """Write what a part now has: rows that were there and new ones, which replace those of their key."""
    schema = table("labels").schema
    seen: set[tuple[str, int]] = set()
    kept = []
    for found in reversed(tables):  # what came last wins
        pairs = list(zip(found["trace_id"].to_pylist(), found["repeat"].to_pylist(), strict=True))
        kept.append(found.filter(pa.array([pair not in seen for pair in pairs], pa.bool_())))
        seen.update(pairs)
    rows = pa.concat_tables([t.cast(schema) for t in reversed(kept)])
    order = pc.sort_indices(
        rows, sort_keys=[(name, "ascending") for name in ("trace_id", "repeat", "unit_start", "unit_end")]
    )
    made = {"part": part, "judge": judge.name, "key": judge.key, "digest": behavior.digest, **details}
    study.write("labels", part, rows.take(order), *folder_of(text, judge.name, behavior.name), details=made)
