"""Category rates and distinctive words: draws figures/01_token_frequencies/ (see README.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import reasonlens
from reasonlens import Study
from reasonlens.workflow.analysis import main
from reasonlens.workflow.keyness import Request
from reasonlens.workflow.tokens import Question


def run(study: Study, files: list[str], params: Mapping[str, Any]) -> None:
    """Count the categories, then find what sets two groups apart."""
    reasonlens.tokens(
        files,
        study=study.path,
        lexicons=params["lexicons"],
        text=params["text"],
        question=Question(per=params["per"], exclude=tuple(params["exclude"]), reference=params["reference"]),
    )
    request = Request(
        params["groups"],
        text=params["text"],
        problems=params["min_problems"],
        dispersion=params["max_dispersion"],
        seed=params["seed"],
    )
    reasonlens.keyness(study.path, params["groups"], request)


if __name__ == "__main__":
    main(__file__, run)
