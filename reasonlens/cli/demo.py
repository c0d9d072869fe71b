"""``reasonlens demo``: the main job on the bundled sample, and what else can be asked of it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from reasonlens.cli._options import example
from reasonlens.core.errors import MissingExtraError

_STEPS = (
    ("tokens", "Which words set two kinds apart?", ("--keyness", "distilled:base")),
    ("tokens", "Where in the responses do the words stand?", ("--positions",)),
    ("grade", "Are the answers right?", ("--jobs", "1")),
    ("behaviors", "What do the responses do? (rules: an offline baseline)", ("--judge", "rules")),
    ("structure", "Do students take the steps of their teachers? (an offline baseline)", ()),
    ("compare", "Accuracy and length between kinds", ("--measure", "accuracy", "--measure", "length/words")),
    ("compare", "What goes with being right?", ("--outcome", "correct")),
    ("compare", "Several tries at a problem", ("--k", "1,2")),
    ("diagnose", "Failure signatures", ()),
)
_BAN = (
    *("--backend", "fake", "--model", "made-up", "--template", "plain", "-n", "16", "--max-tokens", "2048"),
    *("--ban", "wait,perhaps,alternatively,but", "--controls", "4", "--problems"),
)


@click.command(epilog=example("reasonlens demo", "reasonlens demo --study demo-study"))
@click.option(
    "--study",
    type=click.Path(path_type=Path),
    metavar="DIR",
    default=Path("demo-study"),
    show_default=True,
    help="Where to keep the tables and the figures.",
)
@click.option("--short", is_flag=True, help="Only the main job: rates of reasoning words.")
def command(study: Path, short: bool) -> None:
    """Run the main job on the bundled sample.

    The sample is illustrative, not recorded from a run of any model. Needs no network, no key
    and no GPU.
    """
    from reasonlens.cli.tokens import command as tokens
    from reasonlens.sample import path

    click.echo("The sample is illustrative: composed for this project, not recorded from any model.")
    click.echo(f"The same by hand: reasonlens tokens {path()} --study {study}\n")
    tokens.main([str(path()), "--study", str(study)], standalone_mode=False)
    if short:
        return
    for name, title, options in _STEPS:
        _step(name, title, [str(study), *options])
    _step("figures", "Every figure that this study allows", ["--study", str(study)])
    ban = str(study / "ban")  # a study of its own: its traces are of a made-up model
    _step(
        "ban-ablation",
        "Do the words cause the score? (a made-up model)",
        [*_BAN, str(path()), "--study", ban],
    )
    _step("figures", "Figures of the ban", ["ban_forest", "ban_dose", "ban_compensation", "--study", ban])
    click.echo(f"\nLook at the traces behind the numbers: reasonlens view {study}")


def _step(name: str, title: str, arguments: list[str]) -> None:
    """Run another command on the study; one whose packages are missing says so."""
    click.echo(f"\n\n{click.style(title, bold=True)}\n$ reasonlens {name} {' '.join(arguments)}")
    step: click.Command = import_module(f"reasonlens.cli.{name.replace('-', '_')}").command
    try:
        step.main(arguments, standalone_mode=False)
    except MissingExtraError as error:
        click.echo(f"Left out: {error}")
