"""What ``reasonlens ban-ablation`` does and says."""

from __future__ import annotations

import math
from typing import Any

import click
import pandas as pd

from reasonlens.backends import SamplingParams, _templates
from reasonlens.cli._generate import drawing, duration, engine_options, report, say_problems
from reasonlens.cli._print import interval, number, p_value, plain, show_table
from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.stats.power import beta_sampling_variance, detectable_difference
from reasonlens.workflow import problem_sets
from reasonlens.workflow.ban_arms import ROLES, Design, Layout, doses, first_arms
from reasonlens.workflow.ban_experiment import draw
from reasonlens.workflow.ban_explain import ban_explain, ban_of
from reasonlens.workflow.ban_results import Results, results
from reasonlens.workflow.generate import Spec, connected

__all__ = ["run"]

_TITLES = {"accuracy": "Accuracy", "length/words": "Words", "truncated": "Cut off", "no_answer": "No answer"}


def run(options: dict[str, Any]) -> None:
    """Explain, plan, or run the experiment."""
    listed = [word.strip() for word in (options["words"] or "").split(",") if word.strip()]
    if not listed and not options["categories"]:
        raise InputError("name what to ban, for instance --ban wait,perhaps,alternatively,but")
    manner = _manner(options)
    ban = ban_of(listed, options["categories"], **manner)
    if options["explain"]:
        _explain(ban, options)
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
    processors = [ban.bind(None).processor_path]
    engine = connected(
        spec.backend, spec.model, problems, engine_options(options["options"]), processors=processors
    )
    with engine as backend, drawing() as progress:
        drawn = draw(str(options["study"]), spec, problems, backend, design, progress=progress)
    found = results(
        Study(options["study"]), spec.name, drawn.arms, design, difficulty_from=options["difficulty_from"]
    )
    _print(found, drawn.layout, design)
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


def _explain(ban: Any, options: dict[str, Any]) -> None:
    source = options["tokenizer"] or options["model"]
    if not source:
        raise InputError("--explain needs --tokenizer FOLDER (with a tokenizer.json)")
    found = ban_explain(ban, source)
    for title, frame in (
        ("Words", found.words),
        ("Tokens forbidden outright", found.tokens),
        ("Modes", found.modes),
    ):
        shown = frame.head(40)
        show_table([list(row) for row in shown.itertuples(index=False)], list(shown.columns), title, 1)
        if len(frame) > len(shown):
            click.echo(f"and {len(frame) - len(shown):,} more")
    click.echo(
        "`lost`: words that become impossible beside the banned ones; `left`: spellings that a mode leaks."
    )


def _plan(options: dict[str, Any], design: Design, problems: int) -> None:
    """Say how much there is to draw, and what effect could be seen."""
    arms = len(first_arms(design)) + 1 + design.controls  # 1: the placebo
    orders = 1 + (design.against is not None)
    arms += orders * len(doses(design.words)) if design.doses else 0
    traces = arms * problems * options["n"]
    tokens = traces * options["max_tokens"]
    least = detectable_difference(problems, options["n"], variance=beta_sampling_variance(0.4, 0.8))
    click.echo(f"{arms} arms x {problems:,} problems x {options['n']} samples = {traces:,} traces")
    click.echo(
        f"At most {tokens:,} tokens: {duration(tokens / options['rate'])} at {options['rate']:,.0f} tokens/s "
        "(--rate)"
    )
    click.echo(
        f"Smallest difference in accuracy found with 80% power: {100 * least:.1f} points "
        "(paired t, alpha .05, problems as hard as AIME for a middling model: Beta(.4, .8), "
        "effects that differ by 5 points)"
    )
    if 0 < design.controls < 19:
        click.echo("Fewer than 19 control sets: the rank of the target among them cannot reach p = .05")


