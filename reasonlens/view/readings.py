"""Pages that show text: a trace, two or three side by side, and words in their context."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from reasonlens.core.errors import InputError
from reasonlens.text.words import count_words
from reasonlens.view import document
from reasonlens.view.align import aligned
from reasonlens.view.blocks import Block, Piece, block_at, blocks, steps_in, strip
from reasonlens.view.markup import marked, shown
from reasonlens.view.selection import Filter, select
from reasonlens.view.site import PAGE, Site, integer

__all__ = ["context", "side_by_side", "trace"]

_IN_CONTEXT = 25
_SIDES = 3


def trace(site: Site, request: Request) -> Response:
    """One trace: its text with all that is marked in it, and what is known of it."""
    found = document.read(site.index, request.path_params["trace_id"])
    cut = blocks(found)
    record = {k: v for k, v in found.record.items() if k not in ("response", "reasoning", "answer")}
    same = select(site.index, Filter(problem=found.record["problem_id"] or ""))
    return site.page(
        "trace",
        document=found,
        blocks=[(block, marked(block.pieces)) for block in cut],
        strip=strip(found, cut),
        counts=found.counts(),
        steps=[(step, block_at(cut, start)) for step, start in steps_in(found)],
        record=record,
        raw=json.dumps(record, indent=1, ensure_ascii=False, default=str),
        others=site.listed(same[:PAGE]),
    )


def side_by_side(site: Site, request: Request) -> Response:
    """Two or three traces, aligned by paragraphs."""
    ids = list(dict.fromkeys(request.query_params.getlist("id")))[:_SIDES]
    if len(ids) < 2:
        raise InputError("name two or three traces: /side-by-side?id=A&id=B")
    sides = [document.read(site.index, name) for name in ids]
    cut = [_lookup(blocks(side)) for side in sides]
    rows = [
        [marked(cut[k](span)) if span else None for k, span in enumerate(row)]
        for row in aligned([side.text for side in sides])
    ]
    summary = [
        {
            "words": count_words(side.text),
            "counts": side.counts(),
            "alone": sum(row[k] is not None and sum(c is not None for c in row) == 1 for row in rows),
            "shared": sum(row[k] is not None and sum(c is not None for c in row) > 1 for row in rows),
            "correct": float(site.index.traces["correct"].iloc[site.index.row_of(ids[k])]),
        }
        for k, side in enumerate(sides)
    ]
    return site.page("side_by_side", sides=sides, rows=rows, summary=summary, ids=ids)


def _lookup(cut: Sequence[Block]) -> Callable[[tuple[int, int]], list[Piece]]:
    """Return a function from a stretch of text to its pieces; stretches end where blocks do."""

    def pieces(span: tuple[int, int]) -> list[Piece]:
        return [p for block in cut if span[0] <= block.start < span[1] for p in block.pieces]

    return pieces


def context(site: Site, request: Request) -> Response:
    """A word in the context of traces drawn at random."""
    category, entry = (request.query_params.get(name, "") for name in ("category", "entry"))
    kind, seed = request.query_params.get("kind", ""), integer(request, "seed", 0)
    known, _ = document.categories(site.index)
    if category not in known:
        raise InputError(f"{category!r} cannot be shown in context; see the overview for what can")
    rows = select(site.index, Filter(category=category, kind=kind))
    order = np.random.default_rng(seed).permutation(len(rows))
    lines: list[dict[str, Any]] = []
    for row in rows[order][: 8 * _IN_CONTEXT].tolist():
        if len(lines) >= _IN_CONTEXT:
            break
        found = document.read(site.index, str(site.index.traces["trace_id"].iloc[row]))
        lines += _line(found, known.index(category), entry)
    return site.page("context", category=category, entry=entry, kind=kind, seed=seed, lines=lines)


def _line(found: document.Document, layer: int, entry: str) -> list[dict[str, Any]]:
    """Return the first hit of a trace in its context, or nothing."""
    for mark in found.marks:
        if mark.layer == layer and (not entry or mark.note == entry):
            text = found.text
            return [
                {
                    "trace_id": found.record["trace_id"],
                    "model": found.record["model"],
                    "kind": found.record["model_kind"],
                    "dataset": found.record["dataset"],
                    "left": shown(" ".join(text[max(0, mark.start - 90) : mark.start].split()) + " "),
                    "hit": shown(text[mark.start : mark.end]),
                    "right": shown(" " + " ".join(text[mark.end : mark.end + 90].split())),
                }
            ]
    return []
