"""Agreement, plans, trained judges and cross-tabs as tables for the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from reasonlens.cli._print import interval, number, number_of, p_value, plain, show_table

if TYPE_CHECKING:
    from reasonlens.stats.label_plan import LabelPlan
    from reasonlens.workflow.agree_compare import Agreement
    from reasonlens.workflow.agree_import import Imported
    from reasonlens.workflow.agree_keywords import CrossTab
    from reasonlens.workflow.agree_train import Trained

__all__ = [
    "print_agreement",
    "print_cross_tab",
    "print_imported",
    "print_plan",
    "print_rules_quality",
    "print_trained",
]

_ALL = "(all)"
_ANY = "(any)"
_ENTRIES = 12


def print_agreement(found: Agreement) -> None:
    """Print verdicts, coefficients and errors, for all and by group, and where errors differ."""
    levels = found.rows[found.rows["reference"] == ""]
    names = f"{found.judge} against {found.against}" + (
        " (its first answer)" if found.judge == found.against else ""
    )
    whole = levels[levels["by"] == ""]
    _verdicts(whole, f"{names}: verdicts", found)
    heads = ["percent", "kappa", "AC1", "alpha of counts"]
    _quantities(whole, ["percent", "cohen", "ac1", "alpha of counts"], heads, f"{names}: agreement")
    if found.gold:
        rates = ["sensitivity", "specificity", "PPV", "NPV"]
        _quantities(whole, rates, rates, f"Errors of {found.judge}, where {found.against} is right")
    each = levels[levels["by"] != ""]
    if len(each):
        shown = ["sensitivity", "specificity", "cohen"] if found.gold else ["percent", "cohen", "ac1"]
        heads = ["kappa" if x == "cohen" else "AC1" if x == "ac1" else x for x in shown]
        _quantities(each, shown, heads, f"By {each['by'].iloc[0]}", groups=True)
    _differential(found.rows[found.rows["reference"] != ""])
    _closing(found)


def _verdicts(rows: pd.DataFrame, title: str, found: Agreement) -> None:
    table: list[list[object]] = []
    for row in rows[rows["quantity"] == "cohen"].to_dict("records"):
        numbers = [row[x] for x in ("both", "only_judge", "only_against", "neither", "unanswered")]
        table.append([row["behavior"], row["unit"], *(f"{n:,}" for n in numbers)])
    heads = ["behavior", "unit", "both", "only the first", "only the second", "neither", "no answer"]
    show_table(table, heads, title, 2)


def _quantities(
    rows: pd.DataFrame, names: Sequence[str], heads: Sequence[str], title: str, *, groups: bool = False
) -> None:
    table: list[list[object]] = []
    keys = ["behavior", "unit", "group"]
    for (behavior, unit, group), part in rows.groupby(keys, sort=False):
        by = {row["quantity"]: row for row in part.to_dict("records")}
        cells = [interval(by[name]) if name in by else "-" for name in names]
        first = by["percent"]
        table.append(
            [
                behavior,
                unit,
                *([group] if groups else []),
                *cells,
                f"{first['n_problems']:,}",
                f"{first['n_units']:,}",
            ]
        )
    shown = ["behavior", "unit", *([rows["by"].iloc[0]] if groups else []), *heads, "problems", "units"]
    show_table(table, shown, title, 2 + groups)


def _differential(rows: pd.DataFrame) -> None:
    table: list[list[object]] = [
        [
            row["behavior"],
            f"{row['group']} - {row['reference']}",
            row["quantity"],
            interval(row),
            p_value(row["p_value"]),
            f"{row['n_problems']:,}",
        ]
        for row in rows.to_dict("records")
        if not math.isnan(row["value"])
    ]
    if table:
        by = rows["by"].iloc[0]
        heads = ["behavior", by, "error", "difference", "p (not corrected)", "problems"]
        show_table(table, heads, "Does the judge err differently? (0: no)", 3)


def _closing(found: Agreement) -> None:
    levels = 100 * float(found.rows["level"].iloc[0])
    differ = number_of(len(found.disagreements), "disagreement")
    listed = " (--disagreements FILE lists them)" if len(found.disagreements) else ""
    click.echo(f"\nIntervals: {levels:g}%, clustered by problem. {differ}{listed}.")
    if found.rows["method"].str.contains("limits too short").any():
        click.echo(
            "Where the rarer verdict is in fewer than 10 problems, limits of kappa and AC1 cover about 90%."
        )
    if found.gold:
        click.echo("PPV and NPV hold only where the behavior is as frequent as here.")
    else:
        click.echo("Neither counts as right: agreement is no proof of being right.")


def print_rules_quality(behaviors: Sequence[str]) -> None:
    """Print what is known of the rules from published labels of sentences."""
    from reasonlens.judges._rules_quality import measured

    found = [q for q in map(measured, behaviors) if q is not None]
    table: list[list[object]] = [
        [
            q.behavior,
            q.labels,
            *(_limits(x) for x in (q.sensitivity, q.specificity, q.kappa)),
            f"{q.problems:,}",
            f"{q.sentences:,}",
        ]
        for q in found
    ]
    heads = ["behavior", "labels", "sensitivity", "specificity", "kappa", "problems", "sentences"]
    show_table(table, heads, "Measured before, on published labels of sentences", 2)
    if found:
        click.echo(f"Labels: {found[0].source}.")


def print_imported(found: Imported) -> None:
    """Print what an import took."""
    for behavior, n in found.labels.items():
        click.echo(f"{found.judge}: {number_of(n, 'label')} of {behavior}")
    notes = (
        (found.traces, "response labelled", "responses labelled"),
        (found.blank, "row without a verdict, not taken", "rows without a verdict, not taken"),
        (
            found.unverified,
            "quote that is not in the text (kept, not counted)",
            "quotes that are not in the text (kept, not counted)",
        ),
        (found.replaced, "label replaced", "labels replaced"),
    )
    for n, one, several in notes:
        if n:
            click.echo(f"  {number_of(n, one, several)}")


def print_plan(
    found: LabelPlan,
    width: float,
    numbers: Mapping[str, float],
    judged: int,
    design: float,
    source: str,
    behavior: str,
) -> None:
    """Print how many labels are needed, what the number rests on, and how to draw what is to be labelled."""
    rests = ", ".join(f"{name} {value:.2f}" for name, value in numbers.items())
    click.echo(f"Rests on: {rests}, {judged:,} judged, design effect {design:.2f} ({plain(source)})")
    if found.labels is None:
        click.echo(
            f"No number of labels gives an interval of width {width:g}: with {judged:,} judged responses it "
            f"stays at {found.least:.3f}. Judge more responses (of more problems), or ask for less."
        )
    else:
        click.echo(
            f"{found.labels:,} labels, drawn at random, give the corrected share an interval of width "
            f"{found.width:.3f} (wanted {width:g})"
        )
    if found.labels_only is not None:
        helpless = found.labels is not None and found.labels_only <= found.labels
        more = ": at these numbers the judge is no help" if helpless else ""
        click.echo(f"Without the judge {found.labels_only:,} labels would be needed for that width{more}.")
    if found.labels is not None:
        click.echo(
            f"Draw them with: reasonlens agree sample STUDY -b {behavior} --n {found.labels} --out sheet.csv"
            "\nLet two people label a part, for the agreement of people."
        )


def print_trained(found: Trained) -> None:
    """Print the error of a trained judge on problems that it did not see."""
    click.echo(
        f"local:{found.name} learned from {found.sentences:,} sentences of {found.traces:,} responses, "
        f"labelled by {found.learned_from}"
    )
    if found.embeddings:
        click.echo(f"  with embeddings of {found.embeddings}, which it needs wherever it judges")
    for why, n in found.left_out.items():
        click.echo(f"  left out: {number_of(n, 'label')} ({why})")
    table: list[list[object]] = [
        [
            row["behavior"],
            row["unit"],
            *(_limits(row[x]) for x in ("sensitivity", "specificity", "kappa")),
            f"{row['present']:,}",
            f"{row['n']:,}",
            f"{row['problems']:,}",
        ]
        for row in found.error.to_dict("records")
    ]
    heads = ["behavior", "unit", "sensitivity", "specificity", "kappa", "present", "units", "problems"]
    show_table(table, heads, f"Against {found.learned_from}, on problems that it did not see", 2)
    click.echo(f"This is how far it repeats {found.learned_from}, with the errors of that judge.")


def print_cross_tab(found: CrossTab) -> None:
    """Print both sides of the cross-tab, and the commonest words that stand outside all behaviors."""
    title = f"Quotes of {found.judge} with a keyword in them"
    table: list[list[object]] = [
        [
            row["behavior"],
            row["category"],
            interval(row),
            f"{row['quotes']:,}",
            *(f"{row[x]:,}" for x in ("both", "only_behavior", "only_keyword", "neither")),
        ]
        for row in found.behaviors.to_dict("records")
    ]
    heads = ["behavior", "category", "with keyword", "quotes", "responses: both"]
    show_table(table, [*heads, "only behavior", "only keyword", "neither"], title, 2)
    table = [
        [
            row["category"],
            row["behavior"],
            interval(row),
            number(row["expected"]),
            number(row["lift"]),
            f"{row['hits']:,}",
        ]
        for row in found.keywords.to_dict("records")
    ]
    heads = ["category", "behavior", "in a quote", "expected", "lift", "hits"]
    show_table(table, heads, "Keywords that stand in a quote", 2)
    table = [
        [row["entry"], row["category"], f"{row['hits']:,}", f"{100 * row['share']:.0f}%"]
        for row in found.entries.head(_ENTRIES).to_dict("records")
    ]
    show_table(table, ["entry", "category", "hits", "in a quote"], "The commonest keywords", 2)
    click.echo(
        f"\n{found.responses:,} judged responses; intervals clustered by problem. Expected: the share of the "
        "text that is quoted; lift: by how much keywords stand in quotes more often than that."
    )


def _limits(values: Sequence[Any]) -> str:
    value, low, high = (float("nan") if x is None else float(x) for x in values)
    return interval({"value": value, "low": low, "high": high})
