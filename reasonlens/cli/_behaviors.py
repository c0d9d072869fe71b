"""What ``reasonlens behaviors`` does once it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reasonlens.calls.limits import CostLimitError
from reasonlens.cli._behavior_tables import print_quotes, print_rates, print_verdicts
from reasonlens.cli._ingested import read_in
from reasonlens.cli._inputs import inputs_of, study_at
from reasonlens.cli._judging import judge_of, watched_judging
from reasonlens.cli._print import number_of
from reasonlens.cli._progress import watched
from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.judges import DEFAULT_BEHAVIORS, Codebook, Judge, load_codebooks
from reasonlens.lexicon import definition
from reasonlens.lexicon.definition import DEFAULT_LEXICON
from reasonlens.workflow import behaviors, export
from reasonlens.workflow.behaviors_rates import Asked, Rates, rates
from reasonlens.workflow.run import Plan

__all__ = ["show"]


def show(options: dict[str, Any]) -> None:
    """Bring the study up to date, judge what is missing, print rates, and say where everything went."""
    names, given = inputs_of(options)
    export.check(options["out"])
    codebooks = tuple(load_codebooks(options["behaviors"] or DEFAULT_BEHAVIORS))
    if options["judge_kind"] in behaviors.ASKING and given is None:
        raise InputError("answers that were paid for must be kept somewhere; add --study DIR")
    wanted = _wanted(options, codebooks)
    with study_at(given) as folder, watched_judging() as live:
        judge = judge_of(options, folder, live)
        for codebook in codebooks:  # said before the work
            if why := judge.refuses(codebook):
                raise InputError(why)
        plan = Plan(folder, text=options["part"], lexicons=(definition.load(DEFAULT_LEXICON),))
        with watched() as bar:
            read_in(names, plan, options, bar)
        study = Study(folder)
        going = _going(options, study, judge, wanted)
        if going is None:
            return
        try:
            account = behaviors.judge_study(
                study,
                going,
                wanted,
                at_once=max(behaviors.AT_ONCE, 4 * options["concurrency"]),
                begin=live.begin,
                progress=live.advance,
            )
        except KeyboardInterrupt:
            live.end()
            if options["judge_kind"] in behaviors.ASKING:
                kept = behaviors.journal_of(folder)
                click.echo(f"\nAnswers are kept in {kept}; run the same command to go on.", err=True)
            raise
        except CostLimitError as error:
            live.end()
            more = "with a larger --stop-at" if options["stop_at"] else "again"
            raise CostLimitError(f"{error}. Run the same command {more} to go on") from None
        live.end()
        _say(account)
        if not account.chosen:
            raise InputError("no response is left to be judged; see --exclude and --condition")
        asked = Asked(
            judge.name,
            tuple(codebook.name for codebook in codebooks),
            reference=options["reference"],
            exclude=wanted.exclude,
            condition=options["condition"],
        )
        found = rates(study, plan, asked)
        _print(study, plan, judge.name, codebooks, found, options["quotes"])
        _keep(options, found, given)


def _going(options: dict[str, Any], study: Study, judge: Judge, wanted: behaviors.Wanted) -> Judge | None:
    """Say what the run will do and cost; return the judge to ask, or ``None`` if nothing is to be done."""
    if options["judge_kind"] == "llm":
        from reasonlens.cli._paying import agreed

        return agreed(options, study, judge, wanted)
    if options["judge_kind"] == "decisions":
        from reasonlens.cli import _deciding

        return _deciding.agreed(options, study, judge, wanted)
    if options["dry_run"]:
        ids, _ = behaviors.chosen(study, wanted)
        n = behaviors.outstanding(study, judge, wanted, ids)
        click.echo(f"{judge.name} would judge {n:,} responses, at no cost")
        return None
    return judge


def _wanted(options: dict[str, Any], codebooks: tuple[Codebook, ...]) -> behaviors.Wanted:
    retry = tuple(x.strip() for x in (options["retry"] or "").split(",") if x.strip())
    return behaviors.Wanted(
        codebooks,
        text=options["part"],
        sample=options["sample"],
        seed=options["seed"],
        repeats=options["repeats"],
        retry=retry,
        exclude=tuple(flag for flag in options["exclude"] if flag != "none"),
        condition=options["condition"],
    )


def _say(account: behaviors.Account) -> None:
    left = "; ".join(f"{why}: {n:,}" for why, n in account.left_out.items())
    why = f" (left out: {left})" if left else ""
    click.echo(
        f"{number_of(account.traces, 'response')}, {account.chosen:,} to be judged{why}; "
        f"{account.done:,} {'verdict is' if account.done == 1 else 'verdicts are'} new, "
        f"{account.kept:,} {'was' if account.kept == 1 else 'were'} there",
        err=True,
    )


def _print(
    study: Study, plan: Plan, judge: str, codebooks: tuple[Codebook, ...], found: Rates, quotes: int
) -> None:
    print_rates(found)
    print_verdicts(found)
    if quotes:
        print_quotes(study, plan.text, judge, codebooks, quotes)
    if own := [codebook.name for codebook in codebooks if codebook.status == "reconstructed"]:
        click.echo(
            "Note: named by a source that gives no rules to judge by, and defined by reasonlens: "
            f"{', '.join(own)} (reasonlens show behavior {own[0]})"
        )


def _keep(options: dict[str, Any], found: Rates, given: Path | None) -> None:
    if options["out"]:
        export.save(found.rows, options["out"])
        click.echo(f"Rows: {options['out']}")
    if given is None:
        click.echo("Nothing else was kept; add --study DIR to keep the labels.")
    else:
        click.echo(f"Study: {given} (tables labels, comparisons)")
