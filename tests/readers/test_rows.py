from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.core.errors import InputError
from reasonlens.readers import Row, Skipped, _json, _rows
from reasonlens.readers._containers import container_of
from reasonlens.readers._open import Source
from reasonlens.readers._rows import rows


def _read(path: Path, data: bytes | str, container: str | None = None) -> list[Row | Skipped]:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    source = Source(path)
    return list(rows(source, container or container_of(source)))


def test_lines_blank_lines_and_byte_order_mark(tmp_path: Path) -> None:
    found = _read(tmp_path / "a.jsonl", '\ufeff{"a": 1}\n\n   \n{"a": 2}\r\n{"a": 3}')
    assert found == [Row("line 1", {"a": 1}), Row("line 4", {"a": 2}), Row("line 5", {"a": 3})]


def test_bad_lines_are_skipped_with_place_and_reason(tmp_path: Path) -> None:
    found = _read(tmp_path / "a.jsonl", '{"a": 1}\n{"a": \n[1]\n"x"\n7\nnull\nnot json\n{"a": 2}\n')
    assert [item.place for item in found] == [f"line {n}" for n in range(1, 9)]
    reasons = [item.reason for item in found if isinstance(item, Skipped)]
    assert reasons[0].startswith("not JSON: Expecting value (column")
    assert reasons[1:5] == [f"not an object but {kind}" for kind in ("list", "str", "int", "NoneType")]
    assert reasons[5] == "not JSON: Expecting value (column 1)"
    assert found[-1] == Row("line 8", {"a": 2})


def test_repairs_are_marked(tmp_path: Path) -> None:
    lines = [
        b'{"a": "\\ud800x"}',
        b'{"a": "\xff\xfe"}',
        b'{"a": NaN, "b": -Infinity}',
        b'{"a": "tab\there"}',
        b'{"a": "\\u0000"}',
    ]
    found = _read(tmp_path / "a.jsonl", b"\n".join(lines))
    assert all(isinstance(item, Row) for item in found)
    assert [item.repaired for item in found if isinstance(item, Row)] == [True, True, True, True, False]
    assert found[0] == Row("line 1", {"a": "\ufffdx"}, True)
    assert found[1] == Row("line 2", {"a": "\ufffd\ufffd"}, True)
    assert found[3] == Row("line 4", {"a": "tab\there"}, True)
    assert found[4] == Row("line 5", {"a": "\0"}, False)


def test_surrogate_pairs_are_characters(tmp_path: Path) -> None:
    assert _read(tmp_path / "a.jsonl", '{"a": "\\ud83d\\ude00", "b": NaN}\n')[0].data["a"] == "😀"  # type: ignore[union-attr]


def test_byte_ranges_number_lines_and_meet_without_overlap(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [json.dumps({"n": n}).encode() + b"\n" for n in range(10)]
    path.write_bytes(b"".join(lines))
    cut = sum(map(len, lines[:4]))
    first = list(rows(Source(path), "jsonl", start=0, end=cut))
    second = list(rows(Source(path), "jsonl", start=cut, end=path.stat().st_size, first_line=5))
    assert [item.place for item in first + second] == [f"line {n}" for n in range(1, 11)]
    assert [item.data["n"] for item in first + second if isinstance(item, Row)] == list(range(10))


def test_cut_off_gzip_gives_what_came_before(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"n": n, "noise": hash((n, "x"))}) + "\n" for n in range(20000))
    found = _read(tmp_path / "a.jsonl.gz", gzip.compress(lines.encode())[:-2000])
    assert isinstance(found[-1], Skipped)
    assert "the compressed data are damaged or cut off here" in found[-1].reason
    assert 1000 < sum(isinstance(item, Row) for item in found) < 20000


def test_a_long_line_is_skipped_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        file.write(b'{"a": 1}\n{"a": "')
        for _ in range(100):
            file.write(b"x" * 2**20)
        file.write(b'"}\n{"a": 3}\n')
    tracemalloc.start()
    found = list(rows(Source(path), "jsonl"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [item.place for item in found] == ["line 1", "line 2", "line 3"]
    assert isinstance(found[1], Skipped)
    assert found[1].reason == "a line longer than 64 MiB (104,857,610 bytes)"
    assert peak < 2.2 * _json.LIMIT


def test_a_large_array_is_read_item_by_item(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with path.open("w") as file:
        file.write("[")
        for n in range(300):
            file.write(("," if n else "") + json.dumps({"n": n, "text": "y" * 100_000}, indent=1))
        file.write("]\n")
    tracemalloc.start()
    places = [item.place for item in rows(Source(path), "array")]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert places == [f"item {n}" for n in range(1, 301)]
    assert peak < 5 * 2**20 < path.stat().st_size


@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
            max_leaves=8,
        )
    ),
    st.sampled_from([None, 1]),
    st.integers(1, 40),
)
def test_arrays_equal_the_standard_library_at_any_buffer_size(
    values: list[Any], indent: int | None, piece: int
) -> None:
    import io

    data = json.dumps(values, indent=indent).encode()
    before = _json._PIECE
    _json._PIECE = piece
    try:
        found = list(_json.array_rows(io.BytesIO(data)))
    finally:
        _json._PIECE = before
    assert len(found) == len(values)
    expected = [_json.scrub(value) for value in json.loads(data)]
    for item, value in zip(found, expected, strict=True):
        if isinstance(value, dict):
            assert isinstance(item, Row)
            assert json.dumps(item.data) == json.dumps(value)
        else:
            assert isinstance(item, Skipped)


