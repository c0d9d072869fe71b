"""The whole experiment with a real decoder: every arm, an audit of what was decoded, table and figures."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import reasonlens
from reasonlens import Study
from reasonlens.backends import SamplingParams, _templates
from reasonlens.workflow import figures, problem_sets
from reasonlens.workflow.ban_arms import ROLES, Design
from reasonlens.workflow.ban_experiment import Drawn, draw
from reasonlens.workflow.ban_results import Results, results
from reasonlens.workflow.generate import Spec, connected
from tests.backends.tiny_model import make_model

WORDS = ("wait", "perhaps", "but")
N, PROBLEMS = 4, 6
Ran = tuple[Study, Drawn, Results]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    import torch

    torch.set_num_threads(1)  # more only get into each other's way on so small a model
    folder = tmp_path_factory.mktemp("tiny")
    lines = [{"problem": f"What is {i} plus {i}?", "answer": str(2 * i)} for i in range(PROBLEMS)]
    (folder / "made.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    problems = problem_sets.load([str(folder / "made.jsonl")])
    other = [
        {"model": "other", "response": "Perhaps wait.", "correct": i < 3, **line}
        for i, line in enumerate(lines)
    ]
    (folder / "other.jsonl").write_text("".join(json.dumps(row) + "\n" for row in other), "utf-8")
    reasonlens.ingest([folder / "other.jsonl"], folder / "other")
    against = f"{folder / 'other'}:other"
    model = str(make_model(folder / "model"))
    sampling = SamplingParams(top_p=1.0, max_tokens=40)
    spec = Spec("transformers", model, _templates.load("plain"), sampling, n=N, seed=5)
    design = replace(Design(WORDS, controls=2), against=against)
    study = str(folder / "study")
    with connected("transformers", model, problems, {"batch_size": 24, "device": "cpu"}) as backend:
        drawn = draw(study, spec, problems, backend, design)
    found = results(Study(study), spec.name, drawn.arms, design, difficulty_from=against, behaviors="rules")
    return Study(study), drawn, found


def test_every_kind_of_arm_was_decoded(ran: Ran) -> None:
    study, drawn, _ = ran
    assert {arm.role for arm in drawn.arms} == set(ROLES)
    assert not any(made.n_failed for made in drawn.generated)
    sizes = study.traces(["condition"])["condition"].astype("str").value_counts()
    assert set(sizes.index) == {arm.condition for arm in drawn.arms}
    assert set(sizes) == {N * PROBLEMS}


def test_no_banned_word_stands_in_what_was_decoded(ran: Ran) -> None:
    study, drawn, found = ran
    assert found.leaking == []
    texts = (
        study.traces(["condition", "response"]).groupby("condition", observed=True)["response"].agg("\n".join)
    )
    for arm in drawn.arms:
        if arm.words:
            banned = re.compile(rf"(?<!\w)(?:{'|'.join(arm.words)})(?!\w)", re.IGNORECASE)
            assert not banned.search(texts[arm.condition]), arm
            assert found.leaks[arm.name].n_texts == N * PROBLEMS
    free = re.findall(
        rf"(?<!\w)(?:{'|'.join(WORDS)})(?!\w)", texts["baseline"] + texts["repeat"], re.IGNORECASE
    )
    assert len(free) >= 8  # so there was something to hold back
    assert {"wait", "perhaps"} <= {hit.lower() for hit in free}


def test_a_sham_and_a_placebo_change_no_letter(ran: Ran) -> None:
    rows = ran[0].traces(["condition", "problem_id", "sample", "response"])
    by = rows.set_index(["problem_id", "sample"]).groupby("condition", observed=True)["response"]
    texts = {name: group.sort_index().tolist() for name, group in by}
    assert texts["sham"] == texts["baseline"]
    (words,) = (arm.words for arm in ran[1].arms if arm.role == "placebo")
    begun = re.compile(rf"(?<!\w)(?:{'|'.join(words)})", re.IGNORECASE)
    pairs = list(zip(texts["placebo"], texts["baseline"], strict=True))
    moved = [before for under, before in pairs if under != before]
    assert len(moved) <= len(pairs) // 4
    assert all(begun.search(before) for before in moved)  # "threeBUTTON": split just after a placebo word
    assert texts["repeat"] != texts["baseline"]
    assert texts["target"] != texts["baseline"]


def test_the_table_and_the_figures_are_written(ran: Ran, tmp_path: Path) -> None:
    study, drawn, found = ran
    kept = study.read("effects").to_pandas()
    assert len(kept) == len(found.effects)
    assert set(kept["arm"]) == {arm.name for arm in drawn.arms} - {"baseline"}
    words = kept[(kept["arm"] == "target") & (kept["measure"] == "length/words")].iloc[0]
    assert (words["n_problems"], words["n_traces"]) == (PROBLEMS, 2 * N * PROBLEMS)
    assert kept["measure"].eq("rules@1/verification/presence").sum() == len(drawn.arms) - 1
    names = ("ban_forest", "ban_flips", "ban_dose", "ban_strata")
    made = figures.draw(study, tmp_path, *names, formats=("png",))
    assert made.skipped == {}
    assert {path.name for path in made.files if path.suffix == ".png"} == {f"{name}.png" for name in names}
