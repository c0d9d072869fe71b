"""Write docs/commands.md from the commands' own help: ``python docs/generate.py``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from reasonlens.cli import cli

PAGE = Path(__file__).with_name("commands.md")


def _commands(command: click.Command, name: str, parent: click.Context | None) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent, max_content_width=100, terminal_width=100)
    yield f"## `{context.command_path}`\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            if found is not None:
                yield from _commands(found, each, context)


def page() -> str:
    """Return the reference page."""
    head = "# Commands\n\nMade from `--help` by `docs/generate.py`; do not edit by hand.\n"
    return "\n".join([head, *_commands(cli, "reasonlens", None)])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
