"""What ``reasonlens diagnose`` does once it is called."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click
import pandas as pd

from reasonlens import signatures
from reasonlens.cli._ingested import read_in
from reasonlens.cli._inputs import inputs_of, study_at
from reasonlens.cli._print import interval, p_value, plain, show_table
from reasonlens.cli._progress import watched
from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.core.tables import MODEL_KINDS
from reasonlens.workflow import diagnose, diagnoses, export, judged, logprobs, pool
from reasonlens.workflow.run import Plan

__all__ = ["show"]

Row = Mapping[Hashable, Any]

_SHORT = {"flagged": "FLAGGED", "not flagged": "no", "cannot tell": "?"}


def show(options: dict[str, Any]) -> None:
    """Read what is named, diagnose every model, print verdicts and evidence."""
    names, given = inputs_of(options)
    export.check(options["out"])
    asked = diagnose.Asked(
        signatures=options["signatures"],
        thresholds=dict(_threshold(text) for text in options["thresholds"]),
        limit=options["limit"],
        exclude=tuple(flag for flag in options["exclude"] if flag != "none"),
        evidence=options["quotes"],
        seed=options["seed"],
    )
    diagnose.measures(asked)  # a wrong name is told before the work
    with study_at(given) as folder, watched() as bar:
        read_in(names, Plan(folder), options, bar)
        study = Study(folder)
        with _tokens(study, options) as tokens:
            found = diagnose.diagnose(study, asked, tokens=tokens, jobs=_jobs(options, study))
        _print(found.table, asked, everything=options["everything"])
        if options["out"]:
            export.save(_flat(found.table), options["out"])
            click.echo(f"Verdicts: {options['out']}")
        if given is not None:
            click.echo(f"Study: {given} (table diagnoses)")


def _jobs(options: dict[str, Any], study: Study) -> int:
    few = sum(study.rows("traces", part) for part in study.parts("traces")) < 5_000
    return options["jobs"] or (1 if few else pool.cores())


@contextmanager
def _tokens(study: Study, options: dict[str, Any]) -> Iterator[logprobs.Store | None]:
    path, lexicon = options["logprobs"], judged.lexicons()[0]
    if not path:
        yield None
        return
    with logprobs.read(study, path, options["vocabulary"], join=options["join"], lexicon=lexicon) as found:
        click.echo(f"Log-probabilities: {found.account()}", err=True)
        yield found.tokens


def _threshold(text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    try:
        return name.strip(), float(value if equals and name.strip() else "")
    except ValueError:
        raise InputError(f"--threshold {text!r} is not NAME=NUMBER, for instance looping=0.05") from None


def _print(table: pd.DataFrame, asked: diagnose.Asked, *, everything: bool) -> None:
    main = diagnoses.whole(table)
    _grid(main)
    shown = main if everything else main[main["verdict"] == "flagged"]
    for (signature, measure), part in shown.groupby(["signature", "measure"], sort=False):
        _details(part, table, str(signature), str(measure), asked.evidence)
    level = f"{100 * table['level'].iloc[0]:g}%"
    click.echo(
        f"\nVerdicts: the {level} interval, clustered by problem, against the threshold; Holm's correction "
        "over the models. '?': cannot tell. A signature says what the outputs look like, not why."
    )


def _grid(main: pd.DataFrame) -> None:
    judged = main.groupby("signature", sort=False)["n_traces"].transform("sum") > 0
    columns = list(dict.fromkeys(zip(main[judged]["signature"], main[judged]["measure"], strict=True)))
    several = main["condition"].nunique() > 1
    rows = []
    for key, part in _models(main):
        cells = {(r["signature"], r["measure"]): _SHORT[r["verdict"]] for r in part.to_dict("records")}
        size = int(part["n_traces"].max() if part["n_traces"].max() else 0)
        rows.append([*(key if several else key[:2]), *(cells.get(c, "-") for c in columns), f"{size:,}"])
    heads = ["kind", "model", *(["condition"] if several else [])]
    left = len(heads)
    heads += [_head(signature, measure) for signature, measure in columns] + ["responses"]
    show_table(rows, heads, "Failure signatures", left)
    for name, part in main[~judged].groupby("signature", sort=False):
        click.echo(f"Cannot tell for any model: {name} ({plain(part['why'].mode()[0])})")


def _models(main: pd.DataFrame) -> list[tuple[tuple[str, str, str], pd.DataFrame]]:
    rank = {kind: place for place, kind in enumerate(MODEL_KINDS)}
    groups = [
        ((str(kind), str(model), str(condition)), part)
        for (kind, model, condition), part in main.groupby(["model_kind", "model", "condition"])
    ]
    return sorted(groups, key=lambda item: (rank.get(item[0][0], len(rank)), item[0]))


def _head(signature: str, measure: str) -> str:
    several = len(signatures.load(signature).MEASURES) > 1
    return (measure if several else signature).replace("_", "\n")


def _details(part: pd.DataFrame, table: pd.DataFrame, signature: str, measure: str, quotes: int) -> None:
    module = signatures.load(signature)
    declared = next(m for m in module.MEASURES if m.name == measure)
    side, threshold = part["side"].iloc[0], part["threshold"].iloc[0]
    scale, unit = _shown_in(declared.unit)
    title = f"{module.TITLE}: {declared.title} ({unit}; flagged {side} {scale * threshold:g})"
    several = table["condition"].nunique() > 1
    rows = []
    for _, each in _models(part):
        row = each.iloc[0].to_dict()
        rows.append(
            [
                f"{row['model']} ({row['condition']})" if several else row["model"],
                _interval(row, scale),
                _without(table, row, scale),
                p_value(row["p_adjusted"]),
                row["verdict"],
                f"{row['n_problems']:,}",
                f"{row['n_traces']:,}",
                f"{row['excluded']:,}",
            ]
        )
    heads = ["model", "estimate", "without loops", "p (Holm)", "verdict", "problems", "responses", "left out"]
    show_table(rows, heads, title, 1)
    for _, each in _models(part):
        for item in each["evidence"].iloc[0][:quotes]:
            model = str(each["model"].iloc[0]).rpartition("/")[2]
            click.echo(plain(f"  {model}  {item['trace_id'][:8]}  {item['quote']}"))


def _shown_in(unit: str) -> tuple[float, str]:
    """Return factor and unit for the terminal: shares in percent."""
    if unit == "difference of shares":
        return 100.0, "percentage points"
    return (100.0, f"%{unit.removeprefix('share')}") if unit.startswith("share ") else (1.0, unit)


def _interval(row: Row, scale: float) -> str:
    return interval({name: scale * row[name] for name in ("value", "low", "high")})


def _without(table: pd.DataFrame, row: Row, scale: float) -> str:
    keys = ["signature", "measure", "model_kind", "model", "condition", "dataset"]
    same = table["without"] == "looping"
    for key in keys:
        same &= table[key] == row[key]
    found = table[same]
    return _interval(found.iloc[0].to_dict(), scale) if len(found) else "-"


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the evidence as text, for files that hold no lists."""
    told = table["evidence"].map(lambda items: " | ".join(f"{x['trace_id']}: {x['quote']}" for x in items))
    return table.assign(evidence=told)
