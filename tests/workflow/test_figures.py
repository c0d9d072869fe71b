"""Figures of a study: drawn where the tables are there, named where they are not, the same bytes twice."""

from __future__ import annotations

from pathlib import Path

import pytest

import reasonlens
from reasonlens.core import registry
from reasonlens.core.errors import UnknownNameError
from reasonlens.core.study import Study
from reasonlens.sample import path as sample
from reasonlens.workflow.figures import draw


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("figures") / "study"
    reasonlens.tokens([sample()], study=folder)
    return Study(folder)


def test_a_figure_without_its_tables_is_named(study: Study, tmp_path: Path) -> None:
    drawn = draw(study, tmp_path, formats=("svg",))
    assert {p.name for p in drawn.files} == {f"category_rates.{x}" for x in ("svg", "csv", "json")}
    assert set(drawn.skipped) == set(registry.names("reasonlens.figures")) - {"category_rates"}
    assert all(why.startswith("the study has no ") for why in drawn.skipped.values())


def test_the_same_study_gives_the_same_bytes(study: Study, tmp_path: Path) -> None:
    one = draw(study, tmp_path / "a", "category_rates").files
    two = draw(study, tmp_path / "b", "category_rates").files
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]


def test_unknown_figures_are_refused(study: Study, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="no figure is named 'category_rate'"):
        draw(study, tmp_path, "category_rate")
