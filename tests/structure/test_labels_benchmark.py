"""The comparison with published labels: on sentences of which all is known, and as it was kept."""

from __future__ import annotations

import gzip
import importlib.util
import itertools
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, precision_score, recall_score

from reasonlens.structure import KINDS
from reasonlens.structure.baseline import steps_of
from reasonlens.structure.markers import markers

FOLDER = Path(__file__).parents[2] / "benchmarks" / "structure"

SENTENCE = {
    "plan": "First, add them.",
    "compute": "The sum is 5.",
    "check": "Wait, is it?",
    "recall": "I remember that.",
}
"""One sentence that the markers take for each of these kinds."""


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name.removeprefix('structure_b_')}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def run() -> ModuleType:
    for name in ("structure_labels", "structure_page"):  # as when the folder is that of the script
        _module(name)
    return _module("structure_b_run")


def _folder(path: Path, chunks: list[tuple[str, str]]) -> Path:
    """Write one mathematical trace with three label sets that are the same, and one on another question."""
    sets = [{"ss": [code], "etm": [code], "og": [code]} for _, code in chunks]
    rows = [
        {"text": text, "labels": labels, "index": i}
        for i, ((text, _), labels) in enumerate(zip(chunks, sets, strict=True))
    ]
    line = json.dumps({"trace_id": "problem_1/seed_0", "chunks": rows}) + "\n"
    other = {"trace_id": "problem_1/seed_0", "chunks": [{"text": "Hmm.", "label": "Deduction", "index": 0}]}
    for name, text in (
        ("thought_anchors_math_6label_sets.jsonl.gz", line),
        ("thought_anchors_general_labelled.jsonl.gz", json.dumps(other) + "\n"),
    ):
        with gzip.open(path / name, "wt", encoding="utf-8") as file:
            file.write(text)
    return path


CHUNKS = [
    ("Solve this.", "Prompt"),
    ("Solution: \n<think>\nFirst, add them.", "Planning and Strategy"),
    ("2 + 3 = 5.", "Intermediate Step"),
    ("Wait, is it?", "Verification or Consistency Check"),
    ("Now it is 5.", "Intermediate Step"),
    ("It is like a river.", "Metaphorical or Conceptual Thinking"),
    ("So 5.</think>\n\nThe answer is 5.", "Final Answer"),
    ("Wait, that came after.", "Verification or Consistency Check"),
]
"""The markers take these, from the first to "So 5.", for plan, compute, check, plan, compute, compute."""


def test_only_the_reasoning_is_compared(run: ModuleType, tmp_path: Path) -> None:
    trace, other = run.traces(_folder(tmp_path, CHUNKS))
    assert (other.problem, other.codes) == ("general/problem_1", {"general": (frozenset(["Deduction"]),)})
    assert trace.problem == "math/problem_1"
    assert trace.said == ("plan", "compute", "check", "plan", "compute", "compute")
    assert trace.opens == (True, False, True, True, False, False)
    assert len(trace.codes["math/ss"]) == 6


def test_rows_by_hand(run: ModuleType, tmp_path: Path) -> None:
    found = run.measure(_folder(tmp_path, CHUNKS))
    first = found["all_kinds"][0]
    # same: plan, compute, check; other: plan for compute, compute for conclude; the metaphor is left out
    assert (first["sentences"], first["left_out"], first["same"][0]) == (5, 1, 0.6)
    assert first["most_frequent"] == 0.4
    rows = {(r["rater"], r["labels"], r["kind"]): r for r in found["kinds"]}
    plan = rows["baseline", "math/ss", "plan"]
    assert (plan["sentences"], plan["of_labels"], plan["of_rater"]) == (6, 1, 2)
    assert (plan["found"][0], plan["right"][0]) == (1.0, 0.5)
    conclude = rows["baseline", "math/ss", "conclude"]
    assert (conclude["found"][0], conclude["right"]) == (0.0, [None, None, None])  # undefined is no 0
    steps = {(r["rater"], r["labels"], r["steps"]): r for r in found["steps"]}
    change = steps["baseline", "math/ss", "the kind changes"]
    # the labels change at 5.; Wait; Now; So: the baseline begins a step at two of the four, and nowhere else
    assert (change["of_labels"], change["of_rater"], change["found"][0]) == (4, 2, 0.5)
    assert (change["right"][0], change["by_labels"], change["by_rater"]) == (1.0, 5.0, 3.0)
    rule = steps["baseline", "math/ss", "the baseline's rule"]
    # by its rule: at Wait and at So; the baseline at Wait and at Now
    assert (rule["of_labels"], rule["found"][0], rule["right"][0]) == (2, 0.5, 0.5)


