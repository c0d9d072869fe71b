"""The command line: one file per command, found by its file name.

This is the only place where an error becomes a message and an exit code: 1 for data and user
errors, 2 for usage, 130 for Ctrl-C.
"""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from reasonlens import __version__
from reasonlens.core.errors import ReasonlensError

__all__ = ["cli", "main"]

_FOLDER = Path(__file__).parent

# Arrow's own allocator keeps what it once had; the system's gives it back between parts
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


class _Commands(click.Group):
    """Commands are modules of this folder; each is imported only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(p.stem.replace("_", "-") for p in _FOLDER.glob("[!_]*.py"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = import_module(f"reasonlens.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if not Path(args[0]).exists():
                raise
            hint = f"To count the words of a file: reasonlens tokens {args[0]}"
            raise click.UsageError(f"{error.message} {hint}", ctx) from error

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ReasonlensError as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            if error.errno in (None, errno.EPIPE):  # click ends quietly where nobody reads on
                raise
            raise click.ClickException(_of_the_system(error)) from error
        except KeyboardInterrupt:
            click.echo("\nStopped. What was finished is kept, if a study was named.", err=True)
            sys.exit(130)


def _of_the_system(error: OSError) -> str:
    """Say what the operating system refused, where, and what to do next."""
    where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    what = os.strerror(error.errno or 0)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{where}{what}; free some, then run the same command again: what was finished is kept"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{where}{what}; choose a folder that you may write to, or change its permissions"
    return f"{where}{what}" if where else str(error)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="\b\nExample:\n  reasonlens tokens outputs/*.jsonl --study my-study",
)
@click.version_option(__version__, "-V", "--version", prog_name="reasonlens")
def cli() -> None:
    """How do reasoning models think differently, and does the difference cause the score?

    Give it output files of base, RL, distilled and teacher models in almost any format.
    """


def main() -> None:
    """Run the command line."""
    cli(prog_name="reasonlens")


if __name__ == "__main__":
    main()
