"""What a run that asks a classification endpoint will ask, and whether it may."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import click

from reasonlens.calls.ask import Limits
from reasonlens.calls.prices import load
from reasonlens.core.errors import InputError
from reasonlens.judges.decisions import Decisions
from reasonlens.workflow import behaviors

if TYPE_CHECKING:
    from reasonlens.core.study import Study
    from reasonlens.judges import Judge

__all__ = ["agreed"]


def agreed(options: dict[str, Any], study: Study, judge: Judge, wanted: behaviors.Wanted) -> Decisions | None:
    """Say what the run will ask; return the judge with its limit of cost, or ``None`` to stop.

    Raises
    ------
    InputError
        If the price is not known and nobody is here to be asked.
    """
    asking = cast("Decisions", judge)
    limits = asking.limits or Limits()
    calls = steps = 0
    ids, _ = behaviors.chosen(study, wanted)
    for batch in behaviors.batches(study, asking, wanted, ids, behaviors.Account()):
        for request in asking.requests(batch.texts, batch.behaviors, repeat=batch.repeat):
            calls += 1
            steps += len(request.statements)
    click.echo(
        f"{asking.name} at {asking.endpoint.base_url}: {steps:,} questions in at most {calls:,} calls\n"
        "  not validated: compare it with labels of people before you use its rates (reasonlens agree)",
        err=True,
    )
    if options["dry_run"]:
        click.echo("This was a dry run: nothing was asked.")
        return None
    price = (limits.prices or load()).of(asking.endpoint)
    if not calls or (price is not None and price.free):
        return asking
    if price is not None:
        return replace(asking, limits=replace(limits, max_cost=options["stop_at"] or options["max_cost"]))
    if options["stop_at"] is not None:
        raise InputError("--stop-at needs a price for the model; add one: --prices FILE")
    if not options["yes"] and not sys.stdin.isatty():
        raise InputError("The price is not known. Nobody is here to be asked: add --yes")
    if options["yes"] or click.confirm("The price is not known. Go on?", default=False, err=True):
        return asking
    click.echo("Nothing was asked.", err=True)
    return None
