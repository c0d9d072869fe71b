"""Keyness over a study: by hand, against brute counts, and what it leaves out and says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import reasonlens
from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.core.study import Study, read_study
from reasonlens.core.tables import POOLED, TABLES
from reasonlens.lexicon.definition import load
from reasonlens.stats.keyness_tests import paired_keyness
from reasonlens.stats.multiplicity import benjamini_hochberg
from reasonlens.workflow import keyness_traces
from reasonlens.workflow.keyness import Keyness, Request, keyness, sizes_of
from tests.oracles.ngrams_oracle import phrases
from tests.oracles.words_oracle import word_count

PLAIN = "So the sum is {}. The answer is {}."
HEDGED = "Wait, the sum may be {}. But wait, let me check. Alternatively, it is {}."
LOOP = "\nWait, so it goes on and on and on." * 60
Row = dict[str, Any]


def rows(problems: int = 8, **more: Any) -> list[Row]:
    """Two kinds on the same problems of two benchmarks: distilled hedges, base does not."""
    made = []
    for i in range(problems):
        about = {"benchmark": f"toy{i % 2}", "problem": f"Box {i}?", **more}
        made.append({"model": "lab/b:7b", "model_kind": "base", "response": PLAIN.format(i, i), **about})
        made.append({"model": "lab/d", "model_kind": "distilled", "response": HEDGED.format(i, i), **about})
    return made


def study_of(folder: Path, made: Sequence[Row]) -> Study:
    path = folder / "out.jsonl"
    path.write_text("\n".join(map(json.dumps, made)))
    reasonlens.ingest(path, folder / "study")
    return read_study(folder / "study")


def find(study: Study, groups: str = "distilled:base", **more: Any) -> Keyness:
    more = {"draws": 199, "problems": 2, "dispersion": 1.0, **more}
    return keyness(study, Request(groups, **more), [load("flexible_reasoning")])


def terms(found: Keyness, kind: str, dataset: str = POOLED) -> dict[str, Row]:
    of = found.table[(found.table["kind"] == kind) & (found.table["dataset"] == dataset)]
    return {row["term"]: row for row in of.to_dict("records")}


def test_hand_counted_rates_and_counts(tmp_path: Path) -> None:
    found = find(study_of(tmp_path, rows()))
    wait = terms(found, "word")["wait"]
    # distilled: 2 of 13 words in each of 8 responses, base: 0 of 7
    assert (wait["hits_a"], wait["hits_b"], wait["rate_b"]) == (16, 0, 0)
    assert wait["rate_a"] == pytest.approx(1000 * 2 / 13)
    assert wait["log2_ratio"] == pytest.approx(np.log2(16.5 / 104) - np.log2(0.5 / 56))
    assert (wait["problems_a"], wait["problems_b"], wait["traces_a"], wait["traces_b"]) == (8, 0, 8, 0)
    assert (wait["n_problems"], wait["n_traces"], wait["category"]) == (8, 16, "anthropomorphic")
    assert (wait["dp"], wait["rank"] <= 3) == (0, True)
    let_me = terms(found, "phrase")["let me check"]
    assert (let_me["hits_a"], let_me["size"]) == (8, 3)
    # sentences that open with a word: 3 of distilled, 2 of base
    opener = terms(found, "opener")["alternatively, it"]
    assert opener["rate_a"] == pytest.approx(1000 / 3)
    assert opener["unit"] == "per 1,000 sentences"
    assert terms(found, "opener")["the"]["rate_b"] == pytest.approx(1000 / 2)


def test_a_phrase_that_is_always_within_a_longer_one_has_no_rank(tmp_path: Path) -> None:
    phrases_found = terms(find(study_of(tmp_path, rows())), "phrase")
    assert phrases_found["let me"]["within"] == "wait, let me"
    assert np.isnan(phrases_found["let me"]["rank"])
    assert phrases_found["let me check"]["within"] == ""
    assert phrases_found["let me check"]["rank"] > 0


def test_each_benchmark_and_all_of_them(tmp_path: Path) -> None:
    found = find(study_of(tmp_path, rows()))
    assert found.table["dataset"].unique().tolist() == [POOLED, "toy0", "toy1"]
    both = [terms(found, "word", name)["wait"]["hits_a"] for name in ("toy0", "toy1")]
    assert both == [8, 8]


def test_one_benchmark_is_not_pooled(tmp_path: Path) -> None:
    made = [row for row in rows() if row["benchmark"] == "toy0"]
    assert find(study_of(tmp_path, made)).table["dataset"].unique().tolist() == ["toy0"]


def test_the_tests_are_those_of_the_dense_functions(tmp_path: Path) -> None:
    made = rows(9)
    rng = np.random.default_rng(4)
    for row in made:
        row["response"] += " so" * int(rng.integers(0, 9)) + " it is" * int(rng.integers(0, 5))
    study = study_of(tmp_path, made)
    found = find(study, dispersion=0.9, seed=5)
    table = found.table[(found.table["dataset"] == POOLED) & (found.table["kind"] != "opener")]
    traces = study.traces(["dataset", "problem_id", "model_kind", "response"])
    traces = traces.sort_values(["model_kind", "dataset", "problem_id"])  # base, then distilled
    counts = [phrases(text)[0] for text in traces["response"]]
    words = np.array([word_count(text) for text in traces["response"]], float)
    hits = np.array([[c[term] for term in table["term"]] for c in counts])
    test = paired_keyness(hits[9:], words[9:], hits[:9], words[:9], seed=5, draws=199)
    np.testing.assert_allclose(table["p_value"], test.p_value)
    np.testing.assert_allclose(table["p_adjusted"], benjamini_hochberg(test.p_value))
    assert table["family"].unique().tolist() == [
        f"words and phrases, distilled / base, (all): {len(table)} tests (Benjamini-Hochberg)"
    ]
    assert table["hits_a"].tolist() == hits[9:].sum(axis=0).tolist()


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    made = rows()
    made.append({**made[0], "problem": "only base", "response": "wait"})
    made.append({**made[1], "problem": "Box 0?", "response": "", "sample": 1})
    made.append({**made[1], "sample": 2, "response": LOOP})
    found = find(study_of(tmp_path, made))
    one = found.table.iloc[0]
    assert (one["excluded"], one["excluded_why"]) == (2, "empty: 1; not a shared problem: 1")
    assert one["n_looping"] == 1
    wait = terms(found, "word")["wait"]
    assert wait["hits_a"] == 76
    assert wait["log2_ratio_without_looping"] == pytest.approx(np.log2(16.5 / 104) - np.log2(0.5 / 56))
    assert wait["log2_ratio_without_truncated"] == wait["log2_ratio"]


def test_groups_may_be_models_with_colons(tmp_path: Path) -> None:
    study = study_of(tmp_path, rows())
    found = find(study, "lab/b:7b:lab/d")
    assert (found.a, found.b) == ("lab/b:7b", "lab/d")
    assert terms(found, "word")["wait"]["hits_b"] == 16
    assert study.parts("keyness") == ["lab-b-7b_lab-d_response"]


@pytest.mark.parametrize(
    ("groups", "error", "message"),
    [
        ("distilled", InputError, "'distilled' is not A:B, for instance --keyness distilled:base"),
        ("distiled:base", UnknownNameError, "no model kind or model is named 'distiled'. Did you mean"),
        ("base:lab/b:7b", InputError, "share traces"),
    ],
)
def test_groups_that_cannot_be_compared(
    tmp_path: Path, groups: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        find(study_of(tmp_path, rows(2)), groups)


def test_groups_without_a_shared_problem(tmp_path: Path) -> None:
    made = [row for i, row in enumerate(rows(12)) if (i // 2 < 6) == (row["model_kind"] == "base")]
    study = study_of(tmp_path, made)
    with pytest.raises(InputError, match="distilled and base have no problem in common; --all-problems"):
        find(study)
    found = find(study, all_problems=True)
    wait = terms(found, "word")["wait"]
    assert (wait["n_problems"], wait["hits_a"], wait["estimand"]) == (12, 12, "problems like these")
    assert "labels of problems permuted" in wait["method"]
    assert wait["p_adjusted"] < 0.05


def test_a_benchmark_on_which_one_side_wrote_nothing_has_no_rows(tmp_path: Path) -> None:
    made = rows()
    for row in made:
        if row["benchmark"] == "toy1" and row["model_kind"] == "base":
            row["response"] = "12"
    found = find(study_of(tmp_path, made))
    assert found.table["dataset"].unique().tolist() == [POOLED, "toy0"]


def test_the_table_is_kept_and_says_how_it_was_made(tmp_path: Path) -> None:
    study = study_of(tmp_path, rows())
    found = find(study, seed=7)
    stored = study.read("keyness").to_pandas()
    assert list(stored.columns) == TABLES["keyness"].schema.names == list(found.table.columns)
    pd.testing.assert_frame_equal(stored, found.table, check_dtype=False)
    about = study.manifest_of("keyness", "distilled_base_response")
    assert about["request"]["seed"] == 7
    assert "flexible_reasoning" in about["lexicons"]
    again = find(study, seed=7)
    pd.testing.assert_frame_equal(again.table, found.table)


def test_sizes_openers_and_effects_are_chosen(tmp_path: Path) -> None:
    study = study_of(tmp_path, rows())
    found = find(study, sizes=(2, 2), openers=False, effect="log-odds")
    assert found.table["size"].unique().tolist() == [2]
    assert found.table["kind"].unique().tolist() == ["phrase"]
    best = found.leaders(POOLED, "phrase", "distilled", 99)
    assert best["log_odds_z"].is_monotonic_decreasing
    assert len(best) > 2
    with pytest.raises(InputError, match="effect 'g2' is none of log-ratio, log-odds"):
        find(study, effect="g2")


@pytest.mark.parametrize(("text", "sizes"), [("1-3", (1, 3)), (" 2 ", (2, 2)), ("2 - 3", (2, 3))])
def test_sizes(text: str, sizes: tuple[int, int]) -> None:
    assert sizes_of(text) == sizes


@pytest.mark.parametrize("text", ["", "0", "1-4", "3-1", "one"])
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match="is no range of 1 to 3 words, for instance 1-3 or 2"):
        sizes_of(text)


def test_the_size_of_batches_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_of(tmp_path, rows())
    whole = find(study).table
    monkeypatch.setattr(keyness_traces, "_CHARS", 90)
    monkeypatch.setattr(keyness_traces, "_ROWS", 5)
    pd.testing.assert_frame_equal(find(study).table, whole)


def test_a_study_without_traces_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no traces"):
        find(Study(tmp_path / "s", create=True))


def test_several_processes_give_the_same_table_and_tell_their_progress(tmp_path: Path) -> None:
    study = study_of(tmp_path, rows(12))
    request = Request("distilled:base", draws=99, problems=2, dispersion=1.0)
    begun: list[int] = []
    done: list[int] = []
    one = keyness(study, request, begin=begun.append, progress=done.append)
    drawing: list[int] = []
    drawn: list[float] = []
    two = keyness(study, request, jobs=2, begin_tests=drawing.append, progress_tests=drawn.append)
    pd.testing.assert_frame_equal(one.table, two.table)
    assert begun == [24]
    assert sum(done) == 24
    families = one.table[["dataset"]].drop_duplicates().shape[0] * 2  # phrases and openers of each data set
    assert drawing == [99 * families]
    assert sum(drawn) == pytest.approx(99 * families)


def test_the_log_ratio_has_an_interval(tmp_path: Path) -> None:
    found = terms(find(study_of(tmp_path, rows())), "word")
    wait, the = found["wait"], found["the"]
    assert 0 < wait["log2_ratio_low"] < wait["log2_ratio"]
    assert wait["log2_ratio_high"] == np.inf  # base never says it
    assert the["log2_ratio_low"] < the["log2_ratio"] < the["log2_ratio_high"] < np.inf
