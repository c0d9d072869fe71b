"""Counting phrases in two passes gives exactly what a brute count gives, whatever the hashes do."""

from __future__ import annotations

import doctest
from collections import Counter as Tallies
from collections import defaultdict
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reasonlens.core.errors import InputError
from reasonlens.lexicon import ngram_counts, ngram_sums, ngrams, term_categories
from reasonlens.lexicon.count import count_table, entry_index
from reasonlens.lexicon.definition import from_option
from reasonlens.lexicon.ngram_counts import Counter, Counts
from reasonlens.lexicon.ngram_sums import Tally
from reasonlens.stats import distinctive
from reasonlens.workflow import keyness
from tests.lexicon.nasty import texts
from tests.oracles.ngrams_oracle import phrases

Row = tuple[str, int, int, int]


def listed(counts: Counts, tally: Tally) -> list[Row]:
    names = [counts.terms[i] for i in tally.term]
    return sorted(zip(names, tally.cell.tolist(), tally.hits.tolist(), tally.present.tolist(), strict=True))


def brute(corpus: list[tuple[str, int, int]], fewest: int, longest: int, openers: bool) -> list[Row]:
    hits, present, problems = Tallies(), Tallies(), defaultdict(set)
    for text, problem, cell in corpus:
        for term, n in phrases(text, longest)[1 if openers else 0].items():
            hits[term, cell] += n
            present[term, cell] += 1
            problems[term].add(problem)
    return sorted(
        (term, cell, n, present[term, cell])
        for (term, cell), n in hits.items()
        if len(problems[term]) >= fewest
    )


def counted(corpus: list[tuple[str, int, int]], fewest: int, longest: int, batch: int) -> Counts:
    with Counter(fewest, longest) as counter:
        for start in range(0, len(corpus), batch):
            some = corpus[start : start + batch]
            counter.add([c[0] for c in some], [c[1] for c in some], [c[2] for c in some])
        return counter.result()


def test_a_hand_counted_corpus() -> None:
    corpus = [("Wait, so it is. Wait", 0, 0), ("so it is", 1, 2), ("It is so. So it is", 1, 2), ("is", 2, 4)]
    found = counted(corpus, fewest=2, longest=3, batch=2)
    assert dict(zip(found.terms, found.sizes.tolist(), strict=True)) == {
        **dict.fromkeys(("so", "it", "is"), 1),
        **dict.fromkeys(("so it", "it is"), 2),
        "so it is": 3,
    }
    rows = listed(found, found.phrases)
    assert ("is", 4, 1, 1) in rows
    assert ("so", 2, 3, 2) in rows  # "so it is", "is so", "So it is": in both texts of the cell
    assert ("it is", 0, 1, 1) in rows
    assert listed(found, found.openers) == []  # "so" opens sentences in problem 1 only


@given(
    st.lists(st.tuples(texts(8), st.integers(0, 3), st.integers(0, 1)), max_size=8),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 4),
)
@settings(deadline=None, max_examples=60)
def test_it_is_what_a_brute_count_gives(
    corpus: list[tuple[str, int, int]], fewest: int, longest: int, batch: int
) -> None:
    corpus = [(text, problem, 2 * problem + side) for text, problem, side in corpus]
    found = counted(corpus, fewest, longest, batch)
    assert listed(found, found.phrases) == brute(corpus, fewest, longest, openers=False)
    assert listed(found, found.openers) == brute(corpus, fewest, longest, openers=True)


