"""What ``reasonlens tokens --keyness A:B`` does and prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pandas as pd
import tabulate
from click.core import ParameterSource

from reasonlens.cli._ingested import report, settings_of
from reasonlens.cli._inputs import inputs_of, lexicons_of, study_at
from reasonlens.cli._print import plain
from reasonlens.cli._progress import watched, watched_items
from reasonlens.core.study import Study
from reasonlens.core.tables import POOLED
from reasonlens.workflow import export, figures
from reasonlens.workflow.ingest import ingest
from reasonlens.workflow.keyness import Keyness, Request, keyness, sizes_of
from reasonlens.workflow.run import Plan

__all__ = ["show_keyness"]

_KINDS = {"word": "Words", "phrase": "Phrases", "opener": "Sentence openers"}
_FIGURES = ("keyness", "distinctive_tokens")
_TOP = 15  # leaders of a group
_IN_LINE = 8  # leaders that a line per benchmark names


def show_keyness(options: dict[str, Any]) -> None:
    """Compare the words of two groups, print the leaders, and say where everything went."""
    names, given = inputs_of(options)
    export.check(options["out"])
    request = _request(options)
    with study_at(given) as folder:
        plan, jobs = Plan(folder, text=options["part"]), options["jobs"]
        with watched() as bar:
            outcome = ingest(
                names, plan, settings_of(options), jobs=jobs, begin=bar.begin, progress=bar.advance
            )
        if names:
            report(outcome, strict=options["strict"])
        with watched_items("finding words, responses") as items:
            found = keyness(
                Study(folder),
                request,
                lexicons_of(options),
                jobs=jobs,
                begin=items.begin,
                progress=items.advance,
                begin_tests=lambda draws: items.begin(draws, "testing words, permutations"),
                progress_tests=items.advance,
            )
        print_keyness(found, top=_top(options))
    if options["out"]:
        export.save(found.table, options["out"])
        click.echo(f"Keyness: {options['out']}")
    if given is None:
        click.echo("Nothing else was kept; add --study DIR to keep the tables and figures.")
        return
    click.echo(f"Study: {given} (tables {', '.join(Study(given).tables())})")
    _draw(Study(given), given / "figures")


def _draw(study: Study, folder: Path) -> None:
    drawn = figures.draw(study, folder, *_FIGURES)
    for name, why in drawn.skipped.items():  # too few words for this figure; the tables are kept
        click.echo(f"No figure {name}: {why}")
    if drawn.files:
        shown = ", ".join(str(path) for path in drawn.files if path.suffix == ".pdf")
        click.echo(f"Figures: {shown} (also .svg, .png, .csv)")


def _request(options: dict[str, Any]) -> Request:
    return Request(
        options["keyness"],
        text=options["part"],
        sizes=sizes_of(options["ngrams"]),
        openers=options["openers"],
        effect=options["effect"],
        problems=options["min_problems"],
        dispersion=options["max_dispersion"],
        exclude=tuple(flag for flag in options["exclude"] if flag != "none"),
        condition=options["condition"],
        all_problems=options["all_problems"],
        seed=options["seed"],
    )


def _top(options: dict[str, Any]) -> int:
    """Return how many leaders to show: more than entries of a lexicon, unless --top says otherwise."""
    given = click.get_current_context().get_parameter_source("top")
    return _TOP if given is ParameterSource.DEFAULT else int(options["top"])


def print_keyness(found: Keyness, *, top: int) -> None:
    """Print the leaders of both groups over all problems, then in a line for each benchmark."""
    table = found.table
    datasets = list(dict.fromkeys(table["dataset"]))
    if not datasets:
        click.echo(
            "No word reaches the floor "
            f"(in {found.request.problems} problems or more, dispersion {found.request.dispersion:g} or "
            "less): loosen it with --min-problems and --max-dispersion."
        )
        return
    shown = [_leaders(found, datasets[0], kind, title, top) for kind, title in _KINDS.items()]
    if not any(shown) and top:
        click.echo("\nNo word, phrase or opener tells the two apart (adjusted p of 0.05 or less).")
    for dataset in datasets[1:] if datasets[0] == POOLED else ():
        for group in (found.a, found.b):
            terms = found.leaders(dataset, "word", group, _IN_LINE)["term"].tolist()
            click.echo(f"{plain(dataset)}, more in {plain(group)}: {plain(', '.join(terms)) or '-'}")
    _notes(found, datasets[0])


def _leaders(found: Keyness, dataset: str, kind: str, title: str, top: int) -> int:
    """Print the leaders of both groups; return how many there are."""
    rows = []
    for group in (found.a, found.b):
        for row in found.leaders(dataset, kind, group, top).to_dict("records"):
            rows.append(_row(row, group))
    if not rows:
        return 0
    heads = ["more in", "term", "category", f"{found.a}", f"{found.b}", "log2 ratio", "no loops"]
    heads += ["z", "DP", "problems", "traces", "p (BH)"]
    unit = found.table.loc[found.table["kind"] == kind, "unit"].iloc[0]
    align = ["left"] * 3 + ["right"] * 9
    text = tabulate.tabulate(
        rows, [plain(head) for head in heads], tablefmt="simple", colalign=align, disable_numparse=True
    )
    where = "all benchmarks" if dataset == POOLED else plain(dataset)
    click.echo(f"\n{click.style(f'{title} found, {where} ({unit})', bold=True)}\n{text}")
    return len(rows)


def _row(row: dict[Any, Any], group: str) -> list[str]:
    category = row["category"] if row["entry"] == row["term"] else f"({row['category']})" * bool(row["entry"])
    return [
        plain(group),
        plain(row["term"]),
        plain(category),
        f"{row['rate_a']:.2f}",
        f"{row['rate_b']:.2f}",
        f"{row['log2_ratio']:+.1f} {_limits(row)}",
        _or_dash(row["log2_ratio_without_looping"], "+.1f"),
        f"{row['log_odds_z']:+.0f}",
        f"{row['dp']:.2f}",
        f"{row['problems_a']:,}:{row['problems_b']:,}",
        f"{row['traces_a']:,}:{row['traces_b']:,}",
        "<0.001" if row["p_adjusted"] < 0.001 else f"{row['p_adjusted']:.3f}",
    ]


def _limits(row: dict[Any, Any]) -> str:
    low, high = row["log2_ratio_low"], row["log2_ratio_high"]
    return "" if pd.isna(low) else f"[{low:+.1f}, {high:+.1f}]"


def _or_dash(value: float, form: str) -> str:
    return "-" if pd.isna(value) else f"{value:{form}}"


def _notes(found: Keyness, dataset: str) -> None:
    of = found.table[found.table["dataset"] == dataset]
    one = of.iloc[0]
    n_of = of["kind"].value_counts().to_dict()
    tests = ", ".join(f"{n_of[kind]:,} {title.lower()}" for kind, title in _KINDS.items() if kind in n_of)
    click.echo(
        f"\nTested on {one['n_problems']:,} problems, {one['n_traces']:,} responses "
        f"({one['n_looping']:,} loop): {tests}; {one['method']} (seed {one['seed']})."
    )
    if one["excluded"]:
        click.echo(f"Left out: {one['excluded']:,} ({plain(one['excluded_why'])}).")
    click.echo(
        f"Ranked by {one['ranked_by']}; estimand: {one['estimand']}. z and the table's g2 take words as "
        "independent: they describe, they do not test. The p-value is that of the permutations, not of the "
        "interval, which is wide where a side has its hits in few problems."
    )
