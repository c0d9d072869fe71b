"""``reasonlens report``: one file with the findings of a study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reasonlens.cli._options import example, seed_option


@click.command(
    epilog=example("reasonlens report my-study -o report.html", "reasonlens report my-study --format md")
)
@click.argument("study", type=click.Path(path_type=Path), metavar="STUDY")
@click.option(
    "--out", "-o", type=click.Path(path_type=Path), metavar="FILE", help="The file [default: report.html]."
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["html", "md"]),
    help="[default: by the name of the file, else html]",
)
@click.option(
    "--traces",
    type=click.IntRange(0, 500),
    default=500,
    show_default=True,
    metavar="N",
    help="Traces at most.",
)
@seed_option("the choice of traces")
def command(**options: Any) -> None:
    """Write one file with the findings and sample traces.

    It opens anywhere, without a network. Findings first, then what was left out, models and benchmarks,
    figures, and a sample of traces with their words marked. It stays below 10 MB whatever the size of the
    study.
    """
    from reasonlens.cli import _report

    _report.show(options)
