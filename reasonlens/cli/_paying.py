"""What a run that asks a language model will cost, whether it may, and batches that are under way."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import click

from reasonlens.calls.answers import answer_of
from reasonlens.calls.ask import Limits
from reasonlens.calls.batch import under_way
from reasonlens.calls.journal import Journal
from reasonlens.calls.keys import api_key, check_address
from reasonlens.calls.plan import Plan, plan
from reasonlens.calls.prices import load
from reasonlens.cli._print import number_of
from reasonlens.core.errors import InputError
from reasonlens.judges._receipts import wire_of
from reasonlens.judges.llm import JUDGING, LlmJudge
from reasonlens.workflow import behaviors

if TYPE_CHECKING:
    from reasonlens.calls import Answer, Request, Sampling
    from reasonlens.core.study import Study
    from reasonlens.judges import Judge

__all__ = ["STOP", "agreed", "asking_of", "ceiling", "say_plan", "without_sampling"]

_AGAIN = {"refused", "unparsed", "failed"}


def asking_of(options: dict[str, Any]) -> dict[str, Any]:
    """Return what the options of a command say of asking, for the settings of the judge."""
    retry = {x.strip() for x in (options["retry"] or "").split(",")}
    prices = load(options["prices"]) if options["prices"] else None
    return {
        "base_url": options["base_url"],
        "key_env": options["key_env"],
        "insecure": options["insecure_http"],
        "sampling": without_sampling(JUDGING) if options["no_sampling"] else None,
        "form": "text" if options["json_in_text"] else None,
        "longest": options["longest"],
        "limits": Limits(concurrency=options["concurrency"], again=bool(retry & _AGAIN), prices=prices),
    }


def without_sampling(usual: Sampling) -> Sampling:
    """Return `usual` with nothing said of how answers are drawn."""
    return replace(usual, temperature=None, top_p=None, seed=None)


def agreed(options: dict[str, Any], study: Study, judge: Judge, wanted: behaviors.Wanted) -> LlmJudge | None:
    """Say what the run will ask and cost; return the judge with its limit of cost, or ``None`` to stop.

    Raises
    ------
    InputError
        If it may cost more than allowed and nobody is here to be asked.
    """
    asking = cast("LlmJudge", judge)
    limits = asking.limits or Limits()
    if options["batch"] and limits.again:
        raise InputError("--retry asks anew what was answered, which a batch does not; leave --batch out")
    check_address(asking.endpoint.base_url, insecure=asking.endpoint.insecure)
    journal_there = asking.journal.exists()
    if not journal_there and options["dry_run"]:
        found = plan(_requests(study, asking, wanted), asking.endpoint, asking.sampling, None, limits.prices)
    else:
        with Journal(asking.journal) as journal:
            sent = under_way(journal, asking.endpoint)
            found = plan(
                _requests(study, asking, wanted),
                asking.endpoint,
                asking.sampling,
                journal,
                limits.prices,
                batch=options["batch"],
                settled=_settled(asking, journal) if limits.again else lambda key, request: True,
                under_way=sent,
            )
    say_plan(found, asking.name, asking.endpoint.base_url, limits.concurrency, batch=options["batch"])
    if options["dry_run"]:
        click.echo("This was a dry run: nothing was asked.")
        return None
    if found.waiting and not options["batch"]:
        raise InputError(
            f"{number_of(found.waiting, 'question')} are in a batch already and would be paid twice; "
            "run with --batch to see how it stands and to collect"
        )
    if not found.calls:
        return _batched(asking, study, wanted) if found.waiting else asking
    api_key(asking.endpoint)  # before anybody is asked to agree to a price
    most = ceiling(found, options["max_cost"], options["stop_at"], yes=options["yes"])
    if most == STOP:
        click.echo("Nothing was asked.", err=True)
        return None
    asking = replace(asking, limits=replace(limits, max_cost=most))
    return _batched(asking, study, wanted) if options["batch"] else asking


STOP = -1.0
"""Nothing is to be asked."""


def _settled(judge: LlmJudge, journal: Journal) -> Callable[[str, Request], bool]:
    """Return what tells whether the journal holds a usable answer; others are asked for again."""
    wire = wire_of(judge.endpoint, judge.sampling)

    def settled(key: str, request: Request) -> bool:
        stored = journal.get(key)
        return answer_of(key, stored, partial(wire.read, request), from_journal=True).state == "ok"

    return settled


def _requests(study: Study, judge: LlmJudge, wanted: behaviors.Wanted) -> Iterator[Request]:
    ids, _ = behaviors.chosen(study, wanted)
    for batch in behaviors.batches(study, judge, wanted, ids, behaviors.Account()):
        texts = [text for text in batch.texts if text.strip()]
        yield from judge.requests(texts, batch.behaviors, repeat=batch.repeat)


def say_plan(found: Plan, name: str, where: str, concurrency: int, *, batch: bool = False) -> None:
    """Say what `name` at the address `where` will be asked, and at which price."""
    same = f", {found.duplicates:,} the same" if found.duplicates else ""
    same += f", {found.waiting:,} in a batch on its way" if found.waiting else ""
    click.echo(
        f"{name} at {where}: {number_of(found.requests, 'question')}, "
        f"{found.from_journal:,} answered in the journal{same}, {number_of(found.calls, 'call')} to make",
        err=True,
    )
    if not found.calls:
        return
    tokens = [f"{low:,} to {high:,}" for low, high in (found.prompt_tokens, found.completion_tokens)]
    time = f"about {_duration(found.seconds(concurrency))} at {concurrency} under way"
    time = "within a day" if batch else time
    click.echo(f"  tokens: {tokens[0]} in, {tokens[1]} out; time: {time}", err=True)
    if found.cost is None:
        click.echo(f"  price: unknown for this model (--prices FILE; table of {found.price_date})", err=True)
    else:
        low, high = found.cost
        dollars = f"${low:.2f} to ${high:.2f} (table of {found.price_date})"
        click.echo(f"  price: {dollars if high else 'nothing (a server of your own)'}", err=True)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def ceiling(found: Plan, allowed: float, stop_at: float | None, *, yes: bool) -> float | None:
    """Return the most that the run may cost (``None``: no limit can be kept), or `STOP`.

    Raises
    ------
    InputError
        If it may cost more than allowed and nobody is here to be asked.
    """
    if found.cost is None:
        if stop_at is not None:
            raise InputError("--stop-at needs a price for the model; add one: --prices FILE")
        way = "give a price with --prices FILE"
        return None if _confirmed("The price is not known. Go on?", way, yes=yes) else STOP
    high = found.cost[1]
    if high == 0:
        return None
    most = high if stop_at is None else min(high, stop_at)
    if most <= allowed:
        return allowed if stop_at is None else most
    question = f"This may cost up to ${most:.2f}, more than --max-cost {allowed:g}. Go on?"
    return most if _confirmed(question, "allow it with --max-cost", yes=yes) else STOP


def _confirmed(question: str, way: str, *, yes: bool) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        raise InputError(f"{question} Nobody is here to answer: add --yes, or {way}")
    return click.confirm(question, default=False, err=True)


def _batched(judge: LlmJudge, study: Study, wanted: behaviors.Wanted) -> LlmJudge | None:
    """Submit what is missing; return a judge that takes in the answers once all batches are done."""
    from reasonlens.calls.batch import Batches

    prices = judge.limits.prices if judge.limits else None
    with Journal(judge.journal) as journal:
        batches = Batches(judge.endpoint, judge.sampling, journal, prices=prices)
        n = batches.submit(_requests(study, judge, wanted))
        status = batches.look()
    click.echo(
        f"Batches: {n:,} questions submitted now, {status.submitted:,} in all, {status.answered:,} answered",
        err=True,
    )
    for name, state in status.states.items():
        click.echo(f"  {name}: {state}", err=True)
    for name, why in status.problems.items():
        click.echo(f"  {name} failed: {why}; its questions are asked again", err=True)
    if not status.done:
        click.echo("Not done yet. Run the same command again to collect (it can take up to a day).")
        return None
    return replace(judge, collected=partial(_collected, judge))


def _collected(
    judge: LlmJudge, requests: Iterator[Request], journal: Journal
) -> Iterator[tuple[int, Answer]]:
    from reasonlens.calls.batch import Batches

    yield from Batches(judge.endpoint, judge.sampling, journal).answers(
        requests, wire=wire_of(judge.endpoint, judge.sampling)
    )
