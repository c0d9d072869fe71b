"""What ``reasonlens structure`` does once it is called."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reasonlens.calls import Endpoint
from reasonlens.cli._ingested import read_in
from reasonlens.cli._inputs import inputs_of, study_at
from reasonlens.cli._progress import watched, watched_items
from reasonlens.cli._structure_tables import print_structure
from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.structure.baseline import Baseline
from reasonlens.structure.match import LexicalMatcher
from reasonlens.workflow import export
from reasonlens.workflow.behaviors import journal_of
from reasonlens.workflow.run import Plan
from reasonlens.workflow.structure import structure_rates
from reasonlens.workflow.structure_chosen import Account, Chosen
from reasonlens.workflow.structure_pairs import Pairing, compare_study, outstanding
from reasonlens.workflow.structure_steps import batches, decompose_study

if TYPE_CHECKING:
    from reasonlens.structure.decompose import Decomposer
    from reasonlens.structure.llm import Asking
    from reasonlens.structure.match import Matcher

__all__ = ["show"]


def show(options: dict[str, Any]) -> None:
    """Read, decompose what is missing, compare, print, and say where everything went."""
    names, given = inputs_of(options)
    export.check(options["out"])
    asked = "llm" in (options["decomposer"], options["matcher"])
    if asked and given is None:
        raise InputError("answers that were paid for must be kept somewhere; add --study DIR")
    if options["aligned"] and options["matcher"] != "llm":
        raise InputError("--aligned is for --matcher llm; the lexical matcher always looks at all pairs")
    chosen = _chosen(options)
    with study_at(given) as folder:
        with watched() as bar:
            read_in(names, Plan(folder), options, bar)
        study = Study(folder)
        decomposer = _decomposer(options, folder)
        if not _may_decompose(options, study, decomposer, chosen):
            return
        with watched_items("steps") as items:
            account = decompose_study(study, decomposer, chosen, begin=items.begin, progress=items.advance)
        _say_steps(account)
        matcher = _matcher(options, folder)
        if not _may_match(options, study, decomposer, matcher, chosen):
            return
        with watched_items("comparing") as items:
            pairing = compare_study(
                study, decomposer, matcher, chosen, begin=items.begin, progress=items.advance
            )
        _say_pairs(pairing)
        found = structure_rates(study, decomposer, matcher, chosen)
        print_structure(found, decomposer, matcher)
        if options["out"]:
            export.save(found.rows, options["out"])
            click.echo(f"Rows: {options['out']}")
        if given is None:
            click.echo("Nothing else was kept; add --study DIR to keep the steps.")
        else:
            click.echo(f"Study: {given} (tables steps, structure, structure_rates)")


def _chosen(options: dict[str, Any]) -> Chosen:
    retry = tuple(x.strip() for x in (options["retry"] or "").split(",") if x.strip())
    return Chosen(
        teachers=tuple(options["teachers"]),
        students=tuple(options["students"]),
        teacher_samples=options["teacher_samples"],
        dataset=options["only"],
        condition=options["condition"] or "baseline",
        sample=options["sample"],
        exclude=tuple(flag for flag in options["exclude"] if flag != "none"),
        retry=retry,
    )


def _asking(options: dict[str, Any], folder: Path) -> Asking:
    from reasonlens.calls.limits import Limits
    from reasonlens.calls.prices import load
    from reasonlens.structure.llm import Asking

    usual = Endpoint()
    endpoint = replace(
        usual,
        base_url=options["base_url"] or usual.base_url,
        model=options["asked_model"] or usual.model,
        key_env=options["key_env"] or usual.key_env,
        insecure=options["insecure_http"],
    )
    prices = load(options["prices"]) if options["prices"] else None
    limits = Limits(concurrency=options["concurrency"], again=bool(options["retry"]), prices=prices)
    return Asking(endpoint, journal_of(folder), limits, plain=options["no_sampling"])


def _decomposer(options: dict[str, Any], folder: Path) -> Decomposer:
    if options["decomposer"] == "baseline":
        return Baseline()
    from reasonlens.structure.llm import LlmDecomposer

    return LlmDecomposer(_asking(options, folder))


def _matcher(options: dict[str, Any], folder: Path) -> Matcher:
    if options["matcher"] == "lexical":
        return LexicalMatcher()
    from reasonlens.structure.match import LlmMatcher

    return LlmMatcher(_asking(options, folder), whole=options["aligned"])


def _may_decompose(options: dict[str, Any], study: Study, decomposer: Decomposer, chosen: Chosen) -> bool:
    """Say what is to be decomposed and at which price; tell whether to go on."""
    from reasonlens.structure.llm import SAMPLING, LlmDecomposer

    todo = batches(study, decomposer, chosen, Account())
    if isinstance(decomposer, LlmDecomposer):
        from reasonlens.cli._paying_for import allowed

        requests = (request for batch in todo for request in decomposer.requests(batch.items))
        return allowed(options, decomposer.asking, SAMPLING, requests, decomposer.name)
    if options["dry_run"] and options["matcher"] == "lexical":
        n = sum(len(batch.items) for batch in todo)
        click.echo(f"{decomposer.name} would decompose {n:,} responses, at no cost")
        return False
    return True


def _may_match(
    options: dict[str, Any], study: Study, decomposer: Decomposer, matcher: Matcher, chosen: Chosen
) -> bool:
    from reasonlens.structure.match import SHORT, LlmMatcher

    if not isinstance(matcher, LlmMatcher):
        return True
    from reasonlens.cli._paying_for import allowed

    pairs = [(a.steps, b.steps) for a, b in outstanding(study, decomposer, matcher, chosen)]
    return allowed(options, matcher.asking, SHORT, matcher.requests(pairs), f"{matcher.name}, at most")


def _say_steps(account: Account) -> None:
    left = "; ".join(f"{why}: {n:,}" for why, n in account.left_out.items())
    why = f" (left out: {left})" if left else ""
    failed = {state: n for state, n in account.states.items() if state != "ok"}
    states = "; ".join(f"{state}: {n:,}" for state, n in failed.items()) or "none"
    unplaced = f", {account.unplaced:,} not found in their text" if account.unplaced else ""
    click.echo(
        f"{account.traces:,} responses, {account.chosen:,} to be decomposed{why}; {account.done:,} are new, "
        f"{account.kept:,} were there; {account.steps:,} steps{unplaced}; without steps: {states}",
        err=True,
    )


def _say_pairs(pairing: Pairing) -> None:
    failed = "; ".join(f"{state}: {n:,}" for state, n in pairing.states.items() if state != "ok")
    click.echo(
        f"{pairing.pairs:,} pairs of student and teacher; {pairing.done:,} are new, {pairing.kept:,} were "
        f"there; without score: {failed or 'none'}",
        err=True,
    )
