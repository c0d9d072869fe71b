"""What every page of the viewer shares: the study, its templates, and what is worked out once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlencode

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from reasonlens.view.index import Index
from reasonlens.view.markup import in_attribute, in_markdown, shown
from reasonlens.view.search import Search

__all__ = ["PAGE", "Site", "environment", "integer", "link"]

PAGE = 100
"""Rows of a list on one page."""

_Made = TypeVar("_Made")


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
    made.globals["link"] = link
    return made


def link(page: str, **query: Any) -> str:
    """Return an address; what was not asked for is left out."""
    asked = {
        name: value
        for name, value in query.items()
        if value is not None and value is not False and value != ""
    }
    return f"{page}?{urlencode(asked, doseq=True)}" if asked else page


def integer(request: Request, name: str, default: int) -> int:
    """Return a number of the query, or `default` if it is none."""
    try:
        return int(request.query_params.get(name, default))
    except ValueError:
        return default


class Site:
    """One study that is open.

    Parameters
    ----------
    index
        The traces of the study.
    """

    def __init__(self, index: Index) -> None:
        self.index, self.search = index, Search(index)
        self._templates = environment()
        self._made: dict[str, Any] = {}

    def once(self, name: str, make: Callable[[], _Made]) -> _Made:
        """Return what `make` makes, made the first time only: a study that is open does not change."""
        if name not in self._made:
            self._made[name] = make()
        made: _Made = self._made[name]
        return made

    def page(self, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Fill a template."""
        template = self._templates.get_template(f"{name}.html")
        about = {
            "study": self.index.study.path.name,
            "study_path": str(self.index.study.path),
            "total": len(self.index.traces),
            "page_name": name,
        }
        return HTMLResponse(template.render(**about, **values), status)

    def refused(self, request: Request, error: Exception) -> Response:
        """Say what is wrong with an address."""
        return self.page("error", 404, message=str(error))

    def several(self) -> dict[str, bool]:
        """Tell which columns differ between traces at all: the others only take room."""
        traces = self.index.traces
        return self.once(
            "several", lambda: {name: traces[name].nunique() > 1 for name in ("condition", "sample")}
        )

    def listed(self, rows: np.ndarray[Any, Any]) -> list[dict[str, Any]]:
        """Return what a list says of the traces at `rows`."""
        found = self.index.traces.iloc[rows].to_dict("records")
        for place, row in zip(rows.tolist(), found, strict=True):
            row["title"] = self.index.problems.get(row["problem_id"], row["problem_id"])
            row["hits"] = {name: int(n[place]) for name, n in self.index.hits.items()}
        return [{str(k): v for k, v in row.items()} for row in found]
