"""Pages on which a person labels a sample of traces, blind."""

from __future__ import annotations

import json
from functools import cache

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from reasonlens.core.errors import InputError
from reasonlens.judges import Codebook, codebook_names, load_codebook
from reasonlens.view import document
from reasonlens.view.blocks import blocks
from reasonlens.view.markup import shown
from reasonlens.view.people import ANSWERS, Labeler
from reasonlens.view.site import Site, integer

__all__ = ["add_label", "label"]

_LIMIT = 64 * 1024  # bytes of a request body: a label is small


def label(site: Site, request: Request) -> Response:
    """The next trace to label, or the form that begins a sample."""
    who, behavior = (request.query_params.get(name, "") for name in ("who", "behavior"))
    if not (who and behavior):
        asked = {name.rpartition("/")[2] for name in site.index.verdicts}
        others = sorted(asked - {book.name for book in _codebooks()})
        return site.page("label_start", books=_codebooks(), others=others)
    labeler = _labeler(site, request, who, behavior)
    sample, answers = labeler.sample(), labeler.answers()
    left = [name for name in sample if name not in answers]
    at = request.query_params.get("id") or (left[0] if left else "")
    found = document.read(site.index, at) if at else None
    cut = blocks(found) if found else []
    return site.page(
        "label",
        who=who,
        behavior=behavior,
        size=len(sample),
        seed=labeler.seed,
        done=len(sample) - len(left),
        trace_id=at,
        problem=found.record["problem"] if found else "",
        paragraphs=[(b.start, shown("".join(p.text for p in b.pieces))) for b in cut],
        answer=answers.get(at),
        answers=ANSWERS,
        path=labeler.path,
        book=next((book for book in _codebooks() if book.name == behavior), None),
        sample=sample,
    )


def _labeler(site: Site, request: Request, who: str, behavior: str) -> Labeler:
    size, seed = integer(request, "n", 100), integer(request, "seed", 0)
    return Labeler(site.index, who, behavior, max(1, min(size, 10_000)), seed)


async def add_label(site: Site, request: Request) -> Response:
    """Keep one label."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LIMIT:
            return JSONResponse({"error": "too long"}, 413)
    try:
        given = json.loads(bytes(body))
        spans = [(int(a), int(b)) for a, b in given.get("spans", [])]
        labeler = _labeler(site, request, str(given["who"]), str(given["behavior"]))
        labeler.add(str(given["trace_id"]), str(given["verdict"]), spans)
    except (ValueError, KeyError, TypeError, AttributeError, InputError) as error:
        return JSONResponse({"error": str(error)}, 400)
    return JSONResponse({"kept": True})


@cache
def _codebooks() -> list[Codebook]:
    """Return the behaviors that a person can label: those that are judged on a whole response."""
    books = [load_codebook(name) for name in codebook_names()]
    return sorted((book for book in books if book.unit == "trace"), key=lambda book: book.title)
