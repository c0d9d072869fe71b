"""``reasonlens generate``: draw responses from a model into a study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reasonlens.cli._options import example

KINDS = ["base", "zero_rl", "rl_instruct", "instruct", "distilled", "teacher", "other"]


@click.command(
    epilog=example(
        "reasonlens generate --backend vllm --model Qwen/Qwen2.5-32B --problems aime24.jsonl -n 16 --study s",
        "reasonlens generate --model ./tiny --problems aime24 --problems-dir problems --limit 3 --study s",
        "reasonlens generate --backend openai --model m --option base_url=http://127.0.0.1:8000/v1 "
        "--problems math500.jsonl --template chat --study s",
        "reasonlens generate --backend fake --model trial --problems aime24.jsonl -n 4 --study s",
    )
)
@click.option("--model", required=True, metavar="ID|DIR", help="The model to draw from.")
@click.option(
    "--problems",
    "names",
    multiple=True,
    required=True,
    metavar="FILE|NAME",
    help="A file with problems, or a benchmark in --problems-dir; several times for several.",
)
@click.option(
    "--problems-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the files of benchmarks by name are.",
)
@click.option(
    "--study", type=click.Path(path_type=Path), required=True, metavar="DIR", help="Where the traces go."
)
@click.option(
    "--backend",
    default="transformers",
    show_default=True,
    metavar="NAME",
    help="Which engine: fake, openai, transformers, vllm.",
)
@click.option("--samples", "-n", "n", type=int, default=1, show_default=True, help="Samples per problem.")
@click.option(
    "--template",
    default="chat",
    show_default=True,
    metavar="NAME|FILE",
    help="How a problem is put to the model: chat, chat-bare, dapo, orz, plain, qwen-boxed, "
    "qwen25-math-cot, r1, simplerl, simplerl-simple, or a TOML file.",
)
@click.option("--temperature", type=float, default=1.0, show_default=True, help="0 is greedy.")
@click.option("--top-p", type=float, default=0.95, show_default=True, help="Nucleus sampling.")
@click.option("--top-k", type=int, default=-1, show_default=True, help="-1 is no limit.")
@click.option("--max-tokens", type=int, default=32768, show_default=True, help="Limit per response.")
@click.option("--stop", multiple=True, metavar="TEXT", help="A text that ends a response.")
@click.option(
    "--logprobs", type=int, default=0, show_default=True, help="Alternatives per token, for entropy."
)
@click.option("--seed", type=int, default=0, show_default=True, help="What all seeds derive from.")
@click.option("--condition", default="baseline", show_default=True, help="What this run is called.")
@click.option("--model-name", metavar="NAME", help="What the model is called in the study.")
@click.option("--kind", type=click.Choice(KINDS), help="How the model came to be.")
@click.option("--dataset", metavar="NAME", help="The benchmark, where the files do not name it.")
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Only the first problems of each file."
)
@click.option("--map", "fields", multiple=True, metavar="FIELD=COLUMN", help="e.g. problem=text, gold=key.")
@click.option(
    "--option",
    "options",
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of the engine, e.g. tensor_parallel=4, batch_size=16, base_url=URL.",
)
@click.option("--strict", is_flag=True, help="Make any failed sample an error (exit 1).")
def command(**options: Any) -> None:
    """Draw responses from a model into a study.

    Every problem is posed several times; each sample has a seed of its own. Finished samples are kept
    whatever happens, and running the same command again draws only what is missing.
    """
    from reasonlens.cli import _generate

    _generate.run(options)
