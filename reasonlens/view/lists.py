"""Pages that list: models, traces, words, behaviors, flips, figures."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from reasonlens.core.errors import InputError
from reasonlens.core.tables import LABEL_VERDICTS
from reasonlens.view import overview
from reasonlens.view.selection import SORTS, Filter, select
from reasonlens.view.site import PAGE, Site, integer, link

__all__ = ["behaviors", "figure", "figures", "flips", "home", "problem", "traces", "words"]


def home(site: Site, request: Request) -> Response:
    """Models by benchmarks, and everything that went wrong."""
    rows = site.once("rows", lambda: overview.rows(site.index))
    start = max(integer(request, "start", 0), 0)
    return site.page(
        "home",
        rows=rows[start : start + PAGE],
        found=len(rows),
        start=start,
        size=PAGE,
        categories=list(site.index.hits),
        several=site.several(),
        health=site.once("health", lambda: overview.health(site.index)),
        judged=_judged(site),
        figures=_figures(site),
    )


def traces(site: Site, request: Request) -> Response:
    """A list of traces: filtered, searched, sorted, in pages."""
    wanted = _filter(request)
    finding = site.search(wanted.query) if wanted.query.strip() else None
    found = select(site.index, wanted, finding.found() if finding else None)
    start = max(integer(request, "start", 0), 0)
    if request.query_params.get("format") == "json":
        return JSONResponse({"found": len(found), "done": finding is None or finding.done.is_set()})
    about = site.index.traces
    query = {f.name: getattr(wanted, f.name) for f in fields(Filter)}
    return site.page(
        "traces",
        rows=site.listed(found[start : start + PAGE]),
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
        categories=list(site.index.hits),
        judged=list(site.index.verdicts),
        verdicts=LABEL_VERDICTS,
        sorts=SORTS,
        several=site.several(),
    )


def _filter(request: Request) -> Filter:
    given = {f.name: request.query_params.get(f.name, f.default) for f in fields(Filter)}
    given["descending"] = request.query_params.get("descending", "") == "1"
    given["sort"] = given["sort"] if given["sort"] in SORTS else "problem"
    return Filter(**given)


def problem(site: Site, request: Request) -> Response:
    """The traces of a problem."""
    return RedirectResponse(link("/traces", problem=request.path_params["problem_id"]))


def words(site: Site, request: Request) -> Response:
    """The entries of a category, with their hits by kind."""
    category = request.query_params.get("category", "")
    if category not in site.index.hits:
        raise InputError(f"{category!r} was not counted; see the overview for what was")
    rows = site.once(f"words {category}", lambda: overview.entries(site.index, category))
    kinds = sorted({k for row in rows for k in row} - {"entry", "total"})
    return site.page("words", category=category, rows=rows, kinds=kinds)


def behaviors(site: Site, request: Request) -> Response:
    """Verdicts by judge, behavior and kind."""
    return site.page("behaviors", judged=_judged(site), verdicts=LABEL_VERDICTS)


def _judged(site: Site) -> list[dict[str, Any]]:
    return site.once("judged", lambda: overview.behaviors(site.index))


def flips(site: Site, request: Request) -> Response:
    """Pairs whose outcome differs from the baseline."""
    found = site.once("flips", lambda: list(overview.flips(site.index)))
    start = max(integer(request, "start", 0), 0)
    return site.page("flips", rows=found[start : start + PAGE], found=len(found), start=start, size=PAGE)


def figures(site: Site, request: Request) -> Response:
    """The figures of the study."""
    return site.page("figures", figures=_figures(site))


def _figures(site: Site) -> list[str]:
    return sorted(p.stem for p in (site.index.study.path / "figures").glob("*.svg"))


def figure(site: Site, request: Request) -> Response:
    """One figure."""
    name = Path(request.path_params["name"])
    if name.suffix != ".svg" or name.stem not in _figures(site):
        raise InputError(f"this study has no figure {str(name)!r}; draw it with: reasonlens figures --study")
    data = (site.index.study.path / "figures" / name.name).read_bytes()
    return Response(data, media_type="image/svg+xml")
