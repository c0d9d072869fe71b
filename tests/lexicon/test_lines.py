"""Counting straight from JSON lines: the same with and without the kernel, whatever the bytes are."""

from __future__ import annotations

import gzip
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reasonlens.lexicon import definition
from reasonlens.lexicon.count import count_table
from reasonlens.lexicon.kernel import choice
from reasonlens.lexicon.lines import PARQUET, SCHEMA, count_lines
from reasonlens.lexicon.model import Lexicon, Rule
from tests.lexicon import nasty
from tests.lexicon.making import lexicon, traces

_ENGINES = ["numpy"] if choice.kernel() is None else ["kernel", "numpy"]
_SMALL = lexicon(["wait", "so that", "let's", "é", "等"])


def _count(path: Path, *lexicons: Lexicon, **options: Any) -> list[pa.Table]:
    """Count with each engine; the results must be the same."""
    found = []
    for engine in _ENGINES:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(choice.VARIABLE, engine)
            tables = list(count_lines(path, list(lexicons) or [_SMALL], **options))
        assert all(table.schema == SCHEMA for table in tables)
        found.append(pa.concat_tables(tables) if tables else SCHEMA.empty_table())
    assert found[0].equals(found[-1])
    return found


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lines") / "x.jsonl"


def _rows(file: Path, data: bytes, **options: Any) -> list[dict[str, Any]]:
    file.write_bytes(data)
    rows: list[dict[str, Any]] = _count(file, **options)[0].to_pylist()
    return rows


@pytest.mark.parametrize(
    ("text", "entries", "n_chars", "n_words"),
    [
        ('"wait so\\nthat"', [0, 1], 12, 3),
        ('"\\u0077ait \\u00e9"', [0, 3], 6, 2),
        ('"let\\u2019s \\ud83d\\ude00wait"', [0, 2], 11, 2),
        ('"\\\\wait \\"wait\\" \\/\\b\\f\\r\\twait"', [0], 22, 2),
        ('"等wait\\u0000wait"', [0, 4], 10, 3),
        ('""', [], 0, 0),
        ("null", [], 0, 0),
    ],
)
def test_texts_and_their_escapes(
    text: str, entries: list[int], n_chars: int, n_words: int, file: Path
) -> None:
    line = f'{{"id": 1, "response" : {text}, "more": {{"response": ["\\"", {{}}, -1.5e3, true]}}}}'
    row = _rows(file, line.encode())[0]
    assert (row["entry"], row["n_chars"], row["n_words"]) == (entries, n_chars, n_words)
    assert row["problem"] is None


def test_lines_are_numbered_and_blank_ones_passed_over(file: Path) -> None:
    line = b'{"response": "wait"}'
    data = b"\n \t\r\n" + line + b"\r\n\n" + line + b"\n{\n" + line
    assert [(row["line"], row["n"]) for row in _rows(file, data)] == [(3, [1]), (5, [1]), (6, None), (7, [1])]
    assert _rows(file, b"") == []
    assert _rows(file, b"\n\n") == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"response": "wait', "no JSON: "),
        (b'{"response": "wait"} x', "no JSON: "),
        (b'{"response": "wait\x01"}', "no JSON: "),
        (b'{"response": "wait\xff"}', "no JSON: "),
        (b'{"response": "wait", "x": "\xc3"}', "no JSON: "),
        (b'{"response": "\\ud800"}', "no JSON: "),
        (b'{"response": "\\x"}', "no JSON: "),
        (b'{"response": "wait", "x": 01}', "no JSON: "),
        (b'{"response": "wait", "x": 1e999}', "no JSON: "),
        (b'{"response": "wait", "x": NaN}', "no JSON: "),
        (b'{"response": "wait",}', "no JSON: "),
        (b'\xef\xbb\xbf{"response": "wait"}', "no JSON: "),
        (b'["wait"]', "no JSON object but list"),
        (b'{"text": "wait", "id": 1}', "has no 'response'; it has text, id"),
        (b"{}", "has no 'response'; it has nothing"),
        (b'{"response": ["wait"]}', "'response' is no text but list"),
    ],
)
def test_lines_without_a_text_say_why(line: bytes, problem: str, file: Path) -> None:
    good = b'{"response": "wait"}\n'
    rows = _rows(file, good + line + b"\n" + good)
    assert [row["n"] for row in rows] == [[1], None, [1]]
    assert rows[1]["problem"].startswith(problem)
    assert rows[1]["n_words"] is None


@pytest.mark.parametrize(
    "line",
    [
        b'{"response": "so", "response": "wait"}',
        b'{"re\\u0073ponse": "wait"}',
        b'{"x": ' + b"[" * 200 + b"]" * 200 + b', "response": "wait"}',
        b'{"x": ' + b"9" * 250 + b', "response": "wait"}',
        b'{"response": "wait", "\\n": 1}',
    ],
)
def test_what_is_rare_is_read_too(line: bytes, file: Path) -> None:
    row = _rows(file, line)[0]
    assert (row["entry"], row["n"], row["problem"]) == ([0], [1], None)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("chunk", [1, 7, 100, 1 << 20])
