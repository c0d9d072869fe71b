"""What every script of ``analyses/`` shares: files or the sample in, parameters beside it, figures out."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tabulate import tabulate

from reasonlens.core.errors import ReasonlensError, UnknownNameError
from reasonlens.core.study import Study, write_file
from reasonlens.sample import path as sample
from reasonlens.workflow.figures import draw

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Analysis", "main"]

Tables = Mapping[str, "pd.DataFrame"]
Analysis = Callable[[Study, list[str], Mapping[str, Any]], Tables | None]
"""Fills a study from files, as the parameters say; may return tables to print and keep by name."""


def main(script: str, analysis: Analysis) -> None:
    """Run the analysis that lies at `script` as a command: ``FILES...`` or ``--smoke``, and ``--out``.

    The parameters are ``params.toml`` beside the script; the figures that they name go to the folder of
    the same name under ``figures/``.
    """
    here = Path(script).resolve().parent
    default = here.parents[1] / "figures" / here.name

    @click.command(help=f"{here.name}: see README.md beside this script.")
    @click.argument("files", nargs=-1)
    @click.option("--smoke", is_flag=True, help="Use the bundled, illustrative sample.")
    @click.option("--out", type=click.Path(path_type=Path), default=default, help="Where the figures go.")
    def command(files: tuple[str, ...], smoke: bool, out: Path) -> None:
        if smoke == bool(files):
            raise click.UsageError("name output files, or give --smoke for the bundled sample")
        params = tomllib.loads((here / "params.toml").read_text("utf-8"))
        with tempfile.TemporaryDirectory(prefix="reasonlens-") as folder:
            study = Study(Path(folder) / "study", create=True)
            try:
                tables = analysis(study, [str(sample())] if smoke else list(files), params) or {}
                drawn = draw(study, out, *params["figures"])
            except UnknownNameError as error:
                told = f"{error} The names that this analysis uses are in {here / 'params.toml'}."
                raise click.ClickException(told) from error
            except ReasonlensError as error:
                raise click.ClickException(str(error)) from error
        for name, table in tables.items():
            drawn.files.append(_keep(table, out / f"{name}.csv"))
        for path in drawn.files:
            click.echo(path)
        for name, why in drawn.skipped.items():
            click.echo(f"{name}: not drawn, {why}", err=True)

    command()


def _keep(table: pd.DataFrame, path: Path) -> Path:
    shown = table.loc[:, [c for c in table.columns if c not in ("setting", "source")]]
    click.echo(tabulate(shown.to_dict("records"), headers="keys", floatfmt=".3g", missingval="") + "\n")
    write_file(path, table.to_csv(index=False).encode())
    return path
