"""``reasonlens figures``: the tables of a study become figures."""

from __future__ import annotations

from pathlib import Path

import click

from reasonlens.cli._options import example


@click.command(
    epilog=example(
        "reasonlens figures --study my-study",
        "reasonlens figures category_rates --study my-study --out paper/figures --formats pdf",
    )
)
@click.argument("names", nargs=-1, metavar="[NAMES]...")
@click.option("--study", type=click.Path(path_type=Path), metavar="DIR", required=True, help="The study.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Where to [default: STUDY/figures]."
)
@click.option("--formats", default="pdf,svg,png", show_default=True, help="Image formats, with commas.")
def command(names: tuple[str, ...], study: Path, out: Path | None, formats: str) -> None:
    """Draw the figures of a study.

    All that its tables allow, or those that are named (see `reasonlens list figures`). Beside each
    figure lie the plotted numbers (.csv) and how it was made (.json).
    """
    from reasonlens.core.study import read_study
    from reasonlens.workflow.figures import draw

    wanted = tuple(name.strip() for name in formats.split(",") if name.strip())
    drawn = draw(read_study(study), out or study / "figures", *names, formats=wanted)
    for path in drawn.files:
        click.echo(path)
    for name, why in drawn.skipped.items():
        click.echo(f"{name}: not drawn, {why}", err=True)