def test_neither_the_size_of_a_chunk_nor_threads_matter(chunk: int, threads: int, file: Path) -> None:
    data = b"".join(b'{"response": "%s"}\n' % (b"wait " * n) for n in range(40)) + b'\n{"response": "wait"}'
    rows = _rows(file, data, chunk=chunk, threads=threads)
    assert [row["n"] for row in rows] == [[], *([n] for n in range(1, 40)), [1]]
    assert [row["line"] for row in rows] == [*range(1, 41), 42]


def test_a_file_that_vanishes_ends_all_threads(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"response": "wait"}\n' * 1000)
    tables = count_lines(path, [_SMALL], chunk=100, threads=2)
    assert next(tables)["line"].to_pylist() == [1, 2, 3, 4, 5]
    path.unlink()
    with pytest.raises(FileNotFoundError):
        list(tables)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_pipe_is_read_as_it_comes(threads: int, tmp_path: Path) -> None:
    pipe, lines = tmp_path / "pipe", b'{"response": "wait"}\n' * 3
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(pipe.write_bytes, lines)
        found = pa.concat_tables(count_lines(pipe, [_SMALL], chunk=30, threads=threads)).to_pylist()
    assert [(row["line"], row["n"]) for row in found] == [(1, [1]), (2, [1]), (3, [1])]


@pytest.mark.skipif("kernel" not in _ENGINES, reason="minutes with NumPy")
def test_a_line_of_a_hundred_megabytes(file: Path) -> None:
    with file.open("wb") as lines:
        lines.write(b'{"response": "')
        for _ in range(1000):
            lines.write(b"wait, so that\\n" * 6700)
        lines.write(b'"}\n{"response": "wait"}\n')
    assert file.stat().st_size > 100_000_000
    rows = pa.concat_tables(count_lines(file, [_SMALL])).to_pylist()
    file.write_bytes(b"")
    assert [row["n"] for row in rows] == [[6_700_000, 6_700_000], [1]]
    assert [row["n_words"] for row in rows] == [20_100_000, 1]


def test_tables_come_back_from_parquet(file: Path) -> None:
    file.write_bytes(b'{"response": "wait, so that wait"}\n{}\n' * 500)
    tables = list(count_lines(file, [_SMALL], chunk=5000))
    with pq.ParquetWriter(file.with_suffix(".parquet"), SCHEMA, **PARQUET) as out:
        for table in tables:
            out.write_table(table)
    assert len(tables) > 1
    assert pq.read_table(file.with_suffix(".parquet")).equals(pa.concat_tables(tables))
    chunk = pq.ParquetFile(file.with_suffix(".parquet")).metadata.row_group(0)
    encodings = {chunk.column(i).path_in_schema: chunk.column(i).encodings for i in range(chunk.num_columns)}
    assert [path for path, used in encodings.items() if "BYTE_STREAM_SPLIT" not in used] == ["problem"]


def test_another_field_and_rules_that_are_not_for_the_kernel(file: Path) -> None:
    file.write_bytes('{"é": "await"}\n'.encode())
    both = [_SMALL, lexicon(["wait"], Rule(match="substring"), name="other")]
    assert _count(file, *both, field="é")[0].to_pylist()[0]["entry"] == [5]


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def _lines(draw: st.DrawFn) -> bytes:
    """A line of JSON, as it should be or with a few bytes changed."""
    row = draw(st.dictionaries(st.text(max_size=3), _VALUES, max_size=3))
    row["response"] = draw(nasty.texts(8) | st.text(max_size=20) | _VALUES)
    line = bytearray(json.dumps(row, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass"))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 3]))):
        at = draw(st.integers(0, len(line)))
        line[at : at + draw(st.integers(0, 2))] = draw(
            st.binary(max_size=2) | st.sampled_from([b'"', b"\\", b"\\u", b"{", b"}", b",", b"1", b"\\ud83d"])
        )
    return bytes(line).replace(b"\n", b"")


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_lines(), min_size=1, max_size=4))
def test_any_bytes_give_what_a_general_reader_gives(file: Path, lines: list[bytes]) -> None:
    rows = _rows(file, b"\n".join(lines))
    read = [line for line in lines if line.strip(b" \t\r")]
    assert len(rows) == len(read)
    for line, row in zip(read, rows, strict=True):
        try:
            text = orjson.loads(line)["response"]
            text = "" if text is None else text
            wanted = count_table(traces([text]), [_SMALL]).to_pylist()[0] if isinstance(text, str) else None
        except (orjson.JSONDecodeError, KeyError, TypeError, IndexError):
            wanted = None
        assert (wanted is None) == (row["problem"] is not None)
        if wanted:
            for name in ("n_chars", "n_words", "entry", "n"):
                assert row[name] == wanted[name]


def test_real_files_as_count_table_counts_them(shared_data: Path, file: Path) -> None:
    path = sorted((shared_data / "traces").glob("*.jsonl.gz"))[0]
    with gzip.open(path, "rb") as packed:
        lines = [line for line, _ in zip(packed, range(60), strict=False)]
    file.write_bytes(b"".join(lines))
    lexicons = [definition.load("flexible_reasoning"), definition.load("rl_vs_distill")]
    texts = [json.loads(line)["response"] for line in lines]
    wanted = count_table(traces(texts), lexicons).drop(["trace_id", "part"])
    for found in _count(file, *lexicons):
        assert found.drop(["line", "problem"]).to_pylist() == wanted.to_pylist()
        assert found["problem"].null_count == len(lines)
