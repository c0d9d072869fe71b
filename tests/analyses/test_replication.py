"""The paper's numbers beside made ones: worked means, limits and named gaps."""

from __future__ import annotations

import csv
import importlib.util
import json
import math
import tomllib
from pathlib import Path
from types import ModuleType

import pandas as pd
import pyarrow as pa
import pytest

import reasonlens
from reasonlens import Study
from reasonlens.judges import load_codebooks
from reasonlens.lexicon import definition

DAPO = "BytedTsinghua-SIA/DAPO-Qwen-32B"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = Path(__file__).parents[2] / "analyses" / "07_replication" / "run.py"
    spec = importlib.util.spec_from_file_location("replication", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _trace(model: str, kind: str, dataset: str, problem: int, right: bool, text: str) -> dict[str, object]:
    return {
        "model": model,
        "model_kind": kind,
        "dataset": dataset,
        "problem_id": f"{dataset}-{problem}",
        "problem": f"What is {problem} plus one, in {dataset}?",
        "response": f"{text} The answer is \\boxed{{{problem + (1 if right else 2)}}} number {problem}.",
        "gold": str(problem + 1),
        "correct": right,
    }


@pytest.fixture(scope="module")
def table(script: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("replication")
    rows = []
    for dataset, right in (("aime24", 4), ("aime25", 2), ("hmmt_feb_2025", 1)):
        for i in range(8):
            rows.append(
                _trace("me/distilled", "distilled", dataset, i, i < right, "Wait, perhaps not. But so.")
            )
            rows.append(
                _trace(DAPO, "zero_rl", dataset, i, i < 2, "Maybe we add, but then so it is done here.")
            )
    file = folder / "traces.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    params = tomllib.loads(Path(script.__file__ or "").with_name("params.toml").read_text("utf-8"))
    tables = script.run(Study(folder / "study", create=True), [str(file)], params)
    found: pd.DataFrame = tables["replication"]
    return found.set_index(["quantity", "models", "benchmarks"])


def test_accuracy_is_the_mean_of_the_benchmarks(table: pd.DataFrame) -> None:
    row = table.loc[("accuracy", "kind:distilled", "aime24+aime25+hmmt_feb_2025")]
    assert row["yours"] == pytest.approx(100 * (4 + 2 + 1) / 24)
    assert row["low95"] < row["yours"] < row["high95"]
    assert (row["n_problems"], row["n_traces"], row["missing"]) == (24, 24, "")
    best = table.loc[("accuracy", "best:zero_rl", "aime24+aime25+hmmt_feb_2025")]
    assert best["yours"] == pytest.approx(25)
    assert best["reported"] == "29.7 to 31.3"


def test_limits_of_a_mean_combine_those_of_its_benchmarks(script: ModuleType) -> None:
    levels = pd.DataFrame(
        {
            "group": ["m", "m"],
            "dataset": ["a", "b"],
            "value": [0.4, 0.6],
            "low": [0.1, 0.2],
            "high": [0.7, 1.0],
            "n_problems": [3, 4],
            "n_traces": [6, 8],
        }
    )
    found = script._mean(levels, "m", ["a", "b"], {"aliases": {}, "benchmarks": {}})
    assert found[:3] == pytest.approx((50, 50 - 100 * 0.5 / 2, 50 + 100 * 0.5 / 2))  # sqrt(.3^2 + .4^2) = .5
    assert found[3:] == (7, 14, "")


def test_rates_are_compared_on_shared_problems(table: pd.DataFrame) -> None:
    row = table.loc[("rate ratio flexible_reasoning/anthropomorphic", "kind:distilled/kind:zero_rl", "")]
    assert row["reported"] == "1 to any"
    # "Wait" and "perhaps" of 9 words against "Maybe" of 14; numbers and \\boxed are no words
    assert row["yours"] == pytest.approx((2 / 9) / (1 / 14))
    assert row["n_problems"] == 24


def test_what_is_missing_is_named_and_not_invented(table: pd.DataFrame) -> None:
    orz = table.loc[("accuracy", "model:Open-Reasoner-Zero/Open-Reasoner-Zero-32B", "math500")]
    assert math.isnan(orz["yours"])
    assert orz["missing"] == "no graded traces of Open-Reasoner-Zero/Open-Reasoner-Zero-32B on MATH500"
    ban = table.loc[("accuracy lost to the ban", "kind:distilled", "aime24+aime25")]
    assert math.isnan(ban["yours"])
    assert "reasonlens ban-ablation --ban wait,perhaps,alternatively,but" in ban["missing"]
    behavior = table.loc[("behavior ratio multi_perspective", "kind:distilled/kind:zero_rl", "")]
    assert behavior["missing"].startswith("no judge has labels of multi_perspective: reasonlens behaviors")


@pytest.mark.parametrize(
    ("kind", "datasets", "missing"),
    [
        ("distilled", ("aime24", "aime25"), ""),
        ("distilled", ("aime24", "gsm8k"), "the experiment is on aime24, gsm8k, not on aime24+aime25"),
        ("distilled", ("aime24",), "the experiment is on aime24, not on aime24+aime25"),
        ("base", ("aime24", "aime25"), "0 experiments ban these words in a distilled model, one is needed"),
    ],
)
def test_the_cost_of_the_ban_is_of_such_a_model_on_these_benchmarks(
    script: ModuleType, kind: str, datasets: tuple[str, ...], missing: str
) -> None:
    effect = {"role": "target", "arm": "target", "measure": "accuracy", "dataset": "(all)", "model": "m"}
    effect |= {"words": ["Wait", "but"], "value": -0.12, "low": -0.2, "high": -0.04}
    effects = pd.DataFrame([effect | {"n_problems": 60, "n_traces": 240}])
    traces = pd.DataFrame({"model": "m", "model_kind": kind, "condition": "target", "dataset": datasets})

    class Kept:
        def parts(self, name: str) -> list[str]:
            return ["ban-1"]

        def read(self, name: str) -> pa.Table:
            return pa.Table.from_pandas(effects)

        def traces(self, columns: list[str]) -> pd.DataFrame:
            return traces[columns]

    row = {"models": "kind:distilled", "benchmarks": "aime24+aime25"}
    params = {"banned": ["wait", "but"], "models": {}, "aliases": {}}
    found = script._lost(row, Kept(), params)
    if missing:
        assert math.isnan(found[0])
        assert found[5].startswith(missing)
    else:
        assert found == (12.0, 4.0, 20.0, 60, 240, "")


def test_every_reported_number_has_a_source_and_a_confidence(table: pd.DataFrame) -> None:
    assert set(table["confidence"]) == {"verified", "secondary"}
    assert (table["source"].str.len() > 5).all()


def test_every_reported_quantity_is_one_that_the_tool_measures(script: ModuleType) -> None:
    """A name that matches nothing would read as a gap in the user's data."""
    params = tomllib.loads(Path(script.__file__ or "").with_name("params.toml").read_text("utf-8"))
    rates = {f"{name}/{c.name}" for name in params["lexicons"] for c in definition.load(name).categories}
    known = {"accuracy", "accuracy lost to the ban"}
    known |= {f"rate ratio {rate}" for rate in rates}
    known |= {f"behavior ratio {name}" for name in params["behaviors"]}
    load_codebooks(params["behaviors"])
    with script.REPORTED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["quantity"] for row in rows} == known - {
        f"rate ratio {rate}"
        for rate in rates
        if rate not in ("flexible_reasoning/anthropomorphic", "flexible_reasoning/logical_connectors")
    }
    kinds = {"distilled", "zero_rl"}
    for row in rows:
        for part in row["models"].split("/kind:") if "/kind:" in row["models"] else [row["models"]]:
            kind, _, name = part.rpartition(":")
            assert kind == "model" or name in kinds, row
        assert set(filter(None, row["benchmarks"].split("+"))) <= set(params["benchmarks"]), row


def test_a_study_with_labels_and_effects_fills_their_rows(script: ModuleType, tmp_path: Path) -> None:
    rows = [
        _trace(model, kind, "aime24", i, True, text)
        for i in range(6)
        for model, kind, text in (
            ("me/distilled", "distilled", "Hmm, I am not sure. Let me think. Another way is to count."),
            (DAPO, "zero_rl", "I am not sure. Another way is to count." if i < 3 else "It is done."),
        )
    ]
    file = tmp_path / "traces.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    params = tomllib.loads(Path(script.__file__ or "").with_name("params.toml").read_text("utf-8"))
    reasonlens.ingest([file], tmp_path / "mine")
    reasonlens.behaviors(tmp_path / "mine", params["behaviors"], judge="rules")
    before = sorted(path.name for path in (tmp_path / "mine").iterdir())
    made = Study(tmp_path / "copy", create=True)
    table = script.run(made, [str(tmp_path / "mine")], params)["replication"].set_index("quantity")
    for name in params["behaviors"]:
        row = table.loc[f"behavior ratio {name}"]
        assert row["missing"] == ""
        assert row["yours"] >= 1
        assert (row["n_problems"], row["n_traces"]) == (6, 12)
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == before
    lost = table.loc["accuracy lost to the ban"]
    assert "0 experiments" in lost["missing"] or "needs paired traces" in lost["missing"]
