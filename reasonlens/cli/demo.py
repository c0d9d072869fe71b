"""``reasonlens demo``: the main job on the bundled sample."""

from __future__ import annotations

from pathlib import Path

import click

from reasonlens.cli._options import example


@click.command(epilog=example("reasonlens demo", "reasonlens demo --study demo-study"))
@click.option(
    "--study",
    type=click.Path(path_type=Path),
    metavar="DIR",
    default=Path("demo-study"),
    show_default=True,
    help="Where to keep the tables and the figure.",
)
def command(study: Path) -> None:
    """Run the main job on the bundled sample.

    The sample is illustrative, not recorded from a run of any model. Needs no network, no key
    and no GPU.
    """
    from reasonlens.cli.tokens import command as tokens
    from reasonlens.sample import path

    click.echo("The sample is illustrative: composed for this project, not recorded from any model.")
    click.echo(f"The same by hand: reasonlens tokens {path()} --study {study}\n")
    tokens.main([str(path()), "--study", str(study)], standalone_mode=False)
