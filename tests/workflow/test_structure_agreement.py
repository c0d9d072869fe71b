"""Two decomposers on the same traces."""

from __future__ import annotations

from pathlib import Path

import pytest
from sklearn.metrics import cohen_kappa_score

from reasonlens.structure import KINDS, Decomposition, Step
from reasonlens.structure.baseline import Baseline, sentence_kinds, steps_of
from reasonlens.workflow.structure_agreement import decomposers, rows_of_agreement, sentences
from reasonlens.workflow.structure_chosen import Chosen
from reasonlens.workflow.structure_rows import Source
from reasonlens.workflow.structure_steps import decompose_study
from tests.workflow.test_structure import rows, study_of


class Halves(Baseline):
    """Two steps: the first sentence plans, all others compute."""

    @property
    def name(self) -> str:
        return "halves"

    def decompose(self, items, done=lambda _: None):
        for item in items:
            cut = sentence_kinds(item.text)[1][0]
            first = Step("a", kind="plan", start=0, end=cut, place="exact")
            yield Decomposition(
                (first, Step("b", kind="compute", start=cut, end=len(item.text), place="exact"))
            )


def test_kappa_is_that_of_scikit_learn(tmp_path: Path) -> None:
    data = rows(1)
    study = study_of(tmp_path, data)
    for one in (Baseline(), Halves()):
        decompose_study(study, one, Chosen())
    assert decomposers(study) == ["baseline", "halves"]
    kinds, starts = rows_of_agreement(study, Source("baseline"))
    said: dict[str, list[list[object]]] = {"kinds": [], "starts": []}
    for row in data:
        text = str(row["response"])
        a = sentences(text, Decomposition(tuple(steps_of(text))))
        (plan,) = Halves().decompose([type("Item", (), {"text": text})()])
        b = sentences(text, plan)
        said["kinds"] += [list(pair) for pair in zip(a.kinds, b.kinds, strict=True)]
        said["starts"] += [list(pair) for pair in zip(a.starts, b.starts, strict=True)]
    for row, name in ((kinds, "kinds"), (starts, "starts")):
        left, right = zip(*said[name], strict=True)
        assert row["value"] == pytest.approx(cohen_kappa_score(left, right))
        assert (row["reference"], row["unit"], row["n_traces"]) == ("halves", "Cohen's kappa", len(left))
        assert row["n_problems"] == 6


def test_a_sentence_without_a_placed_step_has_no_kind() -> None:
    found = sentences("Add 2. Is it 5?", Decomposition((Step("a", kind="plan"),)))
    assert (found.kinds, found.starts) == ([-1, -1], [False, False])
    part = sentences("Add 2. Is it 5?", Decomposition((Step("a", kind="check", start=7, end=15),)))
    assert part.kinds == [-1, KINDS.index("check")]


def test_one_decomposer_has_nobody_to_agree_with(tmp_path: Path) -> None:
    study = study_of(tmp_path, rows(1))
    decompose_study(study, Baseline(), Chosen())
    assert rows_of_agreement(study, Source("baseline")) == []
