"""Counting tables: shapes, sums, several lexicons at once, long texts, and the oracle on real traces."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reasonlens.core.errors import SchemaError
from reasonlens.core.tables import table
from reasonlens.lexicon import definition
from reasonlens.lexicon.count import count_table, counts_rows, entry_index, lengths_rows, match_table
from reasonlens.lexicon.model import Entry, Lexicon, Rule
from tests.lexicon import nasty
from tests.lexicon.making import counts, expected, hits, lexicon, traces
from tests.oracles import words_oracle

_SLOW = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
_TEXTS = st.lists(st.one_of(st.none(), nasty.texts()), max_size=5)


def test_one_row_per_trace_with_lengths_and_sparse_counts() -> None:
    pair = lexicon({"x": ["wait", "hold on", "so"], "y": ["wait"]})
    counted = count_table(traces(["Wait, 2 so; wait", "", None, "x"]), [pair])
    assert counted.to_pylist() == [
        {
            "trace_id": "0",
            "part": "response",
            "n_chars": 16,
            "n_words": 3,
            "entry": [0, 2, 3],
            "n": [2, 1, 2],
        },
        {"trace_id": "1", "part": "response", "n_chars": 0, "n_words": 0, "entry": [], "n": []},
        {"trace_id": "2", "part": "response", "n_chars": 0, "n_words": 0, "entry": [], "n": []},
        {"trace_id": "3", "part": "response", "n_chars": 1, "n_words": 1, "entry": [], "n": []},
    ]
    assert entry_index([pair]).select(["entry_id", "lexicon", "category", "entry"]).to_pylist() == [
        {"entry_id": 0, "lexicon": "small", "category": "x", "entry": "wait"},
        {"entry_id": 1, "lexicon": "small", "category": "x", "entry": "hold on"},
        {"entry_id": 2, "lexicon": "small", "category": "x", "entry": "so"},
        {"entry_id": 3, "lexicon": "small", "category": "y", "entry": "wait"},
    ]


def test_long_rows_fit_their_schemas() -> None:
    entries = [lexicon(["wait", "so"]), lexicon(["AI"], Rule(case="sensitive"), name="other")]
    counted = count_table(traces(["wait AI wait", "", "so"], "thinking"), entries, part="thinking")
    rows = counts_rows(counted, entries)
    assert rows.schema.equals(table("counts").schema)
    found = [(r["trace_id"], r["part"], r["lexicon"], r["entry"], r["n"]) for r in rows.to_pylist()]
    assert found == [
        ("0", "thinking", "small", "wait", 2),
        ("0", "thinking", "other", "AI", 1),
        ("2", "thinking", "small", "so", 1),
    ]
    lengths = lengths_rows(counted)
    assert lengths.schema.equals(table("lengths").schema)
    assert lengths["n_words"].to_pylist() == [3, 0, 1]
    assert lengths["n_model_tokens"].null_count == 3


@pytest.mark.parametrize("lexicons", [[], [lexicon({})], [lexicon({"c": []})], [lexicon(["wait"])]])
@pytest.mark.parametrize("texts", [[], [None], [""], ["wait"]])
def test_nothing_to_count_or_to_count_in(lexicons: list[Lexicon], texts: list[str | None]) -> None:
    counted = count_table(traces(texts), lexicons)
    assert counted.num_rows == len(texts)
    assert counted["n_words"].to_pylist() == [int(text == "wait") for text in texts]
    n_hits = int(texts == ["wait"] and bool(lexicons) and len(entry_index(lexicons)) == 1)
    assert sum(map(len, counted["n"].to_pylist())) == n_hits
    assert counts_rows(counted, lexicons).num_rows == n_hits
    assert match_table(traces(texts), lexicons).num_rows == n_hits


def test_a_missing_column_is_named() -> None:
    with pytest.raises(SchemaError, match=r"no column 'answer'.*trace_id, response"):
        count_table(traces(["x"]), [lexicon(["wait"])], part="answer")
    with pytest.raises(SchemaError, match=r"no column 'trace_id'"):
        match_table(pa.table({"response": ["x"]}), [lexicon(["wait"])])


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_any_arrow_text_in_any_chunks(kind: pa.DataType) -> None:
    texts = pa.chunked_array(
        [pa.array(["wait", None], kind), pa.array([], kind), pa.array(["wait wait"], kind)]
    )
    made = pa.table({"trace_id": ["a", "b", "c"], "response": texts})
    assert count_table(made, [lexicon(["wait"])])["n"].to_pylist() == [[1], [], [2]]
    assert count_table(made.slice(1), [lexicon(["wait"])])["n"].to_pylist() == [[], [2]]


@_SLOW
@given(_TEXTS, nasty.lexicons())
def test_counts_are_hits_added_up(texts: list[str | None], entries: Lexicon) -> None:
    found = [Counter(("nasty", c, e) for c, e, _, _ in places) for places in hits(texts, entries)]
    assert counts(texts, entries) == found
    counted = count_table(traces(texts), [entries])
    assert counted["n_chars"].to_pylist() == [len(text or "") for text in texts]
    assert counted["n_words"].to_pylist() == [words_oracle.word_count(text or "") for text in texts]
    assert all(numbers == sorted(set(numbers)) for numbers in counted["entry"].to_pylist())


@_SLOW
@given(
    _TEXTS, nasty.lexicons("one"), nasty.lexicons("two"), st.sampled_from(["substring", "segment", "regex"])
)
def test_lexicons_do_not_affect_each_other(
    texts: list[str | None], one: Lexicon, two: Lexicon, match: str
) -> None:
    published = lexicon({"r": ["a", "so", "b"], "t": ["wait"]}, Rule(match=match), name="published")
    together = counts(texts, one, published, two)
    apart = [counts(texts, each) for each in (one, published, two)]
    assert together == [{**a, **b, **c} for a, b, c in zip(*apart, strict=True)]


def test_lexicons_of_the_same_name_stay_apart() -> None:
    one, two = lexicon(["so far", "x"]), lexicon(["so", "far", "x"])
    assert count_table(traces(["so far x"]), [one, two])["entry"].to_pylist() == [[0, 1, 2, 3, 4]]


@_SLOW
@given(_TEXTS, nasty.lexicons(), st.data())
def test_cuts_and_order_of_the_table_do_not_matter(
    texts: list[str | None], entries: Lexicon, data: st.DataObject
) -> None:
    whole = counts(texts, entries)
    cut = data.draw(st.integers(0, len(texts)))
    assert counts(texts[:cut], entries) + counts(texts[cut:], entries) == whole
    order = data.draw(st.permutations(range(len(texts))))
    assert counts([texts[i] for i in order], entries) == [whole[i] for i in order]


_UNITS = {
    "blank lines": "Wait, so far (a b)\\times; let's see.\n\n",
    "sentences": "Wait, so far (a b)\\times; let's see. ",
    "entries hold the stops": "a.b c;d e:f Wait (g=h) 1/2 [i]|{j}$k? l! ",
    "words alone": "wait so far let's ",
    "no white space": "wait'a'",
    "one line each": "wait so\nfar - ",
}


@pytest.mark.parametrize("unit", _UNITS.values(), ids=_UNITS)
def test_long_texts_are_cut_without_effect(unit: str) -> None:
    """Texts beyond the size that is searched at a time: hits are those of one unit, shifted."""
    entries = lexicon(
        {
            "words": ["wait", "so", "so far", "let's see", "see wait", "far wait", "far let's", "w*"],
            "literals": ["see.", "a b)", "a.b", "c;d", "e:f", "g=h", "1/2", "[i]", "{j}", "$k", "k?", "l!"],
        }
    )
    few, n = 40, 1_300_000 // len(unit)
    short = hits([unit * few], entries)[0]
    long = hits([unit * n], entries)[0]
    per_category = {c: [p for p in long if p[0] == c] for c in ("words", "literals")}
    if unit == _UNITS["no white space"]:
        assert long == [("words", "w*", 0, n * len(unit) - 1)]
        return
    per_unit = [
        len([p for p in short if p[0] == c and len(unit) * 10 <= p[2] < len(unit) * 11]) for c in per_category
    ]
    for found, size in zip(per_category.values(), per_unit, strict=True):
        assert abs(len(found) - n * size) <= 1
    inner = [(c, e, start, end) for c, e, start, end in long if start >= len(unit) * (n - 30)]
    away = len(unit) * (n - few)
    assert inner == [(c, e, s + away, t + away) for c, e, s, t in short if s >= len(unit) * 10]
    assert counts([unit * n], entries) == [Counter(("small", c, e) for c, e, _, _ in long)]


@pytest.mark.parametrize("joint", ["\n\n", ". ", " ", ""])
def test_a_long_text_among_short_ones(joint: str) -> None:
    long = joint.join(["wait so far"] * 80_000)
    texts = ["so", long, "far", long, "wait"]
    entries = lexicon(["wait", "so", "so far", "far"])
    assert counts(texts, entries) == [counts([text], entries)[0] for text in texts]
    assert counts([long], entries)[0]["small", "c", "wait"] == (80_000 if joint else 1)
    n_words = count_table(traces(texts), [entries])["n_words"].to_pylist()
    assert n_words[1] == n_words[3] == (240_000 if joint else 160_001)


def sample(folder: Path, per_file: int) -> list[str]:
    """Return the same few responses of every file, spread over it."""
    texts = []
    for path in sorted((folder / "traces").glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows = lines.readlines()
        texts += [json.loads(row)["response"] or "" for row in rows[:: -(-len(rows) // per_file)]]
    return texts


def test_real_traces_equal_the_oracle(shared_data: Path) -> None:
    entries = definition.load("flexible_reasoning")
    texts = sample(shared_data, 6)
    found = hits(texts, entries)
    assert found == [expected(text, entries) for text in texts]
    assert sum(map(len, found)) > 1000
    counted = count_table(traces(texts), [entries])
    assert counted["n_words"].to_pylist() == [words_oracle.word_count(text) for text in texts]


@pytest.mark.parametrize("name", ["nowait", "cyclicreflex", "mi_peaks", "rl_vs_distill", "limo", "r1_nature"])
def test_published_word_lists_equal_the_oracle_on_real_traces(name: str, shared_data: Path) -> None:
    entries = definition.load(name)
    texts = sample(shared_data, 2)
    found = hits(texts, entries)
    assert found == [expected(text, entries) for text in texts]
    assert any(found)


def test_entries_keep_their_own_text_in_the_index() -> None:
    entries = lexicon([Entry("Let’s  go*", attested=True)])
    assert entry_index([entries])["entry"].to_pylist() == ["Let’s  go*"]
    assert hits(["let's going"], entries) == [[("c", "Let’s  go*", 0, 11)]]
