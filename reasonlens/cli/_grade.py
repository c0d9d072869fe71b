"""What ``reasonlens grade`` does once it is called."""

from __future__ import annotations

from typing import Any

import click
import pandas as pd

from reasonlens.cli._ingested import read_in
from reasonlens.cli._inputs import inputs_of, study_at
from reasonlens.cli._print import interval, plain, show_table
from reasonlens.cli._progress import watched, watched_items
from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.core.tables import GRADE_VERDICTS
from reasonlens.graders import Limits
from reasonlens.workflow import export
from reasonlens.workflow.grade import Agreement, agreement, grade_study
from reasonlens.workflow.grade_scores import accuracies
from reasonlens.workflow.pool import cores
from reasonlens.workflow.run import Plan

__all__ = ["show"]

_SHOWN = 12
_EXPLAINED = (
    "accuracy: 95% interval, problems drawn anew; no answer and truncated count as wrong, ungradable and no "
    "gold as the source says, or not at all."
)
_FAILURES = ("no_answer", "truncated", "ungradable", "no_gold")


def show(options: dict[str, Any]) -> None:
    """Read, grade, print, and say where the source says otherwise."""
    names, given = inputs_of(options)
    ks = _ks(options["ks"])
    for name in ("out", "disagreements"):
        export.check(options[name])
    with study_at(given) as folder:
        with watched() as bar:
            read_in(names, Plan(folder), options, bar)
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
        found, scores = agreement(study), accuracies(study, ks)
        _print(found, scores)
        if n:
            click.echo(f"{n:,} graded now.")
        _keep(options, found, scores)
        if given is None:
            click.echo("Nothing else was kept; add --study DIR to keep the grades.")
        else:
            click.echo(
                f"Grades: {given / 'grades'}; other commands use them in place of the source's verdicts."
            )


def _ks(text: str | None) -> list[int] | None:
    if text is None:
        return None
    try:
        ks = sorted({int(piece) for piece in text.split(",")})
    except ValueError:
        ks = []
    if not ks or ks[0] < 1:
        raise InputError(f"--k {text!r} is no list of numbers from 1, for instance --k 1,8")
    return ks


def _print(found: Agreement, scores: pd.DataFrame) -> None:
    shares = scores[scores["quantity"] == "share"].set_index(["group", "dataset"])
    failures = [name for name in _FAILURES if found.table[name].any()]
    rows: list[list[object]] = []
    for row in found.table.to_dict("records"):
        agree = f"{row['agree'] / row['both']:.1%} of {row['both']:,}" if row["both"] else "source gives none"
        key = (row["model"], row["dataset"])
        accuracy = interval(shares.loc[key].to_dict()) if key in shares.index else "-"
        problems = f"{shares.loc[key, 'n_problems']:,}" if key in shares.index else "-"
        counts = [f"{row[name]:,}" for name in failures]
        responses = f"{sum(row[name] for name in GRADE_VERDICTS):,}"
        names = [str(row["model"]), str(row["dataset"]) or "(unnamed)"]
        rows.append([*names, accuracy, problems, responses, *counts, agree])
    heads = ["model", "benchmark", "accuracy", "problems", "responses"]
    heads += [name.replace("_", " ") for name in failures]
    show_table(rows, [*heads, "as the source"], "Accuracy by model and benchmark", 2)
    click.echo(_EXPLAINED)
    _print_ks(scores[scores["quantity"] != "share"])
    _print_disagreements(found)


def _print_ks(scores: pd.DataFrame) -> None:
    quantities = list(dict.fromkeys(scores["quantity"]))
    rows: list[list[object]] = []
    for (model, dataset), part in scores.groupby(["group", "dataset"], sort=False):
        by = {row["quantity"]: row for row in part.to_dict("records")}
        cells = [interval(by[name]) if name in by else "-" for name in quantities]
        rows.append([str(model), str(dataset) or "(unnamed)", *cells, f"{part['n_problems'].max():,}"])
    show_table(rows, ["model", "benchmark", *quantities, "problems"], "With several tries", 2)


def _print_disagreements(found: Agreement) -> None:
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


def _keep(options: dict[str, Any], found: Agreement, scores: pd.DataFrame) -> None:
    if options["disagreements"]:
        export.save(found.rows, options["disagreements"])
        click.echo(f"Disagreements: {options['disagreements']}")
    if options["out"]:
        shares = scores[scores["quantity"] == "share"].rename(columns={"group": "model", "value": "accuracy"})
        columns = ["model", "dataset", "accuracy", "low", "high", "level", "n_problems"]
        export.save(found.table.merge(shares[columns], how="left", on=["model", "dataset"]), options["out"])
        click.echo(f"Table: {options['out']}")
