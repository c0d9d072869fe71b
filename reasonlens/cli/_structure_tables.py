"""Steps, scores and what goes with them, as tables for the terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click
import pandas as pd

from reasonlens.cli._print import interval, number, p_value, plain, show_table
from reasonlens.core.tables import POOLED
from reasonlens.structure import KINDS
from reasonlens.workflow.structure_followed import CHANCE
from reasonlens.workflow.structure_outcomes import ALL_STUDENTS

if TYPE_CHECKING:
    from reasonlens.structure.decompose import Decomposer
    from reasonlens.structure.match import Matcher
    from reasonlens.workflow.structure import Structure

__all__ = ["print_structure"]

_DEPTHS = (1, 2, 3, 5, 8, 12, 20)


def print_structure(found: Structure, decomposer: Decomposer, matcher: Matcher) -> None:
    """Print scores, curves, correctness, samples and kinds of steps."""
    rows = found.rows
    scope = POOLED if (rows["dataset"] == POOLED).any() else str(rows["dataset"].iloc[0])
    here = rows[rows["dataset"] == scope]
    where = "all data sets" if scope == POOLED else scope or "(unnamed)"
    _scores(here, f"How far students follow their teachers, {where}")
    _differences(here, f"Students against {_first(here)}, shared problems, {where}")
    _depths(here, f"Share of teachers' steps that are followed up to and with step n, {where}")
    _outcomes(here, f"Right and wrong responses to the same problems, {where}")
    _samples(here, f"Samples of one problem, {where}")
    _kinds(here, f"Steps, {where}")
    _agreement(here)
    for note in found.notes:
        click.echo(f"Note: {plain(note)}")
    level = f"{100 * rows['level'].iloc[0]:g}%"
    click.echo(f"\nIntervals: {level}, clustered by problem; p-values: Holm, each question by itself.")
    if decomposer.name == "baseline":
        click.echo(
            "Steps are those of sentences and markers, a baseline that understands nothing; read scores "
            f"against those for other problems (markers {decomposer.version}, {matcher.name})."
        )


def _first(rows: pd.DataFrame) -> str:
    names = rows.loc[rows["unit"].str.startswith("difference of published"), "reference"]
    return plain(str(names.iloc[0])) if len(names) else ""


def _levels(rows: pd.DataFrame, quantity: str) -> pd.DataFrame:
    return rows[(rows["quantity"] == quantity) & (rows["reference"] == "")]


def _one(rows: pd.DataFrame, teacher: str, group: str) -> str:
    mine = rows[(rows["teacher"] == teacher) & (rows["group"] == group)]
    return interval(mine.iloc[0].to_dict()) if len(mine) else "-"


def _scores(rows: pd.DataFrame, title: str) -> None:
    names = (
        "reward_normalized",
        f"reward_normalized{CHANCE}",
        "reward_aligned",
        f"reward_aligned{CHANCE}",
        "n_matched",
        "reward",
    )
    table = []
    for row in _levels(rows, "reward_normalized").to_dict("records"):
        cells = [_one(_levels(rows, name), row["teacher"], row["group"]) for name in names]
        why = f"{row['excluded']:,}" + (f" ({row['excluded_why']})" if row["excluded_why"] else "")
        table.append(
            [row["teacher"], row["group"], *cells, f"{row['n_problems']:,}", f"{row['n_traces']:,}", why]
        )
    heads = ["teacher", "student", "per teacher step", "(other problem)", "aligned", "(other problem)"]
    show_table(table, [*heads, "steps followed", "published sum", "problems", "pairs", "without"], title, 2)


def _differences(rows: pd.DataFrame, title: str) -> None:
    mine = rows[
        rows["unit"].str.startswith("difference of") & (rows["teacher"] != "") & (rows["reference"] != "")
    ]
    table = [
        [
            row["teacher"],
            row["group"],
            row["quantity"],
            interval(row),
            p_value(row["p_adjusted"]),
            f"{row['n_problems']:,}",
        ]
        for row in mine.to_dict("records")
    ]
    show_table(table, ["teacher", "student", "score", "difference", "p", "problems"], title, 3)


def _depths(rows: pd.DataFrame, title: str) -> None:
    followed = _levels(rows, "still followed")
    table: list[list[object]] = []
    for (teacher, student), mine in followed.groupby(["teacher", "group"], sort=True):
        at = mine.set_index("at")["value"]
        cells = [number(float(at.get(depth, math.nan))) for depth in _DEPTHS]
        table.append([str(teacher), str(student), *cells])
    show_table(table, ["teacher", "student", *(f"n={d}" for d in _DEPTHS)], title, 2)


def _outcomes(rows: pd.DataFrame, title: str) -> None:
    table = []
    for name in ("reward_normalized", "reward_aligned"):
        for row in _levels(rows, f"{name}, AUC").to_dict("records"):
            if math.isnan(row["value"]):
                continue
            by = row["teacher"], row["group"]
            cells = [_one(_levels(rows, f"{name} if {said}"), *by) for said in ("right", "wrong")]
            minus = _levels(rows, f"{name}, right minus wrong")
            table.append([*by, name, *cells, _one(minus, *by), interval(row), f"{row['n_problems']:,}"])
    table.sort(key=lambda r: (str(r[0]), r[1] == ALL_STUDENTS, str(r[1])))
    heads = ["teacher", "student", "score", "if right", "if wrong", "right - wrong", "AUC", "problems"]
    show_table(table, heads, title, 3)


def _samples(rows: pd.DataFrame, title: str) -> None:
    table = []
    between, many = _levels(rows, "distance between samples"), _levels(rows, "effective patterns")
    for row in between.to_dict("records"):
        cells = [interval(row), _one(many, "", row["group"])]
        table.append([row["group"], row["at"], *cells, f"{row['n_problems']:,}", f"{row['excluded']:,}"])
    heads = ["model", "samples", "distance", "effective patterns", "problems", "problems left out"]
    show_table(table, heads, title, 1)


def _agreement(rows: pd.DataFrame) -> None:
    mine = rows[rows["quantity"].str.startswith("agreement of ")]
    table: list[list[object]] = [
        [
            row["decomposer"],
            row["reference"],
            row["quantity"].removeprefix("agreement of "),
            interval(row),
            f"{row['n_problems']:,}",
            f"{row['n_traces']:,}",
            f"{row['excluded']:,}",
        ]
        for row in mine.to_dict("records")
    ]
    heads = ["decomposer", "other", "of", "Cohen's kappa", "problems", "sentences", "left out"]
    show_table(table, heads, "Do the decomposers of this study agree, sentence by sentence?", 3)


def _kinds(rows: pd.DataFrame, title: str) -> None:
    shares = _levels(rows, "share of steps")
    table = []
    for row in _levels(rows, "steps").to_dict("records"):
        mine = shares[shares["group"] == row["group"]].set_index("kind")["value"]
        cells = [f"{100 * float(mine.get(kind, math.nan)):.0f}%" for kind in KINDS]
        row_of: list[object] = [row["group"], interval(row), *cells, f"{row['n_traces']:,}"]
        table.append(row_of)
    show_table(table, ["model", "steps per response", *KINDS, "responses"], title, 1)
