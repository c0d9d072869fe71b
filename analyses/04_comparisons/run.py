"""Accuracy, length, and what goes with being right: draws figures/04_comparisons/ (see README.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

import reasonlens
from reasonlens import Study
from reasonlens.core.errors import InputError
from reasonlens.workflow.analysis import main
from reasonlens.workflow.compare import Question


def run(study: Study, files: list[str], params: Mapping[str, Any]) -> None:
    """Read the files, then compare, associate and score."""
    question = Question(reference=params["reference"])
    reasonlens.ingest(files, study.path)
    reasonlens.compare(study.path, question)
    reasonlens.associate(study.path, question)
    try:
        reasonlens.score(study.path, params["ks"], question)
    except InputError as error:  # single samples have no pass@k; the other figures stand
        click.echo(f"pass_at_k: {error}", err=True)


if __name__ == "__main__":
    main(__file__, run)
