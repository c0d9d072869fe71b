"""``reasonlens compare``: any measure between groups, and with being right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reasonlens.cli._options import (
    example,
    exclude_option,
    ingest_options,
    jobs_option,
    lexicon_options,
    part_option,
    seed_option,
    study_option,
)


@click.command(
    epilog=example(
        "reasonlens compare my-study",
        "reasonlens compare my-study --measure length --measure accuracy --by model --dataset math500",
        "reasonlens compare my-study --measure flexible_reasoning --adjust length --out table.csv",
        "reasonlens compare my-study --outcome correct",
        "reasonlens compare outputs/*.jsonl --measure accuracy --k 1,2,4,8",
    )
)
@click.argument("inputs", nargs=-1, metavar="FILES... | STUDY")
@study_option
@click.option(
    "--measure",
    "measures",
    multiple=True,
    metavar="NAME",
    help="LEXICON, LEXICON/CATEGORY[/words|/model-tokens|/response|/presence], length, length/chars, "
    "accuracy, truncated, looping, ...; several times for several. [default: all of the first lexicon, "
    "length/words, accuracy, truncated, looping]",
)
@lexicon_options
@click.option(
    "--by",
    type=click.Choice(["model_kind", "model", "condition"]),
    default="model_kind",
    show_default=True,
    help="What makes a group.",
)
@click.option(
    "--reference", metavar="GROUP", help="The group that others are compared with [default: the first]."
)
@click.option(
    "--estimand",
    type=click.Choice(["problems like these", "these problems"]),
    default="problems like these",
    show_default=True,
    help="What intervals are about; 'these problems' needs several samples per problem.",
)
@click.option(
    "--adjust",
    type=click.Choice(["length"]),
    help="Add ratios at equal length of the responses to a problem.",
)
@click.option(
    "--correction",
    type=click.Choice(["holm", "bh"]),
    default="holm",
    show_default=True,
    help="Correction of p-values over all tests asked for.",
)
@click.option(
    "--outcome", type=click.Choice(["correct"]), help="How measures go with being right, instead of groups."
)
@click.option("--k", "ks", metavar="K,K", help="pass@k, avg@k and maj@k of accuracy, for instance 1,2,4,8.")
@part_option("measured")
@click.option("--tokenizer", metavar="PATH|ID", help="Count model tokens with this tokenizer.")
@exclude_option(note=" [default: empty ones, where a text is described]")
@seed_option("random orders")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Rows to .csv .parquet .json .md .tex."
)
@jobs_option
@ingest_options
def command(**options: Any) -> None:
    """Compare groups on any measure.

    Rates, lengths, accuracy and failures, on the problems that groups share, corrected over all tests
    of a run; with --outcome, how a measure goes with being right on the same problem.
    """
    from reasonlens.cli import _compare

    _compare.show(options)


def _say_that_dataset_filters() -> None:
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name == "dataset":
            parameter.help = "Only this benchmark; for files that name none, what it is."


_say_that_dataset_filters()
