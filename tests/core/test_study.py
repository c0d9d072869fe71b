"""The study folder: whole parts or none, clear errors, manifests that travel."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import reasonlens
from reasonlens.core.errors import InputError, SchemaError, UnknownNameError
from reasonlens.core.study import Study, write_file
from reasonlens.core.tables import TABLES, table


def lengths(*ids: str) -> pa.Table:
    n = len(ids)
    columns = {"trace_id": ids, "part": ["response"] * n, "n_chars": [9] * n, "n_words": [2] * n}
    return table("lengths").conform(pa.table({**columns, "n_model_tokens": pa.nulls(n, pa.int64())}))


def test_a_part_is_read_back_with_its_manifest(tmp_path: Path) -> None:
    study = Study(tmp_path / "s", create=True)
    path = study.write("lengths", "a", lengths("t1", "t2"), "response", details={"why": "test"})
    assert path == tmp_path / "s" / "lengths" / "response" / "a.parquet"
    assert study.parts("lengths", "response") == ["a"]
    assert reasonlens.read_study(tmp_path / "s").lengths()["trace_id"].tolist() == ["t1", "t2"]
    manifest = study.manifest_of("lengths", "a", "response")
    assert (manifest["why"], manifest["table"]) == ("test", "lengths")
    assert manifest["reasonlens"] == reasonlens.__version__
    assert study.tables() == ["lengths"]


def test_parts_of_all_folders_are_one_table(tmp_path: Path) -> None:
    study = Study(tmp_path / "s", create=True)
    study.write("lengths", "b", lengths("t2"), "response")
    study.write("lengths", "a", lengths("t1"), "answer")
    assert study.read("lengths").column("trace_id").to_pylist() == ["t1", "t2"]
    assert study.read("lengths", "answer", columns=["n_words"]).to_pylist() == [{"n_words": 2}]


def test_a_part_that_fails_leaves_nothing(tmp_path: Path) -> None:
    study = Study(tmp_path / "s", create=True)
    with pytest.raises(SchemaError), study.writer("lengths", "a", details={}) as write:
        write(lengths("t1").drop_columns(["part"]))
    assert not study.has("lengths", "a")
    assert list((tmp_path / "s" / "lengths").iterdir()) == []


def test_details_are_read_when_the_part_is_finished(tmp_path: Path) -> None:
    study = Study(tmp_path / "s", create=True)
    details: dict[str, int] = {}
    with study.writer("lengths", "a", details=details) as write:
        write(lengths("t1"))
        details["rows"] = 1
    assert study.manifest_of("lengths", "a")["rows"] == 1


def test_remains_of_a_killed_run_are_cleared_under_the_lock(tmp_path: Path) -> None:
    study = Study(tmp_path / "s", create=True)
    left = tmp_path / "s" / "traces"
    left.mkdir()
    (left / ".a.parquet.123.tmp").write_bytes(b"half")
    with study.locked():
        assert list(left.iterdir()) == []


def test_two_writers_do_not_meet(tmp_path: Path) -> None:
    study = Study(tmp_path / "s", create=True)
    with (
        study.locked(),
        pytest.raises(InputError, match="is in use by another reasonlens run"),
        Study(tmp_path / "s").locked(),
    ):
        pass


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda p: None, "is no study \\(it holds no study.json\\). Make one with: reasonlens ingest FILES"),
        (lambda p: p.mkdir() or (p / "study.json").write_text("{"), "study.json is damaged"),
        (
            lambda p: p.mkdir() or (p / "study.json").write_text('{"reasonlens_study": 9}'),
            "has study format 9; this version reads 1",
        ),
    ],
)
def test_what_is_no_study_is_said(tmp_path: Path, prepare, message: str) -> None:
    prepare(tmp_path / "s")
    with pytest.raises(InputError, match=message):
        Study(tmp_path / "s")


def test_a_folder_with_other_things_is_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(InputError, match="is not empty and is no study; name a new folder"):
        Study(tmp_path, create=True)
    with pytest.raises(InputError, match="is a file; --study needs a folder"):
        Study(tmp_path / "thesis.tex", create=True)


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "", "a b"])
def test_hostile_part_names_stay_out_of_paths(tmp_path: Path, name: str) -> None:
    study = Study(tmp_path / "s", create=True)
    with pytest.raises(InputError, match="cannot be part of a file name"):
        study.part_path("traces", name)


def test_unknown_tables_and_missing_columns(tmp_path: Path) -> None:
    study = Study(tmp_path / "s", create=True)
    with pytest.raises(UnknownNameError, match=r"no table is named 'trace'\. Did you mean 'traces'"):
        study.part_path("trace", "a")
    with pytest.raises(InputError, match="has no table 'counts' yet"):
        study.counts()
    with pytest.raises(SchemaError, match="table 'lengths' lacks the columns part, n_words"):
        study.write("lengths", "a", lengths("t").drop_columns(["part", "n_words"]))
    bad = lengths("t").set_column(2, "n_chars", pa.array(["many"]))
    with pytest.raises(SchemaError, match="table 'lengths' has a column of another type"):
        study.write("lengths", "a", bad)


def test_write_file_replaces_in_full(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_file(path, b"1")
    write_file(path, b"2")
    assert [p.name for p in tmp_path.iterdir()] == ["x.json"]
    assert path.read_bytes() == b"2"


@pytest.mark.parametrize("name", TABLES)
def test_every_key_is_made_of_columns(name: str) -> None:
    assert set(TABLES[name].key) <= set(TABLES[name].schema.names)


def test_the_manifest_is_ascii_json(tmp_path: Path) -> None:
    study = Study(tmp_path / "s", create=True)
    path = study.write("lengths", "a", lengths("t"), details={"file": "naïve\u202e.jsonl"})
    stored = pq.read_metadata(path).metadata[b"reasonlens"]
    assert stored.isascii()
    assert json.loads(stored)["file"] == "naïve\u202e.jsonl"
