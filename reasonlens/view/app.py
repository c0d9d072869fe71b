"""The local web app: pages over one study, for this machine alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.judges import Codebook, codebook_names, load_codebook
from reasonlens.text.words import count_words
from reasonlens.view import document, overview
from reasonlens.view.align import aligned
from reasonlens.view.guard import Guard
from reasonlens.view.index import SORTS, Filter, Index, load
from reasonlens.view.markup import in_attribute, in_markdown, marked, shown
from reasonlens.view.people import ANSWERS, Labeler
from reasonlens.view.search import Search

__all__ = ["PAGE", "environment", "make_app"]

PAGE = 100
"""Rows of a list on one page."""

_LIMIT = 64 * 1024  # bytes of a request body: a label is small
_IN_CONTEXT = 25
_SIDES = 3


def environment() -> Environment:
    """Return the templates; whatever a trace holds is escaped."""
    made = Environment(
        loader=PackageLoader("reasonlens.view", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"shown": shown, "named": in_attribute, "markdown": in_markdown}
    made.globals["link"] = _link
    return made


def _link(page: str, **query: Any) -> str:
    asked = {
        name: value
        for name, value in query.items()
        if value is not None and value is not False and value != ""
    }
    return f"{page}?{urlencode(asked, doseq=True)}" if asked else page


def make_app(study: Study, token: str, port: int | None = None) -> Starlette:
    """Return the app over `study`.

    Parameters
    ----------
    study
        An ingested study that keeps its texts.
    token
        What a visitor must bring.
    port
        Only requests to this port's local names are answered; ``None`` answers under any name (tests).
    """
    pages = _Pages(load(study))
    routes = [
        Route("/", pages.home),
        Route("/traces", pages.traces),
        Route("/trace/{trace_id}", pages.trace),
        Route("/side-by-side", pages.side_by_side),
        Route("/problem/{problem_id:path}", pages.problem),
        Route("/words", pages.words),
        Route("/context", pages.context),
        Route("/behaviors", pages.behaviors),
        Route("/flips", pages.flips),
        Route("/figures", pages.figures),
        Route("/figures/{name}", pages.figure),
        Route("/label", pages.label),
        Route("/label", pages.add_label, methods=["POST"]),
        Mount("/static", StaticFiles(packages=[("reasonlens.view", "static")])),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, token=token, port=port)],
        exception_handlers={InputError: pages.refused},
    )


_Made = TypeVar("_Made")


class _Pages:
    """One method per page: read the query, ask the index, fill the template."""

    def __init__(self, index: Index) -> None:
        self._index, self._search = index, Search(index)
        self._templates = environment()
        self._made: dict[str, Any] = {}

    def _once(self, name: str, make: Callable[[], _Made]) -> _Made:
        """Return what `make` makes, made the first time only: a study that is open does not change."""
        if name not in self._made:
            self._made[name] = make()
        made: _Made = self._made[name]
        return made

    def _judged(self) -> list[dict[str, Any]]:
        return self._once("judged", lambda: overview.behaviors(self._index))

    def _page(self, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        template = self._templates.get_template(f"{name}.html")
        about = {
            "study": self._index.study.path.name,
            "study_path": str(self._index.study.path),
            "total": len(self._index.traces),
            "page_name": name,
        }
        return HTMLResponse(template.render(**about, **values), status)

    def refused(self, request: Request, error: Exception) -> Response:
        """Say what is wrong with an address."""
        return self._page("error", 404, message=str(error))

    def home(self, request: Request) -> Response:
        return self._page(
            "home",
            rows=self._once("rows", lambda: overview.rows(self._index)),
            categories=list(self._index.hits),
            several=self._several(),
            health=self._once("health", lambda: overview.health(self._index)),
            judged=self._judged(),
            figures=self._figures(),
        )

    def traces(self, request: Request) -> Response:
        wanted = _filter(request)
        finding = self._search(wanted.query) if wanted.query.strip() else None
        found = self._index.select(wanted, finding.found() if finding else None)
        start = max(_int(request, "start", 0), 0)
        if request.query_params.get("format") == "json":
            return JSONResponse({"found": len(found), "done": finding is None or finding.done.is_set()})
        about = self._index.traces
        query = {f.name: getattr(wanted, f.name) for f in fields(Filter)}
        return self._page(
            "traces",
            rows=self._listed(found[start : start + PAGE], wanted),
            found=len(found),
            start=start,
            size=PAGE,
            wanted=wanted,
            query={name: "1" if value is True else value for name, value in query.items()},
            finding=finding,
            choices={
                name: [str(x) for x in about[column].cat.categories if x]
                for name, column in (
                    ("model", "model"),
                    ("kind", "model_kind"),
                    ("dataset", "dataset"),
                    ("condition", "condition"),
                )
            },
            flags=("ok", "truncated", "looping", "empty", "no_reasoning"),
            categories=list(self._index.hits),
            judged=list(self._index.verdicts),
            sorts=SORTS,
            several=self._several(),
        )

    def _several(self) -> dict[str, bool]:
        """Tell which columns differ between traces at all: the others only take room."""
        traces = self._index.traces
        return self._once(
            "several", lambda: {name: traces[name].nunique() > 1 for name in ("condition", "sample")}
        )

    def _listed(self, rows: np.ndarray[Any, Any], wanted: Filter) -> list[dict[str, Any]]:
        found = self._index.traces.iloc[rows].to_dict("records")
        for place, row in zip(rows.tolist(), found, strict=True):
            row["title"] = self._index.problems.get(row["problem_id"], row["problem_id"])
            row["hits"] = {name: int(n[place]) for name, n in self._index.hits.items()}
        return [{str(k): v for k, v in row.items()} for row in found]

    def trace(self, request: Request) -> Response:
        found = document.read(self._index, request.path_params["trace_id"])
        cut = document.blocks(found)
        record = {k: v for k, v in found.record.items() if k not in ("response", "reasoning", "answer")}
        same = self._index.select(Filter(problem=found.record["problem_id"] or ""))
        return self._page(
            "trace",
            document=found,
            blocks=[(block, marked(block.pieces)) for block in cut],
            strip=document.strip(found, cut),
            counts=found.counts(),
            record=record,
            raw=json.dumps(record, indent=1, ensure_ascii=False, default=str),
            others=self._listed(same[:PAGE], Filter()),
        )

    def problem(self, request: Request) -> Response:
        return RedirectResponse(_link("/traces", problem=request.path_params["problem_id"]))

    def side_by_side(self, request: Request) -> Response:
        ids = list(dict.fromkeys(request.query_params.getlist("id")))[:_SIDES]
        if len(ids) < 2:
            raise InputError("name two or three traces: /side-by-side?id=A&id=B")
        sides = [document.read(self._index, name) for name in ids]
        cut = [_lookup(document.blocks(side)) for side in sides]
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
                "correct": float(self._index.traces["correct"].iloc[self._index.row_of(ids[k])]),
            }
            for k, side in enumerate(sides)
        ]
        return self._page("side_by_side", sides=sides, rows=rows, summary=summary, ids=ids)

    def words(self, request: Request) -> Response:
        category = request.query_params.get("category", "")
        if category not in self._index.hits:
            raise InputError(f"{category!r} was not counted; see the overview for what was")
        rows = self._once(f"words {category}", lambda: overview.entries(self._index, category))
        kinds = sorted({k for row in rows for k in row} - {"entry", "total"})
        return self._page("words", category=category, rows=rows, kinds=kinds)

    def context(self, request: Request) -> Response:
        category, entry = (request.query_params.get(name, "") for name in ("category", "entry"))
        kind, seed = request.query_params.get("kind", ""), _int(request, "seed", 0)
        known, _ = document.categories(self._index)
        if category not in known:
            raise InputError(f"{category!r} cannot be shown in context; see the overview for what can")
        rows = self._index.select(Filter(category=category, kind=kind))
        order = np.random.default_rng(seed).permutation(len(rows))
        lines: list[dict[str, Any]] = []
        for row in rows[order][: 8 * _IN_CONTEXT].tolist():
            if len(lines) >= _IN_CONTEXT:
                break
            found = document.read(self._index, str(self._index.traces["trace_id"].iloc[row]))
            lines += _line(found, known.index(category), entry)
        return self._page("context", category=category, entry=entry, kind=kind, seed=seed, lines=lines)

    def behaviors(self, request: Request) -> Response:
        return self._page("behaviors", judged=self._judged())

    def flips(self, request: Request) -> Response:
        found = self._once("flips", lambda: list(overview.flips(self._index)))
        start = max(_int(request, "start", 0), 0)
        return self._page("flips", rows=found[start : start + PAGE], found=len(found), start=start, size=PAGE)

    def _figures(self) -> list[str]:
        return sorted(p.stem for p in (self._index.study.path / "figures").glob("*.svg"))

    def figures(self, request: Request) -> Response:
        return self._page("figures", figures=self._figures())

    def figure(self, request: Request) -> Response:
        name = Path(request.path_params["name"])
        if name.suffix != ".svg" or name.stem not in self._figures():
            raise InputError(
                f"this study has no figure {str(name)!r}; draw it with: reasonlens figures --study"
            )
        data = (self._index.study.path / "figures" / name.name).read_bytes()
        return Response(data, media_type="image/svg+xml")

    def label(self, request: Request) -> Response:
        who, behavior = (request.query_params.get(name, "") for name in ("who", "behavior"))
        if not (who and behavior):
            asked = {name.rpartition("/")[2] for name in self._index.verdicts}
            others = sorted(asked - {book.name for book in _codebooks()})
            return self._page("label_start", books=_codebooks(), others=others)
        labeler = self._labeler(request, who, behavior)
        sample, answers = labeler.sample(), labeler.answers()
        left = [name for name in sample if name not in answers]
        at = request.query_params.get("id") or (left[0] if left else "")
        found = document.read(self._index, at) if at else None
        cut = document.blocks(found) if found else []
        return self._page(
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

    def _labeler(self, request: Request, who: str, behavior: str) -> Labeler:
        size, seed = _int(request, "n", 100), _int(request, "seed", 0)
        return Labeler(self._index, who, behavior, max(1, min(size, 10_000)), seed)

    async def add_label(self, request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LIMIT:
                return JSONResponse({"error": "too long"}, 413)
        try:
            given = json.loads(bytes(body))
            spans = [(int(a), int(b)) for a, b in given.get("spans", [])]
            labeler = self._labeler(request, str(given["who"]), str(given["behavior"]))
            labeler.add(str(given["trace_id"]), str(given["verdict"]), spans)
        except (ValueError, KeyError, TypeError, AttributeError, InputError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"kept": True})


def _filter(request: Request) -> Filter:
    given = {f.name: request.query_params.get(f.name, f.default) for f in fields(Filter)}
    given["descending"] = request.query_params.get("descending", "") == "1"
    given["sort"] = given["sort"] if given["sort"] in SORTS else "problem"
    return Filter(**given)


@cache
def _codebooks() -> list[Codebook]:
    """Return the behaviors that a person can label: those that are judged on a whole response."""
    books = [load_codebook(name) for name in codebook_names()]
    return sorted((book for book in books if book.unit == "trace"), key=lambda book: book.title)


def _int(request: Request, name: str, default: int) -> int:
    try:
        return int(request.query_params.get(name, default))
    except ValueError:
        return default


def _lookup(cut: Sequence[document.Block]) -> Callable[[tuple[int, int]], list[document.Piece]]:
    """Return a function from a stretch of text to its pieces; stretches end where blocks do."""

    def pieces(span: tuple[int, int]) -> list[document.Piece]:
        return [p for block in cut if span[0] <= block.start < span[1] for p in block.pieces]

    return pieces


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
