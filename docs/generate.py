"""Write docs/commands.md and docs/tables.md from the code itself: ``python docs/generate.py``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from reasonlens.cli import cli
from reasonlens.core.tables import TABLES

HERE = Path(__file__).parent

_TABLES_HEAD = """# Tables of a study

Made from `reasonlens/core/tables.py` by `docs/generate.py`; do not edit by hand.

A table is a folder of Parquet files; each file carries its manifest (versions, digests, arguments, seed,
counts of failures) in its metadata under the key `reasonlens`.
"""


def _commands(command: click.Command, name: str, parent: click.Context | None) -> Iterator[str]:
    told = {"help_option_names": ["-h", "--help"], "max_content_width": 100, "terminal_width": 100}
    context = click.Context(command, info_name=name, parent=parent, **told)
    yield f"## `{context.command_path}`\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            if found is not None:
                yield from _commands(found, each, context)


def commands() -> str:
    """Return the reference page of the command line."""
    head = "# Commands\n\nMade from `--help` by `docs/generate.py`; do not edit by hand.\n"
    return "\n".join([head, *_commands(cli, "reasonlens", None)])


def tables() -> str:
    """Return the reference page of the tables of a study."""
    pages = [_TABLES_HEAD]
    for table in TABLES.values():
        rows = [f"| `{field.name}` | {field.type} |" for field in table.schema]
        key = ", ".join(f"`{name}`" for name in table.key)
        pages.append(f"## `{table.name}`\n\nOne row is {table.doc}. Key: {key}.\n")
        pages.append("\n".join(["| Column | Type |", "|---|---|", *rows]) + "\n")
    return "\n".join(pages)


PAGES = {"commands.md": commands, "tables.md": tables}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")
