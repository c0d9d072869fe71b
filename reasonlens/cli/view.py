"""``reasonlens view``: a local web app over a study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reasonlens.cli._options import example


@click.command(
    epilog=example("reasonlens view my-study", "reasonlens view my-study --port 8000 --no-browser")
)
@click.argument("study", type=click.Path(path_type=Path), metavar="STUDY")
@click.option("--port", type=click.IntRange(1, 65535), metavar="N", help="Port [default: a free one].")
@click.option("--browser/--no-browser", default=True, show_default=True, help="Open it in the browser.")
def command(**options: Any) -> None:
    """Look at the traces behind the numbers, in a browser.

    Nothing leaves this machine and nothing in the study changes, but for labels that you give. Stop it with
    Ctrl-C.
    """
    from reasonlens.cli import _view

    _view.serve(options["study"], options["port"], browser=options["browser"])
