"""``reasonlens grade``: is the final answer right?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reasonlens.cli._options import example, ingest_options, jobs_option, study_option


@click.command(
    epilog=example(
        "reasonlens grade outputs/*.jsonl --study my-study",
        "reasonlens grade my-study --disagreements other-verdicts.csv",
        "reasonlens grade my-study --grader math --tolerance 0.01 --k 1,8",
    )
)
@click.argument("inputs", nargs=-1, metavar="FILES... | STUDY")
@study_option
@click.option(
    "--grader",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="math, choice or exact; auto picks by the gold answer (see `list graders`).",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=5.0,
    show_default=True,
    metavar="S",
    help="Seconds for one comparison; what takes longer is ungradable, not wrong.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    metavar="X",
    help="Share by which a number may differ from the gold.",
)
@click.option(
    "--again", is_flag=True, help="Grade what has a grade, too (with another --timeout, for instance)."
)
@click.option(
    "--k",
    "ks",
    metavar="K,K",
    help="pass@k and maj@k at these k (default: 1 and the samples of a problem, if there are several).",
)
@click.option(
    "--disagreements",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where the source says otherwise, to .csv .parquet .json .md .tex.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The table to .csv .parquet .json .md .tex.",
)
@jobs_option
@ingest_options
def command(**options: Any) -> None:
    """Grade final answers against the gold answers.

    The answer is what a response marks as such; how it was found is kept. Verdicts are correct, incorrect,
    no answer, truncated, ungradable and no gold, and stand beside those of the source. A study keeps one
    verdict per trace; another grader or tolerance replaces it.
    """
    from reasonlens.cli import _grade

    _grade.show(options)
