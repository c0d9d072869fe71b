"""Inputs on other filesystems: the same tables, the head alone to tell a format, and nothing read twice."""

from __future__ import annotations

import gzip
import json
import sys
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner

from reasonlens import Study
from reasonlens.cli import cli
from reasonlens.core.errors import InputError, MissingExtraError
from reasonlens.lexicon import definition
from reasonlens.readers import _remote
from reasonlens.readers._detect import detect
from reasonlens.readers._inputs import inputs
from reasonlens.sample import path as sample
from reasonlens.workflow.ingest import Outcome, Settings, ingest
from reasonlens.workflow.run import Plan

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
from fsspec.implementations.memory import MemoryFileSystem  # noqa: E402

TABLES = ("traces", "counts", "lengths")


class Watched(MemoryFileSystem):  # type: ignore[misc]
    """A filesystem that notes what is read."""

    protocol = "watched"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    reads: ClassVar[list[tuple[str, str, int]]] = []

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **more: Any) -> bytes:
        data: bytes = super().cat_file(path, start, end, **more)
        self.reads.append(("head", path.rpartition("/")[2], len(data)))
        return data

    def get_file(self, rpath: str, lpath: str, **more: Any) -> None:
        super().get_file(rpath, lpath, **more)
        self.reads.append(("all", rpath.rpartition("/")[2], Path(lpath).stat().st_size))

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        bare: str = super()._strip_protocol(path.replace("watched://", "memory://"))
        return bare


@pytest.fixture
def watched() -> Iterator[Watched]:
    fsspec.register_implementation("watched", Watched, clobber=True)
    Watched.store.clear()
    Watched.reads.clear()
    yield Watched()
    Watched.store.clear()


@pytest.fixture
def lines() -> list[str]:
    return Path(sample()).read_text("utf-8").splitlines(keepends=True)


def ran(study: Path, *names: str | Path, jobs: int | None = None, **said: Any) -> Outcome:
    plan = Plan(study, lexicons=(definition.load("flexible_reasoning"),))
    return ingest(names, plan, Settings(**said), jobs=jobs)


def rows(study: Path) -> dict[str, list[dict[str, Any]]]:
    found = {name: sorted(Study(study).read(name).to_pylist(), key=str) for name in TABLES}
    for row in found["traces"]:
        row["source"] = row["source"].rpartition("/")[2]
    return found


@pytest.mark.parametrize("jobs", [None, 2])
def test_the_same_tables_as_of_a_local_file(tmp_path: Path, lines: list[str], jobs: int | None) -> None:
    for i in range(3):
        text = "".join(lines[i::3]).encode()
        (tmp_path / f"x-{i}.jsonl.gz").write_bytes(gzip.compress(text, mtime=0))
    (tmp_path / "y.jsonl").write_text("no match")
    url = f"file://{tmp_path}/x-*.jsonl.gz"
    local = ran(tmp_path / "local", *sorted(tmp_path.glob("x-*.gz")), jobs=jobs)
    remote = ran(tmp_path / "remote", url, jobs=jobs)
    assert [str(x.name) for x in remote.inputs] == [f"file://{tmp_path}/x-{i}.jsonl.gz" for i in range(3)]
    assert rows(tmp_path / "remote") == rows(tmp_path / "local")
    assert remote.account.as_dict() == local.account.as_dict()
    sources = Study(tmp_path / "remote").read("traces", columns=["source"]).column(0).to_pylist()
    assert min(sources) == f"file://{tmp_path}/x-0.jsonl.gz#line 1"


def test_nothing_is_read_twice(watched: Watched, tmp_path: Path, lines: list[str]) -> None:
    for i in range(2):
        watched.pipe_file(f"/b/x-{i}.jsonl", "".join(lines[i::2]).encode())
    sizes = [watched.size(f"/b/x-{i}.jsonl") for i in range(2)]
    study = tmp_path / "study"
    first = ran(study, "watched:///b/x-0.jsonl")
    assert (first.parts_done, first.parts_kept) == (1, 0)
    assert [read for read in watched.reads if read[0] == "all"] == [("all", "x-0.jsonl", sizes[0])]
    both = ran(study, "watched:///b/x-*")
    assert (both.parts_done, both.parts_kept) == (1, 1)
    again = ran(study, "watched:///b/*.jsonl")
    assert (again.parts_done, again.parts_kept) == (0, 2)
    whole = [name for what, name, _ in watched.reads if what == "all"]
    assert whole == ["x-0.jsonl", "x-1.jsonl"]
    watched.pipe_file("/b/x-1.jsonl", "".join(lines[1::2]).encode())  # the same bytes, written again later
    assert ran(study, "watched:///b/*.jsonl").parts_done == 1


