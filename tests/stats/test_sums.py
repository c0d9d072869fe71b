from __future__ import annotations

import itertools

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reasonlens.core.errors import SchemaError
from reasonlens.stats.sums import GROUP, merge, sums_of_counted, sums_of_tables
from tests.oracles import stats_oracle as oracle
from tests.stats.conftest import ENTRIES

KEYS = ("dataset", "problem_id", "model", "model_kind", "condition")


def as_dict(frame, keys, values):
    total = frame.groupby(list(keys))[list(values)].sum()
    return {key: tuple(int(v) for v in row) for key, row in zip(total.index, total.to_numpy(), strict=True)}


def test_hits_and_presence_equal_plain_loops(rows, counted, index):
    sums = sums_of_counted(counted, index)
    found = as_dict(sums.named_hits(), (*KEYS, "lexicon", "category"), ("hits", "present"))
    wanted = {
        key: (cell["hits"], cell["present"])
        for key, cell in oracle.totals(rows, KEYS, ENTRIES).items()
        if cell["hits"]
    }
    assert found == wanted


def test_denominators_equal_plain_loops(rows, counted, index):
    sums = sums_of_counted(counted, index)
    found = as_dict(sums.sizes, KEYS, ("traces", "words"))
    wanted = {key[:5]: (c["traces"], c["words"]) for key, c in oracle.totals(rows, KEYS, ENTRIES).items()}
    assert found == wanted
    known = [r["n_model_tokens"] for r in rows if r["n_model_tokens"] is not None]
    assert sums.sizes["model_tokens"].sum() == sum(known)
    assert sums.sizes.loc[sums.sizes["tokenized"], "traces"].sum() == len(known)
    assert sums.n_traces == len(rows)


def test_entries_add_up_to_their_category(counted, index):
    sums = sums_of_counted(counted, index)
    by_entry = sums.entries.groupby(["lexicon", "category"])["hits"].sum()
    assert by_entry.to_dict() == sums.named_hits().groupby(["lexicon", "category"])["hits"].sum().to_dict()
    both = sums.entries.query("entry == 'hmm'")["present"].sum()
    assert both == sum(1 in trace["entry"] for trace in counted.to_pylist())


def test_a_trace_with_two_entries_of_a_category_is_present_once(counted, index):
    one = counted.slice(0, 1).set_column(10, "entry", [[[0, 1]]]).set_column(11, "n", [[[2, 3]]])
    hits = sums_of_counted(one, index).hits
    assert hits[["hits", "present"]].to_numpy().tolist() == [[5, 1]]


def test_every_category_is_known_even_without_hits(counted, index):
    wanted = (("demo", "doubt"), ("demo", "formal"), ("other", "doubt"))
    assert sums_of_counted(counted, index).categories == wanted
    assert sums_of_counted(counted.slice(0, 0), index).categories == wanted


def test_flags_are_joined_in_order(counted, index):
    assert set(sums_of_counted(counted, index).sizes["health"]) >= {"ok", "empty", "looping"}


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 150), max_size=6))
def test_batches_add_up_to_the_whole(counted, index, cuts):
    edges = [0, *sorted(c for c in cuts if c < counted.num_rows), counted.num_rows]
    parts = [sums_of_counted(counted.slice(a, b - a), index) for a, b in itertools.pairwise(edges)]
    whole, joined = sums_of_counted(counted, index), merge(parts)
    for name in ("sizes", "hits", "entries"):
        pd.testing.assert_frame_equal(getattr(joined, name), getattr(whole, name))
    assert joined.categories == whole.categories


def test_tables_of_a_study_give_the_same_sums(counted, index):
    frame = counted.to_pandas()
    long = [
        (t["trace_id"], *ENTRIES[i], n)
        for t in counted.to_pylist()
        for i, n in zip(t["entry"], t["n"], strict=True)
    ]
    counts = pd.DataFrame(long, columns=["trace_id", "lexicon", "category", "entry", "n"])
    counts = counts.astype({"lexicon": "category", "category": "category", "entry": "category"})
    lengths = frame[["trace_id", "n_words", "n_chars"]]
    whole = sums_of_counted(counted, index)
    found = sums_of_tables(frame, lengths, counts.sample(frac=1, random_state=1), whole.categories)
    for name in ("sizes", "hits", "entries"):
        pd.testing.assert_frame_equal(getattr(found, name), getattr(whole, name))
    assert found.categories == whole.categories
    assert set(GROUP) <= set(found.named_hits().columns)


def test_counts_of_an_unknown_trace_are_refused(counted, index):
    frame = counted.to_pandas()
    counts = pd.DataFrame({"trace_id": ["zz"], "lexicon": "d", "category": "c", "entry": "e", "n": [1]})
    with pytest.raises(SchemaError, match="counts has the trace 'zz'"):
        sums_of_tables(frame, frame[["trace_id", "n_words", "n_chars"]], counts)


def test_missing_columns_are_named(counted, index):
    with pytest.raises(SchemaError, match="counted traces lack the columns model, n_words"):
        sums_of_counted(counted.drop_columns(["model", "n_words"]), index)
    with pytest.raises(SchemaError, match="entry index lack the columns entry_id"):
        sums_of_counted(counted, index.drop_columns(["entry_id"]))
    with pytest.raises(SchemaError, match="no traces were counted"):
        merge([])
