"""``reasonlens behaviors``: how often responses show a behavior, by the verdict of a judge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reasonlens.cli._options import (
    cost_options,
    example,
    ingest_options,
    jobs_option,
    server_options,
    study_option,
    trace_model,
)


@click.command(
    epilog=example(
        "reasonlens behaviors outputs/*.jsonl --judge rules",
        "reasonlens behaviors my-study --judge rules --behavior verification --behavior backtracking",
        "reasonlens behaviors my-study --judge llm --sample 50 --dry-run",
        "reasonlens behaviors my-study --judge llm --model Qwen/Qwen2.5-32B-Instruct "
        "--base-url http://127.0.0.1:8000/v1",
        "reasonlens behaviors my-study --judge llm --retry failed --max-cost 20",
    )
)
@click.argument("inputs", nargs=-1, metavar="FILES... | STUDY")
@study_option
@click.option(
    "--judge",
    "judge_kind",
    default="rules",
    show_default=True,
    metavar="KIND",
    help="rules (word patterns, a baseline), llm (a language model), local:NAME (trained on labels), or "
    "decisions (a classification endpoint; not validated).",
)
@click.option(
    "--behavior",
    "-b",
    "behaviors",
    multiple=True,
    metavar="NAME|FILE",
    help="A shipped codebook, a family or a .toml file; several times for several (see `list behaviors`). "
    "[default: multi_perspective, metacognitive_awareness]",
)
@click.option(
    "--model",
    "judge_model",
    metavar="NAME|FILE",
    help="The model that judges [default: gpt-4o-2024-11-20], or the file of a local judge.",
)
@click.option(
    "--embeddings",
    metavar="MODEL",
    help="Where the embeddings of a local judge lie now, if not where they were when it was trained.",
)
@server_options
@click.option(
    "--json-in-text",
    is_flag=True,
    help="For servers that do not keep to a JSON schema: ask for JSON in words (see `judge doctor`).",
)
@click.option(
    "--part",
    type=click.Choice(["response", "reasoning", "answer"]),
    default="response",
    show_default=True,
    help="Which text is judged.",
)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    metavar="N",
    help="Judge at most N responses per model, to the same problems as far as there are such.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the sample.")
@click.option(
    "--repeats",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Ask each question so often; rates use the first, the others show how steady the judge is.",
)
@click.option(
    "--retry",
    metavar="VERDICT,...",
    help="Ask again what was refused, unparsed or failed, for instance failed,unparsed.",
)
@cost_options
@click.option(
    "--batch", is_flag=True, help="Use the Batch API: half the price, up to a day; run again to collect."
)
@click.option(
    "--longest",
    type=click.IntRange(min=1000),
    metavar="CHARS",
    help="Longer texts are asked about in pieces that overlap [default: 240000].",
)
@click.option(
    "--exclude",
    type=click.Choice(["truncated", "empty", "no_reasoning", "looping", "none"]),
    multiple=True,
    default=["empty"],
    show_default=True,
    help="Leave out traces with this health flag; several times for several.",
)
@click.option(
    "--reference",
    metavar="KIND",
    help="The kind that others are compared with [default: base, or else the first].",
)
@click.option(
    "--quotes", type=click.IntRange(min=0), default=3, show_default=True, help="Quotes to show per behavior."
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Rows to .csv .parquet .json .md .tex."
)
@jobs_option
@ingest_options
def command(**options: Any) -> None:
    """Judge which behaviors responses show, how often and where.

    Each positive verdict has quotes that were found in the text. Rates come with intervals clustered by
    problem and contrasts on shared problems; what the judge did not answer is counted beside them.
    """
    from reasonlens.cli import _behaviors

    _behaviors.show(options)


trace_model(command)