@pytest.mark.parametrize(("buckets", "held"), [(2, 10), (20, 1)])
def test_collisions_and_merges_change_nothing(
    monkeypatch: pytest.MonkeyPatch, buckets: int, held: int, rng: np.random.Generator
) -> None:
    words = ["wait", "so", "it", "is", "no", "two", "go"]
    corpus = [
        (" ".join(rng.choice([*words, "is.", "no,", "-"], 40)), int(p), int(2 * p + rng.integers(2)))
        for p in rng.integers(0, 6, 30)
    ]
    wanted = counted(corpus, 3, 3, 7)
    monkeypatch.setattr(ngram_counts, "_BUCKETS", buckets)
    monkeypatch.setattr(ngram_sums, "_HELD", held)
    found = counted(corpus, 3, 3, 7)
    assert listed(found, found.phrases) == listed(wanted, wanted.phrases)
    assert listed(found, found.openers) == listed(wanted, wanted.openers)
    assert listed(found, found.phrases) == brute(corpus, 3, 3, openers=False)


def test_the_order_of_the_texts_changes_nothing() -> None:
    corpus = [("Zeta so it is", 0, 0), ("it is so. Zeta", 1, 1), ("so it is", 2, 2)]
    one, two = counted(corpus, 2, 3, 1), counted(corpus[::-1], 2, 3, 2)
    assert one.terms == two.terms == ["is", "it", "so", "zeta", "it is", "so it", "so it is"]
    for a, b in ((one.phrases, two.phrases), (one.openers, two.openers)):
        assert [x.tolist() for x in (a.cell, a.term, a.hits)] == [
            x.tolist() for x in (b.cell, b.term, b.hits)
        ]


def test_phrases_that_white_space_joins_count_as_entries_of_a_lexicon() -> None:
    corpus = [("Wait. Hold  on, let me\nsee; let me go. \\wait hold\n\non", i, i) for i in range(2)]
    found = counted(corpus, 2, 3, 1)
    names = ["wait", "hold on", "let me", "let me see"]
    lexicons = [from_option(f"c{i}={name}") for i, name in enumerate(names)]
    for name, lexicon in zip(names, lexicons, strict=True):
        traces = pa.table({"trace_id": ["0", "1"], "response": [text for text, _, _ in corpus]})
        engine = count_table(traces, [lexicon]).column("n").to_pylist()
        mine = [n for term, _, n, _ in listed(found, found.phrases) if term == name]
        assert mine == [n[0] for n in engine], name
        assert entry_index([lexicon]).num_rows == 1


def test_it_says_how_long_the_texts_are() -> None:
    with Counter(1) as counter:
        words, sentences = counter.add(["Wait 2 x_1. So", ""], [0, 0], [0, 0])
    assert words.tolist() == [3, 0]
    assert sentences.tolist() == [2, 0]


def test_nothing_gives_nothing() -> None:
    with Counter(2) as counter:
        found = counter.result()
    assert (found.terms, len(found.phrases.cell), len(found.openers.cell)) == ([], 0, 0)
    assert counted([("", 0, 0), ("5", 1, 1)], 1, 3, 1).terms == []


@pytest.mark.parametrize(("fewest", "longest"), [(0, 1), (1, 0), (1, 4)])
def test_other_limits_are_refused(fewest: int, longest: int) -> None:
    with pytest.raises(InputError, match="phrases of 1 to 3 words in at least 1 problem"):
        Counter(fewest, longest)


@pytest.mark.parametrize("module", [ngrams, ngram_counts, term_categories, distinctive, keyness])
def test_the_examples_are_true(module: ModuleType) -> None:
    found = doctest.testmod(module, extraglobs={"np": np})
    assert (found.failed, found.attempted > 0) == (0, True)


@given(st.lists(texts(), max_size=6), st.integers(1, 4))
def test_words_numbered_apart_count_the_same(corpus: list[str], cut: int) -> None:
    places = np.arange(len(corpus))
    with Counter(1) as one, Counter(1) as two:
        one.add(corpus, places, places)
        for start in range(0, len(corpus), cut):
            here = slice(start, start + cut)
            two.take(ngram_counts.numbered(corpus[here]), places[here], places[here])
        a, b = one.result(), two.result()
    assert a.terms == b.terms
    assert listed(a, a.phrases) == listed(b, b.phrases)
    assert listed(a, a.openers) == listed(b, b.openers)
