"""One file with the findings of a study, that needs no network and stays small whatever the study's size."""

from __future__ import annotations

import base64
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from markupsafe import Markup

from reasonlens import __version__
from reasonlens.core.study import Study, write_file
from reasonlens.view import document, overview
from reasonlens.view.blocks import blocks
from reasonlens.view.findings import exclusions, findings, grid, methods
from reasonlens.view.index import Index, load
from reasonlens.view.markup import marked
from reasonlens.view.sampling import choose
from reasonlens.view.sections import sections
from reasonlens.view.site import environment
from reasonlens.workflow.figures import draw

__all__ = ["LIMIT", "MOST", "Report", "write"]

LIMIT = 10_000_000
"""Bytes of a report at most."""

MOST = 500
"""Traces in a report at most."""

_STATEMENT = 4_000  # characters of a problem
_MARGIN = 200_000  # for what is written around the traces


@dataclass(frozen=True, slots=True)
class Report:
    """What was written: the file, its size in bytes, traces in it and in all, figures left out with why."""

    path: Path
    size: int
    n_traces: int
    total: int
    skipped: dict[str, str]


def write(study: Study, path: Path, *, kind: str = "html", most: int = MOST, seed: int = 0) -> Report:
    """Write the report of a study.

    Parameters
    ----------
    study
        A study with texts.
    path
        The file.
    kind
        ``"html"``, or ``"md"`` without figures and traces.
    most, seed
        How many traces are shown at most, and the seed of their choice.
    """
    index = load(study)
    drawn, skipped = _figures(study) if kind == "html" else ([], {})
    found = findings(study)
    values: dict[str, Any] = {
        "study": study.path.name,
        "version": __version__,
        "findings": found,
        "grid": grid(found),
        "sections": sections(study),
        "rows": overview.rows(index),
        "categories": list(index.hits),
        "health": overview.health(index),
        "judged": overview.behaviors(index),
        "methods": methods(study),
        "exclusions": exclusions(study),
        "lexicons": dict(index.lexicons),
        "total": len(index.traces),
        "figures": drawn,
        "skipped": skipped,
        "seed": seed,
    }
    template = environment().get_template(f"report.{kind}")
    if kind == "md":
        text, shown = template.render(values), 0
    else:
        values |= _inlined()
        room = LIMIT - _MARGIN - len(template.render(values, traces=[]).encode())
        traces = _traces(index, most, seed, room)
        text, shown = template.render(values, traces=traces), len(traces)
    data = text.encode("utf-8")
    write_file(path, data)
    return Report(path, len(data), shown, len(index.traces), skipped)


def _figures(study: Study) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Return every figure that the study allows, as data addresses."""
    with tempfile.TemporaryDirectory(prefix="reasonlens-") as folder:
        drawn = draw(study, Path(folder), formats=("svg",))
        found = [
            (file.stem, "data:image/svg+xml;base64," + base64.b64encode(file.read_bytes()).decode("ascii"))
            for file in drawn.files
            if file.suffix == ".svg"
        ]
    return found, drawn.skipped


def _inlined() -> dict[str, Any]:
    """Return style and script for the file, and the digest that lets this script run and no other."""
    static = files("reasonlens.view") / "static"
    style, script = ((static / name).read_text("utf-8") for name in ("style.css", "view.js"))
    digest = base64.b64encode(sha256(script.encode()).digest()).decode("ascii")
    return {"style": Markup(style), "script": Markup(script), "digest": digest}


def _traces(index: Index, most: int, seed: int, room: int) -> list[dict[str, Any]]:
    """Return the chosen traces as HTML, as long as there is room."""
    found: list[dict[str, Any]] = []
    for one in choose(index, most, seed):
        about = index.traces.iloc[one.row]
        if 2 * about["words"] > room:  # a word has a letter and a space at least: spare the reading
            continue
        read = document.read(index, str(about["trace_id"]))
        cut = blocks(read)
        html = Markup("").join(Markup('<div class="b">{}</div>').format(marked(b.pieces)) for b in cut)
        size = len(html.encode()) + 2 * len((read.record["problem"] or "")[:_STATEMENT].encode()) + 2_000
        if size > room:
            continue  # a shorter one may still fit
        room -= size
        found.append(
            {
                "why": one.why,
                "record": read.record,
                "correct": float(about["correct"]),
                "words": float(about["words"]),
                "layers": read.layers,
                "counts": read.counts(),
                "labels": [label for label in read.labels if label["unit"] == "trace"],
                "statement": (read.record["problem"] or "")[:_STATEMENT],
                "html": html,
            }
        )
    return found