@given(st.lists(st.sampled_from(sorted(SENTENCE)), min_size=1, max_size=12))
def test_the_rule_is_that_of_the_baseline(run: ModuleType, kinds: list[str]) -> None:
    kinds = ["check", *kinds]  # a first sentence may be read otherwise
    text, begins = "", []
    for kind in kinds:
        begins.append(len(text))
        text += SENTENCE[kind] + "\n\n"
    starts = {step.start for step in steps_of(text)}
    assert run.by_rule(kinds) == [at in starts for at in begins]


@given(st.lists(st.sampled_from([None, "plan", "check", "compute"]), max_size=12))
def test_changes_are_those_of_the_sequence_without_gaps(run: ModuleType, kinds: list[str | None]) -> None:
    known = [(i, k) for i, k in enumerate(kinds) if k is not None]
    expected = {0} | {b[0] for a, b in itertools.pairwise(known) if a[1] != b[1]}
    assert [i for i, new in enumerate(run.changes(kinds)) if new] == sorted(expected & set(range(len(kinds))))


def test_codes_for_two_kinds_stand_for_none(run: ModuleType) -> None:
    both = [frozenset(["a", "b"]), frozenset(["a", "x"]), frozenset[str]()]
    assert run.kinds_of(both, {"plan": ["a"], "check": ["b"]}) == [None, "plan", None]


def test_another_program_finds_the_kept_numbers(run: ModuleType, shared_data: Path) -> None:
    import tomllib

    mapping = tomllib.loads((FOLDER / "mapping.toml").read_text("utf-8"))["sets"]
    traces = [t for t in run.traces(shared_data / "labels") if t.problem.startswith("math/")]
    kept = _kept()
    for row in kept["all_kinds"]:
        said, gold = _both(run, traces, mapping, row)
        pairs = [(a, b) for a, b in zip(said, gold, strict=True) if a and b]
        a, b = (list(side) for side in zip(*pairs, strict=True))
        assert row["sentences"] == len(pairs)
        assert row["kappa"][0] == pytest.approx(cohen_kappa_score(a, b), abs=1e-4)
        assert row["same"][0] == pytest.approx(np.mean([x == y for x, y in pairs]), abs=1e-4)
    for row in kept["kinds"]:
        if row["labels"] == "general":
            continue
        said, gold = _both(run, traces, mapping, row)
        a, b = ([x == row["kind"] for x in side] for side in (said, gold))
        assert row["found"][0] == pytest.approx(recall_score(b, a), abs=1e-4)
        assert row["right"][0] == pytest.approx(precision_score(b, a), abs=1e-4)
        assert row["kappa"][0] == pytest.approx(cohen_kappa_score(a, b), abs=1e-4)


def _both(run: ModuleType, traces: Any, mapping: Any, row: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    sides = list(run.sides(traces, mapping, row["rater"], row["labels"]))
    return [k for _, said, _ in sides for k in said], [k for _, _, gold in sides for k in gold]


def _kept() -> dict[str, Any]:
    return dict(json.loads((FOLDER / "results.json").read_text("utf-8")))


def test_what_is_kept_is_of_these_markers_and_shown_on_the_page(run: ModuleType) -> None:
    kept = _kept()
    assert kept["markers"] == markers().digest, "measure again: python benchmarks/structure/run.py --keep"
    assert (FOLDER / "README.md").read_text("utf-8") == run.page(kept)
    assert kept["traces"] == {"math": 20, "general": 422}


def test_the_page_says_what_the_numbers_say() -> None:
    kept = _kept()
    rows = {(r["rater"], r["labels"], r["kind"]): r["kappa"][0] for r in kept["kinds"]}
    mine = {kind: rows["baseline", "math/ss", kind] for kind in KINDS}
    assert max(mine, key=lambda kind: mine[kind]) == "alternative"
    for kind in ("read", "recall", "check", "alternative"):
        assert rows["baseline", "general", kind] < rows["baseline", "math/og", kind]


def test_the_documentation_says_the_kept_numbers(root: Path) -> None:
    rows = _kept()["all_kinds"]
    mine, pair = (f"{row['kappa'][0]:.2f}" for row in (rows[0], rows[-1]))
    text = " ".join((root / "docs" / "structure.md").read_text("utf-8").split())
    assert f"a kappa of {mine} on mathematics, where two label schemes have {pair} with each other" in text
