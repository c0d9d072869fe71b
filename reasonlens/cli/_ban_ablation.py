"""What ``reasonlens ban-ablation`` does and says."""

from __future__ import annotations

from typing import Any

import click

from reasonlens.backends import SamplingParams, _templates
from reasonlens.cli._ban_explain import explain
from reasonlens.cli._ban_spec import read_spec, write_spec
from reasonlens.cli._ban_tables import show
from reasonlens.cli._generate import drawing, duration, engine_options, report, say_problems
from reasonlens.cli._progress import watched_items
from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.stats.power import beta_sampling_variance, detectable_difference
from reasonlens.workflow import problem_sets
from reasonlens.workflow.ban_arms import Design, doses, first_arms
from reasonlens.workflow.ban_experiment import draw
from reasonlens.workflow.ban_explain import ban_of
from reasonlens.workflow.ban_results import check, results
from reasonlens.workflow.generate import Spec, connected

__all__ = ["run"]


def run(options: dict[str, Any]) -> None:
    """Explain, plan, or run the experiment."""
    if options["spec"] is not None:
        options = read_spec(options["spec"], options)
    if options["write_spec"] is not None:
        write_spec(options["write_spec"], options)
    listed = [word.strip() for word in (options["words"] or "").split(",") if word.strip()]
    if not listed and not options["categories"]:
        raise InputError("name what to ban, for instance --ban wait,perhaps,alternatively,but")
    manner = _manner(options)
    ban = ban_of(listed, options["categories"], **manner)
    if options["explain"]:
        explain(ban, options)
        return
    for name in ("model", "names"):
        if not options[name]:
            raise InputError(f"name --{'problems' if name == 'names' else name}, or ask for --explain")
    design = Design(
        tuple(ban.words),
        options["controls"],
        options["doses"],
        options["leave_in"],
        seed=options["seed"],
        options=tuple(manner.items()),
        against=options["keyness_against"],
    )
    problems = problem_sets.load(options["names"], folder=options["problems_dir"], limit=options["limit"])
    say_problems(problems)
    if options["plan"]:
        _plan(options, design, len(problems.problems))
        return
    if options["study"] is None:
        raise InputError("name a --study, where the traces and the effects are kept")
    spec = Spec(
        backend=options["backend"],
        model=options["model"],
        template=_templates.load(options["template"]),
        sampling=SamplingParams(
            temperature=options["temperature"], top_p=options["top_p"], max_tokens=options["max_tokens"]
        ),
        n=options["n"],
        seed=options["seed"],
    )
    later = {name: options[name] for name in ("difficulty_from", "behaviors")}
    check(options["study"], spec.name, **later)
    processors = [ban.bind(None).processor_path]
    engine = connected(
        spec.backend, spec.model, problems, engine_options(options["options"]), processors=processors
    )
    with engine as backend, drawing() as progress:
        drawn = draw(str(options["study"]), spec, problems, backend, design, progress=progress)
    with watched_items("judging behaviors") as bar:
        found = results(
            Study(options["study"]),
            spec.name,
            drawn.arms,
            design,
            **later,
            begin=bar.begin,
            progress=bar.advance,
        )
    show(found, drawn.layout, design)
    for made in drawn.generated:
        if made.n_failed:
            report(made)
    click.echo(f"Study: {options['study']} (table effects). The pairs: reasonlens view {options['study']}")


def _manner(options: dict[str, Any]) -> dict[str, Any]:
    """Return what a ban takes beside its words; what is at its default is left to it."""
    manner: dict[str, Any] = {"mode": options["mode"], "latex": "skip"}
    if options["penalty"] is not None:
        manner["penalty"] = -abs(options["penalty"])
    if options["probability"] != 1:
        manner["probability"] = options["probability"]
    if options["phase"] != "all":
        manner["phase"] = options["phase"]
    if options["phase"] == "first_quarter":
        manner["max_tokens"] = options["max_tokens"]
    return manner


def _plan(options: dict[str, Any], design: Design, problems: int) -> None:
    """Say how much there is to draw, and what effect could be seen."""
    arms = len(first_arms(design)) + 1 + design.controls  # 1: the placebo
    orders = 1 + (design.against is not None)
    arms += orders * len(doses(design.words)) if design.doses else 0
    traces = arms * problems * options["n"]
    tokens, rate, gpus = traces * options["max_tokens"], options["tokens_per_second"], options["gpus"]
    seconds = tokens / rate
    least = detectable_difference(problems, options["n"], variance=beta_sampling_variance(0.4, 0.8))
    click.echo(f"{arms} arms x {problems:,} problems x {options['n']} samples = {traces:,} traces")
    click.echo(
        f"At most {tokens:,} tokens: {duration(seconds)} at {rate:,.0f} tokens/s (--tokens-per-second), "
        f"{_hours(gpus * seconds / 3600)} GPU-hours on {gpus} GPU{'s' if gpus > 1 else ''} (--gpus)"
    )
    click.echo(
        f"Smallest difference in accuracy found with 80% power: {100 * least:.1f} points "
        "(paired t, alpha .05, problems as hard as AIME for a middling model: Beta(.4, .8), "
        "effects that differ by 5 points)"
    )
    if 0 < design.controls < 19:
        click.echo("Fewer than 19 control sets: the rank of the target among them cannot reach p = .05")


def _hours(hours: float) -> str:
    return f"{hours:,.0f}" if hours >= 10 else f"{hours:.2g}"
