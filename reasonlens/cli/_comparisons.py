"""Comparisons, scores and associations as tables for the terminal."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from reasonlens.cli._print import interval, p_value, plain, show_table
from reasonlens.core.tables import POOLED
from reasonlens.stats.group_contrasts import RATIOS

if TYPE_CHECKING:
    from reasonlens.workflow.associate import Association
    from reasonlens.workflow.compare import Comparison

__all__ = ["print_association", "print_comparison", "print_scores"]

_LONGER = re.compile(r"longer one in (\d+%) of pairs")
_SLASHES = 2  # LEXICON/CATEGORY/PER
_IN_LINE = 2  # families of tests


def print_comparison(found: Comparison) -> None:
    """Print levels, contrasts, the same at equal length, and what leaving traces out changes."""
    scope = _whole(found.rows)
    levels = _main(found.levels)
    _levels(levels[levels["dataset"] == scope], f"Level by {_by(found.rows)}, {_name(scope)}")
    contrasts = _main(found.contrasts)
    plain = contrasts[(contrasts["adjusted"] == "") & (contrasts["dataset"] == scope)]
    _contrasts(plain, f"Against {found.reference}, shared problems, {_name(scope)}")
    if scope == POOLED:
        each = contrasts[(contrasts["adjusted"] == "") & (contrasts["dataset"] != scope)]
        _contrasts(each, f"Against {found.reference}, by benchmark", with_dataset=True)
    adjusted = contrasts[(contrasts["adjusted"] != "") & (contrasts["dataset"] == scope)]
    _adjusted(adjusted, f"Against {found.reference} at equal length, {_name(scope)}")
    _sensitivity(found.contrasts[found.contrasts["dataset"] == scope])
    _closing(found.rows, found.notes)


def print_scores(found: Comparison) -> None:
    """Print pass@k, avg@k and maj@k, and the differences between groups."""
    levels = _main(found.levels)
    quantities = list(dict.fromkeys(levels["quantity"]))
    table: list[list[object]] = []
    for (dataset, group), part in levels.groupby(["dataset", "group"], sort=False):
        by = {row["quantity"]: row for row in part.to_dict("records")}
        cells = [interval(by[name]) if name in by else "-" for name in quantities]
        most = max(row["n_problems"] for row in by.values())
        table.append([_name(str(dataset)), group, *cells, f"{most:,}", f"{int(part['n_traces'].max()):,}"])
    heads = ["dataset", _by(found.rows), *quantities, "problems", "responses"]
    show_table(table, heads, "Scores with several samples per problem", 2)
    contrasts = _main(found.contrasts)
    against: list[list[object]] = [
        [
            _name(row["dataset"]),
            row["group"],
            row["quantity"],
            interval(row),
            p_value(row["p_adjusted"]),
            f"{row['n_problems']:,}",
        ]
        for row in contrasts.to_dict("records")
        if row["n_problems"]
    ]
    heads = ["dataset", _by(found.rows), "score", "difference", "p (adjusted)", "problems"]
    show_table(against, heads, f"Against {found.reference}, shared problems", 3)
    _closing(found.rows, found.notes)


def print_association(found: Association) -> None:
    """Print how measures go with being right, each scope by itself."""
    rows = _main(found.rows)
    short = _short(rows)
    for scope in dict.fromkeys(rows["scope"]):
        mine = rows[(rows["scope"] == scope) & rows["value"].notna()]
        if (mine["dataset"] == POOLED).any():
            mine = mine[mine["dataset"] == POOLED]
        table: list[list[object]] = []
        for (dataset, group, measure), part in mine.groupby(["dataset", "group", "measure"], sort=False):
            table.append([_name(str(dataset)), group, short[measure], *_association_cells(part)])
        across = mine["quantity"].eq("Spearman").any()
        many = "models" if across else "problems"
        values = ["Spearman"] if across else ["AUC", "right - wrong", "odds ratio", "at equal length"]
        heads = ["dataset", _by(rows), "measure", *values, "p (adjusted)", many, "responses"]
        show_table(table, heads, f"Right against wrong: {scope}", 3)
    click.echo(
        "\nAUC: chance that a right response has the higher value (0.5: no association); right - wrong: in "
        "the unit of the measure; odds ratio for one standard deviation within problems. None of these is an "
        "effect."
    )
    _closing(found.rows, found.notes)


def _association_cells(part: pd.DataFrame) -> list[object]:
    by = {(row["quantity"], row["adjusted"]): row for row in part.to_dict("records")}
    if ("Spearman", "") in by:
        one = by["Spearman", ""]
        return [interval(one), p_value(one["p_adjusted"]), f"{one['n_models']:,}", f"{one['n_traces']:,}"]
    wanted = [("AUC", ""), ("difference", ""), ("odds ratio", ""), ("odds ratio", "length")]
    one = by["AUC", ""]
    cells: list[object] = [interval(by[key]) if key in by else "-" for key in wanted]
    return [*cells, p_value(one["p_adjusted"]), f"{one['n_problems']:,}", f"{one['n_traces']:,}"]


def _levels(rows: pd.DataFrame, title: str) -> None:
    short = _short(rows)
    table: list[list[object]] = [
        [
            short[row["measure"]],
            row["group"],
            row["unit"],
            interval(row),
            *(f"{row[name]:,}" for name in ("n_problems", "n_traces", "excluded")),
        ]
        for row in rows.to_dict("records")
    ]
    show_table(table, ["measure", _by(rows), "unit", "value", "problems", "responses", "excluded"], title, 3)
    if (rows.groupby("measure")["n_problems"].nunique() > 1).any():
        click.echo(
            "Each level is over the problems of its group, which differ: compare groups by the rows below."
        )


def _contrasts(rows: pd.DataFrame, title: str, *, with_dataset: bool = False) -> None:
    short, table = _short(rows), []
    for (dataset, measure, group), part in rows.groupby(["dataset", "measure", "group"], sort=False):
        by = {row["quantity"]: row for row in part.to_dict("records")}
        one = by["difference"]
        if not one["n_problems"]:
            continue
        table.append(
            [
                *([_name(str(dataset))] if with_dataset else []),
                short[measure],
                group,
                interval(by["ratio"]) if "ratio" in by else "-",
                interval(one),
                p_value(one["p_adjusted"]),
                f"{one['n_problems']:,}",
                f"{one['n_traces']:,}",
            ]
        )
    heads = ["measure", _by(rows), "ratio", "difference", "its p (adjusted)", "problems", "responses"]
    show_table(table, [*(["dataset"] if with_dataset else []), *heads], title, 3 if with_dataset else 2)


def _adjusted(rows: pd.DataFrame, title: str) -> None:
    short, table, undefined = _short(rows), [], []
    for row in rows.to_dict("records"):
        if row["n_problems"] and math.isnan(row["value"]):
            undefined.append(f"{short[row['measure']]}, {row['group']}: {row['method']}")
        elif row["n_problems"]:
            longer = _LONGER.search(row["method"])
            cells = [short[row["measure"]], row["group"], row["quantity"], interval(row)]
            more = [longer.group(1) if longer else "-", p_value(row["p_adjusted"]), f"{row['n_problems']:,}"]
            table.append([*cells, *more])
    heads = ["measure", _by(rows), "quantity", "value", "longer in", "p (adjusted)", "problems"]
    show_table(table, heads, title, 3)
    if table:
        click.echo(
            "longer in: pairs on a problem in which the group's response is the longer one; near 0% or 100% "
            "the groups hardly overlap in length, and the value is an extrapolation."
        )
    for line in undefined:
        click.echo(f"Note: {plain(line)}")


def _sensitivity(rows: pd.DataFrame) -> None:
    plain = rows[(rows["adjusted"] == "") & (rows["n_problems"] > 0)]
    leading = plain[plain["quantity"] == plain["measure"].map(_leading(plain))]
    variants = [name for name in dict.fromkeys(leading["without"]) if name]
    short, table = _short(rows), []
    for (measure, group), part in leading.groupby(["measure", "group"], sort=False):
        by = {row["without"]: row for row in part.to_dict("records")}
        if "" in by and len(by) > 1:
            cells = [interval(by[name]) if name in by else "-" for name in ("", *variants)]
            table.append([short[measure], group, by[""]["quantity"], *cells])
    heads = ["measure", _by(rows), "quantity", "all", *(f"without {name}" for name in variants)]
    show_table(table, heads, "The same without traces that loop or are cut off", 3)


def _leading(rows: pd.DataFrame) -> dict[str, str]:
    """Return what is shown of a measure first: ratios, but differences of shares."""
    shares = set(rows.loc[rows["unit"] == "share of responses", "measure"])
    alone = set(rows["measure"]) - set(rows.loc[rows["quantity"] == "ratio", "measure"])
    return {name: "difference" if name in shares | alone else "ratio" for name in set(rows["measure"])}


def _short(rows: pd.DataFrame) -> dict[Any, str]:
    """Return names of measures to show: without the lexicon and the unit where all have the same."""
    names = list(dict.fromkeys(rows["measure"]))
    parts = [name.split("/") for name in names if name.count("/") == _SLASHES]
    same = len({(lexicon, per) for lexicon, _, per in parts}) == 1
    return {name: name.split("/")[1] if same and name.count("/") == _SLASHES else name for name in names}


def _closing(rows: pd.DataFrame, notes: tuple[str, ...]) -> None:
    for note in notes:
        click.echo(f"Note: {note}")
    level = f"{100 * rows['level'].iloc[0]:g}%"
    estimands = "; ".join(dict.fromkeys(rows["estimand"]))
    families = [x for x in dict.fromkeys(rows["family"]) if x and not x.startswith(RATIOS)]
    click.echo(f"\nIntervals: {level}; estimand: {estimands}.")
    if len(families) > _IN_LINE:
        click.echo("p-values are corrected over each of these families:\n  " + "\n  ".join(families))
    elif families:
        click.echo(f"p-values are corrected over: {'; '.join(families)}.")
    if _surer_than_corrected(rows):
        click.echo(
            'Intervals are not corrected, so one that leaves out "no difference" can stand beside a '
            "corrected p above 0.05; far above it, a side hangs on one problem (see docs/statistics.md)."
        )


def _surer_than_corrected(rows: pd.DataFrame) -> bool:
    shown = rows[rows["quantity"].str.endswith("difference") & rows["p_adjusted"].gt(1 - rows["level"])]
    return bool(((shown["low"] > 0) | (shown["high"] < 0)).any())


def _main(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["without"] == ""]


def _whole(rows: pd.DataFrame) -> str:
    return POOLED if (rows["dataset"] == POOLED).any() else str(rows["dataset"].iloc[0])


def _by(rows: pd.DataFrame) -> str:
    return str(rows["by"].iloc[0]).removeprefix("model_") if len(rows) else "group"


def _name(dataset: str) -> str:
    return "all data sets" if dataset == POOLED else dataset or "(unnamed)"
