"""A progress bar moves within a unit, never back, and ends at all that there is to do."""

from __future__ import annotations

import gzip
import random
import time
from pathlib import Path

import pytest

from reasonlens.core.study import Study
from reasonlens.workflow import reached
from reasonlens.workflow.ingest import Settings, ingest
from reasonlens.workflow.reached import Bytes, Here, watching
from reasonlens.workflow.run import Plan


def test_units_that_are_done_and_those_that_are_not(tmp_path: Path) -> None:
    told: list[int] = []
    found = Bytes(tmp_path, told.append)
    for name, n in {"a": 30, "b": 5}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "reached").write_text(str(n))
    found.look()
    assert told == [35]
    (tmp_path / "a" / "reached").unlink()  # committed, but not yet told of
    found.look()
    assert told == [35]
    found.done(40)
    assert told == [35, 10]
    (tmp_path / "b" / "reached").write_text("")  # just being written
    found.look()
    assert told == [35, 10]


def test_a_unit_tells_no_more_than_its_size_and_not_at_each_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Here(tmp_path, 100, 50)
    here.at(10)
    assert not (tmp_path / "reached").exists()
    monkeypatch.setattr(reached, "_EVERY", 0)
    (tmp_path / "file").write_bytes(bytes(1000))
    with (tmp_path / "file").open("rb") as stream:
        here.follow(stream)
        for place, told in ((90, "0"), (120, "20"), (900, "50")):
            stream.seek(place)
            here.tell()
            assert (tmp_path / "reached").read_text() == told
    here.tell()  # a closed file is not asked


@pytest.mark.parametrize(("name", "jobs"), [("a.jsonl", None), ("a.jsonl.gz", None), ("a.jsonl.gz", 1)])
def test_the_bar_moves_within_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, jobs: int | None
) -> None:
    monkeypatch.setattr(reached, "_EVERY", 0.001 if jobs is None else 0.5)
    tell = Here.tell

    def slowly(here: Here) -> None:
        tell(here)
        time.sleep(0.02)

    monkeypatch.setattr(Here, "tell", slowly)
    rng = random.Random(1)
    rows = (f'{{"problem": "{i}", "response": "so {rng.random()}"}}\n' for i in range(6000))
    data = "".join(rows).encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    told, size = [], (tmp_path / name).stat().st_size

    def advance(n: int) -> None:
        told.append(n)

    total: list[int] = []
    ingest(
        [tmp_path / name],
        Plan(tmp_path / "study"),
        Settings(),
        jobs=jobs,
        begin=total.append,
        progress=advance,
    )
    assert total == [size]
    assert sum(told) == size
    assert min(told) > 0
    assert jobs or len(told) > 1
    assert not (tmp_path / "study" / ".pending").exists()
    assert Study(tmp_path / "study").read("traces").num_rows == 6000


def test_nobody_listens(tmp_path: Path) -> None:
    with watching(tmp_path, None) as found:
        found.done(5)
        time.sleep(0)