def test_the_format_is_told_by_the_head(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, lines: list[str]
) -> None:
    whole = "".join(lines * 60).encode()
    n = 1_000_000
    watched.pipe_file("/b/a.jsonl", whole)
    watched.pipe_file("/b/a.jsonl.gz", gzip.compress(whole, 0))
    monkeypatch.setattr(_remote, "HEAD", n)
    monkeypatch.setattr("reasonlens.readers._detect.HEAD", n)
    for source in inputs(["watched:///b"]):
        assert detect(source).format == "generic"
    assert watched.reads == [("head", "a.jsonl", n), ("head", "a.jsonl.gz", n)]


def test_what_has_its_directory_at_the_end_is_read_whole(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = json.dumps({"results": [], "more": [{"response": f"so {i}"} for i in range(50)]}, indent=1)
    watched.pipe_file("/b/a.json", document.encode())
    monkeypatch.setattr("reasonlens.readers._detect.HEAD", 100)
    monkeypatch.setattr(_remote, "HEAD", 100)
    (source,) = inputs(["watched:///b/a.json"])
    assert detect(source).container == "document"
    assert watched.reads == [("head", "a.json", 100), ("all", "a.json", len(document))]


def test_names_that_readers_take_models_from_are_kept(watched: Watched) -> None:
    (source,) = _listed_one(watched, "/run/org__model/samples_gsm8k_2025.jsonl", b'{"response": "so"}\n')
    with _remote.fetched(source) as local:
        assert local.path.parts[-2:] == ("org__model", "samples_gsm8k_2025.jsonl")
        assert str(local) == "watched:///run/org__model/samples_gsm8k_2025.jsonl"
        kept = local.path
    assert not kept.exists()
    assert not kept.parent.parent.exists()


def _listed_one(watched: Watched, path: str, data: bytes) -> list[Any]:
    watched.pipe_file(path, data)
    return _remote.listed(f"watched://{path}")


def test_an_object_that_changes_or_goes_is_told(watched: Watched) -> None:
    (source,) = _listed_one(watched, "/b/a.jsonl", b'{"response": "so"}\n')
    watched.pipe_file("/b/a.jsonl", b'{"response": "so, and more"}\n')
    with (
        pytest.raises(InputError, match=r"watched:///b/a\.jsonl changed while it was read"),
        _remote.fetched(source),
    ):
        pass
    watched.rm("/b/a.jsonl")
    with (
        pytest.raises(InputError, match=r"watched:///b/a\.jsonl is gone since it was listed"),
        _remote.fetched(source),
    ):
        pass


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "watched:///b/none.jsonl",
            r"watched:///b/none\.jsonl does not exist; check the spelling and the bucket",
        ),
        ("watched:///b/none-*.jsonl", r"nothing matches 'watched:///b/none-\*\.jsonl'"),
        (
            "watched:///b",
            r"watched:///b holds no file that looks like model outputs; name them: 'watched:///b/\*'",
        ),
        ("watched:///b/empty.md", r"watched:///b/empty\.md is empty"),
        ("nosuch://b/x.jsonl", r"nosuch://b/x\.jsonl: no filesystem is known as nosuch://"),
    ],
)
def test_what_cannot_be_listed(watched: Watched, url: str, message: str) -> None:
    watched.pipe_file("/b/empty.md", b"")
    with pytest.raises(InputError, match=message):
        _remote.listed(url)


def test_a_zip_archive_is_for_this_disk(watched: Watched) -> None:
    held = BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("a.jsonl", '{"response": "so"}\n')
    (source,) = _listed_one(watched, "/b/a.zip", held.getvalue())
    with pytest.raises(InputError, match=r"watched:///b/a\.zip is a zip archive; unpack it there"):
        detect(source)


def test_a_missing_package_gives_the_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(
        InputError, match=r"reading s3://b/x needs the package of s3:// too: pip install s3fs"
    ):
        _remote.listed("s3://b/x")
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'reasonlens\[remote\]'"):
        _remote.listed("s3://b/x")


def test_secrets_stay_out_of_names() -> None:
    assert _remote._shown("sftp://me:pass@host/a.jsonl") == "sftp://host/a.jsonl"
    assert _remote._shown("https://host/a.jsonl?signature=abc") == "https://host/a.jsonl"


def test_the_command(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["ingest", f"file://{sample()}", "--study", str(tmp_path / "study")])
    assert done.exit_code == 0, done.output
    assert "79 rows -> 79 traces" in done.output
