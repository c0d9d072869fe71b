"""What banning the distinctive words costs: draws figures/06_ban_ablation/ (see README.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

import reasonlens
from reasonlens import Study
from reasonlens.backends import SamplingParams, _templates
from reasonlens.workflow import problem_sets
from reasonlens.workflow.analysis import main
from reasonlens.workflow.ban_effects import ACROSS
from reasonlens.workflow.ban_experiment import Design, draw
from reasonlens.workflow.ban_results import results
from reasonlens.workflow.generate import Spec, connected


def run(study: Study, files: list[str], params: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Take the problems of the files, draw every arm, and estimate the effects."""
    spec = Spec(
        params["backend"],
        params["model"],
        _templates.load(params["template"]),
        SamplingParams(max_tokens=params["max_tokens"]),
        n=params["samples"],
        seed=params["seed"],
    )
    design = Design(tuple(params["ban"]), params["controls"], seed=params["seed"])
    with TemporaryDirectory(prefix="reasonlens-") as folder:
        path, rates = _problems(files, Path(folder), params["problems"])
        problems = problem_sets.load([str(path)])
        with connected(spec.backend, spec.model, problems) as backend:
            drawn = draw(str(study.path), spec, problems, backend, design)
        found = results(study, spec.name, drawn.arms, design, difficulty_from=rates)
    leaks = pd.DataFrame([{"arm": arm, "audit": audit.line()} for arm, audit in found.leaks.items()])
    strata = found.effects[found.effects["measure"].eq(ACROSS)]
    shown = ["arm", "value", "p_value", "n_problems", "excluded", "method"]
    tables = {"compensation": found.compensation, "leaks": leaks}
    return tables if strata.empty else {**tables, "strata": strata[shown]}


def _problems(files: list[str], folder: Path, most: int) -> tuple[Path, str | None]:
    """Write the problems that the traces of the files are about, and how often they are solved there.

    The problems are the first ones by their ids; the rates are None if no trace of them has a verdict.
    """
    source = Study(folder / "source", create=True)
    reasonlens.ingest(files, source.path)
    told = source.traces(["problem_id", "problem", "gold", "correct_source"])
    traces = told[["problem_id", "problem", "gold"]].dropna()
    path = folder / "problems.jsonl"
    rows = traces.drop_duplicates("problem_id").sort_values("problem_id")[:most]
    path.write_text(
        "".join(json.dumps(row) + "\n" for row in rows[["problem", "gold"]].to_dict("records")), "utf-8"
    )
    known = told[told["problem_id"].isin(rows["problem_id"])].dropna(subset=["correct_source"])
    if known.empty:
        return path, None
    rates = folder / "rates.csv"
    solved = known[["problem_id"]].assign(correct=known["correct_source"].astype("float64"))
    solved.to_csv(rates, index=False)
    return path, str(rates)


if __name__ == "__main__":
    main(__file__, run)
