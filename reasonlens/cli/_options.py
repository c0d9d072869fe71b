"""Options that several commands share, each stated once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

__all__ = [
    "cost_options",
    "example",
    "exclude_option",
    "ingest_options",
    "jobs_option",
    "lexicon_options",
    "part_option",
    "seed_option",
    "server_options",
    "study_option",
    "trace_model",
]

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
    """Add ``--jobs``, ``--engine`` and ``--address``: how much is done at a time, and where."""

    @wraps(command)
    def on_engine(**options: Any) -> Any:
        engine, address = options.pop("engine"), options.pop("address")
        if engine == "local":
            if address:
                raise click.UsageError("--address is for --engine ray")
            return command(**options)
        from reasonlens.workflow.cluster import on_ray

        with on_ray(address):
            return command(**options)

    given = (
        click.option(
            "--address",
            metavar="ADDRESS",
            help="The Ray cluster: auto, or HOST:PORT [default: a new one here].",
        ),
        click.option(
            "--engine",
            type=click.Choice(["local", "ray"]),
            default="local",
            show_default=True,
            help="Where the work is done: processes of this machine, or a Ray cluster.",
        ),
        click.option(
            "--jobs",
            "-j",
            type=click.IntRange(min=1),
            metavar="N",
            help="Processes to use (default: all cores; 1 for small inputs).",
        ),
    )
    made: Any = on_engine
    for option in given:
        made = option(made)
    return cast("Command", made)


def lexicon_options(command: Command) -> Command:
    """Add ``--lexicon`` and ``--category``."""
    for option in (
        click.option(
            "--category", "categories", multiple=True, metavar="NAME=W,W", help="A category on the spot."
        ),
        click.option(
            "--lexicon",
            "-l",
            "lexicons",
            multiple=True,
            metavar="NAME|FILE",
            help="A shipped word list or a file of yours (.toml, .dic, .yml); several times for several. "
            "[default: flexible_reasoning]",
        ),
    ):
        command = option(command)
    return command


def part_option(what: str) -> Callable[[Command], Command]:
    """Add ``--part``; `what` says what is done to that text."""
    return click.option(
        "--part",
        type=click.Choice(["response", "reasoning", "answer"]),
        default="response",
        show_default=True,
        help=f"Which text is {what}.",
    )


def exclude_option(*default: str, note: str = "") -> Callable[[Command], Command]:
    """Add ``--exclude``; without `default`, `note` says what is left out."""
    given: dict[str, Any] = {"default": list(default), "show_default": True} if default else {}
    return click.option(
        "--exclude",
        type=click.Choice(["truncated", "empty", "no_reasoning", "looping", "none"]),
        multiple=True,
        help="Leave out traces with this health flag; several times for several." + note,
        **given,
    )


def seed_option(what: str) -> Callable[[Command], Command]:
    """Add ``--seed`` of `what`."""
    return click.option("--seed", type=int, default=0, show_default=True, help=f"Seed of {what}.")


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


def server_options(command: Command) -> Command:
    """Add what commands that ask a server say of it."""
    for option in (
        click.option(
            "--no-sampling",
            is_flag=True,
            help="Send no temperature, top_p or seed: for models that refuse them (see `judge doctor`).",
        ),
        click.option(
            "--insecure-http",
            is_flag=True,
            help="Allow http:// to a server that is not in this network; anyone on the way can read along.",
        ),
        click.option(
            "--key-env",
            metavar="NAME",
            help="The environment variable with the key [default: OPENAI_API_KEY].",
        ),
        click.option("--base-url", metavar="URL", help="An OpenAI-compatible server [default: OpenAI's]."),
    ):
        command = option(command)
    return command


def cost_options(command: Command) -> Command:
    """Add what commands that pay for answers say of the price."""
    for option in (
        click.option(
            "--concurrency",
            type=click.IntRange(min=1),
            default=64,
            show_default=True,
            help="Questions under way.",
        ),
        click.option(
            "--yes",
            is_flag=True,
            help="Go on without asking; the run still stops at the highest sum announced.",
        ),
        click.option(
            "--stop-at",
            type=click.FloatRange(min=0, min_open=True),
            metavar="USD",
            help="Stop at this sum; what was answered is kept, and the same command goes on.",
        ),
        click.option(
            "--max-cost",
            type=click.FloatRange(min=0),
            default=1.0,
            show_default=True,
            metavar="USD",
            help="Ask before a run that may cost more.",
        ),
        click.option("--dry-run", is_flag=True, help="Only say what a run would ask and cost."),
        click.option(
            "--prices",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            metavar="FILE",
            help="A price table instead of the one that ships (.toml).",
        ),
    ):
        command = option(command)
    return command


def trace_model(command: click.Command) -> None:
    """Rename the option that says which model wrote the responses: ``--model`` is the one that is asked."""
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name == "model":
            parameter.opts = ["--trace-model"]
            parameter.help = "The model that wrote the responses, where the files do not name it."
