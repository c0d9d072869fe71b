"""On real traces the markers of the papers are found, without a list that names them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

import reasonlens
from reasonlens.core.study import Study, read_study
from reasonlens.core.tables import POOLED
from reasonlens.lexicon.definition import load
from reasonlens.lexicon.ngram_counts import Counter
from reasonlens.stats.distinctive import Side, distinctive
from reasonlens.workflow.keyness import Keyness, Request, keyness
from reasonlens.workflow.keyness_traces import Chosen, batches, cells_of, census

MARKERS = ("wait", "alternatively", "but")
RANKS = {POOLED: (1, 3, 9), "math500": (1, 3, 15)}
"""Ranks of the markers among the words that distilled models use more than base models."""


@pytest.fixture(scope="module")
def study(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("real") / "study"
    reasonlens.ingest(sorted((shared_data / "traces").glob("*.jsonl.gz")), folder)
    return read_study(folder)


@pytest.fixture(scope="module")
def found(study: Study) -> Keyness:
    return keyness(study, Request("distilled:base", draws=1999), [load("flexible_reasoning")])


@pytest.mark.parametrize("dataset", RANKS)
def test_the_markers_are_among_the_leading_words(found: Keyness, dataset: str) -> None:
    leaders = found.leaders(dataset, "word", "distilled", 15)
    ranks = leaders.set_index("term")["rank"]
    assert tuple(int(ranks[word]) for word in MARKERS) == RANKS[dataset]
    assert (leaders["p_adjusted"] < 0.01).all()


@pytest.mark.parametrize("dataset", RANKS)
def test_they_lead_the_openers_of_sentences_too(found: Keyness, dataset: str) -> None:
    leaders = found.leaders(dataset, "opener", "distilled", 8)["term"].tolist()
    assert set(MARKERS) <= set(leaders)


def test_the_leaders_are_those_of_the_lexicon_and_more(found: Keyness) -> None:
    leaders = found.leaders(POOLED, "word", "distilled", 15)
    assert leaders["category"].tolist().count("anthropomorphic") >= 3
    assert {"perhaps", "maybe", "think"} <= set(leaders["term"])
    assert found.leaders("math500", "word", "base", 3)["term"].tolist() == ["python", "print", "answer"]


def test_the_hits_are_those_of_the_main_job(found: Keyness) -> None:
    row = found.table.set_index(["dataset", "kind", "term"]).loc[(POOLED, "word", "wait")]
    assert (row["hits_a"], row["hits_b"], row["n_problems"]) == (22403, 0, 1424)
    assert row["problems_a"] == 1334


def test_the_tests_hold_their_level_if_the_sides_of_problems_are_swapped(study: Study) -> None:
    """Swap the sides of each problem by a coin: no word differs then, and 5% of the tests should say so."""
    cells = cells_of(census(study), Chosen("distilled", "base"))
    words = np.zeros(len(cells.problem))
    with Counter(fewest=5, longest=1) as counter:
        for batch in batches(study, cells, "response"):
            np.add.at(words, batch.cell, counter.add(batch.texts, batch.problem, batch.cell)[0])
        counts = counter.result()
    tally, shape = counts.phrases, (len(words), len(counts.terms))
    hits = sparse.csr_array((tally.hits, (tally.cell, tally.term)), shape=shape)
    here = np.array([dataset == "math500" for dataset, _ in cells.problems])
    place, size = np.cumsum(here) - 1, int(here.sum())
    rng = np.random.default_rng(20250527)
    shares = []
    for seed in range(40):
        swapped = cells.side ^ rng.integers(0, 2, len(here))[cells.problem]
        sides = []
        for side in (0, 1):
            cell = np.flatnonzero((swapped == side) & here[cells.problem])
            problem = place[cells.problem[cell]]
            adds = sparse.csr_array((np.ones(len(cell)), (problem, cell)), shape=(size, len(words)))
            sides.append(Side(adds @ hits, np.bincount(problem, words[cell], size)))
        p = distinctive(*sides, draws=499, seed=seed)["p_value"]
        assert len(p) == 88
        shares.append(float((p <= 0.05).mean()))
    assert 0.02 < np.mean(shares) < 0.08
