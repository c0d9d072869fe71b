"""Pieces of objects: every line and row group once, only the bytes that are needed, the same traces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reasonlens.core.errors import FetchError, InputError
from reasonlens.readers import Context, Record, Skipped, _ranges, _remote
from reasonlens.readers._account import Account
from reasonlens.readers._detect import Detected, detect
from reasonlens.readers._open import Source
from reasonlens.readers._units import Unit, read_unit, units

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
from fsspec.implementations.memory import MemoryFileSystem  # noqa: E402

JSONL = Detected("generic", "jsonl", "")
PARQUET = Detected("generic", "parquet", "")


class Pieced(MemoryFileSystem):  # type: ignore[misc]
    """A filesystem that notes which bytes are asked for, and can fail."""

    protocol = "pieced"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    reads: ClassVar[list[tuple[int, int]]] = []
    failures: ClassVar[list[Exception]] = []

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **more: Any) -> bytes:
        if self.failures:
            raise self.failures.pop()
        data: bytes = super().cat_file(path, start, end, **more)
        self.reads.append((start or 0, end or len(data)))
        return data

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        bare: str = super()._strip_protocol(path.replace("pieced://", "memory://"))
        return bare


@pytest.fixture(autouse=True)
def pieced(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pieced]:
    fsspec.register_implementation("pieced", Pieced, clobber=True)
    monkeypatch.setattr(_remote, "_PAUSES", (0.0, 0.0))
    _empty()
    yield Pieced()
    _empty()


def _empty() -> None:
    for known in (Pieced.store, Pieced.reads, Pieced.failures):
        known.clear()


def stored(data: bytes, name: str = "a.jsonl") -> Source:
    Pieced().pipe_file(f"/b/{name}", data)
    (source,) = _remote.listed(f"pieced:///b/{name}")
    return source


def items(made: list[Unit]) -> list[Record | Skipped]:
    return [item for unit in made for item in read_unit(unit, Context(unit.path), Account())]


def table(n: int, each: int) -> bytes:
    held = BytesIO()
    rows = {"problem": ["p"] * n, "response": [f"so {i} " + "x" * (i % 7) for i in range(n)]}
    pq.write_table(pa.table(rows), held, row_group_size=each)
    return held.getvalue()


@given(
    lines=st.lists(st.text(alphabet="ab€\r ", max_size=30), min_size=1, max_size=25),
    target=st.integers(1, 150),
    request=st.integers(1, 60),
    little=st.integers(1, 30),
    ends=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_every_line_is_in_one_piece(
    lines: list[str], target: int, request: int, little: int, ends: bool
) -> None:
    text = "\n".join(json.dumps({"response": line}, ensure_ascii=False) for line in lines) + "\n" * ends
    data = text.encode()
    source = stored(data)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(_ranges, "_REQUEST", request)
        patched.setattr(_ranges, "_LITTLE", little)
        made = units(source, JSONL, piece_bytes=target)
        found = items(made)
    assert [item.response for item in found if isinstance(item, Record)] == lines
    assert len({unit.key for unit in made}) == len(made)
    if len(made) > 1:
        begins = [0, *(i + 1 for i, byte in enumerate(data) if byte == 10)]
        assert [item.place for item in found] == [f"byte {at}" for at in begins[: len(lines)]]
        assert made[-1].end == len(data)
    else:
        assert [item.place for item in found] == [f"line {n}" for n in range(1, len(lines) + 1)]


def test_only_the_bytes_of_a_piece_are_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ranges, "_LITTLE", 32)
    data = b"".join(json.dumps({"response": f"so {i:03}"}).encode() + b"\n" for i in range(100))
    assert len(data) == 2300
    made = units(stored(data), JSONL, piece_bytes=1000)
    assert [(unit.start, unit.end) for unit in made] == [(0, 1000), (1000, 2300)]
    assert Pieced.reads == []
    assert len(items(made[:1])) == 44  # 43 lines end before byte 1000, one more begins
    assert Pieced.reads == [(0, 1000), (1000, 1032)]
    Pieced.reads.clear()
    assert len(items(made[1:])) == 56
    assert Pieced.reads == [(999, 2300)]


@given(n=st.integers(1, 60), each=st.integers(1, 25), target=st.integers(1, 3000))
@settings(max_examples=40, deadline=None)
def test_every_row_group_is_in_one_piece(
    tmp_path_factory: pytest.TempPathFactory, n: int, each: int, target: int
) -> None:
    data = table(n, each)
    local = tmp_path_factory.mktemp("groups") / "a.parquet"
    local.write_bytes(data)
    (whole,) = units(local, PARQUET, target_bytes=10**9)
    expected = items([whole])
    assert [item.place for item in expected] == [f"row {i + 1}" for i in range(n)]
    cut, remote = units(local, PARQUET, target_bytes=target), stored(data, "a.parquet")
    assert items(cut) == expected
    assert items(units(remote, PARQUET, piece_bytes=target)) == expected
    groups = -(-n // each)
    assert 1 <= len(cut) <= groups
    assert len(units(local, PARQUET, target_bytes=1)) == groups


def test_a_table_is_known_by_its_first_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reasonlens.readers._detect.HEAD", 100)
    monkeypatch.setattr(_remote, "HEAD", 100)
    data = table(5000, 100)
    source = stored(data, "a.parquet")
    found = detect(source)
    assert (found.container, found.format, found.plain) == ("parquet", "generic", True)
    assert sum(end - start for start, end in Pieced.reads) < len(data) / 2
    assert len(items(units(source, found, piece_bytes=len(data) // 3))) == 5000


def test_what_is_compressed_or_has_no_ranges_is_one_piece() -> None:
    source = stored(b'{"response": "x"}\n' * 100)
    assert len(units(source, JSONL, piece_bytes=100)) == 18
    assert len(units(source, replace(JSONL, plain=False), piece_bytes=100)) == 1
    assert source.remote is not None
    bare = replace(source, remote=replace(source.remote, ranges=False))
    assert len(units(bare, JSONL, piece_bytes=100)) == 1
    assert len(units(source, Detected("generic", "csv", ""), piece_bytes=100)) == 1


def test_a_request_is_made_three_times() -> None:
    made = units(stored(b'{"response": "x"}\n' * 100), JSONL, piece_bytes=900)
    Pieced.failures.extend([OSError("reset"), OSError("reset")])
    assert len(items(made)) == 100
    Pieced.failures.extend([OSError("reset")] * 3)
    with pytest.raises(FetchError, match=r"pieced:///b/a\.jsonl cannot be fetched \(OSError: reset\)"):
        items(made)


def test_a_piece_of_an_object_that_changed_is_refused() -> None:
    source = stored(b'{"response": "x"}\n' * 100)
    made = units(source, JSONL, piece_bytes=900)
    stored(b'{"response": "y"}\n' * 100)
    with pytest.raises(InputError, match=r"pieced:///b/a\.jsonl changed while it was read"):
        items(made)


def test_a_server_that_ignores_ranges_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    made = units(stored(b'{"response": "x"}\n' * 100), JSONL, piece_bytes=900)
    monkeypatch.setattr(Pieced, "cat_file", lambda self, path, **more: b"x" * 1800)
    with pytest.raises(InputError, match=r"the server gave 1,800 bytes where 900 were asked for"):
        items(made)


def test_a_damaged_table(tmp_path: Path) -> None:
    source = stored(table(100, 10)[:-9] + b"\0" * 5 + b"PAR1", "a.parquet")
    with pytest.raises(InputError, match=r"pieced:///b/a\.parquet is a damaged Parquet file"):
        units(source, PARQUET, piece_bytes=10)
