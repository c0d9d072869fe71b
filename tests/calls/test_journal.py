"""The journal: what was put is there after a crash, and a damaged file is refused."""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.calls import file_systems
from reasonlens.calls.journal import Journal, Stored, _packed, _unpacked
from reasonlens.core.errors import InputError


def stored(attempt: int = 0, body: bytes = b'{"a": 1}', cost: float | None = 0.25) -> Stored:
    return Stored(attempt, 200, body, cost, "m", 12.5)


def key(i: int) -> str:
    return f"{i:064x}"


def test_what_was_put_comes_back(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        journal.put(key(1), stored()).result()
        journal.put(key(1), stored(1, b"x" * 10_000, None)).result()
        journal.put(key(2), stored()).result()
        assert journal.get(key(1)) == [stored(), stored(1, b"x" * 10_000, None)]
        assert journal.get(key(3)) == []
        assert journal.keys() == {key(1): 2, key(2): 1}
        assert journal.cost() == 0.5
    with Journal(tmp_path / "j.sqlite") as again:
        assert again.keys() == {key(1): 2, key(2): 1}


@given(st.binary() | st.binary().map(lambda b: b"x" + b) | st.binary(max_size=8).map(lambda b: b * 400))
def test_any_body_is_kept_as_it_is(body: bytes) -> None:
    assert _unpacked(_packed(body)) == body


def test_the_file_is_fully_synchronized(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        assert journal._writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert journal._writer.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_many_threads_may_put(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:

        def put(first: int) -> None:
            for future in [journal.put(key(first + i), stored()) for i in range(200)]:
                future.result()

        threads = [threading.Thread(target=put, args=(1000 * n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(journal.keys()) == 800


def test_closing_keeps_what_waits(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    futures = [journal.put(key(i), stored()) for i in range(500)]
    journal.close()
    assert all(future.done() for future in futures)
    with Journal(tmp_path / "j.sqlite") as again:
        assert len(again.keys()) == 500


def test_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    code = (
        "import sys; from reasonlens.calls.journal import Journal, Stored, _packed, _unpacked\n"
        "journal = Journal(sys.argv[1])\n"
        "for i in range(100000):\n"
        "    journal.put(f'{i:064x}', Stored(0, 200, b'{}', 0.0, 'm', 1.0)).result()\n"
        "    print(i, flush=True)\n"
    )
    path = tmp_path / "j.sqlite"
    child = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    last = [child.stdout.readline() for _ in range(30)][-1]
    child.kill()
    child.wait()
    child.stdout.close()
    with Journal(path) as journal:
        assert {key(i) for i in range(int(last) + 1)} <= set(journal.keys())


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    path.write_text("this is no database, but a note of some length " * 50)
    with pytest.raises(InputError, match=r"j\.sqlite is no journal of calls .* move it away"):
        Journal(path)


def test_a_newer_journal_is_refused(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        journal._writer.execute("UPDATE meta SET value = '2'")
    with pytest.raises(InputError, match="has journal version 2; this version reads 1"):
        Journal(tmp_path / "j.sqlite")


def test_batches_are_on_record(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        journal.put_batch("one", "http://a", [key(1), key(2)], "uploading", None).result()
        journal.put_batch("one", "http://a", [key(1), key(2)], "in_progress", "batch-1").result()
        assert list(journal.batches("http://a")) == [("one", [key(1), key(2)], "batch-1", "in_progress")]
        assert list(journal.batches("http://b")) == []


def test_a_cost_that_is_not_known_stays_unknown(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        journal.put(key(1), stored(cost=None), math.nan).result()
        assert journal.get(key(1))[0].cost is None


@pytest.mark.parametrize(
    ("kind", "mode"), [("ext4", "wal"), ("nfs4", "delete"), ("cifs", "delete"), ("fuse.sshfs", "delete")]
)
def test_on_a_network_disk_there_is_no_write_ahead_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, mode: str
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/a / ext4 rw 0 0\nserver:/home {tmp_path}/home {kind} rw 0 0\n")
    monkeypatch.setattr(file_systems, "_MOUNTS", mounts)
    (tmp_path / "home" / "me").mkdir(parents=True)
    with Journal(tmp_path / "home" / "me" / "j.sqlite") as journal:
        journal.put(key(1), stored()).result()
        assert journal._writer.execute("PRAGMA journal_mode").fetchone() == (mode,)
        assert journal._writer.execute("PRAGMA synchronous").fetchone() == (2,)
        assert journal.keys() == {key(1): 1}


def test_without_a_list_of_mounts_a_disk_is_taken_for_local(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_systems, "_MOUNTS", tmp_path / "none")
    with Journal(tmp_path / "j.sqlite") as journal:
        assert journal._writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_who_waits_hears_that_it_cannot_be_written(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        too_large = Stored(2**70, 200, b"{}", None, "m", 1.0)
        with pytest.raises(InputError, match=r"j\.sqlite cannot be written: "):
            journal.put(key(1), too_large).result(5)
        journal.put(key(2), stored()).result(5)
        assert journal.keys() == {key(2): 1}


def test_a_loop_that_waits_hears_of_the_disk(tmp_path: Path) -> None:
    async def keep(journal: Journal) -> None:
        await asyncio.gather(*(journal.kept(key(i), stored()) for i in range(300)))
        with Journal(tmp_path / "j") as other:  # another connection sees what was waited for
            assert len(other.keys()) == 300

    with Journal(tmp_path / "j") as journal:
        asyncio.run(keep(journal))


def test_a_loop_that_waits_hears_of_a_failure_and_may_give_up(tmp_path: Path) -> None:
    too_large = replace(stored(), attempt=2**70)

    async def fail(journal: Journal) -> None:
        found = await asyncio.gather(
            *(journal.kept(key(i), one) for i, one in enumerate([too_large] * 2)), return_exceptions=True
        )
        assert all("cannot be written" in str(error) for error in found)
        waiting = asyncio.create_task(journal.kept(key(7), stored()))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    with Journal(tmp_path / "j") as journal:
        asyncio.run(fail(journal))
        journal.put(key(8), stored()).result(5)
    with Journal(tmp_path / "j") as journal:
        assert set(journal.keys()) == {key(7), key(8)}  # given up, but written all the same
