"""Estimates as tables for the terminal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from reasonlens.cli._print import interval, number, p_value, plain, show_table
from reasonlens.core.tables import POOLED
from reasonlens.stats.cells import ordered

if TYPE_CHECKING:
    from reasonlens.workflow.tokens import Tokens

__all__ = ["print_tokens"]

_WITHOUT = "/without-"
_JOIN = " | "


def print_tokens(tokens: Tokens, *, top: int) -> None:
    """Print the rates by kind, by model and by benchmark, the contrasts, and the leading entries."""
    rates, unit = tokens.estimates, tokens.estimates["unit"].iloc[0]
    main = rates[~rates["measure"].str.contains(_WITHOUT, regex=False)]
    whole = POOLED if (main["dataset"] == POOLED).any() else main["dataset"].iloc[0]
    by_model = main["group"].str.contains(_JOIN, regex=False)
    everywhere = main["dataset"] == whole
    lexicons = list(dict.fromkeys(name for name, _ in tokens.sums.categories))
    if len(lexicons) > 1:
        _side_by_side(main[everywhere & ~by_model], f"All lists: {unit}, by model kind")
    for lexicon in lexicons:
        of = main["measure"].str.startswith(f"{lexicon}/")
        _rate_table(main[of & everywhere & ~by_model], f"{lexicon}: {unit}, by model kind", ["kind"])
        _rate_table(main[of & everywhere & by_model], f"{lexicon}: {unit}, by model", ["kind", "model"])
        if whole == POOLED:
            each = main[of & ~everywhere & ~by_model]
            _rate_table(each, f"{lexicon}: {unit}, by benchmark", ["dataset", "kind"])
        kinds = main[of & everywhere & ~by_model]
        gone = set(kinds.loc[kinds["n_problems"] == 0, "group"])
        _contrast_table(tokens.contrasts, lexicon, whole, gone)
        _entry_table(tokens.entries, lexicon, top)
    _sensitivity(rates, whole)
    _left_out(main[everywhere & ~by_model])


def _rate_table(rows: pd.DataFrame, title: str, heads: list[str]) -> None:
    table = []
    for cells in _groups(rows, ("dataset", "group")):
        one = cells[0]
        names = one["group"].split(_JOIN)
        intervals = [interval(cell) for cell in cells]
        counts = [f"{one[c]:,}" for c in ("n_problems", "n_traces", "excluded", "n_looping")]
        table.append([*([one["dataset"]] if "dataset" in heads else []), *names, *intervals, *counts])
    columns = [name.split("/")[1] for name in dict.fromkeys(rows["measure"])]
    show_table(table, [*heads, *columns, "problems", "responses", "excluded", "looping"], title, len(heads))


def _side_by_side(rows: pd.DataFrame, title: str) -> None:
    """Show all lists in one table, so that one sees how much the list and its rule matter."""
    kinds = list(dict.fromkeys(rows["group"]))
    table = []
    for cells in _groups(rows, ("measure",)):
        lexicon, category, _ = cells[0]["measure"].split("/")
        by_kind = {cell["group"]: interval(cell) for cell in cells}
        table.append([lexicon, category, *(by_kind.get(kind, "-") for kind in kinds)])
    show_table(table, ["lexicon", "category", *kinds], title, 2)


def _groups(rows: pd.DataFrame, by: tuple[str, ...]) -> list[list[dict[Any, Any]]]:
    """Return the rows as records, those that agree in the columns `by` together, in order."""
    groups: dict[tuple[Any, ...], list[dict[Any, Any]]] = {}
    for row in rows.to_dict("records"):
        groups.setdefault(tuple(row[name] for name in by), []).append(row)
    return list(groups.values())


def _contrast_table(contrasts: pd.DataFrame, lexicon: str, whole: str, gone: set[str]) -> None:
    """Show the contrasts; `gone` are kinds of which every response is left out."""
    of = contrasts["measure"].str.startswith(f"{lexicon}/") & (contrasts["dataset"] == whole)
    rows = contrasts[of & ~contrasts["measure"].str.contains(_WITHOUT, regex=False)]
    table: list[list[object]] = []
    for pair in _groups(rows, ("group", "measure")):
        ratio = next(row for row in pair if row["unit"] == "ratio")
        difference = next(row for row in pair if row["unit"] != "ratio")
        if not ratio["n_problems"]:
            lost = [kind for kind in ratio["contrast"].split(" / ") if kind in gone]
            why = f"(no responses left of {' and '.join(lost)})" if lost else "(no shared problems)"
            table.append([ratio["contrast"].replace(" / ", " vs "), why, *"-----"])
            continue
        table.append(
            [
                ratio["contrast"].replace(" / ", " vs "),
                ratio["measure"].split("/")[1],
                interval(ratio),
                interval(difference),
                p_value(difference["p_adjusted"]),
                f"{ratio['n_problems']:,}",
                f"{ratio['n_traces']:,}",
            ]
        )
    table = [row for i, row in enumerate(table) if row not in table[:i]]
    heads = ["contrast", "category", "ratio", "difference", "its p (Holm)", "problems", "responses"]
    where = "shared" if rows["estimand"].str.contains("shared").any() else "all"
    show_table(table, heads, f"{lexicon}: contrasts on {where} problems", 2)


def _entry_table(entries: pd.DataFrame, lexicon: str, top: int) -> None:
    rows = entries[entries["lexicon"] == lexicon]
    groups = ordered(str(c).removesuffix(" rate") for c in rows.columns if str(c).endswith(" rate"))
    if rows.empty or not top:
        return
    table = []
    for category, part in rows.groupby("category", sort=False):
        for row in part.head(top).to_dict("records"):
            hits = f"{row['hits']:,}"
            table.append([category, row["entry"], hits, *(number(row[f"{g} rate"]) for g in groups)])
    show_table(
        table, ["category", "entry", "hits", *groups], f"{lexicon}: leading entries, per 1,000 words", 2
    )


def _sensitivity(rates: pd.DataFrame, whole: str) -> None:
    rows = rates[rates["measure"].str.endswith(f"{_WITHOUT}looping") & (rates["dataset"] == whole)]
    rows = rows[~rows["group"].str.contains(_JOIN, regex=False)]
    if not rows.empty:
        renamed = rows.assign(measure=rows["measure"].str.removesuffix(f"{_WITHOUT}looping"))
        _rate_table(renamed, "The same without looping traces, by model kind", ["kind"])
    estimands = "; ".join(dict.fromkeys(rates["estimand"]))
    level = f"{100 * rates['level'].iloc[0]:g}%"
    click.echo(f"\nIntervals: {level}, clustered by problem; estimand: {estimands}.")


def _left_out(rows: pd.DataFrame) -> None:
    """Say why responses were left out: the same ones of every category."""
    why: Counter[str] = Counter()
    for row in rows[rows["measure"] == rows["measure"].iloc[0]].to_dict("records"):
        for reason in filter(None, row["excluded_why"].split("; ")):
            name, _, n = reason.rpartition(": ")
            why[name] += int(n)
    if why:
        listed = ", ".join(f"{name}: {n:,}" for name, n in why.most_common())
        click.echo(f"Left out: {why.total():,} ({plain(listed)}).")
    if "number of model tokens unknown" in why:
        click.echo("To count model tokens, name the tokenizer of the models: --tokenizer PATH|ID")
