from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.readers import _inputs, _open
from reasonlens.readers._detect import detect
from reasonlens.readers._inputs import inputs, spool
from reasonlens.readers._open import Source, as_source, is_plain, open_source, seekable
from reasonlens.readers._zip import ZstdFile

TEXT = b'{"response": "Wait, 2 + 2 = 4."}\n' * 50


def _zstd(data: bytes, frames: int = 1) -> bytes:
    step = max(1, len(data) // frames)
    pieces = [data[i : i + step] for i in range(0, len(data), step)]
    return b"".join(zstandard.ZstdCompressor().compress(piece) for piece in pieces)


PACKERS = {
    "plain": lambda data: data,
    "gzip": gzip.compress,
    "two gzip members": lambda data: gzip.compress(data[:40]) + gzip.compress(data[40:]),
    "xz": lzma.compress,
    "bz2": bz2.compress,
    "zstd": _zstd,
    "three zstd frames": lambda data: _zstd(data, 3),
}


@pytest.mark.parametrize("packer", PACKERS)
def test_compression_is_recognized_by_content_not_by_suffix(tmp_path: Path, packer: str) -> None:
    path = tmp_path / "rows.txt"
    path.write_bytes(PACKERS[packer](TEXT))
    with open_source(Source(path)) as stream:
        assert stream.read() == TEXT
    assert is_plain(Source(path)) is (packer == "plain")


@pytest.mark.parametrize("packer", ["gzip", "xz", "zstd", "three zstd frames"])
def test_cut_off_data_raise_and_do_not_end_quietly(tmp_path: Path, packer: str) -> None:
    path = tmp_path / "rows"
    path.write_bytes(PACKERS[packer](TEXT)[:-6])
    with open_source(Source(path)) as stream, pytest.raises(_open.BROKEN):
        stream.read()


@given(
    data=st.binary(max_size=3000), frames=st.integers(1, 5), sizes=st.lists(st.integers(1, 700), min_size=1)
)
def test_zstd_frames_read_back_in_pieces_of_any_size(data: bytes, frames: int, sizes: list[int]) -> None:
    packed = _zstd(data, frames) if data else b""
    stream = ZstdFile(io.BytesIO(packed))
    found = b""
    while piece := stream.read(sizes[len(found) % len(sizes)]):
        found += piece
    assert found == data


def test_zip_members_and_their_names(tmp_path: Path) -> None:
    path = tmp_path / "runs.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/one.jsonl", TEXT)
        archive.writestr("b/two.jsonl.gz", gzip.compress(TEXT))
        archive.writestr("readme.md", "no rows")
    found = inputs([path])
    assert [source.name for source in found] == ["runs.zip!a/one.jsonl", "runs.zip!b/two.jsonl.gz"]
    for source in found:
        with open_source(source) as stream:
            assert stream.read() == TEXT
        assert not is_plain(source)
    assert as_source(f"{path}!a/one.jsonl") == found[0]


def test_zip_method_93_is_read_on_every_python(tmp_path: Path) -> None:
    path = tmp_path / "z.zip"
    _zip_of_zstd(path, "one.jsonl", TEXT)
    with open_source(Source(path, "one.jsonl")) as stream:
        assert stream.read() == TEXT


def _zip_of_zstd(path: Path, name: str, data: bytes) -> None:
    packed, crc, encoded = _zstd(data), zlib.crc32(data), name.encode()
    local = struct.pack(
        "<4s5H3I2H", b"PK\3\4", 63, 0, 93, 0, 33, crc, len(packed), len(data), len(encoded), 0
    )
    central = struct.pack(
        "<4s6H3I5H2I",
        b"PK\1\2",
        63,
        63,
        0,
        93,
        0,
        33,
        crc,
        len(packed),
        len(data),
        len(encoded),
        0,
        0,
        0,
        0,
        0,
        0,
    )
    body = local + encoded + packed
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(central) + len(encoded), len(body), 0)
    path.write_bytes(body + central + encoded + end)


def test_encrypted_member_is_an_error_that_says_so(tmp_path: Path) -> None:
    path = tmp_path / "secret.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.jsonl", TEXT)
    data = bytearray(path.read_bytes())
    data[6] |= 1  # general purpose flags of the local header
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match=r"secret\.zip!one\.jsonl is encrypted"):
        open_source(Source(path, "one.jsonl"))


