"""``reasonlens judge``: is a server fit to judge?"""

from __future__ import annotations

import click

from reasonlens.cli._options import example


@click.group(epilog=example("reasonlens judge doctor http://127.0.0.1:8000/v1"))
def command() -> None:
    """Look at a server before it judges."""


@command.command(
    "doctor",
    epilog=example(
        "reasonlens judge doctor http://127.0.0.1:8000/v1",
        "reasonlens judge doctor http://127.0.0.1:11434/v1 --model qwen2.5:7b --longest 20000",
    ),
)
@click.argument("url")
@click.option("--model", metavar="NAME", help="The model to ask [default: the first that the server lists].")
@click.option(
    "--key-env",
    default="OPENAI_API_KEY",
    show_default=True,
    metavar="NAME",
    help="The environment variable with the key.",
)
@click.option(
    "--longest",
    type=click.IntRange(min=100),
    default=6000,
    show_default=True,
    metavar="WORDS",
    help="Length of the long prompt whose beginning must not be cut.",
)
def doctor(url: str, model: str | None, key_env: str, longest: int) -> None:
    """Find out what a server can do.

    A few small questions and a long one: does it keep to a JSON schema, keep the head of a long prompt,
    report usage, take the parameters? Exits with 1 if it cannot be used as it is.
    """
    from reasonlens.cli._judge import examine_and_print

    examine_and_print(url, model, key_env, longest)
