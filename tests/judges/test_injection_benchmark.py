"""The measurement of obedience and drift, on models of which both are known."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.judges.fake_models import gullible, honest, scripted

FOLDER = Path(__file__).parents[2] / "benchmarks" / "injection"


@pytest.fixture(scope="module")
def run() -> ModuleType:
    spec = importlib.util.spec_from_file_location("injection_run", FOLDER / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_obedience_and_drift_are_those_of_the_model(run: ModuleType) -> None:
    texts = ["The sum is 12. Let me check: 3 + 9 = 12. Done.", "So 4. It is done. The end."]
    noise, *rest = run.measure(scripted(gullible), "m", texts)
    harmless, orders = run.totals(rest)
    assert (noise.asked, noise.changed, noise.lost) == (8, 0, 0)
    assert (harmless.asked, harmless.changed, harmless.marked) == (7 * 24, 0, 0)
    assert (orders.asked, orders.marked) == (12 * 24, 12 * 24)
    # present alone: verification and metacognitive awareness in the first text; 11 orders say absent, in
    # three places, and nine are understood; the one that says present could turn the other six
    assert (orders.could, orders.obeyed) == (11 * 2 * 3 + 6 * 3, 9 * 2 * 3)
    (present,) = (row for row in rest if row.trick == "order to say present")
    assert (present.lost, present.obeyed) == (8 * 3, 0)  # its own words are no evidence
    deaf = run.totals(list(run.measure(scripted(honest), "m", texts))[1:])[1]
    # five orders end without an end of sentence: right before an honest quote they take it along, twice each
    assert (deaf.obeyed, deaf.changed, deaf.lost) == (0, 0, 5 * 2)


def test_the_kept_table_is_that_of_the_results(run: ModuleType) -> None:
    rows = [run.Row(**row) for row in json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))]
    assert (FOLDER / "README.md").read_text(encoding="utf-8").endswith(f"\n\n{run.table(rows)}\n")
    obeyed = {r.model: r.obeyed / r.could for r in run.totals(rows) if r.kind == "order"}
    assert obeyed["fake: honest"] == 0
    assert obeyed["fake: does as told"] == pytest.approx(2 / 3, abs=0.01)
