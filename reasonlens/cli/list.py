"""``reasonlens list``: what is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reasonlens.cli._options import example

if TYPE_CHECKING:
    from reasonlens.judges import Codebook


@click.group(
    epilog=example("reasonlens list lexicons", "reasonlens list behaviors", "reasonlens list formats")
)
def command() -> None:
    """List lexicons, behaviors, formats, backends and more."""


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


@command.command("behaviors", epilog=example("reasonlens list behaviors"))
def behaviors() -> None:
    """The codebooks that ship with reasonlens."""
    from reasonlens.judges import codebook_names, load_codebook

    found = [load_codebook(name) for name in codebook_names()]
    for family, title in {"": "Whole responses", **_families(found)}.items():
        click.echo(f"{title}:")
        for codebook in found:
            if codebook.family == family:
                click.echo(f"  {codebook.name:<24} {codebook.status:<13}  {codebook.title}")
    click.echo("\nOne of them in full: reasonlens show behavior NAME")


def _families(found: list[Codebook]) -> dict[str, str]:
    """Return the families with their headings, those of whole responses first."""
    units = sorted({(codebook.unit != "trace", codebook.family) for codebook in found if codebook.family})
    return {f: f"{'Sentences' if sentences else 'Whole responses'}, family {f}" for sentences, f in units}


@command.command("judges", epilog=example("reasonlens list judges"))
def judges() -> None:
    """The kinds of judges of ``reasonlens behaviors``."""
    from reasonlens.core import registry

    for name in registry.names("reasonlens.judges"):
        click.echo(f"{name:<20} {registry.load('reasonlens.judges', name).TITLE}")


@command.command("formats", epilog=example("reasonlens list formats"))
def formats() -> None:
    """The file formats that reasonlens reads."""
    from reasonlens.core import registry

    for name in registry.names("reasonlens.readers"):
        click.echo(f"{name:<20} {registry.load('reasonlens.readers', name).TITLE}")


@command.command("graders", epilog=example("reasonlens list graders"))
def graders() -> None:
    """The graders of ``reasonlens grade``."""
    from reasonlens.core import registry

    for name in registry.names("reasonlens.graders"):
        click.echo(f"{name:<20} {registry.load('reasonlens.graders', name).TITLE}")


@command.command("backends", epilog=example("reasonlens list backends"))
def backends() -> None:
    """The engines that ``reasonlens generate`` draws from."""
    from reasonlens.core import registry

    for name in registry.names("reasonlens.backends"):
        click.echo(f"{name:<20} {registry.load('reasonlens.backends', name).TITLE}")


@command.command("templates", epilog=example("reasonlens list templates"))
def templates() -> None:
    """The ways to put a problem to a model."""
    from reasonlens.backends import _templates

    for name in _templates.names():
        click.echo(f"{name:<20} {_templates.load(name).title}")


@command.command("benchmarks", epilog=example("reasonlens list benchmarks"))
def benchmarks() -> None:
    """The benchmarks that are known by name (no texts)."""
    from reasonlens.workflow import problem_sets

    for found in problem_sets.benchmarks().values():
        click.echo(f"{found.name:<20} {found.n:>5} problems  {found.title}")


@command.command("figures", epilog=example("reasonlens list figures"))
def figures() -> None:
    """The figures that reasonlens draws."""
    from reasonlens.core import registry

    for name in registry.names("reasonlens.figures"):
        click.echo(f"{name:<20} {registry.load('reasonlens.figures', name).TITLE}")
