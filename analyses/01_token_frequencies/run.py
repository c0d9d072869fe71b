"""Category rates by model kind and benchmark: draws figures/01_token_frequencies/.

python analyses/01_token_frequencies/run.py --smoke            # the bundled sample
python analyses/01_token_frequencies/run.py outputs/*.jsonl    # your traces
"""

from __future__ import annotations

import tempfile
import tomllib
from pathlib import Path

import click

import reasonlens
from reasonlens.sample import path as sample
from reasonlens.workflow.tokens import Question

HERE = Path(__file__).resolve().parent
FIGURES = HERE.parents[1] / "figures" / HERE.name


@click.command()
@click.argument("files", nargs=-1)
@click.option("--smoke", is_flag=True, help="Use the bundled sample.")
@click.option("--out", type=click.Path(path_type=Path), default=FIGURES, help="Where the figures go.")
def main(files: tuple[str, ...], smoke: bool, out: Path) -> None:
    """Count, estimate and draw."""
    if smoke == bool(files):
        raise click.UsageError("name output files, or give --smoke for the bundled sample")
    params = tomllib.loads((HERE / "params.toml").read_text("utf-8"))
    question = Question(per=params["per"], exclude=tuple(params["exclude"]), reference=params["reference"])
    with tempfile.TemporaryDirectory() as folder:
        study = Path(folder) / "study"
        reasonlens.tokens(
            [sample()] if smoke else list(files),
            study=study,
            lexicons=params["lexicons"],
            text=params["text"],
            question=question,
        )
        for made in reasonlens.draw(study, out, params["figures"]):
            click.echo(made)


if __name__ == "__main__":
    main()
