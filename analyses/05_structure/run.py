"""Do students take the steps of their teachers? Draws figures/05_structure/ (see README.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
import pandas as pd

import reasonlens
from reasonlens import Study
from reasonlens.structure.baseline import Baseline
from reasonlens.structure.match import LexicalMatcher
from reasonlens.workflow.analysis import main
from reasonlens.workflow.structure import structure_rates
from reasonlens.workflow.structure_chosen import Chosen
from reasonlens.workflow.structure_pairs import compare_study
from reasonlens.workflow.structure_steps import decompose_study


def run(study: Study, files: list[str], params: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Read, cut into steps, compare students with teachers, and estimate."""
    reasonlens.ingest(files, study.path)
    decomposer, matcher = Baseline(), LexicalMatcher()
    chosen = Chosen(sample=params["sample"], teacher_samples=params["teacher_samples"])
    decompose_study(study, decomposer, chosen)
    compare_study(study, decomposer, matcher, chosen)
    found = structure_rates(study, decomposer, matcher, chosen)
    for note in found.notes:
        click.echo(note, err=True)
    levels = found.rows[(found.rows["quantity"] == "reward_aligned") & (found.rows["reference"] == "")]
    columns = ["teacher", "group", "dataset", "value", "low", "high", "n_problems", "n_traces", "excluded"]
    return {"scores": levels[columns].reset_index(drop=True)}


if __name__ == "__main__":
    main(__file__, run)
