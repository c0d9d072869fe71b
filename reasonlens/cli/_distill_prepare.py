"""What ``reasonlens distill prepare`` does and says."""

from __future__ import annotations

from typing import Any

import click

from reasonlens.backends import _templates
from reasonlens.cli._ingested import report, settings_of
from reasonlens.cli._inputs import inputs_of, study_at
from reasonlens.cli._print import plain, show_table
from reasonlens.cli._progress import watched, watched_items
from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.distill.account import FILTERS, Account, quartiles
from reasonlens.distill.contamination import Benchmarks
from reasonlens.workflow import problem_sets
from reasonlens.workflow.distill_prepare import Settings, prepare, teachers_of
from reasonlens.workflow.ingest import ingest
from reasonlens.workflow.run import Plan

__all__ = ["run"]

_SHOWN = 5


def run(options: dict[str, Any]) -> None:
    """Read, choose, write, and say what was dropped."""
    names, given = inputs_of(options)
    if not names and given is None:
        raise InputError("name output files, or a study with --study DIR")
    template = _templates.load(options["template"])
    benchmarks = _benchmarks(options)
    with study_at(given) as folder:
        if names or given is None:
            with watched() as bar:
                outcome = ingest(
                    names,
                    Plan(folder),
                    settings_of(options),
                    jobs=options["jobs"],
                    begin=bar.begin,
                    progress=bar.advance,
                )
            report(outcome, strict=options["strict"])
        study = Study(folder)
        settings = Settings(
            template=template,
            teachers=teachers_of(study, options["teachers"]),
            layout=options["layout"],
            only_correct=options["filter_name"] == "correct",
            **{name: options[name] for name in _SAME},
        )
        with watched_items("choosing and writing") as items:
            account = prepare(
                study,
                settings,
                options["out"],
                benchmarks=benchmarks,
                begin=items.begin,
                progress=items.advance,
            )
    _print(account, settings)
    click.echo(f"Set: {options['out'] / 'train.jsonl'} and train.parquet; card: README.md, report.json.")
    click.echo(f"Next: reasonlens distill sft --model MODEL --data {options['out']} --out STUDENT")


_SAME = (
    "tokenizer",
    "max_tokens",
    "min_tokens",
    "keep_long",
    "duplicate",
    "same_problem",
    "per_problem",
    "order",
    "limit",
    "seed",
)


def _benchmarks(options: dict[str, Any]) -> Benchmarks | None:
    if not options["against"]:
        return None
    found = problem_sets.load(options["against"], folder=options["problems_dir"])
    made = Benchmarks(options["ngram"])
    for dataset in found.datasets:
        mine = [p for p in found.problems if p.dataset == dataset]
        made.add(dataset, ((p.problem_id, p.statement) for p in mine))
    for note in found.notes:
        click.echo(f"  {plain(note)}", err=True)
    return made


def _print(account: Account, settings: Settings) -> None:
    rows: list[list[object]] = [["read", f"{account.traces:,}"]]
    rows += [[FILTERS[n], f"-{account.dropped[n]:,}"] for n in FILTERS if account.dropped[n]]
    rows.append(["kept", f"{account.kept:,}"])
    show_table(rows, ["traces of teachers", "number"], "Training set", 1)
    verdicts = ", ".join(f"{n:,} {name}" for name, n in account.correct.most_common())
    click.echo(f"{account.problems_kept:,} of {account.problems_in:,} problems; kept traces: {verdicts}.")
    if settings.max_tokens and settings.keep_long:
        click.echo(
            f"{account.lose_answer:,} kept traces would lose their answer at {settings.max_tokens:,} tokens."
        )
    if account.unfinished or account.without_reasoning or account.without_answer:
        click.echo(
            f"Kept as they are: {account.unfinished:,} cut off or looping, "
            f"{account.without_reasoning:,} without marked reasoning, "
            f"{account.without_answer:,} with nothing after it."
        )
    counts = quartiles(account.tokens)
    if counts:
        click.echo(f"Tokens: median {counts['median']:,}, {counts['min']:,} to {counts['max']:,}.")
    for hit in account.contaminated[:_SHOWN]:
        shared = f": {plain(hit['shared'])}" if hit["shared"] else ""
        click.echo(f"  {hit['problem_id']} stands in {plain(hit['benchmark'])} (by {hit['how']}{shared})")
    if len(account.contaminated) > _SHOWN:
        click.echo(f"  and {len(account.contaminated) - _SHOWN:,} more; all in report.json")
