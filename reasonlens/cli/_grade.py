"""What ``reasonlens grade`` does once it is called."""

from __future__ import annotations

from typing import Any

import click

from reasonlens.cli._ingested import report, settings_of
from reasonlens.cli._inputs import inputs_of, study_at
from reasonlens.cli._print import plain, show_table
from reasonlens.cli._progress import watched, watched_items
from reasonlens.core.study import Study
from reasonlens.graders import Limits
from reasonlens.workflow import export
from reasonlens.workflow.grade import Agreement, agreement, grade_study
from reasonlens.workflow.ingest import ingest
from reasonlens.workflow.pool import cores
from reasonlens.workflow.run import Plan

__all__ = ["show"]

_SHOWN = 12
_COUNTS = ("correct", "incorrect", "no_answer", "truncated", "ungradable", "no_gold")


def show(options: dict[str, Any]) -> None:
    """Read, grade, print, and say where the source says otherwise."""
    names, given = inputs_of(options)
    for name in ("out", "disagreements"):
        export.check(options[name])
    with study_at(given) as folder:
        with watched() as bar:
            outcome = ingest(
                names,
                Plan(folder),
                settings_of(options),
                jobs=options["jobs"],
                begin=bar.begin,
                progress=bar.advance,
            )
        if names:
            report(outcome, strict=options["strict"])
        limits = Limits(options["timeout"], options["tolerance"], jobs=options["jobs"] or cores())
        study = Study(folder)
        with watched_items("grading") as items:
            n = grade_study(
                study,
                options["grader"],
                limits,
                again=options["again"],
                begin=items.begin,
                progress=items.advance,
            )
        found = agreement(study)
        _print(found)
        if n:
            click.echo(f"{n:,} graded now.")
        _keep(options, found)
        if given is None:
            click.echo("Nothing else was kept; add --study DIR to keep the grades.")
        else:
            click.echo(
                f"Grades: {given / 'grades'}; other commands use them in place of the source's verdicts."
            )


def _print(found: Agreement) -> None:
    rows: list[list[object]] = []
    for row in found.table.to_dict("records"):
        share = f"{row['agree'] / row['both']:.1%} of {row['both']:,}" if row["both"] else "source gives none"
        counts = [f"{row[name]:,}" for name in _COUNTS]
        rows.append([str(row["model"]), str(row["dataset"]), *counts, share])
    heads = ["model", "benchmark", *(name.replace("_", " ") for name in _COUNTS), "as the source"]
    show_table(rows, heads, "Verdicts by model and benchmark", 2)
    both = int(found.table["both"].sum())
    if both:
        click.echo(
            f"As the source: {found.rate:.2%} of {both:,} traces that both judge; "
            f"{len(found.rows):,} otherwise."
        )
    for row in found.rows.head(_SHOWN).to_dict("records"):
        said = "right" if row["correct_source"] else "wrong"
        ours = plain(str(row["extracted"]))[:60] if row["extracted"] is not None else "no answer found"
        where = plain(f"{row['model']}, {row['dataset']}, {row['trace_id']}")
        click.echo(
            f"  gold {plain(str(row['gold']))[:40]}; answer {ours}: {row['verdict']}, "
            f"source says {said} ({where})"
        )
    if len(found.rows) > _SHOWN:
        click.echo(f"  and {len(found.rows) - _SHOWN:,} more; all of them with --disagreements FILE")


def _keep(options: dict[str, Any], found: Agreement) -> None:
    if options["disagreements"]:
        export.save(found.rows, options["disagreements"])
        click.echo(f"Disagreements: {options['disagreements']}")
    if options["out"]:
        export.save(found.table, options["out"])
        click.echo(f"Table: {options['out']}")
