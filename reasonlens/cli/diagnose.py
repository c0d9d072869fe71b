"""``reasonlens diagnose``: the failure signatures of each model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reasonlens.cli._options import (
    example,
    exclude_option,
    ingest_options,
    jobs_option,
    seed_option,
    study_option,
)


@click.command(
    epilog=example(
        "reasonlens diagnose my-study",
        "reasonlens diagnose outputs/*.jsonl --study my-study --out diagnoses.csv",
        "reasonlens diagnose my-study --signature looping --threshold looping=0.05",
        "reasonlens diagnose my-study --logprobs completions.jsonl --vocabulary 151936",
    )
)
@click.argument("inputs", nargs=-1, metavar="FILES... | STUDY")
@study_option
@click.option(
    "--signature",
    "-s",
    "signatures",
    multiple=True,
    metavar="NAME",
    help="Only this signature; several times for several. [default: all]",
)
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    metavar="NAME=X",
    help="Flag at X instead, e.g. looping=0.05 or format_overfitting/empty_box=0.1.",
)
@click.option(
    "--limit",
    type=click.FloatRange(min=1),
    metavar="N",
    help="The limit of length in tokens, if you know it.",
)
@click.option(
    "--logprobs",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Chat completions with log-probabilities (.json, .jsonl) of these traces.",
)
@click.option(
    "--vocabulary",
    type=click.IntRange(min=2),
    default=151_936,
    show_default=True,
    metavar="N",
    help="Tokens the model of --logprobs can choose from (default: Qwen2.5).",
)
@click.option(
    "--join",
    type=click.Choice(["id", "text", "order"]),
    help="How --logprobs finds its traces [default: id, then text].",
)
@exclude_option("empty")
@click.option(
    "--quotes",
    type=click.IntRange(0, 100),
    default=2,
    show_default=True,
    help="Quotes per flagged signature.",
)
@click.option("--all", "everything", is_flag=True, help="Show the numbers behind every verdict.")
@seed_option("the sample of quotes")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Every verdict, also by data set, to .csv .parquet .json .md .tex.",
)
@jobs_option
@ingest_options
def command(**options: Any) -> None:
    """Look for failure signatures in model outputs.

    Rigid steps, abrupt endings, format overfitting, missing markers, loops, bare answers and
    entropy collapse. Each verdict is flagged, not flagged or cannot tell, with an interval
    clustered by problem, its threshold, and quotes.
    """
    from reasonlens.cli import _diagnose

    _diagnose.show(options)
