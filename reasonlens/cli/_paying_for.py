"""Whether questions that are not those of a judge may be asked, and at which price."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from reasonlens.calls.journal import Journal
from reasonlens.calls.keys import api_key, check_address
from reasonlens.calls.limits import Limits
from reasonlens.calls.plan import plan
from reasonlens.cli._paying import STOP, ceiling, say_plan

if TYPE_CHECKING:
    from reasonlens.calls import Request, Sampling
    from reasonlens.structure.llm import Asking

__all__ = ["allowed"]


def allowed(
    options: dict[str, Any], asking: Asking, sampling: Sampling, requests: Iterable[Request], name: str
) -> bool:
    """Say what is to be asked and its price, and set the limit of cost; tell whether to go on.

    Raises
    ------
    InputError
        If it may cost more than allowed and nobody is here to be asked.
    """
    limits = asking.limits or Limits()
    check_address(asking.endpoint.base_url, insecure=asking.endpoint.insecure)
    if asking.journal.exists():
        with Journal(asking.journal) as journal:
            found = plan(requests, asking.endpoint, asking.drawn(sampling), journal, limits.prices)
    else:
        found = plan(requests, asking.endpoint, asking.drawn(sampling), None, limits.prices)
    say_plan(found, name, asking.endpoint.base_url, limits.concurrency)
    if options["dry_run"]:
        click.echo("This was a dry run: nothing was asked.")
        return False
    if not found.calls and not limits.again:
        return True
    api_key(asking.endpoint)  # before anybody is asked to agree to a price
    most = ceiling(found, options["max_cost"], options["stop_at"], yes=options["yes"])
    if most == STOP:
        click.echo("Nothing was asked.", err=True)
        return False
    asking.limits = replace(limits, max_cost=most)
    return True