@pytest.mark.parametrize(
    ("text", "n_rows", "reason"),
    [
        ('[{"a": 1}, {"a": 2', 1, "the file breaks off inside the array"),
        ('[{"a": 1}, {"a": 2}', 2, "the file breaks off inside the array"),
        ('[{"a": 1}, {"a": tru', 1, "the file breaks off inside the array"),
        ('[{"a": 1} {"a": 2}]', 1, "not JSON: a comma is missing between two items"),
        ('[{"a": 1}, {"a" 2}, ' + " " * 64 + "{}]", 1, "not JSON: Expecting ':' delimiter"),
        ('[{"a": 1}] {"a": 2}', 1, "not JSON: there is more text after the end of the array"),
    ],
)
def test_broken_arrays_say_where_reading_stopped(tmp_path: Path, text: str, n_rows: int, reason: str) -> None:
    found = _read(tmp_path / "a.json", text, "array")
    assert [isinstance(item, Row) for item in found] == [True] * n_rows + [False]
    assert found[-1] == Skipped(f"item {n_rows + 1}", f"{reason}; nothing after this could be read")


def test_array_items_are_repaired_and_counted(tmp_path: Path) -> None:
    found = _read(tmp_path / "a.json", b'[{"a": "\xff"}, {"a": "\\udfff"}, {"a": "\\u00e9"}, {"a": NaN}]')
    assert [item.repaired for item in found if isinstance(item, Row)] == [True, True, False, False]
    assert [item.data["a"] for item in found[:3] if isinstance(item, Row)] == ["\ufffd", "\ufffd", "é"]


def test_document_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"several JSON values.*jq -c"):
        _read(tmp_path / "a.json", '{\n "a": 1\n}\n{\n "a": 2\n}\n')
    with pytest.raises(InputError, match="is not valid JSON"):
        _read(tmp_path / "b.json", '{\n "a": 1,\n')
    monkeypatch.setattr(_rows, "DOCUMENT_LIMIT", 10)
    with pytest.raises(InputError, match="one JSON document of more than"):
        _read(tmp_path / "c.json", '{"a": "0123456789"}')


def test_csv_delimiters_quotes_and_ragged_rows(tmp_path: Path) -> None:
    found = _read(tmp_path / "a.csv", '\ufeffid,response\r\n1,"a, ""b""\nc"\r\n2\r\n\r\n3,z\r\n')
    assert found[0] == Row("row 1", {"id": "1", "response": 'a, "b"\nc'})
    assert found[1] == Skipped("row 2", "1 cells, but the header has 2")
    assert found[2] == Row("row 4", {"id": "3", "response": "z"})
    assert _read(tmp_path / "b.tsv", "id\tresponse\n1\tx, y\n") == [
        Row("row 1", {"id": "1", "response": "x, y"})
    ]
    assert _read(tmp_path / "c.csv", "id;response\n1;x, y\n") == [
        Row("row 1", {"id": "1", "response": "x, y"})
    ]
    assert _read(tmp_path / "d.csv", b"id,response\n1,\xff\n") == [
        Row("row 1", {"id": "1", "response": "\ufffd"}, True)
    ]
    with pytest.raises(InputError, match="two columns named 'a'"):
        _read(tmp_path / "e.csv", "a,a\n1,2\n")


def test_csv_with_a_quote_that_never_closes_is_cut_off_there(tmp_path: Path) -> None:
    """The row that takes in the rest of the file is no trace, and the lines that are lost are named."""
    swallowed = _read(tmp_path / "a.csv", 'id,response\n1,x\n2,"wait\n3,y\n4,z\n')
    assert swallowed == [
        Row("row 1", {"id": "1", "response": "x"}),
        Skipped("row 2", "a quote opens and never closes (lines 3 to 5 are taken for one row)"),
    ]
    cut = _read(tmp_path / "b.csv", 'id,response\n1,"x\ny"\n2,"wai')
    assert cut == [
        Row("row 1", {"id": "1", "response": "x\ny"}),
        Skipped("row 2", "a quote opens and never closes (line 4)"),
    ]
    whole = _read(tmp_path / "c.csv", 'id,response\n1,"x\ny"')
    assert whole == [Row("row 1", {"id": "1", "response": "x\ny"})]


