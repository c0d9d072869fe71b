"""What a run that asks a classification endpoint will ask, and whether it may."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import click

from reasonlens.calls.ask import Limits
from reasonlens.calls.plan import tokens_in
from reasonlens.calls.prices import Price, load
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
    calls = steps = chars = 0
    ids, _ = behaviors.chosen(study, wanted)
    for batch in behaviors.batches(study, asking, wanted, ids, behaviors.Account()):
        for request in asking.requests(batch.texts, batch.behaviors, repeat=batch.repeat):
            calls += 1
            steps += len(request.statements)
            chars += len(request.text) + sum(map(len, request.statements))
    click.echo(
        f"{asking.name} at {asking.endpoint.base_url}: {steps:,} questions in at most {calls:,} calls\n"
        "  not validated: compare it with labels of people before you use its rates (reasonlens agree)",
        err=True,
    )
    table = limits.prices or load()
    price = table.of(asking.endpoint)
    _say(chars, price, table.date)
    if options["dry_run"]:
        click.echo("This was a dry run: nothing was asked.")
        return None
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


def _say(chars: int, price: Price | None, date: str) -> None:
    """Say about how much is asked, and what it costs: answers are a number each, and not counted."""
    low, high = tokens_in(chars)
    if price is None:
        cost = f"unknown for this model (--prices FILE; table of {date})"
    elif price.free:
        cost = "nothing (a server of your own)"
    else:
        cost = f"${price.of(low, 0):.2f} to ${price.of(high, 0):.2f} (table of {date})"
    click.echo(f"  tokens: about {low:,} to {high:,} in; price: {cost}", err=True)
