"""``reasonlens ingest``: output files become traces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reasonlens.cli._options import example, ingest_options, jobs_option


@click.command(
    epilog=example(
        "reasonlens ingest outputs/*.jsonl --study my-study",
        "reasonlens ingest run.csv --map response=completion --kind distilled --study my-study",
    )
)
@click.argument("files", nargs=-1, required=True)
@click.option(
    "--study", type=click.Path(path_type=Path), metavar="DIR", required=True, help="Where to keep them."
)
@jobs_option
@ingest_options
def command(files: tuple[str, ...], study: Path, jobs: int | None, strict: bool, **options: Any) -> None:
    """Turn output files into the traces of a study.

    FILES may be files, folders, patterns, zip members (a.zip!b.jsonl) or - for standard input.
    The format is detected; `reasonlens list formats` shows what is known.
    """
    from reasonlens.cli._ingested import report, settings_of
    from reasonlens.cli._progress import watched
    from reasonlens.workflow.ingest import ingest
    from reasonlens.workflow.run import Plan

    with watched() as bar:
        outcome = ingest(
            files, Plan(study), settings_of(options), jobs=jobs, begin=bar.begin, progress=bar.advance
        )
    report(outcome, strict=strict)
    click.echo(f"Traces are in {study}. Next: reasonlens tokens {study}")
