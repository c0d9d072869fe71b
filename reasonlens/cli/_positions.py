"""What ``reasonlens tokens --positions`` does and prints."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click
import pandas as pd

from reasonlens.cli._ingested import read_in
from reasonlens.cli._inputs import inputs_of, lexicons_of, study_at
from reasonlens.cli._print import interval, number, p_value, show_table
from reasonlens.cli._progress import watched
from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.core.tables import POOLED
from reasonlens.workflow import export, figures
from reasonlens.workflow.positions import FIGURES, Positions, Question, positions
from reasonlens.workflow.run import Plan

__all__ = ["show_positions"]

_FIFTHS = 5


def show_positions(options: dict[str, Any]) -> None:
    """Place the hits, estimate, print, and say where everything went."""
    _check(options)
    names, given = inputs_of(options)
    lexicons = lexicons_of(options)
    with study_at(given) as folder, watched() as bar:
        plan = Plan(folder, text=options["part"])
        read_in(names, plan, options, bar)
        question = Question(
            exclude=tuple(flag for flag in options["exclude"] if flag != "none"),
            reference=options["reference"],
            condition=options["condition"],
            seed=options["seed"],
        )
        found = positions(Study(folder), lexicons, question, text=options["part"], jobs=options["jobs"])
    for lexicon in lexicons:
        _print(found, lexicon.name)
    _end(found)
    _keep(options, found, given)


def _check(options: dict[str, Any]) -> None:
    for name, wrong in (
        ("--per", options["per"] != "words"),
        ("--tokenizer", options["tokenizer"]),
        ("--matches", options["matches"]),
        ("--all-problems", options["all_problems"]),
    ):
        if wrong:
            raise InputError(
                f"{name} does not go with --positions: places are counted in words, and groups are "
                "compared on shared problems; leave it out"
            )
    export.check(options["out"])


def _print(found: Positions, lexicon: str) -> None:
    curves, whole = _main(found.curves, lexicon)
    kinds = list(dict.fromkeys(curves["group"]))
    relative, absolute = (curves[curves["scale"] == scale] for scale in ("relative", "absolute"))
    bins = absolute.drop_duplicates("bin").sort_values("bin")
    heads = [_range(start, end) for start, end in zip(bins["start"], bins["end"], strict=True)]
    first = absolute[absolute["category"] == absolute["category"].iloc[0]]
    reach = first.pivot(index="group", columns="bin", values="n_traces").reindex(kinds)
    show_table(
        [[kind, *("-" if math.isnan(n) else f"{n:,.0f}" for n in reach.loc[kind])] for kind in kinds],
        ["kind", *heads],
        f"{lexicon}: responses that reach these words",
        1,
    )
    _rate_table(absolute, heads, f"{lexicon}: per 1,000 words, by words before", "bin")
    size = int(relative["bin"].max()) + 1
    fifths = relative.assign(bin=relative["bin"] * _FIFTHS // size)
    share = [f"{100 * k // _FIFTHS}-{100 * (k + 1) // _FIFTHS}%" for k in sorted(set(fifths["bin"]))]
    _rate_table(fifths, share, f"{lexicon}: per 1,000 words, by share of the response before", "bin")
    _first_table(found.estimates, lexicon, whole)
    _contrast_table(found.estimates, lexicon, whole)


def _main(curves: pd.DataFrame, lexicon: str) -> tuple[pd.DataFrame, str]:
    rows = curves[(curves["lexicon"] == lexicon) & (curves["without"] == "")]
    whole = POOLED if (rows["dataset"] == POOLED).any() else str(rows["dataset"].iloc[0])
    return rows[rows["dataset"] == whole], whole


def _range(start: float, end: float) -> str:
    return f"{start:,.0f}+" if math.isinf(end) else f"{start:,.0f}-{end:,.0f}"


def _rate_table(rows: pd.DataFrame, heads: list[str], title: str, by: str) -> None:
    total = rows.groupby(["category", "group", by], sort=False)[["hits", "words"]].sum()
    rate = 1000 * total["hits"] / total["words"].where(total["words"] > 0)
    wide = rate.unstack(by).sort_index(axis=1)
    table = []
    for category, kind in dict.fromkeys(zip(rows["category"], rows["group"], strict=True)):
        table.append([category, kind, *(number(value) for value in wide.loc[(category, kind)])])
    table.sort(key=lambda row: [list(dict.fromkeys(rows["category"])).index(row[0])])
    show_table(table, ["category", "kind", *heads], title, 2)


def _first_table(estimates: pd.DataFrame, lexicon: str, whole: str) -> None:
    rows = _rows(estimates, lexicon, whole)
    rows = rows[rows["contrast"] == ""]
    table, limit = [], ""
    for (category, kind), part in rows.groupby(["category", "group"], sort=False):
        of = {row["what"]: row for row in part.to_dict("records")}
        one, limit = of["median"], of["restricted-mean"]["unit"]
        counts = [f"{one[name]:,}" for name in ("n_problems", "n_traces", "excluded", "n_looping")]
        cells = [interval(of["share"]), _median(one), interval(of["restricted-mean"])]
        table.append([category, kind, *cells, *counts])
    table.sort(key=lambda row: list(dict.fromkeys(rows["category"])).index(row[0]))
    heads = ["category", "kind", "ever", "median", f"mean ({limit})"]
    title = f"{lexicon}: words before the first marker (responses without one are censored at their end)"
    show_table(table, [*heads, "problems", "responses", "excluded", "looping"], title, 2)


def _contrast_table(estimates: pd.DataFrame, lexicon: str, whole: str) -> None:
    rows = _rows(estimates, lexicon, whole)
    table = []
    for (contrast, category), part in rows[rows["contrast"] != ""].groupby(
        ["contrast", "category"], sort=False
    ):
        of = {row["what"]: row for row in part.to_dict("records")}
        mean = of["restricted-mean"]
        tests = [p_value(of[name]["p_adjusted"]) for name in ("log-rank", "log-rank-excess")]
        counts = [f"{mean[name]:,}" for name in ("n_problems", "n_traces")]
        table.append(
            [str(contrast).replace(" - ", " vs "), category, interval(mean), mean["unit"], *tests, *counts]
        )
    heads = ["contrast", "category", "difference of means", "unit", "log-rank p (Holm)", "sign-flip p (Holm)"]
    title = f"{lexicon}: words before the first marker, contrasts on shared problems"
    show_table(table, [*heads, "problems", "responses"], title, 2)


def _rows(estimates: pd.DataFrame, lexicon: str, whole: str) -> pd.DataFrame:
    parts = estimates["measure"].str.split("/")
    rows = estimates.assign(lexicon=parts.str[0], category=parts.str[1], what=parts.str[3])
    main = ~estimates["measure"].str.contains("/without-", regex=False)
    return rows[main & (rows["lexicon"] == lexicon) & (rows["dataset"] == whole)]


def _median(row: dict[Any, Any]) -> str:
    """Return a median with its limits; beyond the responses it is only known not to be reached."""
    low, high = row["low"], row["high"]
    if not math.isnan(row["value"]):
        ends = "no interval" if math.isnan(low) else f"{low:,.0f}, {_end_of(high)}"
        return f"{row['value']:,.0f} [{ends}]"
    return "not reached" if not math.isfinite(low) else f"not reached [{low:,.0f}, -]"


def _end_of(high: float) -> str:
    return "-" if math.isinf(high) else f"{high:,.0f}"


def _end(found: Positions) -> None:
    question = found.question
    click.echo(
        f"\nIntervals: {100 * question.level:g}%, clustered by problem; estimand: problems like these "
        "(contrasts: like the shared ones; the log-rank test: these shared problems). "
        f"Medians: {question.draws:,} draws, seed {question.seed}."
    )


def _keep(options: dict[str, Any], found: Positions, given: Path | None) -> None:
    out = options["out"]
    if out:
        tables = {"": found.estimates, "-positions": found.curves, "-first_marker": found.first_marker}
        for suffix, frame in tables.items():
            path = out.with_name(f"{out.stem}{suffix}{out.suffix}")
            export.save(frame, path)
            click.echo(f"{'Estimates' if not suffix else 'Curves'}: {path}")
    if given is None:
        click.echo("Nothing else was kept; add --study DIR to keep the tables and the figures.")
        return
    made = figures.draw(Study(given), Path(given) / "figures", *FIGURES).files
    click.echo(f"Study: {given} (tables {', '.join(Study(given).tables())})")
    click.echo(f"Figures: {', '.join(str(path) for path in made if path.suffix == '.pdf')}")
