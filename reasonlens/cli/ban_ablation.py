"""``reasonlens ban-ablation``: do the words cause the score?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reasonlens.cli._options import example, seed_option


@click.command(
    epilog=example(
        "reasonlens ban-ablation --backend vllm --model MODEL --problems aime24 --problems-dir problems "
        "--ban wait,perhaps,alternatively,but -n 16 --study my-study",
        "reasonlens ban-ablation --explain --tokenizer MODEL_FOLDER --ban wait,but",
        "reasonlens ban-ablation --backend fake --model trial --problems aime24.jsonl --ban wait,but --plan",
        "reasonlens ban-ablation --spec experiment.toml",
    )
)
@click.option("--ban", "words", metavar="WORD,WORD", help="The words to ban, with commas.")
@click.option(
    "--ban-category",
    "categories",
    multiple=True,
    metavar="LEXICON:CATEGORY",
    help="Ban the words of a category; several times for several.",
)
@click.option("--model", metavar="ID|DIR", help="The model to draw from.")
@click.option(
    "--problems",
    "names",
    multiple=True,
    metavar="FILE|NAME",
    help="A file with problems, or a benchmark in --problems-dir; several times for several.",
)
@click.option(
    "--problems-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the files of benchmarks are.",
)
@click.option(
    "--study", type=click.Path(path_type=Path), metavar="DIR", help="Where the traces and effects go."
)
@click.option(
    "--backend", default="transformers", show_default=True, metavar="NAME", help="See `list backends`."
)
@click.option(
    "--samples", "-n", "n", type=int, default=4, show_default=True, help="Samples per problem and arm."
)
@click.option(
    "--controls",
    type=click.IntRange(0, 99),
    default=19,
    show_default=True,
    help="Sets of other words, as frequent as the banned ones; below 19 their rank proves nothing.",
)
@click.option("--doses/--no-doses", default=True, show_default=True, help="Ban the words by and by, too.")
@click.option(
    "--keyness-against",
    metavar="STUDY:MODEL",
    help="Ban the words by and by in the order of keyness against this model, too.",
)
@click.option(
    "--difficulty-from",
    metavar="STUDY:MODEL|FILE",
    help="Show the effect on easy and hard problems apart, by how often another model solves them; a FILE "
    "(.csv, .jsonl, .parquet) has the columns problem or problem_id, and accuracy or correct.",
)
@click.option(
    "--behaviors",
    metavar="JUDGE",
    help="Compare judged behaviors, too: rules (offline), or a judge whose labels the study has.",
)
@click.option("--leave-in/--no-leave-in", default=True, show_default=True, help="Ban all but one, too.")
@click.option(
    "--mode",
    default="complete",
    show_default=True,
    metavar="NAME",
    help="complete, boundary, ids, bad_words or logit_bias: the last three leak.",
)
@click.option(
    "--penalty", type=float, metavar="X", help="Take X from the logits instead of forbidding; 5 or -5."
)
@click.option(
    "--probability",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    metavar="Q",
    help="At each position the ban holds with this probability.",
)
@click.option(
    "--phase",
    type=click.Choice(["all", "reasoning", "first_quarter"]),
    default="all",
    show_default=True,
    help="Where the ban holds: everywhere, until the reasoning is closed, or in a quarter of --max-tokens.",
)
@click.option(
    "--template", default="chat", show_default=True, metavar="NAME|FILE", help="See `list templates`."
)
@click.option("--temperature", type=float, default=1.0, show_default=True, help="0 is greedy.")
@click.option("--top-p", type=float, default=0.95, show_default=True, help="Nucleus sampling.")
@click.option("--max-tokens", type=int, default=32768, show_default=True, help="Limit per response.")
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Only the first problems of each file."
)
@click.option("--option", "options", multiple=True, metavar="KEY=VALUE", help="An option of the engine.")
@click.option("--tokenizer", metavar="DIR|FILE", help="For --explain: a folder with a tokenizer.json.")
@click.option(
    "--spec",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Read the options from a TOML file (the names without dashes in front); those given here win.",
)
@click.option(
    "--write-spec", type=click.Path(path_type=Path), metavar="FILE", help="Write the options to such a file."
)
@click.option("--explain", is_flag=True, help="Only say what the ban covers and what else it takes.")
@click.option("--plan", is_flag=True, help="Only say what would be drawn and what could be found.")
@click.option(
    "--tokens-per-second",
    type=click.FloatRange(min=0, min_open=True),
    default=2000.0,
    show_default=True,
    metavar="N",
    help="For --plan: what the engine makes on all its GPUs together.",
)
@click.option(
    "--gpus", type=click.IntRange(min=1), default=1, show_default=True, help="For --plan: how many these are."
)
@seed_option("samples, control sets and tests")
def command(**options: Any) -> None:
    """Forbid words while decoding, and measure what changes.

    The same problems and seeds with the words banned, beside a repeat, a sham, a placebo, doses and control
    sets of equally frequent words. Every output is searched for what was banned.
    """
    from reasonlens.cli import _ban_ablation

    _ban_ablation.run(options)
