"""The local web app: pages over one study, for this machine alone."""

from __future__ import annotations

from functools import partial

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.view import labels, lists, readings
from reasonlens.view.guard import Guard
from reasonlens.view.index import load
from reasonlens.view.site import Site

__all__ = ["make_app"]

_PAGES = {
    "/": lists.home,
    "/traces": lists.traces,
    "/trace/{trace_id}": readings.trace,
    "/side-by-side": readings.side_by_side,
    "/problem/{problem_id:path}": lists.problem,
    "/words": lists.words,
    "/context": readings.context,
    "/behaviors": lists.behaviors,
    "/flips": lists.flips,
    "/figures": lists.figures,
    "/figures/{name}": lists.figure,
    "/label": labels.label,
}


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
    site = Site(load(study))
    routes = [
        *(Route(address, partial(page, site)) for address, page in _PAGES.items()),
        Route("/label", partial(labels.add_label, site), methods=["POST"]),
        Mount("/static", StaticFiles(packages=[("reasonlens.view", "static")])),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, token=token, port=port)],
        exception_handlers={InputError: site.refused},
    )
