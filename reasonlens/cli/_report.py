"""What ``reasonlens report`` does once it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reasonlens.cli._progress import working
from reasonlens.core.errors import InputError, MissingExtraError
from reasonlens.core.study import Study

__all__ = ["show"]


def show(options: dict[str, Any]) -> None:
    """Write the report and say where it is."""
    try:
        from reasonlens.view.report import write
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "jinja2", "view", "reasonlens report") from error
    out: Path | None = options["out"]
    kind = options["kind"] or ("md" if out is not None and out.suffix == ".md" else "html")
    path = out or Path(f"report.{kind}")
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {path.parent} to write {path.name} in")
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file, such as {path / 'report.html'}")
    with working(f"writing {path.name}"):
        made = write(Study(options["study"]), path, kind=kind, most=options["traces"], seed=options["seed"])
    shown = f", {made.n_traces} of {made.total:,} traces" if kind == "html" else ""
    click.echo(f"Report: {made.path} ({made.size / 1e6:.1f} MB{shown})")
