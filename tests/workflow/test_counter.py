"""Counting as a function of tables: equal to the command, whatever the cut, and clear refusals."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reasonlens
from reasonlens.core.errors import InputError, SchemaError, UnknownNameError
from reasonlens.lexicon.count import count_table, entry_index
from reasonlens.lexicon.definition import from_option, load
from reasonlens.sample import path as sample


def rows() -> pa.Table:
    lines = Path(sample()).read_text("utf-8").splitlines()
    return pa.table({"id": range(len(lines)), "response": [json.loads(line)["response"] for line in lines]})


def test_the_sums_of_count_table_by_category() -> None:
    lexicon, given_ = load("flexible_reasoning"), rows()
    made = reasonlens.counter("flexible_reasoning")(given_).to_pylist()
    named = entry_index([lexicon])["category"].to_pylist()
    table = given_.append_column("trace_id", given_["id"].cast(pa.string()))
    for row, expected in zip(made, count_table(table, [lexicon]).to_pylist(), strict=True):
        assert (row["n_words"], row["n_chars"]) == (expected["n_words"], expected["n_chars"])
        for category in lexicon.categories:
            pairs = zip(expected["entry"], expected["n"], strict=True)
            assert row[f"n_{category.name}"] == sum(n for entry, n in pairs if named[entry] == category.name)
    assert list(made[0]) == ["id", "n_chars", "n_words", *(f"n_{c.name}" for c in lexicon.categories)]


@given(cut=st.integers(0, 79))
def test_the_cut_does_not_matter(cut: int) -> None:
    count, whole = pickle.loads(pickle.dumps(reasonlens.counter("flexible_reasoning"))), rows()
    parts = [count(whole.slice(0, cut)), count(whole.slice(cut))]
    assert pa.concat_tables(parts).to_pylist() == count(whole).to_pylist()


def test_nothing_to_count_and_no_text() -> None:
    count = reasonlens.counter(from_option("waitlike=wait"), text="t")
    assert count(pa.table({"t": pa.array([], pa.string())})).num_rows == 0
    found = count(pa.table({"t": pa.array([None, "Wait"], pa.large_string())})).to_pylist()
    assert found == [
        {"n_chars": 0, "n_words": 0, "n_waitlike": 0},
        {"n_chars": 4, "n_words": 1, "n_waitlike": 1},
    ]


def test_refusals() -> None:
    count = reasonlens.counter(from_option("waitlike=wait"))
    with pytest.raises(
        SchemaError, match=r"takes Arrow tables, not dict \(Ray Data: batch_format='pyarrow'\)"
    ):
        count({"response": ["wait"]})  # type: ignore[arg-type]
    with pytest.raises(SchemaError, match=r"there is no column 'response' \(there are text\)"):
        count(pa.table({"text": ["wait"]}))
    with pytest.raises(InputError, match=r"there is a column 'n_words' already"):
        count(pa.table({"response": ["wait"], "n_words": [1]}))
    with pytest.raises(UnknownNameError):
        reasonlens.counter("nosuch")
