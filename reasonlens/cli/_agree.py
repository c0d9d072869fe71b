"""What the commands of ``reasonlens agree`` do once they are called."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from reasonlens.cli._agree_tables import (
    print_agreement,
    print_cross_tab,
    print_imported,
    print_plan,
    print_rules_quality,
    print_trained,
)
from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.judges import Codebook, load_codebook, load_codebooks
from reasonlens.lexicon import definition
from reasonlens.lexicon.definition import DEFAULT_LEXICON
from reasonlens.stats.label_plan import labels_needed
from reasonlens.workflow import export
from reasonlens.workflow.agree_compare import Asked, compare_labels
from reasonlens.workflow.agree_import import import_labels, rows_of_labels
from reasonlens.workflow.agree_known import Known, known_of
from reasonlens.workflow.agree_labels import labels_of, plain
from reasonlens.workflow.behaviors_store import HUMAN

__all__ = [
    "show_comparison",
    "show_import",
    "show_keywords",
    "show_plan",
    "show_sample",
    "show_training",
]

_USUAL = Known(0.3, 0.85, 0.9, 1000, 1.0, "guesses")
_SHOWN = (
    "behavior",
    "unit",
    "unit_start",
    "unit_end",
    "trace_id",
    "model_kind",
    "model",
    "dataset",
    "problem_id",
)


def show_comparison(options: dict[str, Any]) -> None:
    """Compare two judges, print, and write what was asked for."""
    study = Study(options["study"])
    for name in ("out", "disagreements"):
        export.check(options[name])
    more, against = None, options["against"]
    if options["labels"]:
        who = _who(options["labels"])
        rows, _ = rows_of_labels(
            study, options["labels"], who, text=options["part"], codebooks=_codebooks(options)
        )
        more, against = plain(rows), against or f"{HUMAN}{who}"
    asked = Asked(options["judge"], against, options["part"], tuple(options["behaviors"]), options["by"])
    found = compare_labels(study, asked, more)
    print_agreement(found)
    if found.judge.startswith("rules@"):
        print_rules_quality(list(dict.fromkeys(found.rows["behavior"])))
    if options["disagreements"]:
        verdicts = [f"{name}_{side}" for name in ("verdict", "count", "rationale") for side in "ab"]
        listed = found.disagreements[[*_SHOWN, *verdicts]]
        sides = {"a": found.judge, "b": found.against}
        listed = listed.rename(columns={v: f"{v[:-2]} of {sides[v[-1]]}" for v in verdicts})
        export.save(listed, options["disagreements"])
        click.echo(f"Disagreements ({len(listed):,}): {options['disagreements']}")
    if options["out"]:
        export.save(found.rows, options["out"])
        click.echo(f"Rows: {options['out']}")
    click.echo(f"Study: {options['study']} (table agreement)")


def _who(path: Path) -> str:
    """Return a name for the person behind a file."""
    return "".join(c if c.isalnum() and c.isascii() else "-" for c in path.stem).strip("-")[:40] or "file"


def show_sample(options: dict[str, Any]) -> None:
    """Write a sheet to fill in."""
    from reasonlens.workflow.agree_sample import sample_sheet

    if options["out"].suffix.lower() != ".csv":
        raise InputError(f"--out {options['out']}: a sheet to fill in is a .csv file")
    names = [book.name for book in load_codebooks(options["behaviors"])]
    sheet = sample_sheet(
        Study(options["study"]), names, options["n"], text=options["part"], seed=options["seed"]
    )
    export.save(sheet.rows, options["out"])
    click.echo(
        f"{sheet.drawn:,} of {sheet.total:,} responses, {len(sheet.rows):,} rows to fill in: "
        f"{options['out']}\nThen: reasonlens agree import {options['study']} {options['out']} --who NAME"
    )


def show_import(options: dict[str, Any]) -> None:
    """Read labels of a person and say what was taken."""
    study = Study(options["study"])
    found = import_labels(
        study, options["file"], options["who"], text=options["part"], codebooks=_codebooks(options)
    )
    print_imported(found)
    click.echo(f"Study: {options['study']} (table labels)")
    names = labels_of(study, options["part"], list(found.labels))["judge"].unique()
    judges = sorted(name for name in names if not name.startswith(HUMAN))
    which = f" --judge {judges[0]}" if len(judges) > 1 else ""
    then = f"reasonlens agree compare {options['study']}{which} --against {found.judge}"
    if not judges:
        then = f"reasonlens behaviors {options['study']} -b {next(iter(found.labels))}"
    click.echo(f"Then: {then}")


def show_plan(options: dict[str, Any]) -> None:
    """Say how many labels are needed."""
    known = _USUAL
    if options["study"]:
        known = known_of(
            Study(options["study"]), options["judge"], _only(options["behaviors"]), options["part"], _USUAL
        )
    elif options["judge"] or options["behaviors"]:
        raise InputError("--judge and --behavior take what is known from labels; name the study with --study")

    def given(name: str, otherwise: float) -> float:
        return otherwise if options[name] is None else options[name]

    numbers = {
        name: given(name, getattr(known, name)) for name in ("prevalence", "sensitivity", "specificity")
    }
    judged = int(given("judged", known.judged))
    per_problem = given("per_problem", known.per_problem)
    design = 1 + (per_problem - 1) * options["correlation"]
    found = labels_needed(options["width"], **numbers, judged=judged, design=design)
    behavior = options["behaviors"][0] if options["behaviors"] else "BEHAVIOR"
    print_plan(found, options["width"], numbers, judged, design, known.source, behavior)


def _only(behaviors: Sequence[str]) -> str:
    if len(behaviors) != 1:
        raise InputError("name the one behavior that is planned for: --behavior NAME")
    return behaviors[0]


def show_training(options: dict[str, Any]) -> None:
    """Train a local judge and say how good it is."""
    from reasonlens.workflow.agree_train import EMBEDDING, STEPS, train

    study = Study(options["study"])
    judge = options["judge"] or _only_judge(study, options["part"])
    with _watched(STEPS + EMBEDDING if options["embeddings"] else STEPS) as advance:
        found = train(
            study,
            judge,
            options["name"],
            behaviors=options["behaviors"],
            text=options["part"],
            codebooks=_codebooks(options),
            path=options["out"],
            embeddings=options["embeddings"],
            progress=advance,
        )
    print_trained(found)
    click.echo(f"\nJudge: {found.path}")
    click.echo(f"Then: reasonlens behaviors STUDY --judge local --model {found.path}")


def _only_judge(study: Study, text: str) -> str:
    known = sorted(labels_of(study, text)["judge"].unique())
    if len(known) > 1:
        raise InputError(f"whose labels? Name one with --from: {', '.join(known)}")
    return str(known[0])


def show_keywords(options: dict[str, Any]) -> None:
    """Cross keywords with behaviors and print."""
    from reasonlens.workflow.agree_keywords import cross_tab

    export.check(options["out"])
    lexicons = [definition.load(name) for name in options["lexicons"] or (DEFAULT_LEXICON,)]
    found = cross_tab(
        Study(options["study"]),
        lexicons,
        judge=options["judge"],
        behaviors=options["behaviors"],
        text=options["part"],
    )
    print_cross_tab(found)
    if options["out"]:
        export.save(found.behaviors, options["out"])
        click.echo(f"Behaviors against keywords: {options['out']}")


def _codebooks(options: dict[str, Any]) -> list[Codebook]:
    return [load_codebook(path) for path in options["codebooks"]]


@contextmanager
def _watched(steps: int) -> Iterator[Callable[[float], None]]:
    """Yield what takes finished steps; a bar shows them if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("training", total=steps)
        yield lambda n: bar.advance(task, n)
