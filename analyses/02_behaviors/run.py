"""Counts of behaviors by the offline baseline: draws figures/02_behaviors/ (see README.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

import reasonlens
from reasonlens import Study
from reasonlens.core import registry
from reasonlens.core.tables import POOLED
from reasonlens.judges import Settings, load_codebooks
from reasonlens.judges._rules_quality import measured
from reasonlens.lexicon import definition
from reasonlens.workflow.analysis import main
from reasonlens.workflow.behaviors import Wanted, judge_study
from reasonlens.workflow.behaviors_rates import Asked, rates
from reasonlens.workflow.run import Plan


def run(study: Study, files: list[str], params: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Count words, judge, and estimate; return the shares and what the baseline is worth."""
    reasonlens.tokens(files, study=study.path, lexicons=[params["lexicon"]])
    judge = registry.load("reasonlens.judges", params["judge"]).make(Settings())
    codebooks = tuple(load_codebooks(params["behaviors"]))
    judge_study(study, judge, Wanted(codebooks, sample=params["sample"], seed=params["seed"]))
    plan = Plan(study.path, lexicons=(definition.load(params["lexicon"]),))
    names = tuple(codebook.name for codebook in codebooks)
    found = rates(study, plan, Asked(judge.name, names, reference=params["reference"]))
    return {"shares": _shares(found.rows), "baseline": _baseline(names)}


def _shares(rows: pd.DataFrame) -> pd.DataFrame:
    use = (rows["reference"] == "") & (rows["by"] == "model_kind") & (rows["quantity"] == "share")
    scope = POOLED if (rows["dataset"] == POOLED).any() else rows["dataset"].iloc[0]
    use &= rows["measure"].str.endswith("/presence") & (rows["dataset"] == scope)
    columns = ["measure", "group", "dataset", "value", "low", "high", "n_problems", "n_traces", "excluded"]
    return rows.loc[use, columns].reset_index(drop=True)


def _baseline(behaviors: tuple[str, ...]) -> pd.DataFrame:
    found = [quality for name in behaviors if (quality := measured(name)) is not None]
    return pd.DataFrame(
        {
            "behavior": [q.behavior for q in found],
            "labels": [q.labels for q in found],
            "sentences": [q.sentences for q in found],
            "sensitivity": [q.sensitivity[0] for q in found],
            "specificity": [q.specificity[0] for q in found],
            "kappa": [q.kappa[0] for q in found],
            "source": [q.source for q in found],
        }
    )


if __name__ == "__main__":
    main(__file__, run)
