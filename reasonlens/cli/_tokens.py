"""What ``reasonlens tokens`` does once it is called."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from reasonlens.cli._ingested import read_in, settings_of
from reasonlens.cli._inputs import inputs_of, lexicons_of, study_at
from reasonlens.cli._print import plain
from reasonlens.cli._progress import watched
from reasonlens.cli._rates import print_tokens
from reasonlens.core.study import Study
from reasonlens.lexicon import definition
from reasonlens.workflow import export, figures, kwic, tokens
from reasonlens.workflow.run import Plan

__all__ = ["show_kwic", "show_rates"]


def show_rates(options: dict[str, Any]) -> None:
    """Count, estimate, print, and say where everything went."""
    names, given = inputs_of(options)
    export.check(options["out"])
    export.check(options["matches"], export.STREAMED)
    with study_at(given) as folder, watched() as bar:
        plan = Plan(
            folder,
            text=options["part"],
            lexicons=lexicons_of(options),
            tokenizer=options["tokenizer"],
            keep_text=given is not None,
            matches=options["matches"] is not None,
        )
        read_in(names, plan, options, bar)
        found = tokens.estimate(Study(folder), plan, _question(options), jobs=options["jobs"])
        print_tokens(found, top=options["top"])
        _keep(options, plan, found, given)


def _keep(options: dict[str, Any], plan: Plan, found: tokens.Tokens, given: Path | None) -> None:
    if options["out"]:
        export.save(found.table(), options["out"])
        click.echo(f"Estimates: {options['out']}")
    if options["matches"]:
        n = tokens.save_matches(Study(plan.study), plan, options["matches"])
        click.echo(f"Matches: {options['matches']} ({n:,} hits)")
    if given is None:
        click.echo("Nothing else was kept; add --study DIR to keep the tables and a figure.")
        return
    study = Study(given)
    made = figures.draw_apart(
        study, Path(given) / "figures", "category_rates", apart=tokens.is_large(study, plan)
    )
    click.echo(f"Study: {given} (tables {', '.join(Study(given).tables())})")
    click.echo(f"Figure: {made[0]} (also {', '.join(p.suffix for p in made[1:])})")


def show_kwic(options: dict[str, Any]) -> None:
    """Print a concordance."""
    names, given = inputs_of(options)
    wanted = kwic.Wanted(
        definition.from_options([f"kwic={options['kwic']}"]),
        text=options["part"],
        keep=options["sample"],
        seed=options["seed"],
        sort=options["sort"],
    )
    study = Study(given) if given and not names else None
    found, total = kwic.concordance(names, study, settings_of(options), wanted, jobs=options["jobs"] or 1)
    if not total:
        click.echo(f"{options['kwic']!r} does not occur.")
        return
    rows = found.to_pylist()
    width = max(len(_one_line(row["hit"])) for row in rows)
    for row in rows:
        left, right = _one_line(row["left"])[-wanted.width :], _one_line(row["right"])[: wanted.width]
        hit = click.style(f"{_one_line(row['hit']):<{width}}", bold=True)
        about = plain(f"{row['model_kind']}  {row['dataset'] or ''}  {row['trace_id']}")
        click.echo(f"{left:>{wanted.width}}  {hit}  {right:<{wanted.width}}  {about}")
    click.echo(f"{len(rows):,} of {total:,} hits (seed {wanted.seed}, sorted by {wanted.sort})")
    if options["out"]:
        export.save(found.drop_columns(["rank"]).to_pandas(), options["out"])
        click.echo(f"Concordance: {options['out']}")


def _one_line(text: str) -> str:
    """Return a context on one line: white space as single spaces, the ends kept."""
    return plain(re.sub(r"\s+", " ", text))


def _question(options: dict[str, Any]) -> tokens.Question:
    return tokens.Question(
        per=options["per"],
        exclude=tuple(flag for flag in options["exclude"] if flag != "none"),
        reference=options["reference"],
        all_problems=options["all_problems"],
        condition=options["condition"],
    )
