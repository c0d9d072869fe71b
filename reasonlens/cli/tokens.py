"""``reasonlens tokens``: the rates of lexicon categories, the main job."""

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
        "reasonlens tokens outputs/*.jsonl",
        "reasonlens tokens outputs/*.jsonl --study my-study --out rates.csv",
        'reasonlens tokens my-study --category waitlike="wait,hold on" --per presence',
        "reasonlens tokens my-study --positions",
        "reasonlens tokens my-study --kwic alternatively",
        "reasonlens tokens my-study --keyness distilled:base",
    )
)
@click.argument("inputs", nargs=-1, metavar="FILES... | STUDY")
@study_option
@lexicon_options
@part_option("counted")
@click.option(
    "--per",
    type=click.Choice(["words", "model-tokens", "response", "presence"]),
    default="words",
    show_default=True,
    help="Per 1,000 words or model tokens, per response, or the share of responses with a hit.",
)
@click.option("--tokenizer", metavar="PATH|ID", help="Count model tokens with this tokenizer.")
@exclude_option("empty")
@click.option("--reference", metavar="KIND", help="The kind that others are compared with [default: base].")
@click.option("--all-problems", is_flag=True, help="Compare on all problems, not only on shared ones.")
@click.option("--top", type=click.IntRange(min=0), default=8, show_default=True, help="Entries to show.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Estimates to .csv .parquet .json .md .tex.",
)
@click.option(
    "--matches",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Every hit with its place (.csv .parquet).",
)
@click.option(
    "--positions",
    is_flag=True,
    help="Show instead where in the responses the words stand, and how many words come before the first.",
)
@click.option("--kwic", metavar="WORD", help="Show WORD (or several, with commas) in context instead.")
@click.option(
    "--sample", type=click.IntRange(min=1), default=25, show_default=True, help="Hits that --kwic shows."
)
@click.option(
    "--sort",
    type=click.Choice(["left", "right", "model", "trace"]),
    default="right",
    show_default=True,
    help="Order of --kwic.",
)
@click.option(
    "--keyness",
    metavar="A:B",
    help="Find the words and phrases that set two model kinds or models apart instead.",
)
@click.option(
    "--ngrams", default="1-3", show_default=True, metavar="N-N", help="Words of the phrases of --keyness."
)
@click.option(
    "--openers/--no-openers",
    default=True,
    show_default=True,
    help="Whether --keyness compares the openers of sentences, too.",
)
@click.option(
    "--effect",
    type=click.Choice(["log-ratio", "log-odds"]),
    default="log-ratio",
    show_default=True,
    help="What --keyness ranks by.",
)
@click.option(
    "--min-problems",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    metavar="N",
    help="Problems that a word of --keyness must occur in.",
)
@click.option(
    "--max-dispersion",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    metavar="DP",
    help="How unevenly a word of --keyness may be spread over problems: 0 evenly, 1 in one only.",
)
@seed_option("the --kwic sample and of the draws of --positions and --keyness")
@jobs_option
@ingest_options
def command(**options: Any) -> None:
    """Count lexicon categories in model outputs.

    Reads output files of almost any format, or a study. Rates come with intervals clustered by
    problem, contrasts are made on shared problems, and what was left out is counted beside them.
    """
    empty = [f"--{name}" for name in ("kwic", "keyness") if options[name] == ""]
    if empty:
        raise click.UsageError(f"{empty[0]} is empty; name what to look for")
    asked = [f"--{name}" for name in ("kwic", "positions", "keyness") if options[name]]
    if len(asked) > 1:
        raise click.UsageError(f"{' and '.join(asked)} show different things; run one at a time")
    if options["positions"]:
        from reasonlens.cli import _positions

        _positions.show_positions(options)
    elif options["keyness"]:
        from reasonlens.cli import _keyness

        _keyness.show_keyness(options)
    else:
        from reasonlens.cli import _tokens

        show = _tokens.show_kwic if options["kwic"] else _tokens.show_rates
        show(options)
