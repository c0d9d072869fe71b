"""Studies to look at: the bundled sample, counted, compared and judged; and one with two conditions."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

import reasonlens
from reasonlens import sample
from reasonlens.core.study import Study
from reasonlens.judges import Settings, load_codebooks, rules
from reasonlens.view.index import Index, load
from reasonlens.workflow.behaviors import Wanted, judge_study
from tests.view.making import client_of, made_study


@pytest.fixture(scope="session")
def sample_study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The bundled sample with counts, rates, comparisons and labels of the offline judge."""
    path = tmp_path_factory.mktemp("view") / "sample"
    reasonlens.tokens([sample.path()], study=path, jobs=1)
    reasonlens.compare(path)
    study = Study(path)
    judge_study(
        study, rules.make(Settings()), Wanted(tuple(load_codebooks(["verification", "backtracking"])))
    )
    return study


@pytest.fixture(scope="session")
def sample_index(sample_study: Study) -> Index:
    return load(sample_study)


@pytest.fixture(scope="session")
def client(sample_study: Study) -> TestClient:
    return client_of(sample_study)


@pytest.fixture
def two_conditions(tmp_path: Path) -> Study:
    """Three problems, one model, with and without a ban: one answer turns wrong, one right, one stays."""
    outcomes = {"one": (True, False), "two": (False, True), "three": (True, True)}
    rows = [
        {
            "model": "lab/m",
            "model_kind": "distilled",
            "benchmark": "toy",
            "problem_id": problem,
            "problem": f"What is {problem}?",
            "response": f"Wait, {problem} is {condition}.",
            "condition": condition,
            "correct": right,
            "sample": 0,
        }
        for problem, pair in outcomes.items()
        for condition, right in zip(("baseline", "ban-wait"), pair, strict=True)
    ]
    return made_study(tmp_path, rows)
