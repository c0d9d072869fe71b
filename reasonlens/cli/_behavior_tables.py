"""Rates of behaviors, verdicts and quotes as tables for the terminal."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click
import pandas as pd

from reasonlens.cli._print import interval, p_value, plain, show_table
from reasonlens.core.tables import POOLED
from reasonlens.workflow.behaviors_chosen import RETRIED
from reasonlens.workflow.behaviors_corrected import CORRECTED

if TYPE_CHECKING:
    from reasonlens.core.study import Study
    from reasonlens.judges import Codebook
    from reasonlens.workflow.behaviors_rates import Rates

__all__ = ["print_quotes", "print_rates", "print_verdicts"]

_WIDTH = 100
_REASONS = 3


def print_rates(found: Rates) -> None:
    """Print shares and counts by kind, shares by model, and contrasts between kinds."""
    rows = found.rows
    scope = POOLED if (rows["dataset"] == POOLED).any() else str(rows["dataset"].iloc[0])
    name = "all data sets" if scope == POOLED else scope or "(unnamed)"
    here = rows[rows["dataset"] == scope]
    levels = here[here["reference"] == ""]
    for by, what in (("model_kind", "kind"), ("model", "model")):
        _levels(levels[levels["by"] == by], what, f"By {what}, judged by {found.asked.judge}, {name}")
    _contrasts(here[here["reference"] != ""], f"Against {found.reference}, shared problems, {name}")
    if scope == POOLED:
        each = rows[(rows["reference"] != "") & (rows["dataset"] != POOLED)]
        _contrasts(each, f"Against {found.reference}, by benchmark", with_dataset=True)
    for note in found.notes:
        click.echo(f"Note: {plain(note)}")
    _validation(rows, found.asked.behaviors)
    if found.asked.judge.startswith("rules@"):
        _baseline(found.asked.behaviors)
    shown = rows.loc[rows["quantity"] == "difference", "family"]  # ratios have p-values that are not printed
    families = "; ".join(x for x in dict.fromkeys(shown) if x)
    click.echo(f"\nIntervals: {100 * rows['level'].iloc[0]:g}%, clustered by problem.")
    if families:
        click.echo(f"p (adjusted): differences of shares and of counts are corrected together; {families}.")


def _validation(rows: pd.DataFrame, behaviors: Sequence[str]) -> None:
    """Say which shares are corrected for the errors of the judge, and which nobody has looked at."""
    seen = set(rows.loc[rows["quantity"] == CORRECTED, "measure"].str.split("/").str[1])
    if seen:
        click.echo(
            "\nCorrected: by labels of people on some of the responses, stratified by the judge's verdict. "
            "Counts and contrasts are not corrected."
        )
    left = [name for name in behaviors if name not in seen]
    if left:
        which = f" ({', '.join(left)})" if seen else ""
        click.echo(
            f"\n{click.style('Not validated', bold=True)}{which}: no labels of people, so these are what "
            f"the judge says, with its errors. To label some: reasonlens agree sample STUDY -b {left[0]} "
            "--out sheet.csv"
        )


def _baseline(behaviors: Sequence[str]) -> None:
    """Say what the word patterns are and how often they were right elsewhere."""
    from reasonlens.judges._rules_quality import measured

    click.echo(
        "'rules' is a baseline of word patterns; it understands nothing. On published labels of sentences:"
    )
    for behavior in behaviors:
        quality = measured(behavior)
        if quality is None:
            click.echo(f"  {behavior}: not measured")
            continue
        each = [
            f"{name} {value:.2f} [{low:.2f}, {high:.2f}]"
            for name, (value, low, high) in (
                ("sensitivity", quality.sensitivity),
                ("specificity", quality.specificity),
                ("kappa", quality.kappa),
            )
        ]
        note = f"; {quality.note}" if quality.note else ""
        click.echo(
            f"  {behavior}: {', '.join(each)} ({quality.labels}, {quality.sentences:,} sentences{note})"
        )


def _levels(rows: pd.DataFrame, what: str, title: str) -> None:
    table: list[list[object]] = []
    heads = ["behavior", what, "share of responses", "corrected", "per response", "per 1,000 words"]
    sentences = rows["measure"].str.endswith("/sentences").any()
    validated = (rows["quantity"] == CORRECTED).any()
    some_left_out = (rows["excluded_why"] != "").any()
    for (behavior, group), part in _by_behavior(rows, "group"):
        cell = {(row["per"], row["quantity"] == CORRECTED): row for row in part.to_dict("records")}
        main = cell["presence", False]
        shown = [("presence", False), ("presence", True), ("response", False), ("words", False)]
        cells: list[object] = [interval(cell[key]) if key in cell else "-" for key in shown]
        if not validated:
            del cells[1]
        if sentences:
            cells.append(interval(cell["sentences", False]) if ("sentences", False) in cell else "-")
        numbers = [f"{main[x]:,}" for x in ("n_problems", "n_traces", "excluded")]
        why = [main["excluded_why"]] if some_left_out else []
        table.append([behavior, group, *cells, *numbers, *why])
    if not validated:
        heads.remove("corrected")
    tail = ["problems", "responses", "excluded", *(["why"] if some_left_out else [])]
    show_table(table, [*heads, *(["of its sentences"] if sentences else []), *tail], title, 2)


def _contrasts(rows: pd.DataFrame, title: str, *, with_dataset: bool = False) -> None:
    table: list[list[object]] = []
    for (behavior, group, dataset), part in _by_behavior(rows, "group", "dataset"):
        cell = {(row["per"], row["quantity"]): row for row in part.to_dict("records")}
        one = cell["presence", "difference"]
        if not one["n_problems"]:
            continue
        ratios = [cell.get((per, "ratio")) for per in ("response", "words")]
        table.append(
            [
                *([dataset or "(unnamed)"] if with_dataset else []),
                behavior,
                group,
                interval(one),
                p_value(one["p_adjusted"]),
                *(interval(ratio) if ratio else "-" for ratio in ratios),
                f"{one['n_problems']:,}",
                f"{one['n_traces']:,}",
            ]
        )
    heads = ["behavior", "kind", "difference of shares", "p (adjusted)"]
    heads += ["ratio per response", "ratio per word", "problems", "responses"]
    show_table(table, [*(["dataset"] if with_dataset else []), *heads], title, 3 if with_dataset else 2)


def _by_behavior(rows: pd.DataFrame, *keys: str) -> Sequence[tuple[tuple[str, ...], pd.DataFrame]]:
    pieces = rows["measure"].str.split("/")
    frame = rows.assign(behavior=pieces.str[1], per=pieces.str[2])
    found = frame.groupby(["behavior", *keys], sort=False)
    return [(tuple(map(str, name)), part) for name, part in found]


def print_verdicts(found: Rates) -> None:
    """Print what became of every question: answers, failures, quotes and cost."""
    frame = found.verdicts
    if frame.empty:
        return
    failures = [name for name in ("unclear", "unparsed", "refused", "failed") if frame[name].any()]
    paid = bool(frame["cost"].isna().any() or (frame["cost"] > 0).any())
    repeated = bool(frame["repeated"].any())
    table: list[list[object]] = []
    for row in frame.to_dict("records"):
        share = row["unverified"] / row["quotes"] if row["quotes"] else math.nan
        cells = [f"{row[name]:,}" for name in ("units", "present", "absent", *failures, "quotes")]
        cells.append("-" if math.isnan(share) else f"{100 * share:.1f}%")
        if repeated:
            cells.append(f"{row['flips']:,} of {row['repeated']:,}")
        if paid:
            cells.append("unknown" if math.isnan(row["cost"]) else f"${row['cost']:.4f}")
        table.append([row["behavior"], row["model_kind"], row["unit"], *cells])
    heads = [
        "behavior",
        "kind",
        "unit",
        "units",
        "present",
        "absent",
        *failures,
        "quotes",
        "of these not counted",
    ]
    heads += (["repeats differ"] if repeated else []) + (["cost"] if paid else [])
    show_table(table, heads, "Verdicts", 3)
    if frame["addressed"].any():
        n = int(frame.groupby("model_kind")["addressed"].max().sum())
        click.echo(f"{n:,} responses speak to the judge (column problem of the table labels): look at them.")
    if failures:
        again = ",".join(name for name in RETRIED if name in failures)
        ask = f"; ask again with --retry {again}" if again else ""
        click.echo(f"Units with no answer are left out of every rate above{ask}.")
        _reasons(frame["problems"])


def _reasons(problems: Iterable[dict[str, int]]) -> None:
    """Print the commonest reasons why there is no answer; those that differ in numbers only are one."""
    count: Counter[str] = Counter()
    example: dict[str, str] = {}
    for one in problems:
        for why, n in one.items():
            kind = re.sub(r"\d[\d.,]*", "0", why)
            count[kind] += n
            example.setdefault(kind, why)
    for kind, n in count.most_common(_REASONS):
        line = plain(example[kind])
        click.echo(f"  {n:>6,}  {line[:_WIDTH]}{'…' if len(line) > _WIDTH else ''}")
    if len(count) > _REASONS:
        click.echo(f"  and {len(count) - _REASONS:,} other reasons (column problem of the table labels)")


def print_quotes(study: Study, text: str, judge: str, codebooks: Sequence[Codebook], most: int) -> None:
    """Print a few of the passages that count, the first by trace."""
    from reasonlens.workflow.behaviors_quotes import some_quotes

    for codebook in codebooks:
        rows = some_quotes(study, text, judge, codebook.name, most)
        if rows:
            click.echo(f"\n{click.style(f'{codebook.name}, for instance', bold=True)}")
        for kind, trace_id, quote in rows:
            line = plain(re.sub(r"\s+", " ", quote))
            click.echo(
                f"  {kind:<12} {trace_id[:12]:<12}  {line[:_WIDTH]}{'…' if len(line) > _WIDTH else ''}"
            )
