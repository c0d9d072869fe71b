"""``reasonlens list``: what is installed."""

from __future__ import annotations

import click

from reasonlens.cli._options import example


@click.group(epilog=example("reasonlens list lexicons", "reasonlens list formats"))
def command() -> None:
    """List lexicons, formats or figures."""


@command.command("lexicons", epilog=example("reasonlens list lexicons"))
def lexicons() -> None:
    """The word lists that ship with reasonlens."""
    from reasonlens.lexicon import definition

    for name in definition.names():
        found = definition.load(name)
        entries = sum(len(c.entries) + len(c.patterns) for c in found.categories)
        click.echo(
            f"{name:<20} {entries:>3} entries  {found.rule.match:<9}  {found.status:<13}  {found.title}"
        )
    click.echo("\nOne of them in full: reasonlens show lexicon NAME")


@command.command("formats", epilog=example("reasonlens list formats"))
def formats() -> None:
    """The file formats that reasonlens reads."""
    from reasonlens.core import registry

    for name in registry.names("reasonlens.readers"):
        click.echo(f"{name:<20} {registry.load('reasonlens.readers', name).TITLE}")


@command.command("figures", epilog=example("reasonlens list figures"))
def figures() -> None:
    """The figures that reasonlens draws."""
    from reasonlens.core import registry

    for name in registry.names("reasonlens.figures"):
        click.echo(f"{name:<20} {registry.load('reasonlens.figures', name).TITLE}")