def test_a_parquet_file_that_is_damaged_inside_is_kept_up_to_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stopped the whole run, with the files after it."""
    monkeypatch.setattr(_rows, "_BATCH_BYTES", 1)  # row by row
    path = tmp_path / "a.parquet"
    data = pa.table({"response": [f"wait {i} so " * 20 for i in range(40)]})
    pq.write_table(data, path, row_group_size=10, compression="zstd")
    chunk = pq.read_metadata(path).row_group(2).column(0)
    start = (chunk.dictionary_page_offset or chunk.data_page_offset) + 40
    damaged = bytearray(path.read_bytes())
    damaged[start : start + 100] = bytes(100)
    found = _read(path, bytes(damaged))
    assert [item.place for item in found] == [f"row {i}" for i in range(1, 22)]
    assert all(isinstance(item, Row) for item in found[:20])
    assert isinstance(found[20], Skipped)
    assert found[20].reason.startswith("the Parquet data are damaged: rows 21 to 40 are lost (")
    with pytest.raises(InputError, match="is a damaged Parquet file"):
        _read(path, bytes(damaged[:-20]) + b"PAR1", "parquet")


@pytest.mark.parametrize("error", [TimeoutError(), OSError(5, "Input/output error")])
def test_a_disk_that_fails_is_no_damaged_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    def failing(*_: Any, **__: Any) -> NoReturn:
        raise error

    monkeypatch.setattr(_rows, "_batch_items", failing)
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"response": ["wait"]}), path)
    with pytest.raises(InputError, match=r"is a damaged Parquet file \(after row 0\)"):
        list(rows(Source(path), "parquet"))


def test_csv_with_a_huge_cell_and_a_nul(tmp_path: Path) -> None:
    found = _read(tmp_path / "a.csv", "id,response\n1," + "w" * 300_000 + "\n2,a\0b\n")
    assert [len(item.data["response"]) for item in found if isinstance(item, Row)] == [300_000, 3]


def test_parquet_rows_nested_and_across_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    data = [{"n": n, "chat": [{"role": "user", "content": f"q{n}"}]} for n in range(50)]
    pq.write_table(pa.Table.from_pylist(data), path, row_group_size=20)
    monkeypatch.setattr(_rows, "_BATCH_BYTES", 1)
    found = list(rows(Source(path), container_of(Source(path))))
    assert found == [Row(f"row {n + 1}", value) for n, value in enumerate(data)]
    packed = tmp_path / "a.parquet.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert list(rows(Source(packed), container_of(Source(packed)))) == found


def test_parquet_text_that_is_not_utf8_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    bad = pa.array([b"ok", b"\xff"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"response": bad}), path)
    found = list(rows(Source(path), "parquet"))
    assert found[0] == Row("row 1", {"response": "ok"})
    assert isinstance(found[1], Skipped)
    assert found[1].reason.startswith("cannot be decoded")


def test_damaged_parquet(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="damaged Parquet file"):
        _read(tmp_path / "a.parquet", b"PAR1" + bytes(100))


def test_archive_members_are_rows_and_headers_come_first(shared_data: Path) -> None:
    source = Source(shared_data / "formats/inspect/zstd_zip_retry.eval")
    found = list(rows(source, container_of(source)))
    assert [item.place for item in found] == [
        "_journal/start.json",
        "_journal/summaries/1.json",
        "summaries.json",
        "header.json",
        "samples/1_epoch_1.json",
    ]
    assert isinstance(found[-1], Row)
    assert found[-1].data["id"] == 1


CONTAINERS = [
    ("a.json", '{"a": 1}', "document"),
    ("a.jsonl", '{"a": 1}', "jsonl"),
    ("a.json", '{"a": 1}\n{"a": 2}\n', "jsonl"),
    ("a", '{"a": 1}\n\n\n{"a": 2}\n', "jsonl"),
    ("a.jsonl", '{\n "a": 1\n}\n', "document"),
    ("a.jsonl", '{"a": 1\n{"a": 2}\n', "jsonl"),
    ("a.json", '{\n "a": 1\n}\n', "document"),
    ("a.json", '{"a": \n{"a": 2}\n{"a": 3}\n', "jsonl"),
    ("a.json", '{"a":\n {"b": 2}\n}\n', "document"),
    ("a.json", '{"a": [\n1]}\n', "document"),
    ("a.json", '[\n{"a": 1}\n]\n', "array"),
    ("a.jsonl", '[{"a": 1},\n{"a": 2}]\n', "array"),
    ("a.jsonl", "[1]\n[2]\n", "jsonl"),
    ("a.json", "[]", "array"),
    ("a.csv", "{a},b\n1,2\n", "csv"),
    ("a.txt", "a\tb\n1\t2\n", "csv"),
    ("a.jsonl", "garbage\n", "jsonl"),
    ("a.jsonl.bak", '\n\n  {"a": 1}\n{"a": 2}\n', "jsonl"),
]


@pytest.mark.parametrize(("name", "text", "expected"), CONTAINERS)
def test_containers(tmp_path: Path, name: str, text: str, expected: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert container_of(Source(path)) == expected


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xfea\0b\0", "is UTF-16 text"),
        (b"SQLite format 3\0", "is an SQLite database"),
        (bytes(range(256)) + bytes(2000), "is binary data"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "is binary data"),
        (b"PK\5\6" + bytes(18), "is a zip archive without files"),
        (b"  \n \n", "holds nothing but white space"),
        (b"just prose", "is text, but neither JSON nor a table"),
    ],
)
def test_foreign_content_is_named(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    with pytest.raises(InputError, match=message):
        container_of(Source(path))
