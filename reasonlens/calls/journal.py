"""The journal of calls: what was paid for is on disk before anything looks at it.

One SQLite file, write-ahead log, full synchronization, one writer. Rows are committed in groups (all that
came within some milliseconds), so a thousand answers a second cost a few dozen synchronizations.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from reasonlens.calls.file_systems import on_network
from reasonlens.core.errors import InputError

__all__ = ["Journal", "Stored"]

_VERSION = 1
_GROUP = 256  # rows in one commit at most
_WAIT = 0.01  # seconds that a commit waits for company
_SMALL = 1024  # bytes that are kept as they are

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answer (
  key BLOB NOT NULL, attempt INTEGER NOT NULL, status INTEGER NOT NULL, body BLOB NOT NULL,
  cost REAL, model TEXT NOT NULL, seconds REAL, time REAL NOT NULL,
  PRIMARY KEY (key, attempt)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batch (
  name TEXT PRIMARY KEY, server TEXT NOT NULL, keys BLOB NOT NULL, id TEXT, state TEXT NOT NULL,
  time REAL NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """One answer as it came over the wire."""

    attempt: int
    status: int
    body: bytes
    cost: float | None
    model: str
    time: float


_Done = Future[None] | asyncio.Future[None]
_Row = tuple[str, tuple[Any, ...], _Done]


class Journal:
    """A file of answers by key.

    Parameters
    ----------
    path
        The file; made if it does not exist.

    Raises
    ------
    InputError
        If the file is no journal, or was written by a newer version.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._queue: queue.SimpleQueue[_Row | None] = queue.SimpleQueue()
        self._readers = threading.local()
        self._opened: list[sqlite3.Connection] = []
        try:
            self._writer = self._connect()
            mode = "DELETE" if on_network(self.path) else "WAL"  # shared memory needs a local disk
            self._writer.execute(f"PRAGMA journal_mode={mode}")
            self._writer.execute("PRAGMA synchronous=FULL")
            self._writer.executescript(_SCHEMA)
            self._check()
        except sqlite3.DatabaseError as error:
            raise InputError(f"{self.path} is no journal of calls ({error}); move it away") from None
        self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
        self._thread.start()

    def _connect(self) -> sqlite3.Connection:
        made = sqlite3.connect(self.path, timeout=60, check_same_thread=False, isolation_level=None)
        self._opened.append(made)
        return made

    def _check(self) -> None:
        self._writer.execute("INSERT OR IGNORE INTO meta VALUES ('version', ?)", (str(_VERSION),))
        (found,) = self._writer.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()
        if int(found) != _VERSION:
            raise InputError(f"{self.path} has journal version {found}; this version reads {_VERSION}")

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Commit what waits, and close the file."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()
        for connection in self._opened:
            connection.close()

    def put(self, key: str, stored: Stored, seconds: float = float("nan")) -> Future[None]:
        """Keep an answer; the future is done once it is on disk."""
        done: Future[None] = Future()
        self._put(key, stored, seconds, done)
        return done

    async def kept(self, key: str, stored: Stored, seconds: float = float("nan")) -> None:
        """Keep an answer and wait until it is on disk; the event loop is woken once for a whole commit."""
        done = asyncio.get_running_loop().create_future()
        self._put(key, stored, seconds, done)
        await done

    def _put(self, key: str, stored: Stored, seconds: float, done: _Done) -> None:
        row = (
            bytes.fromhex(key),
            stored.attempt,
            stored.status,
            _packed(stored.body),
            stored.cost,
            stored.model,
            seconds,
            stored.time,
        )
        self._queue.put(("INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row, done))

    def get(self, key: str) -> list[Stored]:
        """Return every answer to a key, in the order of attempts."""
        sql = "SELECT attempt, status, body, cost, model, time FROM answer WHERE key = ? ORDER BY attempt"
        rows = self._reader().execute(sql, (bytes.fromhex(key),))
        return [
            Stored(n, status, _unpacked(body), cost, model, t) for n, status, body, cost, model, t in rows
        ]

    def keys(self) -> dict[str, int]:
        """Return the number of attempts of every key."""
        rows = self._reader().execute("SELECT hex(key), max(attempt) FROM answer GROUP BY key")
        return {key.lower(): n + 1 for key, n in rows}

    def cost(self) -> float:
        """Return what the answers cost, as far as prices are known, in US dollars."""
        (total,) = self._reader().execute("SELECT total(cost) FROM answer").fetchone()
        return float(total)

    def put_batch(
        self, name: str, server: str, keys: Iterable[str], state: str, batch: str | None
    ) -> Future[None]:
        """Keep the state of a batch."""
        held = zlib.compress(b"".join(bytes.fromhex(key) for key in keys))
        row = (name, server, held, batch, state, time.time())
        done: Future[None] = Future()
        self._queue.put(("INSERT OR REPLACE INTO batch VALUES (?, ?, ?, ?, ?, ?)", row, done))
        return done

    def batches(self, server: str) -> Iterator[tuple[str, list[str], str | None, str]]:
        """Yield name, keys, id and state of every batch that was begun at a server."""
        sql = "SELECT name, keys, id, state FROM batch WHERE server = ? ORDER BY time"
        for name, held, batch, state in self._reader().execute(sql, (server,)).fetchall():
            raw = zlib.decompress(held)
            yield name, [raw[i : i + 32].hex() for i in range(0, len(raw), 32)], batch, state

    def _reader(self) -> sqlite3.Connection:
        if not hasattr(self._readers, "connection"):
            self._readers.connection = self._connect()
        connection: sqlite3.Connection = self._readers.connection
        return connection

    def _write(self) -> None:
        ending = False
        while not ending:
            first = self._queue.get()
            group = [] if first is None else [first]
            ending = first is None
            until = time.monotonic() + _WAIT
            while not ending and len(group) < _GROUP:
                try:
                    following = self._queue.get(timeout=max(0.0, until - time.monotonic()))
                except queue.Empty:
                    break
                if following is None:
                    ending = True
                else:
                    group.append(following)
            self._commit(group)

    def _commit(self, group: list[_Row]) -> None:
        if not group:
            return
        problem = None
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            for sql, row, _ in group:
                self._writer.execute(sql, row)
            self._writer.execute("COMMIT")
        except Exception as error:  # whoever waits must hear of it, whatever it is
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            problem = InputError(f"{self.path} cannot be written: {error}")
        loops: dict[asyncio.AbstractEventLoop, list[_Done]] = {}
        for *_, done in group:
            if isinstance(done, asyncio.Future):
                loops.setdefault(done.get_loop(), []).append(done)
            else:
                _settle([done], problem)
        for loop, waiting in loops.items():
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_settle, waiting, problem)


def _settle(waiting: list[_Done], problem: InputError | None) -> None:
    for done in waiting:
        if done.done():  # given up
            continue
        if problem is None:
            done.set_result(None)
        else:
            done.set_exception(problem)


def _packed(body: bytes) -> bytes:
    """Compress what is worth it. Compressed bytes begin with ``x``, so a body that does is compressed too."""
    return zlib.compress(body) if len(body) >= _SMALL or body[:1] == b"x" else body


def _unpacked(held: bytes) -> bytes:
    return zlib.decompress(held) if held[:1] == b"x" else held
