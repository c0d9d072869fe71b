"""Concordances: what is shown, how they are sampled, merged and sorted."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.lexicon import kwic
from tests.lexicon.making import hits, lexicon

WAIT = lexicon({"x": ["wait", "hold on"], "y": ["so"]})


def table(texts: list[str | None], first: int = 0) -> pa.Table:
    columns = {name: [f"{name} {i % 3}" for i in range(len(texts))] for name in ("dataset", "problem_id")}
    return pa.table(
        {
            "trace_id": pa.array([f"t{i + first}" for i in range(len(texts))], pa.string()),
            "model": pa.array([f"m{i % 2}" for i in range(len(texts))], pa.string()),
            "model_kind": pa.array(["base"] * len(texts), pa.string()),
            **{name: pa.array(values, pa.string()) for name, values in columns.items()},
            "response": pa.array(texts, pa.string()),
        }
    )


def rows(found: pa.Table, *names: str) -> list[tuple[object, ...]]:
    return list(zip(*(found[name].to_pylist() for name in names), strict=True))


def test_a_hit_with_its_context() -> None:
    found, total = kwic.concordance(table(["İ say: Hold\non now. So", None, ""]), WAIT, width=5, keep=9)
    assert total == 2
    assert found.schema.equals(kwic.SCHEMA)
    assert sorted(rows(found, "trace_id", "category", "start", "left", "hit", "right", "model")) == [
        ("t0", "x", 7, "say: ", "Hold\non", " now.", "m0"),
        ("t0", "y", 20, "now. ", "So", "", "m0"),
    ]


def test_no_hits() -> None:
    found, total = kwic.concordance(table(["nothing", None]), WAIT, keep=5)
    assert (found.num_rows, total) == (0, 0)
    assert found.schema.equals(kwic.SCHEMA)
    assert kwic.merge([], 5).num_rows == 0


TEXTS = ["wait, so wait", "so hold on", "x", "wait " * 30, None, "so so so"]


def test_left_hit_and_right_make_up_the_text() -> None:
    found, total = kwic.concordance(table(TEXTS), WAIT, width=1000, keep=1000)
    assert total == sum(map(len, hits(TEXTS, WAIT))) == found.num_rows
    for trace, left, hit, right in rows(found, "trace_id", "left", "hit", "right"):
        assert f"{left}{hit}{right}" == TEXTS[int(str(trace)[1:])]


@given(st.integers(0, 6), st.integers(0, 45), st.integers(0, 3))
def test_samples_of_parts_merge_to_the_sample_of_the_whole(cut: int, keep: int, seed: int) -> None:
    whole, total = kwic.concordance(table(TEXTS), WAIT, keep=keep, seed=seed)
    assert whole.num_rows == min(keep, total)
    places = table(TEXTS)
    parts = [
        kwic.concordance(part, WAIT, keep=keep, seed=seed)
        for part in (places.slice(0, cut), places.slice(cut))
    ]
    assert sum(n for _, n in parts) == total
    merged = kwic.merge([part for part, _ in parts], keep)
    columns = ("trace_id", "category", "start", "rank", "hit")
    assert rows(merged, *columns) == rows(whole, *columns)


def test_another_seed_is_another_sample() -> None:
    one, two, again = (
        rows(kwic.concordance(table(TEXTS), WAIT, keep=6, seed=seed)[0], "trace_id", "start")
        for seed in (0, 1, 0)
    )
    assert one == again
    assert one != two


def test_a_sample_is_about_uniform() -> None:
    texts: list[str | None] = ["wait x wait"] * 2000
    found, total = kwic.concordance(table(texts), WAIT, keep=1000)
    assert total == 4000
    second = sum(start == 7 for (start,) in rows(found, "start"))
    assert 430 < second < 570  # 500 expected, standard deviation 14


@pytest.mark.parametrize(
    ("by", "wanted"),
    [
        ("left", ["t1", "t0", "t2"]),
        ("right", ["t2", "t0", "t1"]),
        ("model", ["t0", "t2", "t1"]),
        ("trace", ["t0", "t1", "t2"]),
    ],
)
def test_sorting(by: str, wanted: list[str]) -> None:
    texts: list[str | None] = ["a Beta wait, then b", "z alpha wait, zebra", "A  gamma wait, And"]
    found, _ = kwic.concordance(table(texts), WAIT, keep=5)
    assert kwic.ordered(found, by)["trace_id"].to_pylist() == wanted
    assert by in kwic.SORTS
