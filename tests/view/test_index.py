"""The index: filters and orders as pandas would give them."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.view.index import Index, load
from reasonlens.view.selection import SORTS, Filter, select
from tests.view.making import made_study

CATEGORY = "flexible_reasoning/anthropomorphic"
JUDGED = "rules@1/verification"


@pytest.fixture(scope="module")
def oracle(sample_study: Study) -> pd.DataFrame:
    """The same facts, joined by pandas from the tables."""
    traces = sample_study.traces(
        ["trace_id", "model", "model_kind", "dataset", "problem_id", "condition", "health", "correct_source"]
    )
    lengths = sample_study.lengths().query("part == 'response'").set_index("trace_id")["n_words"]
    counts = sample_study.counts().astype({"category": "str", "part": "str"})
    mine = counts[(counts["category"] == "anthropomorphic") & (counts["part"] == "response")]
    labels = sample_study.read("labels").to_pandas().astype({"behavior": "str", "verdict": "str"})
    present = labels[(labels["behavior"] == "verification") & (labels["verdict"] == "present")]
    return traces.assign(
        words=traces["trace_id"].map(lengths),
        hits=traces["trace_id"].map(mine.groupby("trace_id")["n"].sum()).fillna(0),
        verified=traces["trace_id"].isin(present["trace_id"]),
    )


def ids(index: Index, wanted: Filter) -> list[str]:
    return index.traces["trace_id"].iloc[select(index, wanted)].tolist()


FILTERS = {
    "kind": ("", "base", "distilled", "teacher", "nobody"),
    "dataset": ("", "sample-algebra"),
    "correct": ("", "yes", "no", "unknown"),
    "health": ("", "ok", "looping", "truncated", "empty"),
    "category": ("", CATEGORY),
    "behavior": ("", JUDGED),
}


def test_every_combination_of_filters_holds_what_pandas_holds(
    sample_index: Index, oracle: pd.DataFrame
) -> None:
    nonempty = 0
    for values in itertools.product(*FILTERS.values()):
        asked = dict(zip(FILTERS, values, strict=True))
        rows = oracle
        if asked["kind"]:
            rows = rows[rows["model_kind"] == asked["kind"]]
        if asked["dataset"]:
            rows = rows[rows["dataset"] == asked["dataset"]]
        if asked["correct"]:
            right = rows["correct_source"]
            keep = {"yes": right.eq(True), "no": right.eq(False), "unknown": right.isna()}[asked["correct"]]
            rows = rows[keep.fillna(False).astype(bool)]
        if asked["health"] == "ok":
            rows = rows[np.array([len(flags) == 0 for flags in rows["health"]], bool)]
        elif asked["health"]:
            rows = rows[np.array([asked["health"] in list(flags) for flags in rows["health"]], bool)]
        if asked["category"]:
            rows = rows[rows["hits"] > 0]
        if asked["behavior"]:
            rows = rows[rows["verified"]]
        found = ids(sample_index, Filter(**asked))
        assert sorted(found) == sorted(rows["trace_id"]), asked
        assert len(found) == len(set(found))
        nonempty += bool(found)
    assert nonempty > 100


def test_a_behavior_with_each_verdict(sample_index: Index) -> None:
    name = next(iter(sample_index.verdicts))
    verdicts = sample_index.verdicts[name]
    found = {v: len(ids(sample_index, Filter(behavior=name, verdict=v))) for v in ("", "present", "absent")}
    assert found["present"] == found[""] == (verdicts == "present").sum() > 0
    assert found["absent"] == (verdicts == "absent").sum() > 0


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("descending", [False, True])
def test_an_order_is_an_order_of_all(
    sample_index: Index, oracle: pd.DataFrame, sort: str, descending: bool
) -> None:
    wanted = Filter(sort=sort, descending=descending, category=CATEGORY if sort == "hits" else "")
    found = oracle.set_index("trace_id").loc[ids(sample_index, wanted)]
    assert len(found) == ((oracle["hits"] > 0).sum() if sort == "hits" else len(oracle))
    if sort in ("words", "hits"):
        steps = np.diff(found[sort].to_numpy(dtype=float))
        assert (steps <= 0).all() if descending else (steps >= 0).all()
    if sort == "problem":
        keys = list(zip(found["dataset"], found["problem_id"], strict=True))
        assert keys == sorted(keys, reverse=descending)
    if sort == "model":
        keys = list(zip(found["model_kind"], found["model"], strict=True))
        assert keys == sorted(keys, reverse=descending)


@given(st.lists(st.integers(0, 78), unique=True), st.sampled_from(["", "base", "teacher"]))
def test_what_a_search_found_limits_the_rows(sample_index: Index, rows: list[int], kind: str) -> None:
    got = select(sample_index, Filter(kind=kind), np.array(rows, np.int64))
    kinds = sample_index.traces["model_kind"].astype("str")
    assert sorted(got.tolist()) == sorted(r for r in rows if not kind or kinds[r] == kind)


def test_grades_stand_before_what_the_source_said(tmp_path: Path) -> None:
    import pyarrow as pa

    rows = [
        {"model": "m", "problem_id": str(i), "problem": f"p{i}", "response": f"r{i}", "correct": c}
        for i, c in enumerate((True, False, None, True))
    ]
    study = made_study(tmp_path, rows)
    made = study.traces(["trace_id", "problem"]).sort_values("problem")["trace_id"].tolist()
    verdicts = ["incorrect", "correct", "correct", "ungradable"]
    columns = dict.fromkeys(("grader", "version", "extracted", "method", "why"), ["x"] * 4)
    table = pa.table({"trace_id": made, "verdict": verdicts, **columns})
    study.write("grades", study.parts("traces")[0], table, "math")
    index = load(study)
    right = index.traces.set_index("trace_id")["correct"]
    assert [right[i] for i in made] == [0.0, 1.0, 1.0, 1.0]


def test_what_cannot_be_opened_is_said(tmp_path: Path, sample_index: Index) -> None:
    with pytest.raises(InputError, match="has no traces; fill it with: reasonlens tokens FILES --study"):
        load(Study(tmp_path / "s", create=True))
    with pytest.raises(InputError, match="this study has no trace 'x'"):
        sample_index.row_of("x")
