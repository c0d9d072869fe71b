"""``reasonlens distill``: from traces to a training set, and from that to a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from reasonlens.cli._options import example, ingest_options, jobs_option, seed_option, study_option

_OUT = click.Path(path_type=Path, file_okay=False)


@click.group(
    name="distill",
    epilog=example(
        "reasonlens distill prepare teacher/*.jsonl --teacher deepseek-ai/DeepSeek-R1 --out set",
        "reasonlens distill sft --model Qwen/Qwen2.5-32B --data set --out student",
        "reasonlens distill rl --model student --data set --out student-rl",
    ),
)
def command() -> None:
    """Teach a model from traces.

    Prepare a set, fine-tune on it, go on with rewards.
    """


@command.command(
    "prepare",
    epilog=example(
        "reasonlens distill prepare teacher/*.jsonl --out set",
        "reasonlens distill prepare --study my-study --teacher Qwen/QwQ-32B --filter correct --out set",
        "reasonlens distill prepare my-study --tokenizer Qwen/Qwen2.5-32B --max-tokens 16384 "
        "--against aime24 --against math500 --problems-dir problems --out set",
    ),
)
@click.argument("inputs", nargs=-1, metavar="[FILES... | STUDY]")
@study_option
@click.option("--out", type=_OUT, required=True, metavar="DIR", help="Where the set is written.")
@click.option(
    "--teacher",
    "teachers",
    multiple=True,
    metavar="MODEL",
    help="Whose traces are learned; several times for several [default: models of kind teacher].",
)
@click.option(
    "--filter",
    "filter_name",
    type=click.Choice(["none", "correct"]),
    default="none",
    show_default=True,
    help="none is the recipe of the paper: wrong answers are learned, too.",
)
@click.option(
    "--template",
    default="qwen25-math-cot",
    show_default=True,
    metavar="NAME|FILE",
    help="How a problem is put to the model; as for `generate`.",
)
@click.option(
    "--layout",
    type=click.Choice(["think", "think-answer", "plain"]),
    default="think",
    show_default=True,
    help="Tags around reasoning and answer.",
)
@click.option("--tokenizer", metavar="MODEL", help="Count tokens of this model (a folder or an id).")
@click.option("--max-tokens", type=click.IntRange(min=1), metavar="N", help="Drop what has more tokens.")
@click.option("--min-tokens", type=click.IntRange(min=0), default=0, metavar="N", help="Drop what has fewer.")
@click.option("--keep-long", is_flag=True, help="Keep what is longer than --max-tokens, and count it.")
@click.option(
    "--near-duplicate",
    "duplicate",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.8,
    show_default=True,
    metavar="J",
    help="Drop a trace whose words, five in a row, resemble another of the problem by this (Jaccard).",
)
@click.option(
    "--same-problem",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.8,
    show_default=True,
    metavar="J",
    help="Drop a problem whose statement resembles another one by this.",
)
@click.option(
    "--per-problem",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="K",
    help="Keep this many traces of a problem, the ones that differ most.",
)
@click.option(
    "--order",
    type=click.Choice(["source", "difficulty", "random"]),
    default="source",
    show_default=True,
    help="difficulty: from problems that most models solve to those that few solve.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only this many problems, at random; fewer are always among more.",
)
@click.option(
    "--against",
    "against",
    multiple=True,
    metavar="FILE|NAME",
    help="Drop problems that stand in this benchmark; several times for several.",
)
@click.option(
    "--problems-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the files of benchmarks by name are.",
)
@click.option(
    "--ngram",
    type=click.IntRange(min=3),
    default=13,
    show_default=True,
    metavar="N",
    help="Words in a row that show that a problem stands in a benchmark.",
)
@seed_option("--limit and --order random")
@jobs_option
@ingest_options
def prepare(**options: Any) -> None:
    """Make a training set from the traces of teachers.

    Writes train.jsonl and train.parquet (chat turns, and the texts as the model reads them), a card
    (README.md), and report.json: what went in, what each filter dropped, and why.
    """
    from reasonlens.cli import _distill_prepare

    _distill_prepare.run(options)


def _training(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add what both trainers understand."""
    options = [
        click.option("--model", required=True, metavar="ID|DIR", help="The model to start from."),
        click.option(
            "--data",
            type=click.Path(path_type=Path, exists=True),
            required=True,
            metavar="DIR|FILE",
            help="A set that `distill prepare` wrote.",
        ),
        click.option("--out", type=_OUT, required=True, metavar="DIR", help="Where the model goes."),
        click.option("--preset", metavar="NAME|FILE", help="Settings to start from (TOML)."),
        click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="KEY=VALUE",
            help="A setting of the trainer, over the preset; several times for several.",
        ),
        click.option(
            "--launch",
            type=click.Choice(["accelerate", "fsdp2", "zero3", "torchrun"]),
            help="Start in several processes; fsdp2 and zero3 shard the model.",
        ),
        click.option(
            "--processes",
            type=click.IntRange(min=1),
            default=8,
            show_default=True,
            metavar="N",
            help="How many processes --launch starts: one per GPU.",
        ),
        click.option("--dry-run", is_flag=True, help="Say what would run, and run nothing."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@command.command(
    "sft",
    epilog=example(
        "reasonlens distill sft --model Qwen/Qwen2.5-32B --data set --out student",
        "reasonlens distill sft --model ./tiny --data set --out student --set max_steps=20",
        "reasonlens distill sft --model Qwen/Qwen2.5-32B --data set --out student --launch fsdp2",
    ),
)
@_training
def sft(**options: Any) -> None:
    """Fine-tune a model on the responses of a set (TRL).

    The preset is that of the paper: 5 epochs, learning rate 1e-5, 16k context. Prompts are not learned. A run
    that was stopped goes on from its last checkpoint when the same command is given again.
    """
    from reasonlens.cli import _distill_train

    _distill_train.sft(options)


@command.command(
    "rl",
    epilog=example(
        "reasonlens distill rl --model student --data set --out student-rl",
        "reasonlens distill rl --model student --data set --out student-rl --weight format=0",
        "reasonlens distill rl --model student --data set --out student-rl --structure my_rewards:score "
        "--launch zero3 --processes 8",
    ),
)
@_training
@click.option(
    "--weight",
    "weights",
    multiple=True,
    metavar="REWARD=W",
    help="The weight of accuracy, format, tag_count or structure [default: 15, 10, 10, 15]; 0: only logged.",
)
@click.option(
    "--structure",
    metavar="baseline|none|MODULE:FUNCTION",
    default="baseline",
    show_default=True,
    help="What scores structure: offline steps and shared words, nothing, or a function of yours: "
    "f(problems, teachers, students) -> scores, None where it failed.",
)
def rl(**options: Any) -> None:
    """Train a model with rewards (TRL, GRPO).

    Rewards are for the right answer, its form, and the structure of the reasoning.

    Each reward is logged by itself, with the share that is missing; a warning says when one rises while
    accuracy falls. A run that was stopped goes on when the same command is given again.
    """
    from reasonlens.cli import _distill_train

    _distill_train.rl(options)