def test_missing_member_and_damaged_archive(tmp_path: Path) -> None:
    path = tmp_path / "runs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.jsonl", TEXT)
    with pytest.raises(InputError, match="has no member 'two'"):
        open_source(Source(path, "two"))
    path.write_bytes(b"PK\3\4" + bytes(40))
    (source,) = inputs([path])
    with pytest.raises(InputError, match="is a damaged zip archive"):
        detect(source)


def test_missing_empty_and_forbidden_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.jsonl does not exist"):
        open_source(Source(tmp_path / "gone.jsonl"))
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    with pytest.raises(InputError, match=r"empty\.jsonl is empty"):
        open_source(Source(empty))
    with pytest.raises(InputError, match="is a folder; name files in it"):
        open_source(Source(tmp_path))
    with pytest.raises(InputError, match="cannot be read"):
        open_source(Source(Path("nul\0name")))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_forbidden_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(TEXT)
    path.chmod(0)
    with pytest.raises(InputError, match="permission denied"):
        open_source(Source(path))


def test_folder_pattern_and_repeats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.jsonl", "a.json.gz", "sub/c.parquet", "notes.txt", ".hidden.jsonl"):
        (tmp_path / name).write_bytes(b"{}")
    assert [source.path.name for source in inputs([tmp_path])] == ["a.json.gz", "b.jsonl", "c.parquet"]
    assert [source.path.name for source in inputs([f"{tmp_path}/*.jsonl"])] == ["b.jsonl"]
    assert len(inputs([tmp_path / "b.jsonl", tmp_path])) == 3
    with pytest.raises(InputError, match=r"nothing matches '.*\*\.csv'"):
        inputs([f"{tmp_path}/*.csv"])
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="holds no file that looks like model outputs"):
        inputs([tmp_path / "none"])
    monkeypatch.setattr(_inputs.sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT)))
    (source,) = inputs(["-"])
    assert (source.name, str(source)) == ("stdin", "stdin")
    assert source.path.read_bytes() == TEXT


def test_a_study_in_a_folder_of_outputs_is_no_output(tmp_path: Path) -> None:
    """Its traces are those of the files beside it: read again, each would count twice."""
    (tmp_path / "a.jsonl").write_bytes(TEXT)
    study = Study(tmp_path / "deep" / "study", create=True)
    (study.path / "traces").mkdir()
    (study.path / "traces" / "part.parquet").write_bytes(TEXT)
    assert [source.path.name for source in inputs([tmp_path])] == ["a.jsonl"]
    with pytest.raises(InputError, match=r"study is a study, not model outputs; name the files"):
        inputs([study.path])


def test_empty_standard_input() -> None:
    with pytest.raises(InputError, match="standard input is empty"):
        spool(io.BytesIO(b""))


def test_a_name_with_an_exclamation_mark_is_still_a_file(tmp_path: Path) -> None:
    path = tmp_path / "wow!.jsonl"
    path.write_bytes(TEXT)
    assert as_source(path) == Source(path)


def test_seekable_copies_what_cannot_seek_freely(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(TEXT))
    with seekable(open_source(Source(path))) as copy:
        copy.seek(3)
        assert copy.read() == TEXT[3:]
    plain = tmp_path / "a"
    plain.write_bytes(TEXT)
    with open_source(Source(plain)) as stream:
        assert seekable(stream) is stream


@pytest.mark.parametrize("packer", ["gzip", "xz", "zstd", "zip"])
def test_bombs_stop_with_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packer: str) -> None:
    monkeypatch.setattr(_open, "BOMB_BYTES", 2**20)
    monkeypatch.setattr(_open, "BOMB_RATIO", 100)
    path, data = tmp_path / "bomb", bytes(2**24)
    if packer == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("one", data)
    else:
        path.write_bytes(PACKERS[packer](data))
    pieces: list[int] = []
    with open_source(Source(path, "one" if packer == "zip" else None)) as stream:
        sizes = iter(lambda: len(stream.read(2**16)), 0)
        with pytest.raises(InputError, match=r"unpacks to more than .* over 100 times its size"):
            pieces.extend(sizes)
    assert 2**19 <= sum(pieces) < 2**24
