"""``reasonlens controls``: synthetic controls of real traces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reasonlens.cli._options import example


@click.command(
    epilog=example(
        "reasonlens controls my-study --make strip --out stripped.jsonl",
        "reasonlens controls my-study --make inject --group base --like distilled --out injected.jsonl",
        "reasonlens controls my-study --make shuffle --seed 7 --originals --out shuffled.jsonl",
    )
)
@click.argument("study", type=click.Path(path_type=Path))
@click.option(
    "--make",
    type=click.Choice(["inject", "strip", "shuffle"]),
    required=True,
    help="Put markers in, take them out, or shuffle the sentences.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The file to write (JSON lines).",
)
@click.option("--markers", metavar="W,W", help="The words that come and go [default: see docs/controls.md].")
@click.option(
    "--rate", type=click.FloatRange(min=0, min_open=True), help="Inject up to so many per 1,000 words."
)
@click.option(
    "--like", metavar="MODEL|KIND", help="Inject at the rate, and in the mix, of this model or kind."
)
@click.option("--group", metavar="MODEL|KIND", help="Change the traces of this model or kind only.")
@click.option("--name", metavar="NAME", help="The condition that the controls get [default: what is made].")
@click.option("--originals", is_flag=True, help="Write the unchanged traces into the file, too.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of every random choice.")
def command(study: Path, make: str, out: Path, **options: Any) -> None:
    """Make synthetic controls from real traces.

    Their reasoning has markers put in or taken out, or its sentences shuffled; the answer stays.
    They are written as an output file with the control as condition: `reasonlens ingest` adds it
    to the study, and every command can compare it with the originals.
    """
    from reasonlens.core.study import Study
    from reasonlens.workflow import controls

    markers = options.pop("markers")
    if markers:
        options["markers"] = tuple(m.strip() for m in markers.split(",") if m.strip())
    made = controls.make(Study(study), controls.Recipe(make, **options), out)
    left = "; ".join(f"{n:,} left out: {why}" for why, n in made.skipped.items())
    done = f"{made.traces:,} controls, {made.changed:,} changed, {made.edits:,} edits"
    click.echo(f"{done}; {left}" if left else done)
    click.echo(
        f"Markers per 1,000 words of reasoning: {made.before.per_thousand:.3g} before, "
        f"{made.after.per_thousand:.3g} after"
        + (f" (wanted {made.target:.3g})" if made.target is not None else "")
    )
    if made.kept:
        click.echo(f"{made.kept:,} markers stayed, as taking them out would break a sentence")
    if made.short:
        click.echo(f"{made.short:,} traces have too few sentences for the rate wanted")
    click.echo(f"Controls: {out}")
