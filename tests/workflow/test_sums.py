"""Sums of a study: the same from one process, from several, and in any grouping of its parts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from reasonlens import Study, sample
from reasonlens.core.errors import InputError
from reasonlens.lexicon import definition
from reasonlens.workflow import tokens
from reasonlens.workflow.figures import draw_apart
from reasonlens.workflow.ingest import Settings, ingest
from reasonlens.workflow.run import Plan


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A study of the sample, cut into ten files."""
    folder = tmp_path_factory.mktemp("sums")
    lines = sample.path().read_text("utf-8").splitlines()
    for i in range(10):
        folder.joinpath(f"{i}.jsonl").write_text("\n".join(lines[i::10]) + "\n", "utf-8")
    plan = Plan(folder / "study", lexicons=(definition.load("flexible_reasoning"),))
    ingest([folder / f"{i}.jsonl" for i in range(10)], plan, Settings(), jobs=1)
    return plan


def test_processes_change_nothing(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    study = Study(plan.study)
    here = tokens.sums_of_study(study, plan)
    monkeypatch.setattr(tokens, "_SMALL", 0)
    apart = tokens.sums_of_study(study, plan, jobs=2)
    for name in ("sizes", "hits", "entries"):
        pd.testing.assert_frame_equal(getattr(here, name), getattr(apart, name))
    assert here.categories == apart.categories
    assert here.n_traces == len(sample.path().read_text("utf-8").splitlines())


def test_parts_are_handed_out_in_few_groups() -> None:
    parts = [str(i) for i in range(1000)]
    groups = list(tokens._groups(parts, 2))
    assert [p for g in groups for p in g] == parts
    assert len(groups) == 16
    assert [len(g) for g in tokens._groups(parts[:5], 2)] == [4, 1]


def test_a_study_without_traces_is_refused(tmp_path: Path) -> None:
    study = Study(tmp_path / "study", create=True)
    with pytest.raises(InputError, match=r"study has no traces"):
        tokens.sums_of_study(study, Plan(study.path))


def test_a_figure_may_be_drawn_apart(plan: Plan, tmp_path: Path) -> None:
    study = Study(plan.study)
    tokens.estimate(study, plan, tokens.Question())
    drawn = draw_apart(study, tmp_path / "apart", "category_rates", apart=True)
    assert [p.name for p in drawn[:3]] == ["category_rates.pdf", "category_rates.svg", "category_rates.png"]
    here = draw_apart(study, tmp_path / "here", "category_rates", apart=False)
    assert [p.read_bytes() for p in drawn] == [p.read_bytes() for p in here]