def _print(found: Results, layout: Layout, design: Design) -> None:
    _leaks(found, design)
    effects = found.effects
    kept = effects[effects["role"] != "control"]
    rows = []
    for arm in kept["arm"].drop_duplicates():
        mine = kept[kept["arm"] == arm].set_index("measure")
        first = mine.loc["accuracy"]
        rows.append(
            [
                arm,
                plain(", ".join(first["words"])),
                _points(first),
                p_value(first["p_value"]),
                p_value(first["p_adjusted"]),
                interval(mine.loc["length/words"].to_dict()),
                _points(mine.loc["truncated"]),
                _points(mine.loc["no_answer"]),
                int(first["n_problems"]),
                int(first["n_traces"]),
            ]
        )
    base = effects.loc[effects["measure"] == "accuracy", "baseline"].iloc[0]
    heads = ["arm", "banned", "accuracy, points", "p", "p (Holm)", "words", "cut off", "no answer"]
    title = f"Against the baseline (accuracy {100 * base:.1f}%), same problems and seeds"
    show_table(rows, [*heads, "problems", "responses"], title, 2)
    _controls(found, layout)
    for order, p in (("frequency", found.trend), ("keyness", found.trend_by_keyness)):
        if not math.isnan(p):
            click.echo(
                f"Dose by {order}: accuracy falls with every word banned more, p = {p_value(p)} (Page)."
            )
    _compensation(found.compensation)
    click.echo(
        "\nArms: "
        + "; ".join(f"{role}: {what}" for role, what in ROLES.items() if role in set(effects["role"]))
    )
    click.echo("Intervals: 95%, paired by problem (t); p of accuracy: sign flips of problems.")


def _leaks(found: Results, design: Design) -> None:
    """Say first of all whether a banned word stands anywhere; under a soft ban that is no leak."""
    if not design.hard:
        click.echo("The ban is soft (a penalty, a probability or a phase): what was written all the same:")
        for name, audit in found.leaks.items():
            share = f"{audit.n_leaks:,} in {audit.n_leaking:,} of {audit.n_texts:,} texts"
            click.echo(f"  {plain(name)}: {share}")
        return
    if not found.leaking:
        click.echo(f"No leaks: none of the banned words stands in any output of {len(found.leaks)} arms.")
        return
    click.echo(
        click.style("LEAKS: banned words stand in these arms; their effects are too small.", bold=True)
    )
    for name in found.leaking:
        click.echo(f"  {plain(name)}: {plain(found.leaks[name].line())}")


def _points(row: Any) -> str:
    value, low, high = (100 * row[name] for name in ("value", "low", "high"))
    if math.isnan(value):
        return "undefined"
    return f"{value:+.1f}" + ("" if math.isnan(low) else f" [{low:+.1f}, {high:+.1f}]")


def _controls(found: Results, layout: Layout) -> None:
    for note in layout.notes:
        click.echo(f"{plain(note[0].upper() + note[1:])}.")
    if layout.controls:
        click.echo(f"Controls: {plain(layout.controls)}.")
    if found.rank is not None:
        p, worse, n = found.rank
        mine = found.effects[(found.effects["role"] == "control") & (found.effects["measure"] == "accuracy")]
        middle = 100 * mine["value"].median()
        proof = "" if n >= 19 else " (descriptive: fewer than 19 sets)"
        click.echo(
            f"Rank: {worse} of {n} control sets cost as much accuracy as the target or more, "
            f"p = {p_value(p)}{proof}; their median effect is {middle:+.1f} points."
        )


def _compensation(rows: pd.DataFrame) -> None:
    if rows.empty:
        return
    shown = [
        [
            row["category"],
            *(number(row[name]) for name in ("banned_before", "others_before", "others_under_ban")),
            "-" if math.isnan(row["ratio"]) else f"{row['ratio']:.2f} [{row['low']:.2f}, {row['high']:.2f}]",
        ]
        for row in rows.to_dict("records")
    ]
    heads = ["category", "banned, before", "others, before", "others, under the ban", "taken over"]
    show_table(
        shown, heads, "Compensation: hits per 1,000 words; 1 is fully taken over by others of the category", 1
    )
