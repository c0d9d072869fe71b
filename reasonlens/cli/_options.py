"""Options that several commands share, each stated once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

__all__ = ["example", "ingest_options", "jobs_option", "study_option"]

Command = TypeVar("Command", bound=Callable[..., Any])


def example(*lines: str) -> str:
    """Return an epilog with command lines to paste."""
    return "\b\n" + "\n".join(["Example:" if len(lines) == 1 else "Examples:", *(f"  {x}" for x in lines)])


def study_option(command: Command) -> Command:
    """Add ``--study``."""
    return click.option(
        "--study",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Keep the tables in this folder; running again does only what is missing.",
    )(command)


def jobs_option(command: Command) -> Command:
    """Add ``--jobs``."""
    return click.option(
        "--jobs",
        "-j",
        type=click.IntRange(min=1),
        metavar="N",
        help="Processes to use (default: all cores; 1 for small inputs).",
    )(command)


def ingest_options(command: Command) -> Command:
    """Add what every command that reads raw output files understands."""
    kinds = ["base", "zero_rl", "rl_instruct", "instruct", "distilled", "teacher", "other"]
    options = [
        click.option("--format", "format_name", metavar="NAME", help="Skip detection: see `list formats`."),
        click.option(
            "--map",
            "fields",
            multiple=True,
            metavar="FIELD=COLUMN",
            help="Where a field is found, e.g. response=output.text; may be given several times.",
        ),
        click.option("--model", metavar="NAME", help="The model, where the files do not name it."),
        click.option(
            "--kind", type=click.Choice(kinds), help="How the model came to be, where the files do not say."
        ),
        click.option(
            "--kinds",
            "kinds_file",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            metavar="FILE",
            help="TOML, JSON or CSV that maps model names or patterns to kinds.",
        ),
        click.option("--dataset", metavar="NAME", help="The benchmark, where the files do not name it."),
        click.option("--condition", metavar="NAME", help="The experimental condition [default: baseline]."),
        click.option(
            "--batch-input",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            metavar="FILE",
            help="The input file of an OpenAI batch run (prompts by custom_id).",
        ),
        click.option("--strict", is_flag=True, help="Make any skipped row or file an error (exit 1)."),
    ]
    for option in reversed(options):
        command = option(command)
    return command
