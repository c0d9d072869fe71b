"""``reasonlens structure``: how far students follow the steps of their teachers."""

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
        "reasonlens structure outputs/*.jsonl --teacher deepseek-ai/DeepSeek-R1",
        "reasonlens structure my-study --dataset math500 --sample 100",
        "reasonlens structure my-study --decomposer llm --matcher llm --sample 20 --dry-run",
        "reasonlens structure my-study --decomposer llm --model Qwen/Qwen2.5-7B-Instruct "
        "--base-url http://127.0.0.1:8000/v1",
    )
)
@click.argument("inputs", nargs=-1, metavar="FILES... | STUDY")
@study_option
@click.option(
    "--teacher",
    "teachers",
    multiple=True,
    metavar="MODEL",
    help="Whose steps are followed; several times for several [default: models of kind teacher].",
)
@click.option(
    "--student",
    "students",
    multiple=True,
    metavar="MODEL",
    help="Who follows; several times for several [default: all other models].",
)
@click.option(
    "--decomposer",
    type=click.Choice(["baseline", "llm"]),
    default="baseline",
    show_default=True,
    help="How traces become steps: sentences and markers, or a language model.",
)
@click.option(
    "--matcher",
    type=click.Choice(["lexical", "llm"]),
    default="lexical",
    show_default=True,
    help="What tells whether two steps match: shared words, or a language model.",
)
@click.option(
    "--aligned", is_flag=True, help="With --matcher llm: ask of every pair of steps, for the aligned score."
)
@click.option(
    "--model",
    "asked_model",
    metavar="NAME",
    help="The model that is asked [default: gpt-4o-2024-11-20].",
)
@server_options
@click.option(
    "--on", "only", metavar="BENCHMARK", help="Only problems of this benchmark, by its name in the study."
)
@click.option(
    "--sample", type=click.IntRange(min=1), metavar="N", help="Only the first N problems that are shared."
)
@click.option(
    "--teacher-samples",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Traces of a teacher per problem; of a student, all are used.",
)
@click.option(
    "--exclude",
    type=click.Choice(["truncated", "empty", "no_reasoning", "looping", "none"]),
    multiple=True,
    default=["empty"],
    show_default=True,
    help="Leave out traces with this health flag; several times for several.",
)
@click.option("--retry", metavar="STATE,...", help="Decompose again what was refused, unparsed or failed.")
@cost_options
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Rows to .csv .parquet .json .md .tex."
)
@jobs_option
@ingest_options
def command(**options: Any) -> None:
    """Compare the steps of students with those of their teachers.

    A trace becomes a sequence of steps (why it is taken, what it asks, what it finds), and a student is
    compared with the teacher step by step on the problems that both have, as in RLKD (arXiv:2505.16142). The
    published reward stands beside one per step of the teacher, one that forgives steps in between, and what
    the same matcher finds between steps of different problems.
    """
    from reasonlens.cli import _structure

    _structure.show(options)


trace_model(command)
