"""Some of the passages that a judge counted."""

from __future__ import annotations

import hashlib

import pyarrow.compute as pc

from reasonlens.core.study import Study
from reasonlens.judges._quotes import COUNTED
from reasonlens.workflow.behaviors_store import found_labels, judge_folder

__all__ = ["some_quotes"]


def some_quotes(
    study: Study, text: str, judge: str, behavior: str, most: int, seed: int = 0
) -> list[tuple[str, str, str]]:
    """Return (model kind, trace, passage) of at most `most` counted quotes, each of another trace.

    Kinds take turns; within a kind the seed decides.
    """
    folder = judge_folder(judge)
    if (folder, behavior) not in found_labels(study, text):
        return []
    rows = study.read("labels", text, folder, behavior, columns=["trace_id", "verdict", "repeat", "quotes"])
    rows = rows.filter(pc.and_(pc.equal(rows["verdict"], "present"), pc.equal(rows["repeat"], 0)))
    kinds = study.read("traces", columns=["trace_id", "model_kind"]).to_pandas()
    kind_of = dict(zip(kinds["trace_id"], kinds["model_kind"].fillna("other"), strict=True))
    by_kind: dict[str, dict[str, str]] = {}
    for row in rows.to_pylist():
        counted = [quote["surface"] for quote in row["quotes"] if quote["found"] in COUNTED]
        if counted:
            by_kind.setdefault(kind_of[row["trace_id"]], {}).setdefault(row["trace_id"], counted[0])
    drawn = {kind: sorted(found, key=lambda name: _rank(seed, name)) for kind, found in by_kind.items()}
    turns = [
        (kind, name, by_kind[kind][name])
        for place in range(most)
        for kind, names in drawn.items()
        for name in names[place : place + 1]
    ]
    return turns[:most]


def _rank(seed: int, name: str) -> bytes:
    return hashlib.blake2b(f"{seed}\0{name}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
