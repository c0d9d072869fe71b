"""What bans do to judged behaviors, as a table."""

from __future__ import annotations

import math
from typing import Any

import click
import pandas as pd

from reasonlens.cli._print import number, p_value, plain, show_table
from reasonlens.workflow.ban_arms import Design
from reasonlens.workflow.ban_behaviors import OFFLINE, banned_cues, parts_of

__all__ = ["show_behaviors"]


def show_behaviors(effects: pd.DataFrame, design: Design) -> None:
    """Say which behaviors go with their words, beside what control sets do to them."""
    parts = effects["measure"].map(parts_of)
    rows = effects[parts.notna()]
    target = rows[rows["role"] == "target"]
    if target.empty:
        return
    judge = str(parts[target.index[0]][0])
    cues = banned_cues(design.words) if judge.startswith(f"{OFFLINE}@") else {}
    table: list[list[object]] = []
    unseen: list[str] = []
    for behavior in dict.fromkeys(parts[i][1] for i in target.index):
        share, count = (_side(target, f"{judge}/{behavior}/{per}") for per in ("presence", "response"))
        if share["baseline"] == 0 and share["value"] == 0:
            unseen.append(behavior)
            continue
        controls = rows[(rows["role"] == "control") & (rows["measure"] == f"{judge}/{behavior}/presence")]
        table.append(
            [
                plain(behavior),
                *([plain(", ".join(cues.get(behavior, [])))] if cues else []),
                f"{100 * share['baseline']:.1f}",
                _change(share, 100, "+.1f"),
                f"{100 * controls['value'].median():+.1f}" if len(controls) else "-",
                p_value(share["p_adjusted"]),
                number(count["baseline"]),
                _change(count, 1, "+.2f"),
                p_value(count["p_adjusted"]),
            ]
        )
    heads = [
        "behavior",
        *(["cues"] if cues else []),
        "% before",
        "points",
        "controls",
        "p (BH)",
        "count before",
        "change",
        "p (BH)",
    ]
    title = f"Behaviors under the ban, by {plain(judge)}: share of responses, and instances per response"
    if table:
        show_table(table, heads, title, 1 + bool(cues))
    if unseen:
        click.echo(f"In no response, with or without the ban: {plain(', '.join(unseen))}.")
    left = int(target["excluded"].max())
    if left:
        click.echo(f"Without an answer: up to {left:,} responses (left out, not counted as absent).")
    if cues:
        click.echo(
            "cues: banned words that stand in the cues by which this judge finds the behavior. It may fall "
            "with them alone; to tell that apart, label the study with another judge, and name that with "
            "--behaviors."
        )


def _side(rows: pd.DataFrame, measure: str) -> Any:
    return rows[rows["measure"] == measure].iloc[0]


def _change(row: Any, scale: float, form: str) -> str:
    value, low, high = (scale * row[name] for name in ("value", "low", "high"))
    if math.isnan(value):
        return "undefined"
    return format(value, form) + ("" if math.isnan(low) else f" [{low:{form}}, {high:{form}}]")
