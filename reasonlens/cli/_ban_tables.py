"""What ``reasonlens ban-ablation`` found, as tables and sentences."""

from __future__ import annotations

import math
from typing import Any

import click
import pandas as pd

from reasonlens.cli._ban_behaviors import show_behaviors
from reasonlens.cli._print import interval, number, p_value, plain, show_table
from reasonlens.workflow.ban_arms import ROLES, Design, Layout
from reasonlens.workflow.ban_effects import ACROSS, ALL
from reasonlens.workflow.ban_length import PARTS
from reasonlens.workflow.ban_results import Results

__all__ = ["show"]


def show(found: Results, layout: Layout, design: Design) -> None:
    """Print leaks first, then effects, controls, doses, strata, length and what takes over."""
    _leaks(found, design)
    effects = found.effects
    kept = effects[(effects["role"] != "control") & (effects["dataset"] == ALL)]
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
    _target(effects[effects["role"] == "target"])
    for order, p in (("frequency", found.trend), ("keyness", found.trend_by_keyness)):
        if not math.isnan(p):
            click.echo(
                f"Dose by {order}: p {p_value(p)} that accuracy falls with each further word (Page's test)."
            )
    _compensation(found.compensation)
    _rising(effects)
    show_behaviors(effects, design)
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
    value, low, high = (round(100 * row[name], 1) + 0.0 for name in ("value", "low", "high"))  # no -0.0
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


def _target(rows: pd.DataFrame) -> None:
    """Say what the target does to several tries, in strata, and beside length."""
    tries = rows["measure"].str.startswith("pass@")
    by_stratum = (rows["dataset"] != ALL) & (rows["measure"] == "accuracy")
    parts = rows["measure"].isin(list(PARTS))
    named = [
        *((row["measure"], row) for row in rows[tries].to_dict("records")),
        *((f"accuracy, {row['dataset']}", row) for row in rows[by_stratum].to_dict("records")),
        *((PARTS[row["measure"]], row) for row in rows[parts].to_dict("records")),
    ]
    table = [[name, _points(row), int(row["n_problems"])] for name, row in named]
    if table:
        show_table(table, ["of the target", "points", "problems"], "The target, looked at more closely", 1)
    for row in rows[rows["measure"] == ACROSS].to_dict("records"):
        _across(row)
    if parts.any():
        click.echo(
            "With length: slope of accuracy on log words within problem and arm, times their change "
            "(bootstrap of problems). It is what length causes only if nothing else moves both; those that "
            "go astray are also long."
        )


def _across(row: Any) -> None:
    """Say whether the effect differs between strata."""
    if math.isnan(row["p_value"]):
        click.echo("Strata: the problems of this experiment are in one only, so nothing can differ.")
        return
    left = f"; {int(row['excluded']):,} responses to problems without a stratum" if row["excluded"] else ""
    click.echo(
        f"Strata: the effect on the hardest less that on the easiest is {100 * row['value']:+.1f} points; "
        f"that it is the same in all strata: p {p_value(row['p_value'])} ({row['method']}{left}). "
        "What is never solved cannot fall: points say little there."
    )


def _rising(effects: pd.DataFrame) -> None:
    """List the words that surely rise."""
    words = effects[effects["measure"].str.startswith("word/")]
    sure = words[words["p_adjusted"] < 0.05]
    if words.empty:
        return
    if sure.empty:
        click.echo(f"No word surely rises ({words['family'].iloc[0]}).")
        return
    table = [
        [row["measure"][5:], number(row["baseline"]), interval(row), p_value(row["p_adjusted"])]
        for row in sure[:15].to_dict("records")
    ]
    heads = ["word", "before, per 1,000", "times as often", "p (BH)"]
    show_table(table, heads, f"What rises under the ban ({len(sure)} words; {words['family'].iloc[0]})", 1)


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
